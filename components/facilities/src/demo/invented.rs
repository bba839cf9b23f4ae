//! What the demo invents (`rules/demo.json`).

use crate::model::{Exception, Hours, WEEK, site_of};
use crate::names::{ACCESS, BEDS, BRANCH, CATALOGUE, EQUIPMENT, PERIOD, STS, TITLE};
use crate::period::Period;
use crate::places;
use crate::rules;
use crate::seed;
use crate::seed::ministry::{affiliation, belongs, meta, organization, site};
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Rules {
    places: Vec<String>,
    kinds: Vec<Kind>,
    hospital: Hospital,
}

/// Days parted by blanks, from, to.
type Row = (String, String, String);

#[derive(Deserialize)]
struct Kind {
    kind: String,
    name: String,
    round: bool,
    hours: Vec<Row>,
    services: Vec<String>,
}

#[derive(Deserialize)]
struct Hospital {
    services: Vec<String>,
    hours: Vec<Row>,
    beds: Vec<(String, String, u32)>,
    equipment: Vec<String>,
}

const ORIGIN: &str = "dimostrativo";

/// The ministry's structures with invented hours, services and beds, and the invented ones.
pub fn resources(today: Date) -> Vec<Value> {
    let rules: Rules = serde_json::from_str(include_str!("../../rules/demo.json")).expect("the demo's rules are right");
    let mut made = seed::resources();
    let mut services = Vec::new();
    for one in &mut made {
        furnish(one, &rules.hospital, today, &mut services);
    }
    made.extend(services);
    for (index, code) in rules.places.iter().enumerate() {
        made.extend(territory(code, index, &rules.kinds, today));
    }
    made
}

/// The ASL of a municipality: of those in its province the one whose seat is nearest.
fn asl_of(code: &str) -> &'static str {
    let seats = [
        ("asl-150201", "064008"),
        ("asl-150202", "062008"),
        ("asl-150203", "061022"),
        ("asl-150204", "063049"),
        ("asl-150205", "063032"),
        ("asl-150206", "063084"),
        ("asl-150207", "065116"),
    ];
    let here = places::by_code(code).map(|place| place.centre).unwrap_or_default();
    let of_province = seats.iter().filter(|(asl, seat)| {
        // Naples has an ASL of its own.
        seat[..3] == code[..3] && (*asl != "asl-150204" || code == "063049")
    });
    let nearest = of_province.min_by(|a, b| {
        let far = |seat: &str| places::by_code(seat).map_or(f64::MAX, |place| places::distance_km(here, place.centre));
        let own = |asl: &str| {
            if code == "063049" && asl == "asl-150204" {
                0.0
            } else {
                1.0
            }
        };
        (own(a.0) * far(a.1)).total_cmp(&(own(b.0) * far(b.1)))
    });
    nearest.map_or("asl-150204", |(asl, _)| asl)
}

fn hours(rows: &[Row]) -> Vec<Hours> {
    let rows = rows.iter().map(|(days, from, to)| Hours {
        days: days.split(' ').map(str::to_owned).collect(),
        all_day: false,
        from: from.clone(),
        to: to.clone(),
        period: Period::default(),
    });
    rows.collect()
}

fn round_the_clock() -> Vec<Hours> {
    vec![Hours {
        days: WEEK.map(str::to_owned).to_vec(),
        all_day: true,
        from: String::new(),
        to: String::new(),
        period: Period::default(),
    }]
}

/// What stands nowhere as a fact.
fn unverified() -> Value {
    json!({"url": "stato", "valueCode": "unverified"})
}

fn period(start: Date) -> Value {
    json!({"url": "periodo", "valuePeriod": {"start": start.to_string()}})
}

fn extend(resource: &mut Value, extensions: impl IntoIterator<Item = Value>) {
    if !resource["extension"].is_array() {
        resource["extension"] = json!([]);
    }
    if let Some(list) = resource["extension"].as_array_mut() {
        list.extend(extensions);
    }
}

