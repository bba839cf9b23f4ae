//! `GET /personale/convenzioni`: doctors and paediatricians under convention by area, with ceilings, patients, surgeries; how many
//! doctors an area lacks.

use crate::app::{App, Declared};
use crate::assignment::Assignment;
use crate::pages::KEEP;
use crate::person::token;
use crate::rules;
use crate::systems::{PLACE, ROLE, extension, extensions, is_id};
use askama::Template;
use axum::extract::{Query, State};
use axum::routing::get;
use component::{Fhir, PeerError};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use web::{Answer, Page};

/// Doctors on one page, whose patients are counted.
const PAGE: usize = 50;
/// Areas read.
const MAX_AREAS: usize = 1000;

/// Declares the page.
pub(crate) fn routes(declared: Declared) -> Declared {
    declared.get(KEEP, "/personale/convenzioni", get(show))
}

/// What the address says.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    ambito: String,
    #[serde(default)]
    tipo: String,
    /// Counted from one.
    #[serde(default)]
    pagina: usize,
}

/// A doctor.
struct Doctor {
    person: String,
    assignment: String,
    name: String,
    areas: String,
    surgeries: String,
    times: String,
    ceiling: u32,
    own_ceiling: bool,
    patients: u64,
    free: i64,
}

/// An area, and what it lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Area {
    /// Location id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Municipalities, ISTAT codes.
    pub municipalities: usize,
    /// People of the age, where somebody recorded them.
    pub people: Option<u64>,
    /// Doctors of the area.
    pub doctors: u64,
    /// Doctors that the people need.
    pub needed: Option<u64>,
}

impl Area {
    /// How many doctors are missing.
    pub fn lacking(&self) -> Option<u64> {
        self.needed.map(|needed| needed.saturating_sub(self.doctors))
    }
}

#[derive(Template)]
#[template(path = "staff_conventions.html")]
struct ConventionsPage {
    page: Page,
    asked: Asked,
    kinds: Vec<(String, String)>,
    doctors: Vec<Doctor>,
    /// Doctors of all pages.
    total: usize,
    /// `51–100`.
    range: String,
    pages: usize,
    areas: Vec<Area>,
    rule: Option<&'static rules::Ceiling>,
}

/// Assignments of chosen doctors of a kind that hold, with the places they name by id.
async fn doctors(
    fhir: &Fhir,
    kind: &str,
    now: Timestamp,
) -> Result<(Vec<Assignment>, BTreeMap<String, Value>), PeerError> {
    let role = token(ROLE, kind);
    let asked = [
        ("role", role.as_str()),
        ("_include", "PractitionerRole:location"),
        ("_count", "500"),
    ];
    let (mut found, mut places) = (Vec::new(), BTreeMap::new());
    let each = |page: Vec<Value>| {
        for resource in page {
            if resource["resourceType"] == "Location" {
                places.insert(resource["id"].as_str().unwrap_or_default().to_owned(), resource);
            } else if let Some(one) = Assignment::of(resource).filter(|one| one.holds(now) && one.role == kind) {
                found.push(one);
            }
        }
        true
    };
    fhir.walk("PractitionerRole", &asked, each).await?;
    found.sort_by(|a, b| (&a.person_name, &a.id).cmp(&(&b.person_name, &b.id)));
    Ok((found, places))
}

/// The areas, with the doctors they have and need.
async fn areas(fhir: &Fhir, kind: &str, doctors: &[Assignment]) -> Result<Vec<Area>, PeerError> {
    let area = format!("{PLACE}|ambito");
    let asked = [("type", area.as_str()), ("_count", "500")];
    let found = fhir.search_all("Location", &asked, MAX_AREAS).await?;
    let mut all: Vec<Area> = found.iter().map(|place| area_of(place, kind, doctors)).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(all)
}

fn area_of(place: &Value, kind: &str, doctors: &[Assignment]) -> Area {
    let id = place["id"].as_str().unwrap_or_default().to_owned();
    // A substitute works in the place of a doctor who is counted.
    let own = doctors
        .iter()
        .filter(|one| one.substitutes.is_none() && one.areas.contains(&id));
    let people: BTreeSet<&str> = own.map(|one| one.person.as_str()).collect();
    let doctors = people.len() as u64;
    let people = extension(place, &format!("assistibili-{kind}")).and_then(|one| one["valueInteger"].as_u64());
    let per_doctor = rules::ceiling(kind).map(|rule| u64::from(rule.people_per_doctor));
    Area {
        name: place["name"].as_str().unwrap_or(&id).to_owned(),
        municipalities: extensions(place, "comune").count(),
        needed: people.zip(per_doctor).map(|(people, per)| people.div_ceil(per)),
        people,
        doctors,
        id,
    }
}

