//! What a list says of beds, hours, services, equipment and accessibility, written into the resources of a structure. What held before
//! ends the day before.

use super::facts::{Facts, Offered, other_hours};
use super::write::{IMPORTED, Present, list};
use crate::change::end_hours;
use crate::fold::fold;
use crate::model::{Facility, Hours, Parts, site_of};
use crate::names::{ACCESS, BEDS, CATALOGUE, EQUIPMENT, OWN_SERVICE, PERIOD};
use crate::period::Period;
use crate::seed::ministry::{meta, site};
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Names of hours in a service.
const AVAILABLE: (&str, &str) = ("availableStartTime", "availableEndTime");

/// Writes a field. `source`: the import, which new services have in their ids, so that asked for twice they are the same.
pub fn put(field: &str, facts: &Facts, made: &mut Present, place: &str, day: Date, source: &str) {
    match field {
        "posti_letto" => beds(facts, &mut made.organization, day),
        "attrezzature" => equipment(facts, &mut made.organization, day),
        "servizi" => services(facts, made, day, source),
        "orari" | "accessibilita" => {
            let mut known = made.site.take().unwrap_or_else(|| bare(&made.organization, place));
            match field {
                "orari" => open(
                    list(&mut known, "hoursOfOperation"),
                    &facts.hours,
                    ("openingTime", "closingTime"),
                    day,
                ),
                _ => access(facts, &mut known),
            }
            made.site = Some(known);
        }
        _ => {}
    }
}

/// All that a new structure has.
pub fn put_all(facts: &Facts, made: &mut Present, place: &str, day: Date, source: &str) {
    for (field, said) in [
        ("posti_letto", !facts.beds.is_empty()),
        ("attrezzature", !facts.equipment.is_empty()),
        ("servizi", !facts.services.is_empty()),
        ("orari", !facts.hours.is_empty()),
        ("accessibilita", !facts.access.is_empty()),
    ] {
        if said {
            put(field, facts, made, place, day, source);
        }
    }
}

/// A site for a structure that has none, of which not even the municipality need be known.
fn bare(organization: &Value, place: &str) -> Value {
    let id = organization["id"].as_str().unwrap_or_default();
    let name = format!("Sede di {}", organization["name"].as_str().unwrap_or_default());
    site(id, &name, place, None, IMPORTED).unwrap_or_else(|| {
        json!({"resourceType": "Location", "id": site_of(id), "meta": meta(IMPORTED), "status": "active", "mode": "instance",
            "name": name, "managingOrganization": {"reference": format!("Organization/{id}")}})
    })
}

fn part<'a>(one: &'a Value, url: &str) -> &'a Value {
    let parts = one["extension"].as_array().into_iter().flatten();
    parts
        .into_iter()
        .find(|part| part["url"] == url)
        .unwrap_or(&Value::Null)
}

/// Ends what is so and holds on a day; what was to begin on it never does.
fn end(extensions: &mut Vec<Value>, day: Date, is: impl Fn(&Value) -> bool) {
    let period = |one: &Value| Period::of(&part(one, "periodo")["valuePeriod"]);
    extensions.retain(|one| !is(one) || period(one).start.is_none_or(|start| start < day));
    for one in extensions.iter_mut().filter(|one| is(one)) {
        let mut held = period(one);
        if held.holds(day) {
            held.end = Some(day.saturating_sub(1.day()));
            let parts = list(one, "extension");
            parts.retain(|part| part["url"] != "periodo");
            parts.extend(
                held.json()
                    .map(|period| json!({"url": "periodo", "valuePeriod": period})),
            );
        }
    }
}

fn holds(one: &Value, day: Date) -> bool {
    Period::of(&part(one, "periodo")["valuePeriod"]).holds(day)
}

