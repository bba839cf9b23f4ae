//! `/personale/incarichi/{id}/fine`: an assignment ends, now or on a day; what remains open is shown first, and passes to whom
//! is named.

use crate::app::App;
use crate::assignment::Assignment;
use crate::registry::{self, NotWritten, Units};
use crate::rules;
use crate::systems::{ROLE, is_id};
use askama::Template;
use axum::extract::{Path, State};
use component::{PeerError, TaskQuery};
use jiff::civil::Date;
use orchestrator::api::TaskInfo;
use web::form::Posted;
use web::{Answer, Failure, Flash, Page};

/// Tasks that pass at once, at most.
const MAX_TASKS: usize = 500;
/// Colleagues offered.
const MAX_COLLEAGUES: usize = 200;
/// Longest reason.
const MAX_REASON: usize = 500;

#[derive(Template)]
#[template(path = "staff_end.html")]
struct EndPage {
    page: Page,
    one: Assignment,
    role: String,
    unit: String,
    tasks: Vec<String>,
    patients: u64,
    teams: u64,
    colleagues: Vec<(String, String)>,
    convention: bool,
    last_role: bool,
    wrong: Option<String>,
}

/// Open tasks that a person holds.
async fn held(app: &App, person: &str) -> Result<Vec<TaskInfo>, PeerError> {
    let orchestrator = app.context.peers.orchestrator(&access::Actor::system());
    let mut query = TaskQuery::held_by(&format!("Practitioner/{person}"));
    query.state = Some("open".into());
    query.limit = Some(100);
    let mut all = Vec::new();
    loop {
        let page = orchestrator.tasks(&query).await?;
        let empty = page.items.is_empty();
        all.extend(page.items);
        match page.next {
            Some(next) if !empty && all.len() < MAX_TASKS => query.after = Some(next),
            _ => return Ok(all),
        }
    }
}

/// Those who have the same role in the same unit now.
async fn colleagues(app: &App, page: &Page, one: &Assignment) -> Result<Vec<(String, String)>, PeerError> {
    let role = crate::person::token(ROLE, &one.role);
    let asked = [
        ("organization", one.organization.as_str()),
        ("role", &role),
        ("_count", "200"),
    ];
    let found = app
        .fhir(page)
        .search_all("PractitionerRole", &asked, MAX_COLLEAGUES)
        .await?;
    let others = found.into_iter().filter_map(Assignment::of);
    let mut all: Vec<_> = others
        .filter(|other| other.person != one.person && other.holds(page.now()))
        .map(|other| (other.person, other.person_name))
        .collect();
    all.sort_by(|a, b| a.1.cmp(&b.1));
    all.dedup();
    Ok(all)
}

async fn form(app: &App, page: Page, one: Assignment, wrong: Option<String>) -> Answer {
    let system = app.system();
    let units = Units::read(&system).await?;
    let who = format!("Practitioner/{}", one.person);
    let tasks = held(app, &one.person).await?;
    let mut names: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    for task in &tasks {
        *names.entry(&task.name).or_default() += 1;
    }
    let all = registry::assignments(&system, &one.person).await?;
    let others = all.iter().filter(|other| other.id != one.id && other.holds(page.now()));
    let path = format!("/personale/persone/{}", one.person);
    let failed = wrong.is_some();
    let mut response = web::show(&EndPage {
        role: page.role_name(&one.role),
        unit: units.name(&one.organization).to_owned(),
        tasks: names.iter().map(|(name, n)| format!("{name} ({n})")).collect(),
        patients: system.count("Patient", &[("general-practitioner", &who)]).await?,
        teams: system.count("CareTeam", &[("participant", &who)]).await?,
        colleagues: colleagues(app, &page, &one).await?,
        convention: rules::role(&one.role).is_some_and(|role| role.convention),
        last_role: others.count() == 0,
        wrong,
        page: page
            .titled("assignment-end")
            .crumb("/personale", "staff-title")
            .crumb_named(&path, one.person_name.clone()),
        one,
    })?;
    if failed {
        *response.status_mut() = http::StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

/// `GET …/fine`.
pub(crate) async fn ask(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let one = super::assign::found(&app, &page, &id).await?;
    form(&app, page, one, None).await
}

/// When it ends, as the form says.
fn ends(one: &mut Assignment, posted: &Posted, now: jiff::Timestamp) -> Option<()> {
    match posted.first("quando")? {
        "subito" => one.end(now),
        "giorno" => {
            let day: Date = posted.first("giorno")?.trim().parse().ok()?;
            one.end = day.to_string();
        }
        _ => return None,
    }
    Some(())
}

/// `POST …/fine`.
pub(crate) async fn end(State(app): State<App>, page: Page, Path(id): Path<String>, posted: Posted) -> Answer {
    let mut one = super::assign::found(&app, &page, &id).await?;
    let before = one.clone();
    posted
        .first("versione")
        .unwrap_or_default()
        .clone_into(&mut one.version);
    let reason = posted.first("motivo").unwrap_or_default().trim().to_owned();
    let to = posted.first("passa_a").unwrap_or_default().to_owned();
    if ends(&mut one, &posted, page.now()).is_none() {
        let text = page.t("end-when-missing");
        return form(&app, page, before, Some(text)).await;
    }
    if reason.is_empty() || reason.chars().count() > MAX_REASON {
        let text = page.t("end-reason-missing");
        return form(&app, page, before, Some(text)).await;
    }
    if !to.is_empty() && (!is_id(&to) || colleagues(&app, &page, &before).await?.iter().all(|(id, _)| *id != to)) {
        let text = page.t("end-colleague-wrong");
        return form(&app, page, before, Some(text)).await;
    }
    if one.version.is_empty() {
        return Err(Failure::Unprocessable(page.t("wrong-missing")));
    }
    match registry::write(&app.fhir(&page), &one).await {
        Ok(_) => {}
        Err(NotWritten::Forbidden(found)) => {
            let text = found
                .iter()
                .map(|one| super::assign::told(&page, one))
                .collect::<Vec<_>>()
                .join(" ");
            return form(&app, page, before, Some(text)).await;
        }
        Err(error) => return Err(super::assign::refused(&page, error)),
    }
    let passed = match to.is_empty() {
        true => 0,
        false => pass(&app, &page, &one.person, &to, &reason).await?,
    };
    let text = page.t1("assignment-ended", "n", passed);
    page.redirect(&format!("/personale/persone/{}", one.person), Flash::success(text))
}

/// The tasks that a person holds pass to a colleague.
async fn pass(app: &App, page: &Page, from: &str, to: &str, reason: &str) -> Result<usize, Failure> {
    // The office sees no patient and no task: the program moves them, and writes who asked.
    let orchestrator = app.context.peers.orchestrator(&access::Actor::system());
    let reason = format!("{reason} ({})", page.actor().name);
    let tasks = held(app, from).await?;
    for task in &tasks {
        orchestrator
            .reassign(&task.id, &format!("Practitioner/{to}"), &reason)
            .await?;
    }
    Ok(tasks.len())
}
