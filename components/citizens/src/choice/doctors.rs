//! The doctors one can choose: role, surgery, area, ceiling, places left, distance from home.

use super::codes::{AREA, CEILING, MUNICIPALITY, ROLE, code_of, extension, id_in};
use super::person::{self, Person};
use super::places::{self, Point};
use super::{counter, rules};
use component::{Fhir, PeerError};
use jiff::civil::Date;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Roles of doctors read at most, where nobody knows what is near.
const MAX_ROLES: usize = 6000;
/// Distances within which doctors are looked for one after the other, kilometres: of a region's thousands those near by are read.
const RINGS_KM: [u32; 5] = [2, 5, 10, 25, 60];
/// Doctors whose area is the person's that are enough: more than a list shows, or than are asked for a place.
const ENOUGH: usize = 60;
/// Resources of one ring read at most: roles, surgeries, people.
const MAX_NEAR: usize = 3000;

/// A doctor under convention.
#[derive(Debug, Clone)]
pub(crate) struct Doctor {
    /// Practitioner id.
    pub id: String,
    pub name: String,
    /// `mmg`, `pls`.
    pub kind: String,
    pub ceiling: i64,
    /// Organization id of the health authority.
    pub authority: Option<String>,
    pub address: String,
    pub telephone: String,
    pub at: Option<Point>,
    /// ISTAT codes of the area; empty: no area is written.
    pub area: BTreeSet<String>,
    pub distance_km: Option<f64>,
    /// Places left; `None`: not counted yet.
    pub places: Option<i64>,
    active: bool,
}

impl Doctor {
    /// `12,3 km`, in words of the page.
    pub fn distance(&self) -> String {
        self.distance_km
            .map_or(String::new(), |km| format!("{km:.1} km").replace('.', ","))
    }

    /// Whether somebody who lives there is of the doctor's area; where nobody wrote an area, or no residence is known, yes.
    pub fn covers(&self, person: &Person) -> bool {
        match person.residence() {
            Some(home) => self.area.is_empty() || self.area.contains(home.istat),
            None => self.area.is_empty() || !person.lives_elsewhere(),
        }
    }

    /// Whether the doctor works on that day.
    pub fn is_active(&self) -> bool {
        self.active
    }

    /// Counts the places that are left.
    pub async fn count(&mut self, fhir: &Fhir) -> Result<i64, PeerError> {
        let places = self.ceiling - counter::read(fhir, &self.id).await?.count;
        self.places = Some(places);
        Ok(places)
    }
}

/// The doctors of a kind who work on `day`, nearest to the person first; those of whom nobody knows where last.
pub(crate) async fn all(fhir: &Fhir, kind: &str, person: Option<&Person>, day: Date) -> Result<Vec<Doctor>, PeerError> {
    let mut doctors = match person {
        Some(person) => near(fhir, kind, person, day).await?,
        None => Vec::new(),
    };
    if doctors.is_empty() {
        doctors = read(fhir, roles(fhir, kind, &[], MAX_ROLES).await?, day).await?;
    }
    doctors.retain(|one| one.active && one.kind == kind);
    let home = person.and_then(Person::residence).map(|one| one.at);
    for doctor in &mut doctors {
        doctor.distance_km = home.zip(doctor.at).map(|(home, at)| home.distance_km(at));
    }
    let far = |one: &Doctor| one.distance_km.unwrap_or(f64::MAX);
    doctors.sort_by(|a, b| far(a).total_cmp(&far(b)).then_with(|| a.name.cmp(&b.name)));
    doctors.dedup_by(|a, b| a.id == b.id);
    Ok(doctors)
}

/// The doctors around a person's municipality, as far as enough of them may be chosen: surgeries whose place is known, and those of
/// the municipality itself. None: too few are near, or no place is known.
async fn near(fhir: &Fhir, kind: &str, person: &Person, day: Date) -> Result<Vec<Doctor>, PeerError> {
    let Some(home) = person.residence() else {
        return Ok(Vec::new());
    };
    for km in RINGS_KM {
        let around = format!("{}|{}|{km}|km", home.at.latitude, home.at.longitude);
        let found = roles(fhir, kind, &[("location.near", &around)], MAX_NEAR).await?;
        let mut doctors = read(fhir, found, day).await?;
        let fits = |one: &&Doctor| one.active && one.kind == kind && one.covers(person);
        if doctors.iter().filter(fits).count() < ENOUGH {
            continue;
        }
        let own = roles(fhir, kind, &[("location.address-city:exact", home.name)], MAX_NEAR).await?;
        for doctor in read(fhir, own, day).await? {
            if !doctors.iter().any(|known| known.id == doctor.id) {
                doctors.push(doctor);
            }
        }
        return Ok(doctors);
    }
    Ok(Vec::new())
}

/// Roles of a kind with their people and surgeries.
async fn roles(fhir: &Fhir, kind: &str, more: &[(&str, &str)], most: usize) -> Result<Vec<Value>, PeerError> {
    let role = format!("{ROLE}|{kind}");
    let mut asked = vec![
        ("role", role.as_str()),
        ("_include", "PractitionerRole:practitioner"),
        ("_include", "PractitionerRole:location"),
        ("_count", "500"),
    ];
    asked.extend_from_slice(more);
    fhir.search_all("PractitionerRole", &asked, most).await
}

