//! `/regia/lotti`: batches in progress and past ones.

use super::App;
use super::ask::Ask;
use askama::Template;
use axum::extract::{Query, State};
use orchestrator::api::BatchInfo;
use web::{Answer, Page};

const PAGE: usize = 30;

#[derive(Template)]
#[template(path = "batches.html")]
struct Batches {
    page: Page,
    batches: Vec<BatchInfo>,
    next: Option<String>,
}

/// The list.
pub async fn list(State(app): State<App>, page: Page, Query(fields): Query<Vec<(String, String)>>) -> Answer {
    let ask = Ask::of(fields);
    let after = Some(ask.get("dopo")).filter(|mark| !mark.is_empty());
    let list = app.orchestrator(&page).batches(after, PAGE).await?;
    let next = list.next.map(|mark| {
        let query = serde_urlencoded::to_string([("dopo", mark)]).unwrap_or_default();
        format!("/regia/lotti?{query}")
    });
    web::show(&Batches {
        page: page.crumb("/regia", "operate-title").titled("batches-title"),
        batches: list.items,
        next,
    })
}
