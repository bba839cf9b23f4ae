//! `/`: each role begins where its work is.

use super::App;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use web::{Answer, Failure, Page};

/// A citizen begins with their own pathway, a case manager with the people followed, an administrator with what stopped,
/// everyone else with their tasks.
pub async fn home(State(_): State<App>, page: Page) -> Answer {
    let actor = page.actor();
    let first = if actor.patient().is_some() {
        "/il-mio-percorso"
    } else if actor.has_role("case-manager") {
        "/casi"
    } else if actor.has_role("admin") {
        "/incidenti"
    } else {
        "/attivita"
    };
    Ok(Redirect::to(first).into_response())
}

/// A citizen's own page.
pub async fn mine(State(_): State<App>, page: Page) -> Answer {
    let Some(id) = page.actor().patient() else {
        return Err(Failure::NotFound(
            "only an assisted person has a pathway of their own".into(),
        ));
    };
    Ok(Redirect::to(&format!("/assistiti/{id}")).into_response())
}
