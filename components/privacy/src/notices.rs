//! `/avvisi-privacy`: what a citizen is told of accesses opened to their data.

use crate::{App, CATEGORY_SYSTEM, NOTICE_CODE, RESTRICTED_SYSTEM};
use askama::Template;
use axum::extract::State;
use web::{Answer, Failure, Page};

/// Notices shown, the newest.
const MOST: &str = "100";

#[derive(Template)]
#[template(path = "notices.html")]
struct NoticesPage {
    page: Page,
    notices: Vec<(String, String)>,
}

/// The list.
pub async fn list(State(app): State<App>, page: Page) -> Answer {
    let patient = page.actor().patient().map(str::to_owned);
    let patient = patient.ok_or_else(|| Failure::Forbidden(page.t("notices-citizens-only")))?;
    let category = format!("{CATEGORY_SYSTEM}|");
    // What others write about the person is no notice: nobody but the program writes this label.
    let label = format!("{RESTRICTED_SYSTEM}|{NOTICE_CODE}");
    let search = [
        ("patient", patient.as_str()),
        ("category", &category),
        ("_security", &label),
        ("_sort", "-sent"),
        ("_count", MOST),
    ];
    let found = app
        .context
        .peers
        .fhir(page.actor())
        .search("Communication", &search)
        .await?;
    let shown = found.iter().map(|notice| {
        let sent = notice["sent"].as_str().and_then(|text| text.parse().ok());
        let sent = sent.map(|at| page.date_time(&at)).unwrap_or_default();
        (
            sent,
            notice["payload"][0]["contentString"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        )
    });
    web::show(&NoticesPage {
        notices: shown.collect(),
        page: page.titled("notices-title"),
    })
}
