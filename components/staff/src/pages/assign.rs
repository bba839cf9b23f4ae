//! Assignments: given (`…/incarichi/nuovo`) and corrected (`/personale/incarichi/{id}`). From the next request on the roles are
//! those of the registry.

use crate::app::App;
use crate::assignment::Assignment;
use crate::check::Violation;
use crate::person::Wrong;
use crate::registry::{self, NotWritten, Units};
use crate::rules;
use crate::systems::is_id;
use askama::Template;
use axum::extract::{Path, State};
use http::StatusCode;
use web::form::Posted;
use web::{Answer, Failure, Flash, Page};

/// Longest text of a field.
const MAX_TEXT: usize = 300;
/// Most hours in a week.
const MAX_HOURS: u32 = 80;
/// Most patients of an own ceiling.
const MAX_CEILING: u32 = 3000;

#[derive(Template)]
#[template(path = "staff_assign.html")]
struct AssignPage {
    page: Page,
    one: Assignment,
    action: String,
    new: bool,
    wrong: Vec<String>,
    units: Vec<(String, String)>,
    sites: Vec<(String, String)>,
    areas: Vec<(String, String)>,
    roles: Vec<(String, String)>,
    disciplines: Vec<(String, String)>,
    contracts: Vec<(String, String)>,
}

/// Nobody gives a role to oneself.
pub(crate) fn not_oneself(page: &Page, person: &str) -> Result<(), Failure> {
    if page.actor().subject == format!("Practitioner/{person}") {
        return Err(Failure::Forbidden(page.t("not-oneself")));
    }
    Ok(())
}

