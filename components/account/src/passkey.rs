//! `/accesso/passkey`: registers and removes passkeys.

use crate::prove::told;
use crate::{App, answered, refused};
use access::{AskError, Mine, Refused, Reply, Session};
use askama::Template;
use axum::extract::State;
use axum::response::IntoResponse as _;
use axum::{Form, Json};
use serde::Deserialize;
use serde_json::{Value, json};
use web::{Answer, Failure, Page};

#[derive(Template)]
#[template(path = "passkey.html")]
struct PasskeyPage {
    page: Page,
}

#[derive(Deserialize)]
pub(crate) struct Made {
    ceremony: String,
    answer: Value,
    #[serde(default)]
    nome: String,
}

#[derive(Deserialize)]
pub(crate) struct Which {
    id: String,
}

/// Asks how it shall be called.
pub(crate) async fn form(State(app): State<App>, page: Page, session: Session) -> Answer {
    // The proof is asked for here, where a page can ask: the script could only fail.
    match app.mine(&session, Mine::StartPasskey).await {
        Ok(_) => web::show(&PasskeyPage {
            page: page
                .titled("passkey-title")
                .crumb("/accesso", "access-title")
                .with_passkey(),
        }),
        Err(error @ AskError::Refused(Refused::ProofNeeded)) => refused(&page, error, "/accesso/passkey"),
        Err(error) => refused(&page, error, "/accesso"),
    }
}

/// Options for the browser.
pub(crate) async fn challenge(State(app): State<App>, page: Page, session: Session) -> Answer {
    match app.mine(&session, Mine::StartPasskey).await {
        Ok(Reply::Challenge(challenge)) => Ok(Json(challenge).into_response()),
        Ok(_) => Err(Failure::Internal("a challenge was expected".into())),
        Err(error) => Ok(told(&page, error)),
    }
}

/// Keeps what the browser made.
pub(crate) async fn register(State(app): State<App>, page: Page, session: Session, Json(made): Json<Made>) -> Answer {
    let ask = Mine::FinishPasskey {
        ceremony: made.ceremony,
        answer: made.answer,
        name: made.nome,
    };
    match app.mine(&session, ask).await {
        Ok(_) => Ok(Json(json!({ "vai": "/accesso#passkey" })).into_response()),
        Err(error) => Ok(told(&page, error)),
    }
}

/// Removes one.
pub(crate) async fn remove(State(app): State<App>, page: Page, session: Session, Form(which): Form<Which>) -> Answer {
    let result = app.mine(&session, Mine::RemovePasskey { id: which.id }).await;
    answered(&page, result, "passkey-removed", "/accesso")
}