/// One doctor by Practitioner id, with places counted.
pub(crate) async fn one(fhir: &Fhir, id: &str, day: Date) -> Result<Option<Doctor>, PeerError> {
    let asked = [
        ("practitioner", id),
        ("_include", "PractitionerRole:practitioner"),
        ("_include", "PractitionerRole:location"),
    ];
    let found = fhir.search("PractitionerRole", &asked).await?;
    let mut doctors = read(fhir, found, day).await?;
    doctors.sort_by_key(|one| !one.active);
    let Some(mut doctor) = doctors.into_iter().next() else {
        return Ok(None);
    };
    doctor.count(fhir).await?;
    Ok(Some(doctor))
}

/// Doctors near the person who have places, of their area, at most `most`.
pub(crate) async fn free(
    fhir: &Fhir,
    kind: &str,
    person: &Person,
    day: Date,
    most: usize,
) -> Result<Vec<Doctor>, PeerError> {
    /// Doctors whose places are counted at most.
    const LOOKED_AT: usize = 40;
    let mut free = Vec::new();
    let near = all(fhir, kind, Some(person), day).await?;
    for mut doctor in near.into_iter().filter(|one| one.covers(person)).take(LOOKED_AT) {
        if free.len() == most {
            break;
        }
        if doctor.count(fhir).await? > 0 {
            free.push(doctor);
        }
    }
    Ok(free)
}

async fn read(fhir: &Fhir, found: Vec<Value>, day: Date) -> Result<Vec<Doctor>, PeerError> {
    let mut others = BTreeMap::new();
    let mut roles = Vec::new();
    for one in found {
        if one["resourceType"] == "PractitionerRole" {
            roles.push(one);
        } else {
            let text = |key: &str| one[key].as_str().unwrap_or_default();
            others.insert(format!("{}/{}", text("resourceType"), text("id")), one);
        }
    }
    let mut areas: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let named = roles
        .iter()
        .flat_map(areas_of)
        .map(str::to_owned)
        .collect::<BTreeSet<_>>();
    for area in named {
        let location = fhir.find("Location", &area).await?.unwrap_or(Value::Null);
        areas.insert(area, municipalities(&location));
    }
    let doctors = roles.iter().filter_map(|role| doctor(role, &others, &areas, day));
    Ok(doctors.collect())
}

/// The areas of a role: there may be several.
fn areas_of(role: &Value) -> impl Iterator<Item = &str> {
    let all = role["extension"].as_array().into_iter().flatten();
    let areas = all.filter(|one| one["url"] == AREA);
    areas.filter_map(|one| id_in(&one["valueReference"], "Location"))
}

fn municipalities(area: &Value) -> BTreeSet<String> {
    let all = area["extension"].as_array().into_iter().flatten();
    let codes = all.filter(|one| one["url"] == MUNICIPALITY);
    codes
        .filter_map(|one| one["valueCode"].as_str().map(str::to_owned))
        .collect()
}

fn doctor(
    role: &Value,
    others: &BTreeMap<String, Value>,
    areas: &BTreeMap<String, BTreeSet<String>>,
    day: Date,
) -> Option<Doctor> {
    let id = id_in(&role["practitioner"], "Practitioner")?;
    let codes = role["code"].as_array()?;
    let kind = codes
        .iter()
        .find_map(|one| code_of(one, ROLE).filter(|code| matches!(*code, "mmg" | "pls")))?;
    let practitioner = others.get(&format!("Practitioner/{id}"));
    let locations = role["location"].as_array().into_iter().flatten();
    let surgery = locations
        .filter_map(|one| others.get(one["reference"].as_str()?))
        .next();
    let own = extension(role, CEILING).and_then(|one| one["valueInteger"].as_i64());
    let (from, to) = (
        person::date(&role["period"]["start"]),
        person::date(&role["period"]["end"]),
    );
    let works = role["active"] != false && from.is_none_or(|from| from <= day) && to.is_none_or(|to| day <= to);
    let alive = practitioner.is_none_or(|one| one["active"] != false);
    let name = practitioner
        .map(person::name)
        .or_else(|| Some(role["practitioner"]["display"].as_str()?.to_owned()));
    let address = surgery.map_or(&Value::Null, |one| &one["address"]);
    let telecom = role["telecom"]
        .as_array()
        .or_else(|| surgery.and_then(|one| one["telecom"].as_array()));
    let phone = telecom.and_then(|all| all.iter().find(|one| one["system"] == "phone"));
    let at = surgery.and_then(|one| Point::of(&one["position"]));
    Some(Doctor {
        id: id.to_owned(),
        name: name.unwrap_or_else(|| id.to_owned()),
        kind: kind.to_owned(),
        ceiling: rules::on(day).ceiling(kind, own),
        authority: id_in(&role["organization"], "Organization").map(str::to_owned),
        address: in_words(address),
        telephone: phone
            .and_then(|one| one["value"].as_str())
            .unwrap_or_default()
            .to_owned(),
        at: at.or_else(|| places::of_address(address).map(|one| one.at)),
        area: areas_of(role)
            .filter_map(|area| areas.get(area))
            .flatten()
            .cloned()
            .collect(),
        distance_km: None,
        places: None,
        active: works && alive,
    })
}

/// `Via Roma 1, Napoli`.
pub(crate) fn in_words(address: &Value) -> String {
    if let Some(text) = address["text"].as_str() {
        return text.to_owned();
    }
    let lines = address["line"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    lines.chain(address["city"].as_str()).collect::<Vec<_>>().join(", ")
}
