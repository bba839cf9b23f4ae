//! `/attivita/{id}`: one task: what it is about, its form, and completing it.

use super::answered::answered;
use super::task_form::{Sheet, refuse_lost_files};
use super::{App, facts, people};
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::ToSpan as _;
use orchestrator::api::{CompleteTask, TaskInfo};
use serde_json::Value;
use web::form::{About, Form, Posted, Prefill};
use web::{Answer, Failure, Flash, Html, Page};

/// A task as this page needs it.
struct Seen {
    info: TaskInfo,
    patient: Option<Value>,
    sheet: Sheet,
}

impl Seen {
    fn is_done(&self) -> bool {
        matches!(self.info.status.as_str(), "completed" | "cancelled")
    }
}

#[derive(Template)]
#[template(path = "task.html")]
struct TaskPage {
    page: Page,
    task: TaskInfo,
    is_done: bool,
    state_key: String,
    patient_name: String,
    pathway: String,
    holder: String,
    context: Vec<(String, String)>,
    answers: Vec<(String, String)>,
    form_title: String,
    form: Option<Html>,
    has_files: bool,
    missing: Option<String>,
    is_patient: bool,
    is_mine: bool,
    may_claim: bool,
    may_complete: bool,
    may_reassign: bool,
    /// First day it may be put off to, `2026-11-22`.
    tomorrow: String,
    colleagues: Vec<(String, String)>,
}

/// The page.
pub async fn show(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let seen = see(&app, &page, &id).await?;
    let fields = seen.sheet.form().map(|form| {
        let prefill = prefill(&page, &seen);
        form.fill(&prefill).html(page.texts())
    });
    Ok(render(&app, page, &seen, fields).await?.into_response())
}

/// `POST /attivita/{id}/completa`: the form's facts and the step of the pathway, in one commit; or the form again, with
/// what is missing beside each field.
pub async fn complete(State(app): State<App>, page: Page, Path(id): Path<String>, posted: Posted) -> Answer {
    let seen = see(&app, &page, &id).await?;
    if seen.is_done() {
        return page.redirect(&format!("/attivita/{id}"), Flash::warning(page.t("task-already-done")));
    }
    let result = match &seen.sheet {
        Sheet::None => CompleteTask::default(),
        // Somebody decided that it goes on without the answers.
        Sheet::Missing(_) if posted.first("senza-modulo") == Some("si") => CompleteTask::default(),
        Sheet::Missing(_) => {
            let mut response = render(&app, page, &seen, None).await?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            return Ok(response);
        }
        Sheet::Form(form) => match filled(form, &page, &seen, &posted)? {
            Filled::Done(result) => result,
            Filled::Again(fields, status) => {
                let mut response = render(&app, page, &seen, Some(fields)).await?;
                *response.status_mut() = status;
                return Ok(response);
            }
        },
    };
    app.orchestrator(&page).complete(&id, &result).await?;
    let back = match (&seen.info.patient, page.actor().patient()) {
        (Some(patient), None) => format!("/assistiti/{patient}"),
        _ => "/attivita".to_owned(),
    };
    page.redirect(&back, Flash::success(page.t1("task-completed", "name", seen.info.name)))
}

/// What came of a form that was sent.
enum Filled {
    /// What the task is completed with.
    Done(CompleteTask),
    /// The form again: with errors, or with a row more or less.
    Again(Html, StatusCode),
}

fn filled(form: &Form, page: &Page, seen: &Seen, posted: &Posted) -> Result<Filled, Failure> {
    let prefill = prefill(page, seen);
    if let Some(entry) = form.rows_changed(posted, &prefill) {
        return Ok(Filled::Again(entry.html(page.texts()), StatusCode::OK));
    }
    let done = match form.submit_all(posted, &prefill, page.texts()) {
        Ok(done) => done,
        Err(entry) => {
            return Ok(Filled::Again(
                entry.html(page.texts()),
                StatusCode::UNPROCESSABLE_ENTITY,
            ));
        }
    };
    let patient = seen.info.patient.as_ref();
    let subject = patient.map(|p| format!("Patient/{p}")).unwrap_or_default();
    refuse_lost_files(page, &done, &subject)?;
    let about = About {
        subject: &subject,
        author: &page.actor().subject,
        authored: page.now(),
        task: &seen.info.id,
    };
    let resources = if subject.is_empty() {
        Vec::new()
    } else {
        done.resources(&about)
    };
    Ok(Filled::Done(CompleteTask {
        variables: done.variables(),
        resources,
    }))
}

