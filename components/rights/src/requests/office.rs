//! `/richieste-dati`: the office that answers, and the data-protection officer: requests by deadline, reports of accesses that
//! were not recognised.

use super::page::{Shown, shown, state};
use super::request::{CODE, REPORT};
use super::verdict::DECIDES;
use super::{PROCESS, Request, erase};
use crate::rules;
use crate::{App, people};
use access::AuditPatient;
use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use component::TaskQuery;
use jiff::Timestamp;
use orchestrator::api::{CompleteTask, TaskInfo};
use serde::Deserialize;
use serde_json::Value;
use web::{Answer, Failure, Flash, Page};

#[derive(Template)]
#[template(path = "office.html")]
struct OfficePage {
    page: Page,
    open: Vec<Shown>,
    done: Vec<Shown>,
    reports: Vec<(String, String, String, bool)>,
    is_officer: bool,
}

#[derive(Template)]
#[template(path = "office_request.html")]
struct OfficeRequest {
    page: Page,
    request: Request,
    article: String,
    person: String,
    state: String,
    due: Option<Timestamp>,
    field: String,
    present: String,
    erasable: Vec<(String, usize)>,
    kept: usize,
    kept_because: String,
    hold: Option<String>,
    may_decide: bool,
    automatic: bool,
}

#[derive(Template)]
#[template(path = "office_report.html")]
struct ReportPage {
    page: Page,
    report: Request,
    person: String,
    who: String,
    when: String,
    policies: Vec<String>,
    open: bool,
}

/// `GET /richieste-dati`.
pub(crate) async fn list(State(app): State<App>, page: Page) -> Answer {
    let system = app.system();
    let mut open = Vec::new();
    let mut done = Vec::new();
    let mut requests = Request::all(&system, None).await?;
    requests.sort_by(|a, b| a.get("scadenza").cmp(b.get("scadenza")));
    for request in requests {
        let person = system.find("Patient", &request.patient).await?.unwrap_or(Value::Null);
        let one = shown(&page, &request, people::name(&person));
        if one.open { open.push(one) } else { done.push(one) }
    }
    done.reverse();
    let is_officer = page.actor().has_role("dpo");
    let mut reports = Vec::new();
    if is_officer {
        for report in Request::search(&system, REPORT, None).await? {
            let person = system.find("Patient", &report.patient).await?.unwrap_or(Value::Null);
            let when = report
                .moment("quando")
                .map(|at| page.date_time(&at))
                .unwrap_or_default();
            reports.push((
                report.id.clone(),
                people::name(&person),
                when,
                report.get("stato") != "chiusa",
            ));
        }
    }
    web::show(&OfficePage {
        page: page.titled("office-title"),
        open,
        done,
        reports,
        is_officer,
    })
}

/// `GET /richieste-dati/{id}`.
pub(crate) async fn show(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let request = find(&app, &id).await?;
    let patient = request.patient.clone();
    let system = app.system();
    let person = system.find("Patient", &patient).await?.unwrap_or(Value::Null);
    let kind = rules::request(request.get("tipo")).ok_or_else(|| Failure::NotFound(id.clone()))?;
    let field = rules::requests()
        .fields
        .iter()
        .find(|field| field.code == request.get("campo"));
    let present = field
        .map(|field| super::execute::present(field, &person))
        .unwrap_or_default();
    let plan = match kind.code.as_str() {
        "cancellazione" => erase::plan(&system, &patient).await?,
        _ => erase::Plan::default(),
    };
    let hold = erase::hold(&system, &patient).await?;
    let kept = &rules::retention().keep_because;
    let it = page.lang() == web::Lang::It;
    let name = kind.name.of(page.lang()).to_owned();
    let mut response = web::show(&OfficeRequest {
        article: kind.article.clone(),
        state: state(&page, &request),
        due: request.moment("scadenza"),
        field: field
            .map(|field| field.name.of(page.lang()).to_owned())
            .unwrap_or_default(),
        present,
        erasable: plan.counts(it),
        kept: plan.kept,
        kept_because: format!(
            "{} ({}{})",
            if it { &kept.it } else { &kept.en },
            kept.source,
            match (kept.status.as_str(), it) {
                ("unverified", true) => "; da verificare",
                ("unverified", false) => "; to be checked",
                _ => "",
            }
        ),
        hold: hold.map(|hold| hold.get("motivo").to_owned()),
        automatic: kind.automatic,
        may_decide: request.is_open() && !kind.automatic && page.actor().has_role(DECIDES),
        person: people::name(&person),
        page: page.with_title(name).crumb("/richieste-dati", "office-title"),
        request,
    })?;
    response.extensions_mut().insert(AuditPatient(patient));
    Ok(response)
}

