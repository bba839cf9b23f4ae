//! `/ufficio-privacy/anomalie/{id}`: one finding with the rule, the entries behind it and the notes.

use super::finding::{GRANT_EXTENSION, RULE_SYSTEM};
use super::list::{Row, rows};
use super::rule::ANOMALIES;
use crate::log::{Log, Row as LogRow, rows as log_rows};
use crate::{App, person};
use access::{Actor, AuditPatient};
use askama::Template;
use axum::extract::{Path, State};
use serde_json::Value;
use web::{Answer, Failure, Page};

#[derive(Template)]
#[template(path = "anomaly.html")]
struct AnomalyPage {
    page: Page,
    row: Row,
    about: String,
    source: String,
    unverified: bool,
    notes: Vec<(String, String)>,
    entries: Vec<LogRow>,
    grant: Option<String>,
    person_ref: String,
    patient_id: Option<String>,
}

/// One finding. What the office keeps is read by the program for its pages; no role reads it elsewhere.
pub(super) async fn get(app: &App, id: &str) -> Result<Value, Failure> {
    let none = || Failure::NotFound(id.to_owned());
    if !person::is_id(id) {
        return Err(none());
    }
    let issue = app
        .context
        .peers
        .fhir(&Actor::system())
        .find("DetectedIssue", id)
        .await?;
    issue
        .filter(|issue| issue["code"]["coding"][0]["system"] == RULE_SYSTEM)
        .ok_or_else(none)
}

/// The page.
pub async fn show(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let issue = get(&app, &id).await?;
    let log = Log::of(&app.context, page.actor());
    let mut entries = Vec::new();
    for detail in issue["evidence"][0]["detail"].as_array().into_iter().flatten() {
        if let Some(id) = detail["identifier"]["value"].as_str() {
            entries.extend(log.one(id).await?);
        }
    }
    let entries = log_rows(&app.context, &page, entries).await?;
    let rule = ANOMALIES.named(issue["code"]["coding"][0]["code"].as_str().unwrap_or_default());
    let mut listed = rows(&app.context, &page, std::slice::from_ref(&issue)).await?;
    let row = listed
        .pop()
        .ok_or_else(|| Failure::Internal("a finding has no row".into()))?;
    let notes = issue["mitigation"].as_array().into_iter().flatten().map(|note| {
        let at = note["date"].as_str().and_then(|at| at.parse().ok());
        let at = at.map(|at| page.date_time(&at)).unwrap_or_default();
        (at, note["action"]["text"].as_str().unwrap_or_default().to_owned())
    });
    let extensions = issue["extension"].as_array().into_iter().flatten();
    let mut grants = extensions.filter(|extension| extension["url"] == GRANT_EXTENSION);
    let patient = issue["patient"]["reference"]
        .as_str()
        .and_then(|to| to.strip_prefix("Patient/"));
    let noted = patient.map(|id| AuditPatient(id.to_owned()));
    let mut response = web::show(&AnomalyPage {
        about: rule.map(|rule| rule.about(&page).to_owned()).unwrap_or_default(),
        source: rule.map(|rule| rule.source.clone()).unwrap_or_default(),
        unverified: rule.is_some_and(|rule| rule.status != "confirmed"),
        notes: notes.collect(),
        grant: grants
            .next()
            .and_then(|grant| grant["valueString"].as_str())
            .map(str::to_owned),
        person_ref: issue["implicated"][0]["reference"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        patient_id: patient.map(str::to_owned),
        entries,
        page: page
            .with_title(row.rule.clone())
            .crumb("/ufficio-privacy", "desk-title")
            .crumb("/ufficio-privacy/anomalie", "anomalies-title"),
        row,
    })?;
    if let Some(noted) = noted {
        response.extensions_mut().insert(noted);
    }
    Ok(response)
}
