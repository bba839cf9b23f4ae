//! `/ufficio-privacy/accessi/{id}`: one access opened for a time, what was done under it, and its review.

use super::is_due;
use super::list::{Row, row};
use crate::log::{Log, Row as LogRow, rows};
use crate::notify::REVIEW_PROCESS;
use crate::rules::{RULES, choice};
use crate::{App, grants};
use access::{AccessGrant, Actor, AuditPatient, GrantReview, Grants};
use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use component::TaskQuery;
use http::StatusCode;
use orchestrator::api::CompleteTask;
use serde::Deserialize;
use serde_json::{Map, json};
use web::{Answer, Failure, Flash, Page};

/// Accesses of the log shown beside it.
const ENTRIES: usize = 100;
/// Longest note, bytes.
const NOTE: usize = 2_000;

#[derive(Template)]
#[template(path = "grant.html")]
struct GrantPage {
    page: Page,
    row: Row,
    reason: String,
    agreement: Option<String>,
    labels: Vec<String>,
    closed: Option<String>,
    follows: Option<String>,
    reviews: Vec<Reviewed>,
    entries: Vec<LogRow>,
    outcomes: Vec<(String, String)>,
    may_review: bool,
    sent: Sent,
    error: Option<String>,
}

struct Reviewed {
    by: String,
    at: String,
    outcome: String,
    note: String,
}

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    esito: String,
    nota: String,
}

/// The page.
pub async fn show(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let grant = get(&app, &page, &id).await?;
    answer(&app, page, grant, Sent::default(), None).await
}

/// Notes the outcome and ends the task of the review.
pub async fn submit(State(app): State<App>, page: Page, Path(id): Path<String>, Form(sent): Form<Sent>) -> Answer {
    let grant = get(&app, &page, &id).await?;
    if grant.who == page.actor().subject {
        return Err(Failure::Forbidden(page.t("review-not-own")));
    }
    let fault = if choice(&RULES.review.outcomes, &sent.esito).is_none() {
        Some("review-no-outcome")
    } else if sent.nota.len() > NOTE {
        Some("review-note-long")
    } else if sent.esito != "giustificato" && sent.nota.trim().is_empty() {
        Some("review-no-note")
    } else {
        None
    };
    if let Some(fault) = fault {
        let mut response = answer(&app, page, grant, sent, Some(fault)).await?;
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(response);
    }
    let Some(task) = open_task(&app, &grant.id).await? else {
        let flash = Flash::warning(page.t("review-over"));
        return page.redirect(&format!("/ufficio-privacy/accessi/{id}"), flash);
    };
    let review = GrantReview {
        by: page.actor().subject.clone(),
        name: page.actor().name.clone(),
        at: page.now(),
        outcome: sent.esito.clone(),
        note: sent.nota.trim().to_owned(),
    };
    let noted = grants::review(&app.context, &grant.id, review).await;
    noted.map_err(|error| grants::failure(&page, error))?;
    let mut variables = Map::new();
    variables.insert("esito".into(), json!(sent.esito));
    let result = CompleteTask {
        variables,
        resources: Vec::new(),
    };
    app.context
        .peers
        .orchestrator(page.actor())
        .complete(&task, &result)
        .await?;
    page.redirect(
        "/ufficio-privacy/accessi?stato=rivedere",
        Flash::success(page.t("review-done")),
    )
}

/// Ends an access of somebody else that should not go on.
pub async fn close(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let by = page.actor().subject.clone();
    let ask = Grants::Close { id: id.clone(), by };
    let closed = grants::one(&app.context, ask).await;
    closed.map_err(|error| grants::failure(&page, error))?;
    page.redirect(
        &format!("/ufficio-privacy/accessi/{id}"),
        Flash::success(page.t("grant-closed")),
    )
}

async fn get(app: &App, page: &Page, id: &str) -> Result<AccessGrant, Failure> {
    let found = grants::one(&app.context, Grants::Get { id: id.to_owned() }).await;
    Ok(found.map_err(|error| grants::failure(page, error))?.0)
}

/// The open task of an access's review, which the program started.
async fn open_task(app: &App, grant: &str) -> Result<Option<String>, Failure> {
    let orchestrator = app.context.peers.orchestrator(&Actor::system());
    for instance in orchestrator.started_by_program(REVIEW_PROCESS, grant).await? {
        let query = TaskQuery {
            instance: Some(instance.id),
            state: Some("open".into()),
            ..TaskQuery::default()
        };
        if let Some(task) = orchestrator.tasks(&query).await?.items.into_iter().next() {
            return Ok(Some(task.id));
        }
    }
    Ok(None)
}

async fn answer(app: &App, page: Page, grant: AccessGrant, sent: Sent, error: Option<&'static str>) -> Answer {
    let log = Log::of(&app.context, page.actor());
    let (from, until) = (grant.from.to_string(), grant.until.to_string());
    let period = [format!("ge{from}"), format!("lt{until}")];
    let query = [
        ("patient", grant.patient.as_str()),
        ("agent", grant.who.as_str()),
        ("date", &period[0]),
        ("date", &period[1]),
    ];
    let found = log.first(&query, ENTRIES).await?;
    let entries = rows(&app.context, &page, found).await?;
    let reviewed = grant.reviews.iter().map(|review| Reviewed {
        by: review.name.clone(),
        at: page.date_time(&review.at),
        outcome: choice(&RULES.review.outcomes, &review.outcome).map_or(String::new(), |o| o.text(&page).to_owned()),
        note: review.note.clone(),
    });
    let policies = policy::Policies::standard();
    let label = |name: &String| {
        let found = policies.labels().list().iter().find(|label| label.name == *name);
        found.map_or_else(|| name.clone(), |label| label.it.clone())
    };
    let title = page.t1("grant-title", "name", grant.patient_name.as_str());
    let patient = AuditPatient(grant.patient.clone());
    let mut response = web::show(&GrantPage {
        row: row(&page, &grant),
        reason: grant.reason.clone(),
        agreement: grant.agreement.clone(),
        labels: grant.labels.iter().map(label).collect(),
        closed: grant.closed.map(|at| page.date_time(&at)),
        follows: grant.follows.clone(),
        reviews: reviewed.collect(),
        outcomes: RULES
            .review
            .outcomes
            .iter()
            .map(|o| (o.code.clone(), o.text(&page).to_owned()))
            .collect(),
        may_review: is_due(&grant, page.now()) && grant.who != page.actor().subject,
        entries,
        sent,
        error: error.map(|key| page.t(key)),
        page: page
            .with_title(title)
            .crumb("/ufficio-privacy", "desk-title")
            .crumb("/ufficio-privacy/accessi", "grants-title"),
    })?;
    response.extensions_mut().insert(patient);
    Ok(response)
}
