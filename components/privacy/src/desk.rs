//! `/ufficio-privacy`: what the data-protection officer looks at first.

use crate::anomaly::{Row as Anomaly, newest};
use crate::log::{Log, Row as LogRow, rows as log_rows};
use crate::review::{Row, is_due, row};
use crate::{App, anomaly, grants};
use access::{AccessGrant, Grants};
use askama::Template;
use axum::extract::State;
use jiff::SignedDuration;
use web::{Answer, Page};

/// Accesses looked at for what is to be reviewed: the newest.
const LOOKED_AT: usize = 200;
/// Rows of each list.
const SHOWN: usize = 5;
/// Refusals counted at most.
const REFUSED: usize = 200;

#[derive(Template)]
#[template(path = "desk.html")]
struct DeskPage {
    page: Page,
    open: Vec<Row>,
    due: Vec<Row>,
    late: usize,
    due_count: usize,
    new: u64,
    anomalies: Vec<Anomaly>,
    refused: Vec<LogRow>,
    refused_count: usize,
    refused_more: bool,
}

/// The page.
pub async fn show(State(app): State<App>, page: Page) -> Answer {
    let failure = |error| grants::failure(&page, error);
    let live = grants::several(&app.context, Grants::Live).await.map_err(failure)?;
    let ask = Grants::List {
        after: None,
        limit: LOOKED_AT,
    };
    let all = grants::several(&app.context, ask).await.map_err(failure)?;
    let mut due: Vec<&AccessGrant> = all.iter().filter(|grant| is_due(grant, page.now())).collect();
    due.sort_by_key(|grant| grant.review_due);
    let late = due
        .iter()
        .filter(|grant| grant.review_due.is_some_and(|at| at < page.now()))
        .count();
    let since = format!("ge{}", page.now() - SignedDuration::from_hours(24));
    let query = [("outcome", "4"), ("date", since.as_str())];
    let mut refused = Log::of(&app.context, page.actor()).first(&query, REFUSED).await?;
    let refused_count = refused.len();
    refused.truncate(SHOWN);
    web::show(&DeskPage {
        open: live.iter().map(|grant| row(&page, grant)).collect(),
        late,
        due_count: due.len(),
        due: due.iter().take(SHOWN).map(|grant| row(&page, grant)).collect(),
        new: anomaly::count_new(&app.context).await?,
        anomalies: newest(&app.context, &page, SHOWN).await?,
        refused: log_rows(&app.context, &page, refused).await?,
        refused_count,
        refused_more: refused_count >= REFUSED,
        page: page.titled("desk-title"),
    })
}
