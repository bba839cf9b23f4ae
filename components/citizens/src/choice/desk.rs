//! `/anagrafe/scelta`: the desk chooses for who is there, and decides what waits for the office.

use super::citizen::{self, Sent, by_code, choose};
use super::person::{self, Person};
use super::record::Record;
use super::request::{CODE, PROCESS, WAITS};
use super::shown::{Current, Shown, assistance};
use super::{doctors, receipt as letter};
use crate::App;
use access::AuditPatient;
use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use component::TaskQuery;
use http::StatusCode;
use orchestrator::api::{CompleteTask, TaskInfo};
use serde::Deserialize;
use web::{Answer, Failure, Flash, Page};

/// Requests in the list.
const LISTED: usize = 100;

#[derive(Template)]
#[template(path = "choice_desk.html")]
struct DeskPage {
    page: Page,
    code: String,
    error: Option<String>,
    found: Option<Found>,
    waiting: Vec<Shown>,
}

struct Found {
    id: String,
    name: String,
    born: String,
    assistance: String,
    dead: bool,
    current: Option<Current>,
    kind: &'static str,
}

/// Whom is looked for, or for whom a list is asked.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Look {
    codice_fiscale: String,
    /// Patient id: shows the doctors.
    persona: String,
    tipo: String,
}

/// `GET /anagrafe/scelta`: what waits for the office.
pub(super) async fn home(State(app): State<App>, page: Page) -> Answer {
    desk(&app, page, String::new(), None, None).await
}