/// Hospitals of the ministry's list get hours, services, beds and equipment.
fn furnish(one: &mut Value, rules: &Hospital, today: Date, services: &mut Vec<Value>) {
    let id = one["id"].as_str().unwrap_or_default().to_owned();
    let code = id.trim_start_matches("sede-").trim_start_matches("hsp-");
    if !(id.contains("hsp-") && code.len() == 6) {
        return;
    }
    let number: u32 = code.parse().unwrap_or(0);
    let large = code.starts_with("1509");
    if one["resourceType"] == "Location" {
        one["hoursOfOperation"] = hours(&rules.hours)
            .iter()
            .map(|one| one.json(("openingTime", "closingTime")))
            .collect();
        let accessible = ["ingresso-senza-gradini", "ascensore", "bagno-accessibile"];
        extend(
            one,
            accessible.iter().map(|code| json!({"url": ACCESS, "valueCode": code})),
        );
        extend(one, [unverified()]);
        return;
    }
    if one["resourceType"] != "Organization" || one["active"] == false {
        return;
    }
    let since = Date::constant(2024, 1, 1);
    let beds = rules
        .beds
        .iter()
        .enumerate()
        .filter(|(index, _)| large || (number as usize + index).is_multiple_of(2));
    let beds = beds.map(|(_, (code, name, count))| {
        let count = if large { count * 2 } else { *count };
        let discipline = json!({"url": "disciplina", "valueCoding": {"code": code, "display": name}});
        json!({"url": BEDS, "extension": [discipline, {"url": "regime", "valueCode": "ordinario"}, {"url": "numero", "valueInteger": count},
            period(since), unverified()]})
    });
    let equipment = rules.equipment.iter().take(if large { 3 } else { 1 }).map(|name| {
        json!({"url": EQUIPMENT, "extension": [{"url": "tipo", "valueString": name}, {"url": "numero", "valueInteger": 1}, period(since), unverified()]})
    });
    let titles = [title(
        "autorizzazione",
        "Decreto dimostrativo 12/2019",
        Date::constant(2019, 3, 1),
        None,
    )];
    let extensions: Vec<Value> = beds.chain(equipment).chain(titles).collect();
    extend(one, extensions);
    one["telecom"] = json!([{"system": "phone", "value": format!("081 555{:04}", number % 10_000), "use": "work"}]);
    for code in &rules.services {
        services.extend(service(&id, code, None, today));
    }
    if large {
        services.extend(service(&id, "pronto-soccorso", Some(&round_the_clock()), today));
    }
}

fn title(kind: &str, act: &str, start: Date, end: Option<Date>) -> Value {
    let mut validity = json!({"start": start.to_string()});
    if let Some(end) = end {
        validity["end"] = json!(end.to_string());
    }
    json!({"url": TITLE, "extension": [{"url": "tipo", "valueCode": kind}, {"url": "atto", "valueString": act},
        {"url": "ente", "valueString": "Regione Campania"}, {"url": "periodo", "valuePeriod": validity}, unverified()]})
}

/// A service; one with a code of the catalogue says so.
fn service(owner: &str, code: &str, own: Option<&[Hours]>, today: Date) -> Option<Value> {
    let known = rules::service(code)?;
    let system = if known.in_catalogue() {
        CATALOGUE
    } else {
        "https://sinfonia.it/fhir/CodeSystem/servizio-struttura"
    };
    let readable: String = code
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    let mut one = json!({
        "resourceType": "HealthcareService", "id": format!("srv-{owner}-{readable}"), "meta": meta(ORIGIN), "active": true,
        "providedBy": {"reference": format!("Organization/{owner}")},
        "location": [{"reference": format!("Location/{}", site_of(owner))}],
        "name": known.it, "type": [{"coding": [{"system": system, "code": code, "display": known.it}]}],
        "extension": [{"url": PERIOD, "valuePeriod": {"start": "2024-01-01"}}],
    });
    if !known.branch.is_empty() {
        one["specialty"] = json!([{"coding": [{"system": BRANCH, "code": known.branch}]}]);
    }
    if let Some(own) = own {
        one["availableTime"] = own
            .iter()
            .map(|one| one.json(("availableStartTime", "availableEndTime")))
            .collect();
    }
    // Something is away for some days, so that one sees how that is told.
    if code == "87.37.1" {
        let until = today.saturating_add(5.days());
        one["notAvailable"] = json!([{"description": "Manutenzione dell'apparecchio", "during": {"start": today.to_string(), "end": until.to_string()}}]);
    }
    Some(one)
}

/// District, Casa della comunità, pharmacies, … of a municipality.
fn territory(code: &str, index: usize, kinds: &[Kind], today: Date) -> Vec<Value> {
    let Some(place) = places::by_code(code) else {
        return Vec::new();
    };
    let asl = asl_of(code);
    let district = format!("distretto-{code}");
    let mut one = organization(
        &district,
        &format!("Distretto sanitario di {}", place.name),
        "distretto",
        ORIGIN,
    );
    let link = belongs(&mut one, asl, ORIGIN);
    let mut made = vec![one, link];
    for (number, kind) in kinds.iter().enumerate() {
        if kind.kind == "ospedale-di-comunita" && !index.is_multiple_of(3) {
            continue;
        }
        made.extend(structure(place, index, number, kind, &district, today));
    }
    made
}

