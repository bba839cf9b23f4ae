//! `/ufficio-privacy/anomalie`: the findings.

use super::finding::{RULE_SYSTEM, STATE_SYSTEM, state};
use super::rule::ANOMALIES;
use crate::{App, person};
use access::Actor;
use askama::Template;
use axum::extract::{Query, State};
use component::{Context, PeerError};
use serde::Deserialize;
use serde_json::Value;
use web::{Answer, Page};

/// Findings shown, the newest.
const MOST: &str = "100";

#[derive(Template)]
#[template(path = "anomalies.html")]
struct AnomaliesPage {
    page: Page,
    state: String,
    rule: String,
    rules: Vec<(String, String)>,
    rows: Vec<Row>,
}

/// A finding as listed.
pub(crate) struct Row {
    pub id: String,
    pub rule: String,
    pub severity: String,
    pub state: String,
    pub person: String,
    pub patient: String,
    pub at: String,
    pub text: String,
}

/// What to show.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Filter {
    stato: Option<String>,
    regola: String,
}

/// The page.
pub async fn list(State(app): State<App>, page: Page, Query(filter): Query<Filter>) -> Answer {
    let state = filter.stato.unwrap_or_else(|| "nuova".into());
    let (tag, code) = (
        format!("{STATE_SYSTEM}|{state}"),
        format!("{RULE_SYSTEM}|{}", filter.regola),
    );
    let mut search = vec![("_sort", "-identified"), ("_count", MOST)];
    if ["nuova", "vista", "chiusa"].contains(&state.as_str()) {
        search.push(("_tag", &tag));
    }
    if ANOMALIES.named(&filter.regola).is_some() {
        search.push(("code", &code));
    } else {
        let all = format!("{RULE_SYSTEM}|");
        return show(
            &app,
            page,
            &[search, vec![("code", &all)]].concat(),
            (state, String::new()),
        )
        .await;
    }
    let rule = filter.regola.clone();
    show(&app, page, &search, (state, rule)).await
}

async fn show(app: &App, page: Page, search: &[(&str, &str)], (state, rule): (String, String)) -> Answer {
    let found = app
        .context
        .peers
        .fhir(&Actor::system())
        .search("DetectedIssue", search)
        .await?;
    let rules = ANOMALIES
        .rules
        .iter()
        .map(|rule| (rule.id.clone(), rule.name(&page).to_owned()));
    web::show(&AnomaliesPage {
        rows: rows(&app.context, &page, &found).await?,
        rules: rules.collect(),
        state,
        rule,
        page: page.titled("anomalies-title").crumb("/ufficio-privacy", "desk-title"),
    })
}

/// The newest findings that nobody has seen yet.
///
/// # Errors
/// The hub cannot be reached.
pub(crate) async fn newest(context: &Context, page: &Page, count: usize) -> Result<Vec<Row>, PeerError> {
    let (tag, count) = (format!("{STATE_SYSTEM}|nuova"), count.to_string());
    let search = [("_tag", tag.as_str()), ("_sort", "-identified"), ("_count", &count)];
    let found = context
        .peers
        .fhir(&Actor::system())
        .search("DetectedIssue", &search)
        .await?;
    rows(context, page, &found).await
}

/// Findings as rows, with names.
///
/// # Errors
/// The hub cannot be reached.
pub(crate) async fn rows(context: &Context, page: &Page, found: &[Value]) -> Result<Vec<Row>, PeerError> {
    let references = found.iter().flat_map(|issue| {
        let both = [&issue["implicated"][0]["reference"], &issue["patient"]["reference"]];
        both.into_iter().filter_map(Value::as_str)
    });
    let names = person::names(&context.peers.fhir(&Actor::system()), references).await?;
    let named = |reference: &Value| {
        let reference = reference.as_str().unwrap_or_default();
        names.get(reference).cloned().unwrap_or_else(|| reference.to_owned())
    };
    let row = |issue: &Value| {
        let rule = issue["code"]["coding"][0]["code"].as_str().unwrap_or_default();
        let at = issue["identifiedDateTime"].as_str().and_then(|at| at.parse().ok());
        Row {
            id: issue["id"].as_str().unwrap_or_default().to_owned(),
            rule: ANOMALIES
                .named(rule)
                .map_or_else(|| rule.to_owned(), |rule| rule.name(page).to_owned()),
            severity: issue["severity"].as_str().unwrap_or("low").to_owned(),
            state: state(issue).to_owned(),
            person: named(&issue["implicated"][0]["reference"]),
            patient: named(&issue["patient"]["reference"]),
            at: at.map(|at| page.date_time(&at)).unwrap_or_default(),
            text: issue["detail"].as_str().unwrap_or_default().to_owned(),
        }
    };
    Ok(found.iter().map(row).collect())
}
