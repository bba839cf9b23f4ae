//! Random resources.

use super::dice::Dice;
use serde_json::{Value, json};

pub const FAMILIES: &[&str] = &["Rossi", "Rossini", "D'Amico", "Damiano", "De Luca", "Èlia"];
pub const GIVEN: &[&str] = &["Anna", "Anna Maria", "Mario", "Lia"];
pub const DATES: &[&str] = &[
    "2023",
    "2024",
    "2024-02",
    "2024-02-29",
    "2024-03-01",
    "2024-02-29T10:00:00Z",
];
pub const DAYS: &[&str] = &["1950", "1950-03", "1950-03-01", "1960-07-15", "1960-07-16"];
pub const SYSTEMS: &[&str] = &["http://loinc.org", "http://x.test/codes"];
pub const CODES: &[&str] = &["a", "b", "8480-6"];
pub const TEXTS: &[&str] = &["Mal di testa", "Testa", "Febbre alta", "Alta pressione"];
pub const UNITS: &[&str] = &["mg", "g", "kg", "mm[Hg]"];
pub const NUMBERS: &[&str] = &[
    "0.001", "0.5", "1", "1.0", "1.04", "1.05", "5", "120", "500", "1000", "1500",
];
pub const TYPES: &[&str] = &["MR", "SS"];
pub const VALUES: &[&str] = &["1", "12", "A"];
pub const PLACES: &[(f64, f64)] = &[
    (40.85, 14.27),
    (40.86, 14.28),
    (41.9, 12.5),
    (0.0, 179.99),
    (0.0, -179.99),
    (90.0, 0.0),
];
pub const TAGS: &[&str] = &["t1", "t2"];
pub const UCUM: &str = "http://unitsofmeasure.org";

/// Everything stored.
pub struct World {
    pub resources: Vec<Value>,
}

impl World {
    pub fn new(dice: &mut Dice) -> Self {
        let mut resources = vec![];
        for n in 0..3 {
            resources
                .push(json!({"resourceType": "Organization", "id": format!("org{n}"), "name": dice.pick(FAMILIES)}));
        }
        for n in 0..10 {
            resources.push(patient(dice, n));
        }
        for n in 0..24 {
            resources.push(observation(dice, n));
        }
        for n in 0..6 {
            resources.push(location(dice, n));
        }
        for n in 0..2 {
            let entry: Vec<Value> = (0..3)
                .map(|_| json!({"item": {"reference": format!("Patient/p{}", dice.roll(10))}}))
                .collect();
            resources.push(
                json!({"resourceType": "List", "id": format!("l{n}"), "status": "current", "mode": "working",
                "entry": entry}),
            );
        }
        Self { resources }
    }
}

fn concept(dice: &mut Dice) -> Value {
    let mut concept = json!({});
    if !dice.once_in(5) {
        let mut codings = vec![];
        for _ in 0..1 + dice.roll(2) {
            let mut coding = json!({"code": dice.pick(CODES)});
            if !dice.once_in(4) {
                coding["system"] = json!(dice.pick(SYSTEMS));
            }
            if dice.once_in(2) {
                coding["display"] = json!(dice.pick(TEXTS));
            }
            codings.push(coding);
        }
        concept["coding"] = json!(codings);
    }
    if dice.once_in(2) || concept.get("coding").is_none() {
        concept["text"] = json!(dice.pick(TEXTS));
    }
    concept
}

fn quantity(dice: &mut Dice) -> Value {
    let number: serde_json::Number = serde_json::from_str(dice.pick(NUMBERS)).unwrap();
    let mut quantity = json!({"value": number});
    let unit = dice.pick(UNITS);
    match dice.roll(4) {
        0 => {}
        1 => quantity["unit"] = json!(unit),
        _ => {
            quantity["system"] = json!(UCUM);
            quantity["code"] = json!(unit);
        }
    }
    quantity
}

fn identifier(dice: &mut Dice) -> Value {
    let mut identifier = json!({"value": dice.pick(VALUES)});
    if dice.once_in(2) {
        identifier["system"] = json!(dice.pick(SYSTEMS));
    }
    if dice.once_in(2) {
        identifier["type"] =
            json!({"text": dice.pick(TEXTS), "coding": [{"system": "http://t", "code": dice.pick(TYPES)}]});
    }
    identifier
}

fn reference(dice: &mut Dice, local: String) -> Value {
    match dice.roll(6) {
        0 => json!({"identifier": {"system": dice.pick(SYSTEMS), "value": dice.pick(VALUES)}}),
        1 => json!({"display": dice.pick(TEXTS)}),
        2 => json!({"reference": local, "display": dice.pick(TEXTS)}),
        _ => json!({"reference": local}),
    }
}

fn patient(dice: &mut Dice, n: usize) -> Value {
    let mut patient = json!({"resourceType": "Patient", "id": format!("p{n}")});
    if !dice.once_in(6) {
        patient["name"] = json!([{"family": dice.pick(FAMILIES), "given": [dice.pick(GIVEN)]}]);
    }
    if !dice.once_in(4) {
        patient["gender"] = json!(dice.pick(&["male", "female"]));
    }
    if !dice.once_in(4) {
        patient["birthDate"] = json!(dice.pick(DAYS));
    }
    if !dice.once_in(4) {
        patient["identifier"] = json!((0..1 + dice.roll(2)).map(|_| identifier(dice)).collect::<Vec<_>>());
    }
    if !dice.once_in(4) {
        let org = format!("Organization/org{}", dice.roll(3));
        patient["managingOrganization"] = reference(dice, org);
    }
    if dice.once_in(2) {
        patient["meta"] = json!({"tag": [{"system": "http://tags", "code": dice.pick(TAGS)}],
            "source": format!("http://source/{}", dice.roll(2)), "profile": [format!("http://profile/{}", dice.roll(2))]});
    }
    if dice.once_in(3) {
        patient["text"] = json!({"status": "generated",
            "div": format!("<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>{}</p></div>", dice.pick(TEXTS))});
    }
    patient
}

fn value(dice: &mut Dice, of: &mut Value) {
    match dice.roll(5) {
        0 => {}
        1 => of["valueCodeableConcept"] = concept(dice),
        _ => of["valueQuantity"] = quantity(dice),
    }
}

fn observation(dice: &mut Dice, n: usize) -> Value {
    let mut observation = json!({"resourceType": "Observation", "id": format!("o{n}"), "status": dice.pick(&["final", "amended"]),
        "code": concept(dice)});
    value(dice, &mut observation);
    if !dice.once_in(5) {
        let local = format!("Patient/p{}", dice.roll(10));
        observation["subject"] = reference(dice, local);
    }
    match dice.roll(4) {
        0 => {}
        1 => {
            observation["effectivePeriod"] = json!({"start": dice.pick(DATES)});
            if dice.once_in(2) {
                observation["effectivePeriod"]["end"] = json!("2024-12-31");
            }
        }
        _ => observation["effectiveDateTime"] = json!(dice.pick(DATES)),
    }
    if dice.once_in(3) {
        let components: Vec<Value> = (0..2)
            .map(|_| {
                let mut component = json!({"code": concept(dice)});
                value(dice, &mut component);
                component
            })
            .collect();
        observation["component"] = json!(components);
    }
    observation
}

fn location(dice: &mut Dice, n: usize) -> Value {
    let mut location = json!({"resourceType": "Location", "id": format!("loc{n}"), "name": dice.pick(FAMILIES)});
    if !dice.once_in(5) {
        let (latitude, longitude) = dice.pick(PLACES);
        location["position"] = json!({"latitude": latitude, "longitude": longitude});
    }
    location
}
