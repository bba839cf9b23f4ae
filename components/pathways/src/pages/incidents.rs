//! `/incidenti`: what stopped, why, and trying again.

use super::App;
use askama::Template;
use axum::extract::{Path, State};
use orchestrator::api::{IncidentInfo, RetryIncident};
use web::{Answer, Flash, Page};

#[derive(Template)]
#[template(path = "incidents.html")]
struct Incidents {
    page: Page,
    incidents: Vec<IncidentInfo>,
}

/// The list.
pub async fn list(State(app): State<App>, page: Page) -> Answer {
    let incidents = app.orchestrator(&page).incidents().await?;
    web::show(&Incidents {
        page: page.titled("incidents-title"),
        incidents,
    })
}

/// `POST /incidenti/{id}/riprova`.
pub async fn retry(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    app.orchestrator(&page)
        .retry_incident(&id, &RetryIncident::default())
        .await?;
    page.redirect("/incidenti", Flash::success(page.t("incident-retried")))
}