fn structure(
    place: &places::Place,
    index: usize,
    number: usize,
    kind: &Kind,
    district: &str,
    today: Date,
) -> Vec<Value> {
    let id = format!("{}-{}-{number}", kind.kind, place.code);
    let name = kind.name.replace("{}", place.name);
    let mut one = organization(&id, &name, &kind.kind, ORIGIN);
    let private = ["farmacia", "struttura-accreditata"].contains(&kind.kind.as_str());
    let link = match private {
        true => affiliation(&id, district, "territorio", ORIGIN),
        false => belongs(&mut one, district, ORIGIN),
    };
    let sts = format!("D{:02}{number:01}{:02}", index % 100, index * 7 % 100);
    one["identifier"] = json!([{"system": STS, "value": sts}]);
    one["telecom"] =
        json!([{"system": "phone", "value": format!("081 550{:02}{number:02}", index % 100), "use": "work"}]);
    if private {
        let end = Date::constant(2027, 12, 31);
        extend(
            &mut one,
            [title(
                "accreditamento",
                &format!("Decreto dimostrativo {}/2022", 10 + index),
                Date::constant(2022, 7, 1),
                Some(end),
            )],
        );
    }
    let line = format!("Via dell'Esempio {}", 1 + index + number);
    let Some(mut place) = site(&id, &format!("Sede di {name}"), place.code, Some(&line), ORIGIN) else {
        return vec![one, link];
    };
    // Around the centre, so that they do not lie on each other: invented as the rest.
    let turn = (index * 7 + number) as f64 * 0.9;
    for (axis, shift) in [("latitude", turn.sin() * 0.006), ("longitude", turn.cos() * 0.008)] {
        let at = place["position"][axis].as_f64().unwrap_or_default() + shift;
        place["position"][axis] = json!((at * 10_000.0).round() / 10_000.0);
    }
    let times = if kind.round {
        round_the_clock()
    } else {
        hours(&kind.hours)
    };
    place["hoursOfOperation"] = times
        .iter()
        .map(|one| one.json(("openingTime", "closingTime")))
        .collect();
    extend(
        &mut place,
        [
            json!({"url": ACCESS, "valueCode": "ingresso-senza-gradini"}),
            unverified(),
        ],
    );
    if kind.kind == "consultorio" {
        let closed = Exception {
            period: Period {
                start: Some(Date::constant(today.year(), 12, 24)),
                end: Some(Date::constant(today.year(), 12, 31)),
            },
            open: None,
            reason: "Chiusura natalizia".into(),
        };
        extend(&mut place, [closed.json()]);
    }
    let services = kind.services.iter().filter_map(|code| {
        let own = (code == "continuita-assistenziale").then(out_of_hours);
        service(&id, code, own.as_deref(), today)
    });
    let services: Vec<Value> = services.collect();
    let mut made = vec![one, link, place];
    made.extend(services);
    made
}

/// The out-of-hours doctor: evenings, and all day at the week's end.
fn out_of_hours() -> Vec<Hours> {
    hours(&[
        ("mon tue wed thu fri".into(), "00:00".into(), "08:00".into()),
        ("mon tue wed thu fri".into(), "20:00".into(), "23:59".into()),
        ("sat sun".into(), "00:00".into(), "23:59".into()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::register::Register;

    #[test]
    fn the_demo_region_has_structures_of_every_kind_and_says_what_is_invented() {
        let made = resources(Date::constant(2026, 11, 22));
        let register = Register::of(&made);
        for kind in [
            "regione",
            "asl",
            "distretto",
            "presidio",
            "casa-di-cura",
            "casa-di-comunita",
            "cot",
            "farmacia",
            "consultorio",
        ] {
            assert!(register.all().iter().any(|one| one.kind == kind), "{kind}");
        }
        for one in register.all() {
            let asl = register.asl(one);
            assert!(asl.is_some() || one.kind == "regione", "{} is in no ASL", one.id);
            assert!(one.beds.iter().all(|beds| !beds.verified) && one.services.iter().all(|service| !service.verified));
            assert!(one.hours.iter().all(Hours::sound), "{}", one.id);
            assert_eq!(
                one.is_demo(),
                !one.id.starts_with("hsp-") && !one.id.starts_with("asl-") && one.kind != "regione"
            );
        }
        assert_eq!(
            register
                .get("farmacia-063049-3")
                .and_then(|one| register.asl(one))
                .map(|asl| asl.id.as_str()),
            Some("asl-150204")
        );
    }
}
