//! `/`: each role begins where its work is.

use super::App;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use web::{Answer, Failure, Page};

/// Sends to the tasks, a citizen to their own pathway.
pub async fn home(State(_): State<App>, page: Page) -> Answer {
    let own = page.actor().patient().is_some();
    Ok(Redirect::to(if own { "/il-mio-percorso" } else { "/attivita" }).into_response())
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