/// The page.
async fn show(State(app): State<App>, page: Page, Query(mut asked): Query<Asked>) -> Answer {
    if rules::role(&asked.tipo).is_none_or(|role| !role.convention) {
        asked.tipo = "mmg".into();
    }
    let fhir = app.fhir(&page);
    let system = app.system();
    let (all, places) = doctors(&fhir, &asked.tipo, page.now()).await?;
    let areas = areas(&fhir, &asked.tipo, &all).await?;
    let rule = rules::ceiling(&asked.tipo);
    let wanted = Some(asked.ambito.as_str()).filter(|id| is_id(id));
    let chosen: Vec<_> = all
        .iter()
        .filter(|one| wanted.is_none_or(|id| one.areas.iter().any(|area| area == id)))
        .collect();
    let (total, pages) = (chosen.len(), chosen.len().div_ceil(PAGE).max(1));
    asked.pagina = asked.pagina.clamp(1, pages);
    let before = (asked.pagina - 1) * PAGE;
    let mut doctors = Vec::new();
    for one in chosen.iter().skip(before).take(PAGE) {
        let who = format!("Practitioner/{}", one.person);
        let patients = system.count("Patient", &[("general-practitioner", &who)]).await?;
        let ceiling = one.ceiling.or(rule.map(|rule| rule.ceiling)).unwrap_or(0);
        let named = |id: &String| areas.iter().find(|area| area.id == *id).map(|area| area.name.clone());
        let place = |id: &String| places.get(id).map(surgery);
        doctors.push(Doctor {
            person: one.person.clone(),
            assignment: one.id.clone(),
            name: one.person_name.clone(),
            areas: one.areas.iter().filter_map(named).collect::<Vec<_>>().join(", "),
            surgeries: one.sites.iter().filter_map(place).collect::<Vec<_>>().join("; "),
            times: one.times.clone(),
            own_ceiling: one.ceiling.is_some(),
            free: i64::from(ceiling) - i64::try_from(patients).unwrap_or(i64::MAX),
            ceiling,
            patients,
        });
    }
    let roles = rules::ceilings().iter();
    web::show(&ConventionsPage {
        kinds: roles.map(|one| (one.role.clone(), page.role_name(&one.role))).collect(),
        total,
        range: format!("{}–{}", before + 1, before + doctors.len()),
        pages,
        doctors,
        areas,
        rule,
        asked,
        page: page.titled("conventions-title").crumb("/personale", "staff-title"),
    })
}

/// `Via dei Mille 12, Napoli`.
fn surgery(place: &Value) -> String {
    let line = place["address"]["line"][0].as_str();
    let parts: Vec<&str> = line.into_iter().chain(place["address"]["city"].as_str()).collect();
    match parts.is_empty() {
        true => place["name"].as_str().unwrap_or_default().to_owned(),
        false => parts.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_area_lacks_the_doctors_that_its_people_need() {
        let place = json!({"id": "a", "name": "Ambito", "extension": [
            {"url": "https://sinfonia.it/fhir/StructureDefinition/assistibili-mmg", "valueInteger": 2400},
            {"url": "https://sinfonia.it/fhir/StructureDefinition/comune", "valueCode": "063049"}]});
        let mut doctor = Assignment::new("p", "P");
        doctor.areas = vec!["a".into()];
        let mut substitute = Assignment::new("q", "Q");
        (substitute.areas, substitute.substitutes) = (vec!["a".into()], Some("Practitioner/p".into()));
        let area = area_of(&place, "mmg", &[doctor, substitute]);
        assert_eq!(
            (area.doctors, area.needed, area.lacking(), area.municipalities),
            (1, Some(3), Some(2), 1)
        );
        assert_eq!(area_of(&place, "pls", &[]).lacking(), None, "nobody recorded how many");
    }
}
