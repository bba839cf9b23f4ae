//! `GET /anagrafe/{id}`: the record of a person.

use super::Sent;
use super::assistance::{self, KINDS, REASONS};
use super::check::check;
use super::facts::{Coverage, Fact, coverages, facts};
use crate::search::age;
use crate::{App, people};
use access::AuditPatient;
use askama::Template;
use axum::extract::{Path, State};
use serde_json::Value;
use web::{Answer, Failure, Page};

/// Offices offered at most.
const OFFICES: &str = "50";

#[derive(Template)]
#[template(path = "person.html")]
struct PersonPage {
    page: Page,
    id: String,
    age: Option<i64>,
    dead: bool,
    inactive: bool,
    replaced_by: Option<String>,
    facts: Vec<Fact>,
    doctors: Vec<String>,
    assistances: Vec<Coverage>,
    exemptions: Vec<Coverage>,
    assisted: bool,
    notices: Vec<String>,
    kinds: Vec<(&'static str, String)>,
    reasons: Vec<(&'static str, String)>,
    offices: Vec<(String, String)>,
    today: String,
    written: String,
}

/// Shows the record.
pub(crate) async fn show(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    if !fhir::is_id(&id) {
        return Err(Failure::NotFound(id));
    }
    let patient = app.fhir(&page).read("Patient", &id).await?;
    let today = web::local_date(page.now());
    let day = today.to_string();
    let all = assistance::coverages(&app, &page, &id).await?;
    let (assistances, exemptions) = coverages(&page, &all, &day);
    let sent = Sent::of(&patient);
    let notices = check(page.texts(), &sent, today).notices;
    let replaced = people::items(&patient, "link").find(|link| link["type"] == "replaced-by");
    let offices = if people::is_dead(&patient) || people::is_inactive(&patient) {
        vec![]
    } else {
        offices(&app, &page).await?
    };
    let template = PersonPage {
        age: age(people::text(&patient, "birthDate"), today).filter(|_| !people::is_dead(&patient)),
        dead: people::is_dead(&patient),
        inactive: people::is_inactive(&patient),
        replaced_by: replaced.and_then(|link| {
            link["other"]["reference"]
                .as_str()?
                .strip_prefix("Patient/")
                .map(str::to_owned)
        }),
        facts: facts(&page, &patient, &day),
        doctors: doctors(&app, &page, &patient).await?,
        assisted: assistances.iter().any(|one| one.holds),
        assistances,
        exemptions,
        notices: notices.into_iter().map(|one| one.text).collect(),
        kinds: KINDS
            .iter()
            .map(|(kind, _)| (*kind, page.named("assisted", kind)))
            .collect(),
        reasons: REASONS
            .iter()
            .map(|reason| (*reason, page.named("end-reason", reason)))
            .collect(),
        offices,
        today: web::date(today),
        written: written(&page, &patient),
        page: page
            .with_title(people::name(&patient))
            .crumb("/anagrafe", "citizens-title"),
        id: id.clone(),
    };
    let mut response = web::show(&template)?;
    response.extensions_mut().insert(AuditPatient(id));
    Ok(response)
}

fn written(page: &Page, patient: &Value) -> String {
    let at = people::text(&patient["meta"], "lastUpdated");
    at.parse().map_or_else(|_| at.to_owned(), |at| page.date_time(&at))
}

/// Names of the doctors chosen.
async fn doctors(app: &App, page: &Page, patient: &Value) -> Result<Vec<String>, Failure> {
    let mut names = vec![];
    for one in people::items(patient, "generalPractitioner").take(5) {
        let reference = people::text(one, "reference");
        let found = match one["display"].as_str() {
            Some(display) => Some(display.to_owned()),
            None => app
                .fhir(page)
                .resolve(reference)
                .await?
                .map(|doctor| people::name(&doctor)),
        };
        names.push(found.unwrap_or_else(|| reference.to_owned()));
    }
    Ok(names)
}

/// The offices that assist: ASL, the operator's own first.
async fn offices(app: &App, page: &Page) -> Result<Vec<(String, String)>, Failure> {
    let fhir = app.fhir(page);
    let asked = [
        ("type", "https://sinfonia.it/fhir/CodeSystem/tipo-struttura|asl"),
        ("_count", OFFICES),
    ];
    let mut found = fhir.search("Organization", &asked).await?;
    if let Some(own) = &page.actor().organization
        && !found.iter().any(|one| one["id"] == own.as_str())
    {
        found.extend(fhir.find("Organization", own).await?);
    }
    let mut offices: Vec<(String, String)> = found
        .iter()
        .map(|one| (people::text(one, "id").to_owned(), people::text(one, "name").to_owned()))
        .collect();
    let own = page.actor().organization.clone();
    offices.sort_by_key(|(id, name)| (Some(id) != own.as_ref(), name.clone()));
    Ok(offices)
}