async fn see(app: &App, page: &Page, id: &str) -> Result<Seen, Failure> {
    if !people::is_id(id) {
        return Err(Failure::NotFound(id.to_owned()));
    }
    let info = app.orchestrator(page).task(id).await?;
    let actor = page.actor();
    let for_actor = info.assignee.as_deref() == Some(actor.subject.as_str())
        || info.candidates.contains(&actor.subject)
        || info.roles.iter().any(|role| actor.has_role(role));
    // The staff's notes about a person are not that person's page; what is asked of them is.
    if actor.patient().is_some() && !for_actor {
        return Err(Failure::Forbidden(page.t("task-of-staff")));
    }
    let fhir = app.fhir(page);
    let patient = match &info.patient {
        Some(patient) => Some(fhir.read("Patient", patient).await?),
        None => None,
    };
    let sheet = Sheet::read(app, info.form.as_deref()).await?;
    Ok(Seen { info, patient, sheet })
}

fn prefill<'a>(page: &Page, seen: &'a Seen) -> Prefill<'a> {
    Prefill {
        today: web::local_date(page.now()),
        now: page.now(),
        patient: seen.patient.as_ref(),
        values: &seen.info.variables,
    }
}

async fn render(app: &App, page: Page, seen: &Seen, form: Option<Html>) -> Result<Response, Failure> {
    let actor = page.actor().clone();
    let task = &seen.info;
    let (is_patient, is_admin) = (actor.patient().is_some(), actor.has_role("admin"));
    let is_mine = task.assignee.as_deref() == Some(actor.subject.as_str());
    let named = task.candidates.contains(&actor.subject);
    let in_role = named || task.roles.iter().any(|role| actor.has_role(role)) || is_admin;
    let may_reassign = !is_patient && (is_mine || is_admin || actor.has_role("case-manager"));
    let holder = match &task.assignee {
        Some(person) if *person == actor.subject => actor.name.clone(),
        Some(person) => app
            .common()
            .resolve(person)
            .await?
            .map_or_else(|| person.clone(), |p| people::name(&p)),
        None => {
            let roles: Vec<String> = task.roles.iter().map(|role| page.role_name(role)).collect();
            page.t1("task-for-role", "roles", roles.join(", "))
        }
    };
    let colleagues = if may_reassign {
        colleagues(app, &page, &task.roles).await?
    } else {
        Vec::new()
    };
    let pathway = pathway_name(app, &page, task).await?;
    let done = seen.is_done();
    let answers = if done {
        answered(&app.fhir(&page), &page, &task.id).await?
    } else {
        Vec::new()
    };
    let template = TaskPage {
        is_done: done,
        state_key: format!("state-{}", task.status),
        patient_name: seen.patient.as_ref().map(people::name).unwrap_or_default(),
        pathway,
        holder,
        context: if done {
            Vec::new()
        } else {
            facts::known(&page, &task.variables)
        },
        answers,
        form_title: seen
            .sheet
            .form()
            .map_or_else(|| page.t("task-no-form-title"), |f| f.title.clone()),
        has_files: seen.sheet.form().is_some_and(Form::has_files),
        missing: seen.sheet.missing().map(str::to_owned),
        form,
        is_patient,
        is_mine,
        may_claim: !done && task.assignee.is_none() && in_role,
        may_complete: !done && (is_mine || (task.assignee.is_none() && in_role)),
        may_reassign: !done && may_reassign,
        tomorrow: web::local_date(page.now()).saturating_add(1.day()).to_string(),
        colleagues,
        task: task.clone(),
        page: page
            .with_form()
            .crumb("/attivita", "tasks-title")
            .with_title(task.name.clone()),
    };
    web::show(&template)
}

/// The name of the pathway, which may have called the process that holds the task.
async fn pathway_name(app: &App, page: &Page, task: &TaskInfo) -> Result<String, Failure> {
    let orchestrator = app.orchestrator(page);
    let instance = orchestrator.instance(&task.instance).await?;
    let source = app.sources.get(&orchestrator, &instance.definition).await?;
    Ok(source.definition.name.clone())
}

/// People who have one of the roles, by name: who a task can be handed to.
pub(super) async fn colleagues(app: &App, page: &Page, roles: &[String]) -> Result<Vec<(String, String)>, Failure> {
    let codes: Vec<String> = roles
        .iter()
        .map(|role| format!("{}|{role}", orchestrator::ROLE_SYSTEM))
        .collect();
    let codes = codes.join(",");
    let search = [
        ("role", codes.as_str()),
        ("_include", "PractitionerRole:practitioner"),
        ("_count", "200"),
    ];
    let found = app.fhir(page).bundle("PractitionerRole", &search).await?;
    let entries = found["entry"].as_array().into_iter().flatten().map(|e| &e["resource"]);
    let people = entries.filter(|r| r["resourceType"] == "Practitioner" && r["active"] != false);
    let mut people: Vec<(String, String)> = people
        .filter_map(|p| Some((format!("Practitioner/{}", p["id"].as_str()?), people::name(p))))
        .filter(|(reference, _)| *reference != page.actor().subject)
        .collect();
    people.sort_by(|a, b| a.1.cmp(&b.1));
    Ok(people)
}