async fn form(app: &App, page: Page, one: Assignment, wrong: Vec<String>) -> Answer {
    let fhir = app.fhir(&page);
    let units = Units::read(&fhir).await?;
    let person = format!("/personale/persone/{}", one.person);
    let new = one.id.is_empty();
    let title = if new { "assignment-new" } else { "assignment-edit" };
    let failed = !wrong.is_empty();
    let contracts = rules::contracts().iter();
    let mut response = web::show(&AssignPage {
        action: match new {
            true => format!("{person}/incarichi/nuovo"),
            false => format!("/personale/incarichi/{}", one.id),
        },
        new,
        wrong,
        units: units.choices(),
        sites: places(&fhir, None).await?,
        areas: places(&fhir, Some("ambito")).await?,
        roles: super::search::roles(&page),
        disciplines: super::search::disciplines(),
        contracts: contracts
            .map(|kind| (kind.code.clone(), kind.name.of(page.lang()).to_owned()))
            .collect(),
        page: page
            .titled(title)
            .crumb("/personale", "staff-title")
            .crumb_named(&person, one.person_name.clone()),
        one,
    })?;
    if failed {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

/// Locations for a choice: areas, or sites.
pub(crate) async fn places(fhir: &component::Fhir, kind: Option<&str>) -> Result<Vec<(String, String)>, Failure> {
    const MAX: usize = 1000;
    let mut asked = vec![("_count", "500")];
    let area = format!("{}|ambito", crate::systems::PLACE);
    match kind {
        Some(_) => asked.push(("type", &area)),
        None => asked.push(("type:not", &area)),
    }
    let found = fhir.search_all("Location", &asked, MAX).await?;
    let one = |place: &serde_json::Value| {
        let id = place["id"].as_str()?.to_owned();
        Some((id.clone(), place["name"].as_str().unwrap_or(&id).to_owned()))
    };
    let mut all: Vec<_> = found.iter().filter_map(one).collect();
    all.sort_by_key(|(_, name)| name.to_lowercase());
    Ok(all)
}

/// Takes the fields; what is wrong with them.
fn filled(one: &mut Assignment, posted: &Posted, units: &Units) -> Vec<Wrong> {
    let text = |name: &str| posted.first(name).unwrap_or_default().trim().to_owned();
    let mut wrong = Vec::new();
    one.organization = text("struttura");
    match units.all.get(&one.organization) {
        Some((name, _)) => one.organization_name.clone_from(name),
        None => wrong.push(Wrong::new("struttura", "wrong-choice", &one.organization)),
    }
    (one.role, one.discipline, one.contract) = (text("ruolo"), text("disciplina"), text("contratto"));
    if rules::role(&one.role).is_none() {
        wrong.push(Wrong::new("ruolo", "wrong-choice", &one.role));
    }
    if !one.discipline.is_empty() && rules::discipline(&one.discipline).is_none() {
        wrong.push(Wrong::new("disciplina", "wrong-choice", &one.discipline));
    }
    if rules::contracts().iter().all(|kind| kind.code != one.contract) {
        wrong.push(Wrong::new("contratto", "wrong-choice", &one.contract));
    }
    (one.qualification, one.times) = (text("qualifica"), text("orario"));
    for (field, value) in [("qualifica", &one.qualification), ("orario", &one.times)] {
        if value.chars().count() > MAX_TEXT {
            wrong.push(Wrong::new(field, "wrong-long", MAX_TEXT.to_string()));
        }
    }
    one.main = text("principale") == "si";
    for (field, most, into) in [
        ("ore", MAX_HOURS, &mut one.hours),
        ("massimale", MAX_CEILING, &mut one.ceiling),
    ] {
        let value = text(field);
        *into = value.parse().ok().filter(|n| *n <= most);
        if !value.is_empty() && into.is_none() {
            wrong.push(Wrong::new(field, "wrong-number", most.to_string()));
        }
    }
    let ids = |name: &str| -> Vec<String> {
        let all = posted.fields.iter().filter(|(field, _)| field == name);
        all.map(|(_, value)| value.clone()).filter(|id| is_id(id)).collect()
    };
    (one.sites, one.areas) = (ids("sede"), ids("ambito"));
    for (field, into) in [("dal", &mut one.start), ("al", &mut one.end)] {
        let value = text(field);
        // A moment stays as it is while its day is what the form shows.
        if into.is_empty() || !into.starts_with(&value) || value.is_empty() {
            into.clone_from(&value);
        }
        if !value.is_empty() && value.parse::<jiff::civil::Date>().is_err() {
            wrong.push(Wrong::new(field, "wrong-date", value));
        }
    }
    if one.start.is_empty() {
        wrong.push(Wrong::new("dal", "wrong-missing", ""));
    }
    wrong
}

/// A rule that forbids it, in words.
pub(crate) fn told(page: &Page, one: &Violation) -> String {
    let text = page.t1(&format!("rule-{}", one.rule), "detail", one.detail.as_str());
    let note = match one.unverified {
        true => format!(" ({})", page.t("rule-unverified")),
        false => String::new(),
    };
    format!("{text} {}{note}", page.t1("rule-source", "source", one.source))
}

/// Why it was not written, as a page tells it.
pub(crate) fn refused(page: &Page, error: NotWritten) -> Failure {
    match error {
        NotWritten::Forbidden(found) => {
            let texts: Vec<String> = found.iter().map(|wrong| told(page, wrong)).collect();
            Failure::Unprocessable(texts.join(" "))
        }
        NotWritten::Changed => Failure::Conflict(page.t("changed-meanwhile")),
        NotWritten::Peer(error) => error.into(),
    }
}

async fn save(app: &App, page: Page, one: Assignment, posted: &Posted, done: &str) -> Answer {
    let fhir = app.fhir(&page);
    let mut one = one;
    let wrong = filled(&mut one, posted, &Units::read(&fhir).await?);
    if !wrong.is_empty() {
        let texts = wrong.iter().map(|wrong| super::edit::told(&page, wrong)).collect();
        return form(app, page, one, texts).await;
    }
    match registry::write(&fhir, &one).await {
        Ok(id) => {
            let written = fhir.read("PractitionerRole", &id).await?;
            let told = match access::registry::waiting(&written) {
                Some(_) => Flash::warning(page.t("assignment-waits")),
                None => Flash::success(page.t(done)),
            };
            page.redirect(&format!("/personale/persone/{}", one.person), told)
        }
        Err(NotWritten::Forbidden(found)) => {
            let texts = found.iter().map(|wrong| told(&page, wrong)).collect();
            form(app, page, one, texts).await
        }
        Err(error) => Err(refused(&page, error)),
    }
}

async fn blank(app: &App, page: &Page, id: &str) -> Result<Assignment, Failure> {
    not_oneself(page, id)?;
    let person = registry::person(&app.fhir(page), id).await?;
    let person = person.ok_or_else(|| Failure::NotFound(id.to_owned()))?;
    Ok(Assignment::new(&person.id, &person.shown))
}

/// An assignment by id.
pub(crate) async fn found(app: &App, page: &Page, id: &str) -> Result<Assignment, Failure> {
    let none = || Failure::NotFound(id.to_owned());
    if !is_id(id) {
        return Err(none());
    }
    let resource = app.fhir(page).find("PractitionerRole", id).await?;
    let mut one = resource.and_then(Assignment::of).ok_or_else(none)?;
    not_oneself(page, &one.person)?;
    if one.person_name.is_empty()
        && let Some(person) = registry::person(&app.fhir(page), &one.person).await?
    {
        one.person_name = person.shown;
    }
    Ok(one)
}

/// `GET /personale/persone/{id}/incarichi/nuovo`.
pub(crate) async fn ask_new(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let mut one = blank(&app, &page, &id).await?;
    one.start = web::local_date(page.now()).to_string();
    form(&app, page, one, Vec::new()).await
}

/// `POST /personale/persone/{id}/incarichi/nuovo`.
pub(crate) async fn give(State(app): State<App>, page: Page, Path(id): Path<String>, posted: Posted) -> Answer {
    let one = blank(&app, &page, &id).await?;
    save(&app, page, one, &posted, "assignment-given").await
}

/// `GET /personale/incarichi/{id}`.
pub(crate) async fn ask(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let one = found(&app, &page, &id).await?;
    form(&app, page, one, Vec::new()).await
}

/// `POST /personale/incarichi/{id}`.
pub(crate) async fn change(State(app): State<App>, page: Page, Path(id): Path<String>, posted: Posted) -> Answer {
    let mut one = found(&app, &page, &id).await?;
    let version = posted.first("versione").unwrap_or_default();
    if version.is_empty() {
        return Err(Failure::Unprocessable(page.t("wrong-missing")));
    }
    version.clone_into(&mut one.version);
    save(&app, page, one, &posted, "assignment-changed").await
}
