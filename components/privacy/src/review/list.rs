//! `/ufficio-privacy/accessi`: accesses opened for a time, newest first.

use super::{is_due, state};
use crate::{App, grants};
use access::{AccessGrant, GrantKind, Grants};
use askama::Template;
use axum::extract::{Query, State};
use serde::Deserialize;
use web::{Answer, Page};

/// Accesses on a page.
const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "grants.html")]
struct GrantsPage {
    page: Page,
    only_due: bool,
    rows: Vec<Row>,
    next: Option<String>,
}

/// One access, as listed.
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) who: String,
    pub(crate) patient: String,
    pub(crate) from: String,
    pub(crate) until: String,
    pub(crate) emergency: bool,
    pub(crate) open: bool,
    pub(crate) state: &'static str,
    pub(crate) due: String,
}

/// What to show.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// `rivedere`: only those to be looked at.
    stato: String,
    dopo: Option<String>,
}

/// One as a row.
pub(crate) fn row(page: &Page, grant: &AccessGrant) -> Row {
    let due = grant.review_due.filter(|_| is_due(grant, page.now()));
    Row {
        id: grant.id.clone(),
        who: grant.name.clone(),
        patient: grant.patient_name.clone(),
        from: page.date_time(&grant.from),
        until: web::time(grant.until),
        emergency: grant.kind == GrantKind::Emergency,
        open: grant.is_open(page.now()),
        state: state(grant, page.now()),
        due: due.map(|due| page.due(&Some(due))).unwrap_or_default(),
    }
}

/// The list.
pub async fn list(State(app): State<App>, page: Page, Query(filter): Query<Filter>) -> Answer {
    let only_due = filter.stato == "rivedere";
    let after = filter.dopo.filter(|id| AccessGrant::id_moment(id).is_some());
    let ask = Grants::List {
        after,
        limit: if only_due { 4 * PAGE } else { PAGE },
    };
    let found = grants::several(&app.context, ask).await;
    let found = found.map_err(|error| grants::failure(&page, error))?;
    let whole = found.len() >= if only_due { 4 * PAGE } else { PAGE };
    let next = found.last().filter(|_| whole).map(|last| {
        let only = if only_due { "stato=rivedere&" } else { "" };
        format!("/ufficio-privacy/accessi?{only}dopo={}", last.id)
    });
    let shown = found.iter().filter(|grant| !only_due || is_due(grant, page.now()));
    web::show(&GrantsPage {
        rows: shown.map(|grant| row(&page, grant)).collect(),
        only_due,
        next,
        page: page.titled("grants-title").crumb("/ufficio-privacy", "desk-title"),
    })
}