fn beds(facts: &Facts, organization: &mut Value, day: Date) {
    let extensions = list(organization, "extension");
    for ward in &facts.beds {
        let is = |one: &Value| {
            let regime = part(one, "regime")["valueCode"].as_str().unwrap_or("ordinario");
            let discipline = &part(one, "disciplina")["valueCoding"]["code"];
            one["url"] == BEDS && regime == ward.regime && *discipline == json!(ward.discipline)
        };
        let held: Vec<&Value> = extensions.iter().filter(|one| is(one) && holds(one, day)).collect();
        let count: u64 = held
            .iter()
            .filter_map(|one| part(one, "numero")["valueInteger"].as_u64())
            .sum();
        if count == u64::from(ward.count) {
            continue;
        }
        // A list that knows only the code says nothing against the name.
        let known = held
            .iter()
            .find_map(|one| part(one, "disciplina")["valueCoding"]["display"].as_str());
        let name = match ward.name.as_str() {
            "" => known.unwrap_or(&ward.discipline).to_owned(),
            name => name.to_owned(),
        };
        end(extensions, day, is);
        if ward.count > 0 {
            extensions.push(json!({"url": BEDS, "extension": [
                {"url": "disciplina", "valueCoding": {"code": ward.discipline, "display": name}},
                {"url": "regime", "valueCode": ward.regime}, {"url": "numero", "valueInteger": ward.count},
                {"url": "periodo", "valuePeriod": {"start": day.to_string()}},
            ]}));
        }
    }
}

fn equipment(facts: &Facts, organization: &mut Value, day: Date) {
    let extensions = list(organization, "extension");
    for (name, number) in &facts.equipment {
        let is = |one: &Value| {
            let known = part(one, "tipo")["valueString"].as_str().unwrap_or_default();
            one["url"] == EQUIPMENT && fold(known) == fold(name)
        };
        let held = extensions.iter().filter(|one| is(one) && holds(one, day));
        let count: u64 = held
            .filter_map(|one| part(one, "numero")["valueInteger"].as_u64())
            .sum();
        if count == u64::from(*number) {
            continue;
        }
        end(extensions, day, is);
        if *number > 0 {
            extensions.push(json!({"url": EQUIPMENT, "extension": [
                {"url": "tipo", "valueString": name}, {"url": "numero", "valueInteger": number},
                {"url": "periodo", "valuePeriod": {"start": day.to_string()}},
            ]}));
        }
    }
}

fn access(facts: &Facts, site: &mut Value) {
    let extensions = list(site, "extension");
    for code in &facts.access {
        if !extensions
            .iter()
            .any(|one| one["url"] == ACCESS && one["valueCode"] == json!(code))
        {
            extensions.push(json!({"url": ACCESS, "valueCode": code}));
        }
    }
}

fn open(all: &mut Vec<Value>, hours: &[Hours], names: (&str, &str), day: Date) {
    end_hours(all, day);
    let from = |one: &Hours| Hours {
        period: Period::from(day),
        ..one.clone()
    };
    all.extend(hours.iter().map(|one| from(one).json(names)));
}

fn services(facts: &Facts, made: &mut Present, day: Date, source: &str) {
    let id = made.organization["id"].as_str().unwrap_or_default().to_owned();
    let parts = Parts {
        services: made.services.iter().collect(),
        ..Parts::default()
    };
    let known = Facility::of(&made.organization, &parts).map(|one| one.on(day).services);
    let known = known.unwrap_or_default();
    for listed in &facts.services {
        let Some(there) = known.iter().find(|one| one.code == listed.code) else {
            made.services.push(service(&id, listed, day, source));
            continue;
        };
        let resource = made.services.iter_mut().find(|one| one["id"] == json!(there.id));
        if let Some(resource) = resource.filter(|_| other_hours(listed, there)) {
            open(list(resource, "availableTime"), &listed.hours, AVAILABLE, day);
        }
    }
}

fn service(id: &str, listed: &Offered, day: Date, source: &str) -> Value {
    let digest = Sha256::digest(format!("{id}|{}|{source}", listed.code).as_bytes());
    let hex: String = digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    let digits = listed.code.starts_with(|c: char| c.is_ascii_digit());
    let system = if digits { CATALOGUE } else { OWN_SERVICE };
    let mut made = json!({
        "resourceType": "HealthcareService", "id": format!("srv-{hex}"), "meta": meta(IMPORTED), "active": true,
        "providedBy": {"reference": format!("Organization/{id}")},
        "name": listed.name, "type": [{"coding": [{"system": system, "code": listed.code, "display": listed.name}]}],
        "extension": [{"url": PERIOD, "valuePeriod": {"start": day.to_string()}}],
    });
    if !listed.hours.is_empty() {
        open(list(&mut made, "availableTime"), &listed.hours, AVAILABLE, day);
    }
    made
}
