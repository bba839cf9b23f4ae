//! `/ufficio-privacy/registro.csv`: what the search finds, as a table for a spreadsheet.

use super::search::{Filter, criteria, who};
use super::{Log, rows};
use crate::App;
use axum::extract::{Query, State};
use axum::response::IntoResponse as _;
use http::header;
use web::{Answer, Page};

/// Entries written at most; a search that finds more is to be narrowed.
const MOST: usize = 10_000;

const HEAD: [&str; 11] = [
    "log-when",
    "log-who",
    "log-who-ref",
    "log-for",
    "log-what",
    "log-outcome",
    "log-patients",
    "log-path",
    "log-purpose",
    "log-policies",
    "log-step",
];

/// The table.
pub async fn csv(State(app): State<App>, page: Page, Query(filter): Query<Filter>) -> Answer {
    let who = who(&app, &filter.persona).await?;
    let entries = match criteria(&filter, &who) {
        Some(criteria) => {
            let query: Vec<(&str, &str)> = criteria.iter().map(|(name, value)| (*name, value.as_str())).collect();
            Log::of(&app.context, page.actor()).first(&query, MOST).await?
        }
        None => Vec::new(),
    };
    let mut entries = entries;
    if filter.sistema.is_empty() {
        entries.retain(|entry| entry.who != "system");
    }
    let mut text = String::from("\u{feff}");
    let mut line = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
        text.push_str(&cells.join(";"));
        text.push_str("\r\n");
    };
    line(&HEAD.map(|key| page.t(key)));
    for row in rows(&app.context, &page, entries).await? {
        let outcome = page.t(&format!("log-{}", row.outcome));
        let patients: Vec<&str> = row.patients.iter().map(|(_, name)| name.as_str()).collect();
        let patients = patients.join(", ");
        let cells = [
            row.at,
            row.who,
            row.who_ref,
            row.for_whom,
            row.action,
            outcome,
            patients,
            row.path,
        ];
        line(
            &cells
                .into_iter()
                .chain([row.purpose, row.policies, row.step])
                .collect::<Vec<_>>(),
        );
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"registro-accessi.csv\"",
        ),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, text).into_response())
}

/// A cell that a spreadsheet reads as text: quoted, and never as a formula.
fn cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t']) {
        "'"
    } else {
        ""
    };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_cell_is_never_a_formula() {
        assert_eq!(super::cell("=1+1"), "\"'=1+1\"");
        assert_eq!(super::cell("a\"b"), "\"a\"\"b\"");
    }
}
