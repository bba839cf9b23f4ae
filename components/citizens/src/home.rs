//! `GET /anagrafe`: where the desk begins.

use crate::{App, Declared};
use askama::Template;
use axum::extract::State;
use axum::routing::get;
use web::{Answer, Page};

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    page: Page,
}

/// Its routes.
pub(crate) fn routes(declared: Declared) -> Declared {
    declared.get("citizens.desk", "/anagrafe", get(show))
}

async fn show(State(_): State<App>, page: Page) -> Answer {
    web::show(&Home {
        page: page.titled("citizens-title"),
    })
}
