//! `GET /personale`: people by name, unit, role, discipline, state.

use crate::app::{App, OFFICE};
use crate::find::{self, Found, Wanted};
use crate::registry::Units;
use crate::rules;
use askama::Template;
use axum::extract::{Query, State};
use serde::Deserialize;
use web::{Answer, Page};

/// Longest text searched for.
const MAX_TEXT: usize = 100;

/// What the address says.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    struttura: String,
    #[serde(default)]
    ruolo: String,
    #[serde(default)]
    disciplina: String,
    #[serde(default)]
    stato: String,
}

/// A line of the list.
struct Row {
    id: String,
    name: String,
    works: Vec<String>,
    current: bool,
}

#[derive(Template)]
#[template(path = "staff_search.html")]
struct SearchPage {
    page: Page,
    asked: Asked,
    rows: Vec<Row>,
    more: bool,
    office: bool,
    units: Vec<(String, String)>,
    roles: Vec<(String, String)>,
    disciplines: Vec<(String, String)>,
}

/// The page.
pub(crate) async fn search(State(app): State<App>, page: Page, Query(mut asked): Query<Asked>) -> Answer {
    let fhir = app.fhir(&page);
    let units = Units::read(&fhir).await?;
    asked.q = asked.q.chars().take(MAX_TEXT).collect();
    let wanted = Wanted {
        text: asked.q.clone(),
        unit: asked.struttura.clone(),
        role: asked.ruolo.clone(),
        discipline: asked.disciplina.clone(),
        state: asked.stato.clone(),
    };
    let (found, more) = find::find(&fhir, &units, &wanted, page.now()).await?;
    web::show(&SearchPage {
        rows: found.iter().map(|one| row(&page, &units, one)).collect(),
        more,
        office: page.actor().has_role(OFFICE),
        units: units.choices(),
        roles: roles(&page),
        disciplines: disciplines(),
        asked,
        page: page.titled("staff-title"),
    })
}

fn row(page: &Page, units: &Units, found: &Found) -> Row {
    let current = found.assignments.iter().filter(|one| one.holds(page.now()));
    let mut works: Vec<String> = current.map(|one| told(page, units, one)).collect();
    if works.is_empty()
        && let Some(last) = found.assignments.first()
    {
        works.push(told(page, units, last));
    }
    Row {
        id: found.person.id.clone(),
        name: found.person.shown.clone(),
        works,
        current: found.current,
    }
}

/// `Infermiere · Casa della Comunità`.
pub(crate) fn told(page: &Page, units: &Units, one: &crate::assignment::Assignment) -> String {
    let mut parts = vec![page.role_name(&one.role)];
    parts.extend(rules::discipline(&one.discipline).map(str::to_owned));
    if !one.organization.is_empty() {
        parts.push(units.name(&one.organization).to_owned());
    }
    parts.join(" · ")
}

/// Roles for a choice, by name.
pub(crate) fn roles(page: &Page) -> Vec<(String, String)> {
    let mut all: Vec<_> = rules::roles()
        .iter()
        .map(|role| (role.code.clone(), page.role_name(&role.code)))
        .collect();
    all.sort_by(|a, b| a.1.cmp(&b.1));
    all
}

/// Disciplines for a choice, by name.
pub(crate) fn disciplines() -> Vec<(String, String)> {
    let mut all: Vec<_> = rules::disciplines()
        .iter()
        .map(|one| (one.code.to_owned(), one.name.to_owned()))
        .collect();
    all.sort_by(|a, b| a.1.cmp(&b.1));
    all
}
