//! `/regia/incidenti`: what stopped, why, and trying again.

use super::ask::Ask;
use super::{App, is_id, told};
use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use orchestrator::api::{IncidentInfo, RetryIncident};
use web::{Answer, Failure, Page};

const PAGE: usize = 50;
/// Characters of a message that say which cause it is.
const CAUSE: usize = 120;

#[derive(Template)]
#[template(path = "operate_incidents.html")]
struct Incidents {
    page: Page,
    incidents: Vec<IncidentInfo>,
    next: Option<String>,
}

impl Incidents {
    /// The page that prepares a batch for all incidents with this cause.
    fn same_cause(&self, incident: &IncidentInfo) -> String {
        let cause: String = incident.message.chars().take(CAUSE).collect();
        let query = [("azione", "retry"), ("incidente", cause.trim())];
        format!(
            "/regia/lotti/nuovo?{}",
            serde_urlencoded::to_string(query).unwrap_or_default()
        )
    }
}

/// The list.
pub async fn list(State(app): State<App>, page: Page, Query(fields): Query<Vec<(String, String)>>) -> Answer {
    let ask = Ask::of(fields);
    let after = Some(ask.get("dopo")).filter(|mark| !mark.is_empty());
    let list = app.orchestrator(&page).incidents_page(after, PAGE).await?;
    let next = list.next.map(|mark| {
        let query = serde_urlencoded::to_string([("dopo", mark)]).unwrap_or_default();
        format!("/regia/incidenti?{query}")
    });
    web::show(&Incidents {
        page: page.crumb("/regia", "operate-title").titled("operate-incidents"),
        incidents: list.items,
        next,
    })
}

/// `POST /regia/incidenti/{id}/riprova`.
pub async fn retry(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Answer {
    if !is_id(&id) {
        return Err(Failure::NotFound(id));
    }
    let ask = Ask::of(fields);
    let reason = ask.get("motivo");
    let how = RetryIncident {
        reason: Some(if reason.is_empty() {
            page.t("retried-by-hand")
        } else {
            reason.to_owned()
        }),
        variables: ask.variables(&page).map_err(Failure::Unprocessable)?,
        retries: ask.retries(&page).map_err(Failure::Unprocessable)?,
    };
    let done = app.orchestrator(&page).retry_incident(&id, &how).await;
    let flash = told(&page, done, "incident-retried")?;
    let back = match ask.get("ritorno") {
        "" => "/regia/incidenti".to_owned(),
        instance if is_id(instance) => format!("/regia/istanze/{instance}"),
        _ => "/regia".to_owned(),
    };
    page.redirect(&back, flash)
}
