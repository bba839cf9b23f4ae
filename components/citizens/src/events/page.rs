//! `/anagrafe/eventi`: what each event caused, what waits, what was refused, with reason and remedy.

use super::apply::{self, CODE, STATE};
use super::{LoadError, feed};
use crate::App;
use crate::choice::person;
use crate::choice::record::Record;
use access::{Actor, AuditPatient};
use askama::Template;
use axum::extract::{Multipart, Path, Query, State};
use component::InstanceQuery;
use http::StatusCode;
use jiff::SignedDuration;
use serde::Deserialize;
use web::{Answer, Failure, Flash, Page};

/// Events in the list.
const LISTED: usize = 100;
/// Instances of a person looked at for one event.
const INSTANCES: usize = 50;
/// Lines of a file told as wrong.
const TOLD: usize = 30;

#[derive(Template)]
#[template(path = "events.html")]
struct Events {
    page: Page,
    events: Vec<Shown>,
    state: String,
    counts: Vec<(&'static str, String, u64)>,
    unverified: bool,
    error: Option<String>,
    wrong: Vec<(String, String)>,
}

struct Shown {
    id: String,
    kind: String,
    date: String,
    person: String,
    source: String,
    state: String,
    mark: String,
    reason: String,
    remedy: String,
    effects: Vec<String>,
}

/// Which events.
#[derive(Default, Deserialize)]
pub(super) struct Which {
    #[serde(default)]
    stato: String,
}

const STATES: [&str; 3] = ["applicato", "in-attesa", "rifiutato"];

fn shown(page: &Page, record: &Record) -> Shown {
    let mark = apply::state(record);
    let event = apply::of_record(record);
    Shown {
        id: record.id.clone(),
        kind: page.named("event", record.get("tipo")),
        date: web::fhir_date(record.get("data")),
        person: record.get("persona").to_owned(),
        source: event.map(|event| event.id).unwrap_or_default(),
        state: page.named("event-one", &mark),
        reason: record.get("motivo").to_owned(),
        remedy: record.get("rimedio").to_owned(),
        effects: record.get("effetti").lines().map(str::to_owned).collect(),
        mark,
    }
}

/// `GET /anagrafe/eventi?stato=`.
pub(super) async fn list(State(app): State<App>, page: Page, Query(which): Query<Which>) -> Answer {
    events(&app, page, which.stato, None, Vec::new()).await
}

async fn events(app: &App, page: Page, state: String, error: Option<String>, wrong: Vec<(String, String)>) -> Answer {
    let system = app.system();
    let state = if STATES.contains(&state.as_str()) {
        state
    } else {
        String::new()
    };
    let code = format!("{STATE}|{state}");
    let asked: Vec<(&str, &str)> = if state.is_empty() {
        Vec::new()
    } else {
        vec![("code", &code)]
    };
    let found = Record::search(&system, CODE, &asked, LISTED).await?;
    let mut counts = Vec::new();
    for one in STATES {
        let code = format!("{STATE}|{one}");
        counts.push((
            one,
            page.named("event-state", one),
            system.count("Basic", &[("code", &code)]).await?,
        ));
    }
    let failed = error.is_some();
    let mut response = web::show(&Events {
        events: found.iter().map(|one| shown(&page, one)).collect(),
        page: page.titled("events-title").crumb("/anagrafe", "citizens-title"),
        state,
        counts,
        unverified: feed::is_unverified(),
        error,
        wrong,
    })?;
    if failed {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

/// `POST /anagrafe/eventi`: a file.
pub(super) async fn upload(State(app): State<App>, page: Page, mut form: Multipart) -> Answer {
    let (mut body, mut signature) = (None, None);
    let refuse = |error: axum::extract::multipart::MultipartError| Failure::Unprocessable(error.body_text());
    while let Some(part) = form.next_field().await.map_err(refuse)? {
        match part.name() {
            Some("file") => body = Some(part.bytes().await.map_err(refuse)?),
            Some("firma") => signature = Some(part.bytes().await.map_err(refuse)?),
            _ => {}
        }
    }
    let Some(body) = body.filter(|body| !body.trim_ascii().is_empty()) else {
        let error = page.t("events-no-file");
        return events(&app, page, String::new(), Some(error), Vec::new()).await;
    };
    let signature = signature.as_ref().map(|bytes| String::from_utf8_lossy(bytes));
    let (own, nothing) = (page.actor().subject.clone(), |_: usize, _: usize| {});
    let outcomes = match super::load(&app.context, &body, signature.as_deref(), &own, nothing).await {
        Ok(outcomes) => outcomes,
        Err(LoadError::Unreadable(why) | LoadError::Untrusted(why)) => {
            return events(&app, page, String::new(), Some(why), Vec::new()).await;
        }
        Err(LoadError::Peer(error)) => return Err(error.into()),
    };
    let count = |state: &str| outcomes.iter().filter(|one| one.state == state).count();
    let told = [
        ("events-applied", count("applied")),
        ("events-waiting", count("waiting")),
        ("events-refused", count("refused")),
        ("events-repeated", count("repeated")),
        ("events-invalid", count("invalid")),
    ];
    let told = told
        .iter()
        .filter(|(_, n)| *n > 0)
        .map(|(key, n)| page.t1(key, "n", *n));
    let flash = Flash::success(told.collect::<Vec<_>>().join(" "));
    let invalid = outcomes.into_iter().filter(|one| one.state == "invalid").take(TOLD);
    let wrong = invalid.map(|one| (one.id, one.reason.unwrap_or_default())).collect();
    events(&app, page.with_flash(flash), String::new(), None, wrong).await
}

#[derive(Template)]
#[template(path = "event.html")]
struct EventPage {
    page: Page,
    event: Shown,
    name: String,
    resources: Vec<String>,
    processes: Vec<(String, String, String)>,
    details: Vec<(String, String)>,
}

async fn found(app: &App, id: &str) -> Result<Record, Failure> {
    let found = Record::find(&app.system(), CODE, id).await?;
    found.ok_or_else(|| Failure::NotFound("event".into()))
}

/// `GET /anagrafe/eventi/{id}`.
pub(super) async fn show(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let record = found(&app, &id).await?;
    let patient = match record.patient.as_str() {
        "" => None,
        id => app.system().find("Patient", id).await?,
    };
    let received = record
        .moment("creato")
        .map(|at| page.date_time(&at))
        .unwrap_or_default();
    let applied = record
        .moment("applicato")
        .map(|at| page.date_time(&at))
        .unwrap_or_default();
    let details = [
        ("event-received", received),
        ("event-applied", applied),
        ("event-by", record.get("da").to_owned()),
        ("event-signer", record.get("firma").to_owned()),
    ];
    let mut response = web::show(&EventPage {
        name: patient.as_ref().map(person::name).unwrap_or_default(),
        resources: record.get("risorse").lines().map(str::to_owned).collect(),
        processes: processes(&app, &page, &record).await?,
        details: details
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(key, value)| (page.t(key), value))
            .collect(),
        event: shown(&page, &record),
        page: page
            .titled("event-title")
            .crumb("/anagrafe", "citizens-title")
            .crumb("/anagrafe/eventi", "events-title"),
    })?;
    if !record.patient.is_empty() {
        response.extensions_mut().insert(AuditPatient(record.patient));
    }
    Ok(response)
}

/// Processes of the person that began, or moved, by the event: name, id, what.
async fn processes(app: &App, page: &Page, record: &Record) -> Result<Vec<(String, String, String)>, Failure> {
    let Some(applied) = record.moment("applicato") else {
        return Ok(Vec::new());
    };
    let orchestrator = app.context.peers.orchestrator(&Actor::system());
    let query = InstanceQuery {
        patient: Some(record.patient.clone()),
        limit: Some(INSTANCES),
        ..InstanceQuery::default()
    };
    // The feed passes the message on within moments.
    let until = applied + SignedDuration::from_mins(2);
    let message = format!("evento-{}", record.get("tipo"));
    let mut all = Vec::new();
    for instance in orchestrator.instances(&query).await?.items {
        let name = instance.definition.split(':').next().unwrap_or_default().to_owned();
        if applied <= instance.started && instance.started <= until {
            all.push((name, instance.id, page.t("event-started")));
            continue;
        }
        if instance.started > applied {
            continue;
        }
        let history = orchestrator.history(&instance.id, 0, 500).await?;
        let moved = history.iter().any(|entry| {
            let soon = applied <= entry.at && entry.at <= until;
            soon && (entry.actor == "hub"
                || serde_json::to_string(&entry.events).is_ok_and(|text| text.contains(&message)))
        });
        if moved {
            all.push((name, instance.id, page.t("event-moved")));
        }
    }
    Ok(all)
}

/// `POST /anagrafe/eventi/{id}`: tries one that waits, or was refused, again.
pub(super) async fn retry(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let record = found(&app, &id).await?;
    let event = apply::of_record(&record).ok_or_else(|| Failure::Conflict(page.t("event-unreadable")))?;
    let outcome = {
        let from = apply::Source {
            by: &page.actor().subject,
            signer: "",
        };
        apply::receive(&app.context, &event, &from).await?
    };
    let flash = match outcome.state.as_str() {
        "applied" | "repeated" => Flash::success(page.t("event-now-applied")),
        _ => Flash::warning(outcome.reason.unwrap_or_default()),
    };
    page.redirect(&format!("/anagrafe/eventi/{id}"), flash)
}
