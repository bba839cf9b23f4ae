//! `GET /anagrafe/{id}/storia`: what was true when, as it was known when; and every version with what it changed.

use super::facts::{Coverage, Fact, coverages, differences, facts};
use super::{assistance, write};
use crate::{App, people};
use access::AuditPatient;
use askama::Template;
use axum::extract::{Path, Query, State};
use codicefiscale::reading;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::Value;
use web::{Answer, Failure, Page};

/// Versions looked at, at most.
const VERSIONS: usize = 200;
/// Coverages whose own versions are looked at, at most.
const COVERAGES: usize = 30;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Ask {
    vero: String,
    saputo: String,
}

struct Version {
    number: String,
    when: String,
    who: String,
    door: String,
    changes: Vec<(&'static str, String, String)>,
    first: bool,
}

#[derive(Template)]
#[template(path = "person_past.html")]
struct PastPage {
    page: Page,
    id: String,
    vero: String,
    saputo: String,
    error: Option<String>,
    /// Whether the record was there at the moment asked for.
    known: bool,
    facts: Vec<Fact>,
    assistances: Vec<Coverage>,
    versions: Vec<Version>,
    more: bool,
}

/// Shows it.
pub(crate) async fn show(State(app): State<App>, page: Page, Path(id): Path<String>, Query(ask): Query<Ask>) -> Answer {
    if !fhir::is_id(&id) {
        return Err(Failure::NotFound(id));
    }
    let today = web::local_date(page.now());
    let mut error = None;
    let mut read = |text: &str| match text.trim() {
        "" => today,
        text => reading::date(text).unwrap_or_else(|| {
            error = Some(page.t("error-date"));
            today
        }),
    };
    let (valid, known) = (read(&ask.vero), read(&ask.saputo));
    let fhir = app.fhir(&page);
    let all = fhir.history("Patient", &id, VERSIONS).await?;
    let Some(latest) = all.first() else {
        return Err(Failure::NotFound(id));
    };
    let name = people::name(latest);
    let day = valid.to_string();
    let then = all.iter().find(|version| is_known(version, known));
    let mut held = vec![];
    for coverage in assistance::coverages(&app, &page, &id).await?.iter().take(COVERAGES) {
        let versions = match is_known(coverage, known) {
            true => vec![coverage.clone()],
            false => fhir.history("Coverage", people::text(coverage, "id"), VERSIONS).await?,
        };
        held.extend(versions.into_iter().find(|version| is_known(version, known)));
    }
    let versions = versions(&app, &page, &all, &today.to_string()).await?;
    let template = PastPage {
        vero: web::date(valid),
        saputo: web::date(known),
        error,
        known: then.is_some(),
        facts: then.map(|then| facts(&page, then, &day)).unwrap_or_default(),
        assistances: coverages(&page, &held, &day)
            .0
            .into_iter()
            .filter(|one| one.holds)
            .collect(),
        versions,
        more: all.len() == VERSIONS,
        page: page
            .titled("past-title")
            .crumb("/anagrafe", "citizens-title")
            .crumb_named(&format!("/anagrafe/{id}"), name),
        id: id.clone(),
    };
    let mut response = web::show(&template)?;
    response.extensions_mut().insert(AuditPatient(id));
    Ok(response)
}

/// Whether a version was written on a day or before.
fn is_known(version: &Value, day: Date) -> bool {
    let written = people::text(&version["meta"], "lastUpdated").parse::<Timestamp>();
    written.is_ok_and(|written| web::local_date(written) <= day)
}

async fn versions(app: &App, page: &Page, all: &[Value], day: &str) -> Result<Vec<Version>, Failure> {
    let mut names: Vec<(String, String)> = vec![];
    let mut found = vec![];
    for (at, version) in all.iter().enumerate() {
        let older = all.get(at + 1);
        let (who, door) = match write::signature(version) {
            Some((who, door)) => (who.to_owned(), page.named("door", door)),
            None => (String::new(), String::new()),
        };
        if !who.is_empty() && !names.iter().any(|(known, _)| *known == who) {
            let person = app.fhir(page).resolve(&who).await?;
            names.push((
                who.clone(),
                person.map_or_else(|| who.clone(), |person| people::name(&person)),
            ));
        }
        let name = names
            .iter()
            .find(|(known, _)| *known == who)
            .map(|(_, name)| name.clone());
        let written = people::text(&version["meta"], "lastUpdated");
        found.push(Version {
            number: people::text(&version["meta"], "versionId").to_owned(),
            when: written
                .parse()
                .map_or_else(|_| written.to_owned(), |at| page.date_time(&at)),
            who: name.unwrap_or_else(|| page.t("who-unknown")),
            door,
            changes: older
                .map(|older| differences(page, older, version, day))
                .unwrap_or_default(),
            first: older.is_none() && version["meta"]["versionId"] == "1",
        });
    }
    Ok(found)
}
