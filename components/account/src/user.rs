//! `/utenti/{nome}`: one account: roles, one-time code, disabling, sessions.

use crate::users::roles;
use crate::{App, answered, refused};
use access::{AccountView, Manage, Reply, Session, SessionInfo};
use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use jiff::Timestamp;
use serde::Deserialize;
use web::{Answer, Failure, Page};

#[derive(Template)]
#[template(path = "user.html")]
struct UserPage {
    page: Page,
    account: Box<AccountView>,
    sessions: Vec<SessionInfo>,
}

#[derive(Template)]
#[template(path = "reset_code.html")]
struct CodePage {
    page: Page,
    username: String,
    code: String,
    until: Timestamp,
}

/// What the forms of the page send.
#[derive(Deserialize)]
pub(crate) struct Sent {
    #[serde(default)]
    ruoli: String,
    #[serde(default)]
    registro: Option<String>,
    #[serde(default)]
    fattori: Option<String>,
    #[serde(default)]
    id: String,
}

/// The page of an account.
pub(crate) async fn show(State(app): State<App>, page: Page, session: Session, Path(name): Path<String>) -> Answer {
    match app.manage(&session, Manage::View { username: name }).await {
        Ok(Reply::Account(account, sessions)) => web::show(&UserPage {
            page: page
                .crumb("/utenti", "users-title")
                .with_title(account.actor.name.clone()),
            account,
            sessions,
        }),
        Ok(_) => Err(Failure::Internal("an account was expected".into())),
        Err(error) => refused(&page, error, "/utenti"),
    }
}

/// Does one thing with an account.
pub(crate) async fn act(
    State(app): State<App>,
    page: Page,
    session: Session,
    Path((username, action)): Path<(String, String)>,
    Form(sent): Form<Sent>,
) -> Answer {
    let back = format!("/utenti/{username}");
    let name = username.clone();
    let (ask, done) = match action.as_str() {
        "ruoli" => {
            let (roles, registry) = (roles(&sent.ruoli), sent.registro.is_some());
            (
                Manage::SetRoles {
                    username,
                    roles,
                    registry,
                },
                "roles-set",
            )
        }
        "conferma" | "rifiuta" => {
            let confirm = action == "conferma";
            let done = if confirm { "roles-confirmed" } else { "roles-refused" };
            (Manage::Decide { username, confirm }, done)
        }
        "codice" => {
            let factors = sent.fattori.is_some();
            (Manage::Reset { username, factors }, "code-made")
        }
        "disattiva" => (
            Manage::Disable {
                username,
                disabled: true,
            },
            "user-disabled",
        ),
        "riattiva" => (
            Manage::Disable {
                username,
                disabled: false,
            },
            "user-enabled",
        ),
        "sessioni" => {
            let id = (!sent.id.is_empty()).then_some(sent.id);
            (Manage::Revoke { username, id }, "sessions-closed")
        }
        _ => return Err(Failure::NotFound(action)),
    };
    match app.manage(&session, ask).await {
        Ok(Reply::Reset { code, until }) => show_code(page, &name, code, until),
        Ok(Reply::Waiting) => answered(&page, Ok(Reply::Waiting), "roles-wait", &back),
        other => answered(&page, other, done, &back),
    }
}

/// Shows a one-time code.
pub(crate) fn show_code(page: Page, username: &str, code: String, until: Timestamp) -> Answer {
    web::show(&CodePage {
        page: page.titled("reset-title").crumb("/utenti", "users-title"),
        username: username.to_owned(),
        code,
        until,
    })
}
