//! `/utenti`: the accounts, and a new one.

use crate::{App, refused};
use access::{AccountView, AskError, Manage, Refused, Reply, Session};
use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use serde::Deserialize;
use web::{Answer, Failure, Page, refusal};

#[derive(Template)]
#[template(path = "users.html")]
struct UsersPage {
    page: Page,
    query: String,
    accounts: Vec<AccountView>,
    waiting: Vec<AccountView>,
}

#[derive(Template)]
#[template(path = "new_user.html")]
struct NewPage {
    page: Page,
    sent: New,
    error: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Search {
    #[serde(default)]
    q: String,
}

/// What the form of a new account sends.
#[derive(Default, Clone, Deserialize)]
pub(crate) struct New {
    #[serde(default)]
    utente: String,
    #[serde(default)]
    nome: String,
    #[serde(default)]
    soggetto: String,
    #[serde(default)]
    ruoli: String,
    #[serde(default)]
    registro: Option<String>,
}

/// The list.
pub(crate) async fn list(State(app): State<App>, page: Page, session: Session, Query(search): Query<Search>) -> Answer {
    let ask = Manage::List {
        query: search.q.clone(),
    };
    let waiting = match app.manage(&session, Manage::Waiting).await {
        Ok(Reply::Accounts(waiting)) => waiting,
        Ok(_) => return Err(Failure::Internal("accounts were expected".into())),
        Err(error) => return refused(&page, error, "/"),
    };
    match app.manage(&session, ask).await {
        Ok(Reply::Accounts(accounts)) => web::show(&UsersPage {
            waiting,
            page: page.titled("users-title"),
            query: search.q,
            accounts,
        }),
        Ok(_) => Err(Failure::Internal("accounts were expected".into())),
        Err(error) => refused(&page, error, "/"),
    }
}

/// The form of a new account.
pub(crate) async fn form(page: Page) -> Answer {
    show(page, New::default(), None)
}

/// Makes it; its one-time code is shown once.
pub(crate) async fn create(State(app): State<App>, page: Page, session: Session, Form(sent): Form<New>) -> Answer {
    let ask = Manage::Create {
        username: sent.utente.clone(),
        name: sent.nome.clone(),
        subject: sent.soggetto.clone(),
        roles: roles(&sent.ruoli),
        registry: sent.registro.is_some(),
    };
    match app.manage(&session, ask).await {
        Ok(Reply::Reset { code, until }) => crate::user::show_code(page, &sent.utente, code, until),
        Ok(_) => Err(Failure::Internal("a one-time code was expected".into())),
        Err(AskError::Refused(why)) if why != Refused::ProofNeeded => {
            let error = refusal::told(&page, &why);
            let mut response = show(page, sent, Some(error))?;
            *response.status_mut() = refusal::status(&why);
            Ok(response)
        }
        Err(error) => refused(&page, error, "/utenti/nuovo"),
    }
}

/// Roles as typed: words, commas between them or not.
pub(crate) fn roles(text: &str) -> Vec<String> {
    let words = text.split([',', ' ']).map(str::trim);
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn show(page: Page, sent: New, error: Option<String>) -> Answer {
    web::show(&NewPage {
        page: page.titled("new-user-title").crumb("/utenti", "users-title"),
        sent,
        error,
    })
}
