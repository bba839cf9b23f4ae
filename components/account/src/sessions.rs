//! `POST /accesso/sessioni/…`: ends sessions of one's own.

use crate::{App, answered};
use access::{Mine, Session};
use axum::Form;
use axum::extract::State;
use serde::Deserialize;
use web::{Answer, Page};

#[derive(Deserialize)]
pub(crate) struct Which {
    id: String,
}

/// One of them.
pub(crate) async fn close(State(app): State<App>, page: Page, session: Session, Form(which): Form<Which>) -> Answer {
    let result = app.mine(&session, Mine::Revoke { id: which.id }).await;
    answered(&page, result, "session-closed", "/accesso")
}

/// All but this one.
pub(crate) async fn close_others(State(app): State<App>, page: Page, session: Session) -> Answer {
    let result = app.mine(&session, Mine::RevokeOthers).await;
    answered(&page, result, "sessions-closed", "/accesso")
}
