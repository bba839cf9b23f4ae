//! The REST side, described in the catalogue of the API (`/staff/…`).

use crate::app::{App, Declared};
use crate::assignment::Assignment;
use crate::find::{self, Wanted};
use crate::pages::READ;
use crate::registry::{self, Units};
use access::{Actor, describe};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::routing::get;
use component::Fhir;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use web::Failure;

/// Declares it.
pub(crate) fn routes(declared: Declared) -> Declared {
    declared
        .get(READ, "/staff/people", get(people))
        .described("Finds members of staff", describe(&people))
        .get(READ, "/staff/people/{id}", get(person))
        .described("One member of staff with the assignments", describe(&person))
}

/// What people are looked for by.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PeopleQuery {
    /// Words of a name in any order, a codice fiscale or a number.
    text: String,
    /// Organization id; with all units under it.
    unit: String,
    /// Role code.
    role: String,
    /// Discipline code, two digits.
    discipline: String,
    /// `attivi`, `cessati`, or empty.
    state: String,
}

/// An assignment.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AssignmentInfo {
    /// PractitionerRole id.
    id: String,
    /// Organization id.
    unit: String,
    /// Role code.
    role: String,
    /// Discipline code.
    discipline: Option<String>,
    /// First day or moment.
    start: Option<String>,
    /// Last day or moment.
    end: Option<String>,
    /// Whether it holds now.
    current: bool,
    /// Whose place it takes.
    substitutes: Option<String>,
}

/// A member of staff, as in the directory.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PersonInfo {
    /// Practitioner id.
    id: String,
    /// Name in full.
    name: String,
    /// Assignments, those that hold first.
    assignments: Vec<AssignmentInfo>,
}

/// A list of people.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PeopleInfo {
    /// People, by name.
    people: Vec<PersonInfo>,
    /// There are more: say more.
    more: bool,
}

impl App {
    /// The hub as somebody.
    pub(crate) fn fhir_as(&self, actor: &Actor) -> Fhir {
        self.context.peers.fhir(actor)
    }
}

fn told(app: &App, one: &Assignment) -> AssignmentInfo {
    let some = |text: &String| (!text.is_empty()).then(|| text.clone());
    AssignmentInfo {
        id: one.id.clone(),
        unit: one.organization.clone(),
        role: one.role.clone(),
        discipline: some(&one.discipline),
        start: some(&one.start),
        end: some(&one.end),
        current: one.holds(app.context.clock.now()),
        substitutes: one.substitutes.clone(),
    }
}

/// `GET /staff/people`.
pub(crate) async fn people(
    State(app): State<App>,
    actor: Actor,
    Query(asked): Query<PeopleQuery>,
) -> Result<Json<PeopleInfo>, Failure> {
    let fhir = app.fhir_as(&actor);
    let units = Units::read(&fhir).await?;
    let wanted = Wanted {
        text: asked.text.chars().take(100).collect(),
        unit: asked.unit,
        role: asked.role,
        discipline: asked.discipline,
        state: asked.state,
    };
    let (found, more) = find::find(&fhir, &units, &wanted, app.context.clock.now()).await?;
    let people = found.into_iter().map(|one| PersonInfo {
        id: one.person.id,
        name: one.person.shown,
        assignments: one.assignments.iter().map(|one| told(&app, one)).collect(),
    });
    Ok(Json(PeopleInfo {
        people: people.collect(),
        more,
    }))
}

/// `GET /staff/people/{id}`.
pub(crate) async fn person(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<PersonInfo>, Failure> {
    let fhir = app.fhir_as(&actor);
    let person = registry::person(&fhir, &id).await?;
    let person = person.ok_or_else(|| Failure::NotFound(id.clone()))?;
    let all = registry::assignments(&fhir, &id).await?;
    Ok(Json(PersonInfo {
        id,
        name: person.shown,
        assignments: all.iter().map(|one| told(&app, one)).collect(),
    }))
}
