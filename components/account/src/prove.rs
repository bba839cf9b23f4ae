//! `/accesso/conferma`: proves anew who one is, before something that matters.

use crate::access_page::view;
use crate::{App, renew};
use access::{Ask, AskError, Identity as _, Mine, Reply, Session};
use askama::Template;
use axum::extract::{Query, State};
use axum::response::IntoResponse as _;
use axum::{Form, Json};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use web::{Answer, Failure, Page, refusal};

#[derive(Template)]
#[template(path = "prove.html")]
struct ProvePage {
    page: Page,
    back: String,
    /// A code is asked for, not the password.
    code: bool,
    app: bool,
    passkey: bool,
    error: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct BackTo {
    #[serde(default)]
    da: String,
}

#[derive(Deserialize)]
pub(crate) struct Sent {
    #[serde(default)]
    segreto: String,
    #[serde(default)]
    da: String,
}

#[derive(Deserialize)]
pub(crate) struct Passkey {
    ceremony: String,
    answer: Value,
    #[serde(default)]
    da: String,
}

/// Asks for the password, or a code, or the passkey.
pub(crate) async fn form(State(app): State<App>, page: Page, session: Session, Query(query): Query<BackTo>) -> Answer {
    ask(&app, page, &session, query.da, None).await
}

/// Checks what was typed.
pub(crate) async fn submit(
    State(app): State<App>,
    page: Page,
    session: Session,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Answer {
    match app.mine(&session, Mine::Prove { secret: sent.segreto }).await {
        Ok(Reply::Renewed(token)) => {
            let mut response = web::redirect(back(&sent.da))?;
            renew(&mut response, &headers, &token);
            Ok(response)
        }
        Ok(_) => Err(Failure::Internal("a new secret was expected".into())),
        Err(AskError::Refused(refused)) => {
            let error = refusal::told(&page, &refused);
            let mut response = ask(&app, page, &session, sent.da, Some(error)).await?;
            *response.status_mut() = refusal::status(&refused);
            Ok(response)
        }
        Err(AskError::Access(error)) => Err(Failure::Unavailable(error.to_string())),
    }
}

/// Options for the browser.
pub(crate) async fn challenge(State(app): State<App>, page: Page) -> Answer {
    match app.identity().ask(Ask::PasskeyChallenge).await {
        Ok(Reply::Challenge(challenge)) => Ok(Json(challenge).into_response()),
        Ok(_) => Err(Failure::Internal("a challenge was expected".into())),
        Err(error) => Ok(told(&page, error)),
    }
}

/// Checks the passkey's answer.
pub(crate) async fn by_passkey(
    State(app): State<App>,
    page: Page,
    session: Session,
    headers: HeaderMap,
    Json(sent): Json<Passkey>,
) -> Answer {
    let ask = Mine::ProvePasskey {
        ceremony: sent.ceremony,
        answer: sent.answer,
    };
    match app.mine(&session, ask).await {
        Ok(Reply::Renewed(token)) => {
            let mut response = Json(json!({ "vai": back(&sent.da) })).into_response();
            renew(&mut response, &headers, &token);
            Ok(response)
        }
        Ok(_) => Err(Failure::Internal("a new secret was expected".into())),
        Err(error) => Ok(told(&page, error)),
    }
}

/// A refusal for the page's script.
pub(crate) fn told(page: &Page, error: AskError) -> axum::response::Response {
    match error {
        AskError::Refused(refused) => {
            let body = Json(json!({ "errore": refusal::told(page, &refused) }));
            (refusal::status(&refused), body).into_response()
        }
        AskError::Access(error) => {
            tracing::error!(%error, "the identity service failed");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

async fn ask(app: &App, page: Page, session: &Session, back: String, error: Option<String>) -> Answer {
    let access = view(app, &page, session).await?;
    let passkey = !access.passkeys.is_empty() && access.passkeys_possible;
    web::show(&ProvePage {
        page: page
            .titled("prove-title")
            .crumb("/accesso", "access-title")
            .with_passkey(),
        back,
        code: access.app_since.is_some() || !access.passkeys.is_empty(),
        app: access.app_since.is_some(),
        passkey,
        error,
    })
}

/// Only within one's own access and the accounts.
fn back(given: &str) -> &str {
    let inside = given.starts_with("/accesso") || given.starts_with("/utenti");
    if inside { given } else { "/accesso" }
}