async fn desk(app: &App, page: Page, code: String, error: Option<String>, found: Option<Person>) -> Answer {
    let system = app.system();
    let asked = format!("{WAITS}|in-corso");
    let waiting = Record::search(&system, CODE, &[("code", &asked)], LISTED).await?;
    let today = web::local_date(page.now());
    let mut shown = Vec::new();
    for record in &waiting {
        let who = system.find("Patient", &record.patient).await?;
        shown.push(Shown::of(
            &page,
            record,
            who.as_ref().map(person::name).unwrap_or_default(),
        ));
    }
    let seen = found.as_ref().map(|one| one.id().to_owned());
    let found = match found {
        Some(person) => {
            let doctor = match person.doctor() {
                Some(doctor) => doctors::one(&system, doctor, today).await?,
                None => None,
            };
            Some(Found {
                id: person.id().to_owned(),
                name: person.name(),
                born: person.birth().map(web::date).unwrap_or_default(),
                assistance: assistance(&page, &person),
                dead: person.death().is_some(),
                current: Current::of(&page, &person, doctor.as_ref()),
                kind: super::rules::on(today).kinds(person.age(today).unwrap_or(0))[0],
            })
        }
        None => None,
    };
    let wrong = error.is_some();
    let mut response = web::show(&DeskPage {
        page: page.titled("choice-desk-title").crumb("/anagrafe", "citizens-title"),
        code,
        error,
        found,
        waiting: shown,
    })?;
    if wrong {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    if let Some(seen) = seen {
        response.extensions_mut().insert(AuditPatient(seen));
    }
    Ok(response)
}

/// `POST /anagrafe/scelta`: finds the person; with `persona`, shows the doctors for them.
pub(super) async fn find(State(app): State<App>, page: Page, Form(look): Form<Look>) -> Answer {
    if !look.persona.is_empty() {
        let person = known(&app, &look.persona).await?;
        let sent = Sent {
            tipo: look.tipo,
            persona: look.persona,
            ..Sent::default()
        };
        return choose(&app, page, &person, sent, None, true).await;
    }
    let code = look.codice_fiscale.trim().to_uppercase();
    match by_code(&app, &code).await? {
        Some(person) => desk(&app, page, code, None, Some(person)).await,
        None => {
            let error = page.t("choice-nobody");
            desk(&app, page, code, Some(error), None).await
        }
    }
}

async fn known(app: &App, id: &str) -> Result<Person, Failure> {
    let found = Person::load(&app.system(), id).await?;
    found.ok_or_else(|| Failure::NotFound("person".into()))
}

/// `POST /anagrafe/scelta/richieste`.
pub(super) async fn ask(State(app): State<App>, page: Page, Form(sent): Form<Sent>) -> Answer {
    let person = known(&app, &sent.persona).await?;
    let mut response = match citizen::make(&app, &page, &person, &sent, "operatore").await? {
        Ok(record) => page.redirect(
            &format!("/anagrafe/scelta/richieste/{}", record.id),
            Flash::success(page.t("choice-asked")),
        )?,
        Err(error) if sent.cosa == "revoca" => page.redirect("/anagrafe/scelta", Flash::warning(error))?,
        Err(error) => choose(&app, page, &person, sent, Some(error), true).await?,
    };
    response.extensions_mut().insert(AuditPatient(person.id().to_owned()));
    Ok(response)
}

async fn record(app: &App, id: &str) -> Result<Record, Failure> {
    let found = Record::find(&app.system(), CODE, id).await?;
    found.ok_or_else(|| Failure::NotFound("request".into()))
}

/// The open task of a request's process.
pub(super) async fn open_task(app: &App, id: &str) -> Result<Option<TaskInfo>, Failure> {
    let system = app.context.peers.orchestrator(&access::Actor::system());
    let started = system.started_by_program(PROCESS, id).await?;
    let Some(instance) = started.into_iter().find(|one| one.ended.is_none()) else {
        return Ok(None);
    };
    let query = TaskQuery {
        instance: Some(instance.id),
        state: Some("open".into()),
        ..TaskQuery::default()
    };
    match system.tasks(&query).await?.items.first() {
        Some(task) => Ok(Some(system.task(&task.id).await?)),
        None => Ok(None),
    }
}

#[derive(Template)]
#[template(path = "choice_decide.html")]
struct Decide {
    page: Page,
    request: Shown,
    may_decide: bool,
    waits_for_doctor: bool,
    rules: Vec<String>,
}

/// `GET /anagrafe/scelta/richieste/{id}`.
pub(super) async fn show(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let record = record(&app, &id).await?;
    let person = known(&app, &record.patient).await?;
    let task = open_task(&app, &id).await?;
    let element = task.as_ref().map_or("", |task| task.element.as_str());
    let rules = task.as_ref().map_or(Vec::new(), |task| reasons(&task.variables));
    let mut response = web::show(&Decide {
        may_decide: matches!(element, "valuta" | "ricusazione"),
        waits_for_doctor: element == "consenso",
        rules,
        request: Shown::of(&page, &record, person.name()),
        page: page
            .titled("choice-request-title")
            .crumb("/anagrafe/scelta", "choice-desk-title"),
    })?;
    response.extensions_mut().insert(AuditPatient(record.patient));
    Ok(response)
}

/// What the decision said that asks for somebody.
fn reasons(variables: &serde_json::Map<String, serde_json::Value>) -> Vec<String> {
    let rules = variables.get("ammissibilita").and_then(|all| all.as_array());
    let texts = rules.into_iter().flatten().filter_map(|one| one["motivo"].as_str());
    texts.map(str::to_owned).collect()
}

/// What the office decides.
#[derive(Deserialize)]
pub(super) struct Verdict {
    #[serde(default)]
    esito: String,
    #[serde(default)]
    nota: String,
}

/// `POST /anagrafe/scelta/richieste/{id}`.
pub(super) async fn decide(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    Form(verdict): Form<Verdict>,
) -> Answer {
    let mut record = record(&app, &id).await?;
    let note = verdict.nota.trim();
    let says_why = verdict.esito == "accolta" || !note.is_empty();
    if !["accolta", "respinta"].contains(&verdict.esito.as_str()) || !says_why || note.chars().count() > 1000 {
        return Err(Failure::Unprocessable(page.t("choice-decision-missing")));
    }
    let task = open_task(&app, &id).await?;
    let task = task.filter(|task| matches!(task.element.as_str(), "valuta" | "ricusazione"));
    let task = task.ok_or_else(|| Failure::Conflict(page.t("choice-decided")))?;
    record.set("risposta-ufficio", &verdict.esito);
    record.set("nota", note);
    record.set("decisa-da", &page.actor().subject);
    record.set("decisa-da-nome", &page.actor().name);
    record.save(&app.system()).await?;
    // The right to decide is the route's; the process reads the decision from the record.
    let system = app.context.peers.orchestrator(&access::Actor::system());
    system.complete(&task.id, &CompleteTask::default()).await?;
    page.redirect("/anagrafe/scelta", Flash::success(page.t("choice-decided-now")))
}

/// `GET /anagrafe/scelta/richieste/{id}/ricevuta`.
pub(super) async fn receipt(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let record = record(&app, &id).await?;
    let person = known(&app, &record.patient).await?;
    let mut response = letter::answer(&record, &person, page.now());
    response.extensions_mut().insert(AuditPatient(record.patient));
    Ok(response)
}
