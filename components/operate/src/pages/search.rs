//! `/regia`: finding instances.

use super::App;
use super::ask::{ACTIONS, Ask};
use askama::Template;
use axum::extract::{Query, State};
use orchestrator::api::{DefinitionInfo, InstanceInfo};
use web::{Answer, Failure, Page};

const PAGE: usize = 50;
/// Statuses that can be asked for.
const STATUSES: [&str; 5] = ["active", "incident", "suspended", "completed", "terminated"];

#[derive(Template)]
#[template(path = "search.html")]
struct Search {
    page: Page,
    ask: Ask,
    definitions: Vec<DefinitionInfo>,
    instances: Vec<InstanceInfo>,
    next: Option<String>,
    again: Option<String>,
}

impl Search {
    fn statuses(&self) -> [&'static str; 5] {
        STATUSES
    }

    fn actions(&self) -> [&'static str; 8] {
        ACTIONS
    }

    fn hidden(&self) -> Vec<(String, String)> {
        self.ask.but(&["dopo"])
    }
}

/// The page.
pub async fn list(State(app): State<App>, page: Page, Query(fields): Query<Vec<(String, String)>>) -> Answer {
    let ask = Ask::of(fields);
    let orchestrator = app.orchestrator(&page);
    let query = ask.query(&page, PAGE).map_err(Failure::Unprocessable)?;
    let (definitions, list) = tokio::try_join!(orchestrator.definitions(), orchestrator.instances(&query))?;
    let next = list.next.map(|mark| ask.address("/regia", &[("dopo", &mark)]));
    web::show(&Search {
        again: (!ask.get("dopo").is_empty()).then(|| ask.address("/regia", &[])),
        page: page.titled("operate-title"),
        ask,
        definitions,
        instances: list.items,
        next,
    })
}