/// A request by id, for the office: a Basic of another kind is none.
pub(super) async fn find(app: &App, id: &str) -> Result<Request, Failure> {
    find_of(app, CODE, id).await
}

async fn find_of(app: &App, code: &str, id: &str) -> Result<Request, Failure> {
    let none = || Failure::NotFound("request".into());
    if !people::is_id(id) {
        return Err(none());
    }
    Request::find(&app.system(), code, id).await?.ok_or_else(none)
}

/// The open task of the process that the program started for a request.
pub(super) async fn open_task(app: &App, page: &Page, key: &str) -> Result<Option<TaskInfo>, Failure> {
    task_of(app, page, PROCESS, key).await
}

async fn task_of(app: &App, page: &Page, process: &str, key: &str) -> Result<Option<TaskInfo>, Failure> {
    let orchestrator = app.context.peers.orchestrator(page.actor());
    let system = app.context.peers.orchestrator(&access::Actor::system());
    let started = system.started_by_program(process, key).await?;
    let Some(instance) = started.into_iter().find(|one| one.ended.is_none()) else {
        return Ok(None);
    };
    let query = TaskQuery {
        instance: Some(instance.id),
        state: Some("open".into()),
        ..TaskQuery::default()
    };
    Ok(orchestrator.tasks(&query).await?.items.into_iter().next())
}

/// `GET /richieste-dati/segnalazioni/{id}`.
pub(crate) async fn show_report(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let report = find_of(&app, REPORT, &id).await?;
    let system = app.system();
    let person = system.find("Patient", &report.patient).await?.unwrap_or(Value::Null);
    // The record itself as the officer, who may read it.
    let event = app
        .fhir(&page)
        .find("AuditEvent", report.get("accesso"))
        .await?
        .unwrap_or(Value::Null);
    let policies = event["agent"][0]["policy"].as_array().into_iter().flatten();
    let policies = policies
        .filter_map(|one| one.as_str()?.rsplit('#').next().map(str::to_owned))
        .collect();
    let who = match system.resolve(report.get("chi")).await? {
        Some(who) => people::name(&who),
        None => report.get("chi").to_owned(),
    };
    let patient = report.patient.clone();
    let mut response = web::show(&ReportPage {
        person: people::name(&person),
        when: report
            .moment("quando")
            .map(|at| page.date_time(&at))
            .unwrap_or_default(),
        open: report.get("stato") != "chiusa",
        page: page.titled("report-one").crumb("/richieste-dati", "office-title"),
        who,
        policies,
        report,
    })?;
    response.extensions_mut().insert(AuditPatient(patient));
    Ok(response)
}

/// What the officer answers.
#[derive(Deserialize)]
pub(crate) struct Reply {
    #[serde(default)]
    risposta: String,
}

/// `POST /richieste-dati/segnalazioni/{id}`.
pub(crate) async fn answer_report(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    Form(reply): Form<Reply>,
) -> Answer {
    let mut report = find_of(&app, REPORT, &id).await?;
    let text = reply.risposta.trim();
    if text.is_empty() || text.chars().count() > 4000 {
        return Err(Failure::Unprocessable(page.t("answer-missing")));
    }
    if report.get("stato") == "chiusa" {
        return Err(Failure::Conflict(page.t("request-decided")));
    }
    // The process of a report goes by the name of its code.
    let task = task_of(&app, &page, REPORT, &id).await?;
    report.set("stato", "chiusa");
    report.set("risposta", text);
    report.set("risposta-del", &page.now().to_string());
    report.set("deciso-da", &page.actor().subject);
    report.save(&app.system()).await?;
    if let Some(task) = task {
        // What was answered stands in the report: the process reads it there.
        let orchestrator = app.context.peers.orchestrator(page.actor());
        orchestrator.complete(&task.id, &CompleteTask::default()).await?;
    }
    page.redirect("/richieste-dati", Flash::success(page.t("report-closed")))
}
