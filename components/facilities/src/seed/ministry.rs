//! The ministry's tables (`data/*.csv`) as FHIR resources.

use crate::model::site_of;
use crate::names::{BELONGS, FLS, HSP, KIND, MCSD, MUNICIPALITY, NATURE, ORIGIN, PRECISION};
use crate::places;
use crate::rules;
use serde_json::{Value, json};
use web::csv::Csv;

/// Id of the region.
pub const REGION: &str = "regione-150";
/// Where the tables come from.
const SOURCE: &str = "https://www.hl7.it/fhir/terminology/CodeSystem/minsan-hsp#2025-06-16";
/// Positions of structures themselves (`data/posizioni.tsv`), by HSP code.
const POSITIONS: &str = include_str!("../../data/posizioni.tsv");

/// Every resource that the tables say, parents first.
pub fn resources() -> Vec<Value> {
    let mut made = vec![region()];
    rows(include_str!("../../data/asl.csv"), |row| made.extend(asl(row)));
    rows(include_str!("../../data/strutture.csv"), |row| {
        made.extend(structure(row))
    });
    rows(include_str!("../../data/stabilimenti.csv"), |row| {
        made.extend(building(row))
    });
    made
}

fn rows(text: &str, mut take: impl FnMut(&[String])) {
    let table = Csv::read(text.as_bytes()).expect("the tables of the program are right");
    table.rows.iter().for_each(|row| take(row));
}

/// What a structure of any origin begins with.
pub fn organization(id: &str, name: &str, kind: &str, origin: &str) -> Value {
    let words = rules::kind(kind).map(|kind| kind.it.as_str()).unwrap_or_default();
    let role = if rules::kind(kind).is_some_and(|kind| kind.jurisdiction) {
        "jurisdiction"
    } else {
        "facility"
    };
    json!({
        "resourceType": "Organization", "id": id, "meta": meta(origin), "active": true, "name": name,
        "type": [
            {"coding": [{"system": KIND, "code": kind, "display": words}]},
            {"coding": [{"system": MCSD, "code": format!("urn:ihe:iti:mcsd:2019:{role}")}]},
        ],
    })
}

/// Its site, in a municipality.
pub fn site(id: &str, name: &str, municipality: &str, line: Option<&str>, origin: &str) -> Option<Value> {
    let place = places::by_code(municipality)?;
    let mut address = json!({
        "use": "work", "type": "physical", "city": place.name, "district": place.province, "country": "IT",
        "extension": [{"url": MUNICIPALITY, "valueCode": place.code}],
    });
    if let Some(line) = line {
        address["line"] = json!([line]);
    }
    Some(json!({
        "resourceType": "Location", "id": site_of(id), "meta": meta(origin), "status": "active", "name": name, "mode": "instance",
        "extension": [{"url": PRECISION, "valueCode": "comune"}],
        "type": [{"coding": [{"system": MCSD, "code": "urn:ihe:iti:mcsd:2019:facility"}]}],
        "address": address,
        "position": {"latitude": place.centre.0, "longitude": place.centre.1},
        "managingOrganization": {"reference": format!("Organization/{id}")},
    }))
}

/// That one belongs to another, or lies in its territory.
pub fn affiliation(id: &str, to: &str, kind: &str, origin: &str) -> Value {
    json!({
        "resourceType": "OrganizationAffiliation", "id": format!("{kind}-{id}"), "meta": meta(origin), "active": true,
        "organization": {"reference": format!("Organization/{to}")},
        "participatingOrganization": {"reference": format!("Organization/{id}")},
        "code": [{"coding": [{"system": BELONGS, "code": kind}]}],
    })
}

/// Whence a resource comes.
pub fn meta(origin: &str) -> Value {
    let words = match origin {
        "ministero" => "Elenchi del Ministero della Salute",
        "dimostrativo" => "Inventato per la dimostrazione",
        "importazione" => "Importato da un elenco",
        _ => "Richiesta approvata",
    };
    let mut meta = json!({"tag": [{"system": ORIGIN, "code": origin, "display": words}]});
    if origin == "ministero" {
        meta["source"] = json!(SOURCE);
    }
    meta
}

/// Makes one part of another: the hierarchy of today, and the affiliation that can end.
pub fn belongs(organization: &mut Value, to: &str, origin: &str) -> Value {
    organization["partOf"] = json!({"reference": format!("Organization/{to}")});
    affiliation(
        organization["id"].as_str().unwrap_or_default(),
        to,
        "appartenenza",
        origin,
    )
}

fn region() -> Value {
    let mut region = organization(REGION, "Regione Campania", "regione", "ministero");
    region["identifier"] =
        json!([{"system": "https://www.hl7.it/fhir/terminology/CodeSystem/minsan-regione", "value": "150"}]);
    region
}

fn asl(row: &[String]) -> Vec<Value> {
    let [code, name, _, municipality, ..] = row else {
        return Vec::new();
    };
    let id = format!("asl-{code}");
    let name = pretty(name).replace("A.S.L.", "ASL");
    let mut one = organization(&id, &name, "asl", "ministero");
    one["identifier"] = json!([{"system": FLS, "value": code}]);
    let belongs = belongs(&mut one, REGION, "ministero");
    let site = site(&id, &format!("Sede di {name}"), municipality, None, "ministero");
    [Some(one), Some(belongs), site].into_iter().flatten().collect()
}

fn structure(row: &[String]) -> Vec<Value> {
    let [code, name, _, municipality, asl, _, kind, nature] = row else {
        return Vec::new();
    };
    let Some(kind) = rules::inpatient(kind) else {
        return Vec::new();
    };
    let (id, shown) = (format!("hsp-{code}"), pretty(name));
    let mut one = organization(&id, &shown, &kind.kind, "ministero");
    one["identifier"] = json!([{"system": HSP, "value": code}]);
    one["alias"] = json!([name]);
    one["extension"] = json!([{"url": NATURE, "valueString": format!("{nature} · {}", kind.it)}]);
    let asl = format!("asl-{asl}");
    let mut made = match kind.part_of.as_str() {
        "asl" => vec![belongs(&mut one, &asl, "ministero")],
        "regione" => vec![
            belongs(&mut one, REGION, "ministero"),
            affiliation(&id, &asl, "territorio", "ministero"),
        ],
        _ => vec![affiliation(&id, &asl, "territorio", "ministero")],
    };
    made.insert(0, one);
    let site = site(&id, &format!("Sede di {shown}"), municipality, None, "ministero");
    made.extend(site.map(|site| placed(site, code)));
    made
}

/// A building: in the municipality of its hospital, as the table says none.
fn building(row: &[String]) -> Vec<Value> {
    let [code, name] = row else { return Vec::new() };
    let Some((hospital, number)) = code.split_once('.') else {
        return Vec::new();
    };
    let (id, shown) = (format!("hsp-{hospital}-{number}"), pretty(name));
    let mut one = organization(&id, &shown, "stabilimento", "ministero");
    one["identifier"] = json!([{"system": HSP, "value": format!("{hospital}{number}")}]);
    one["alias"] = json!([name]);
    let listed = municipality_of(hospital);
    let to = match (&listed, rules::asl_of_unlisted(hospital)) {
        (Some(_), _) => format!("hsp-{hospital}"),
        (None, Some(asl)) => {
            one["active"] = json!(false);
            format!("asl-{asl}")
        }
        (None, None) => return Vec::new(),
    };
    let belongs = belongs(&mut one, &to, "ministero");
    let site = listed.and_then(|place| site(&id, &format!("Sede di {shown}"), &place, None, "ministero"));
    let site = site.map(|site| placed(site, &format!("{hospital}{number}")));
    [Some(one), Some(belongs), site].into_iter().flatten().collect()
}

fn municipality_of(hospital: &str) -> Option<String> {
    let table = Csv::read(include_bytes!("../../data/strutture.csv")).ok()?;
    let row = table.rows.into_iter().find(|row| row[0] == hospital)?;
    row.into_iter().nth(3)
}

/// A site whose own position is known, if not confirmed.
fn placed(mut site: Value, code: &str) -> Value {
    let rows = POSITIONS.lines().filter(|line| !line.starts_with('#'));
    let found = rows
        .map(|line| line.split('\t').collect::<Vec<_>>())
        .find(|cells| cells.first() == Some(&code));
    if let Some([_, latitude, longitude, ..]) = found.as_deref()
        && let (Ok(latitude), Ok(longitude)) = (latitude.parse::<f64>(), longitude.parse::<f64>())
    {
        site["position"] = json!({"latitude": latitude, "longitude": longitude});
        site["extension"] = json!([{"url": PRECISION, "valueCode": "struttura"}]);
    }
    site
}

/// A name that shouts, as one writes it. The name of the source stays as alias.
pub fn pretty(name: &str) -> String {
    const SMALL: &[&str] = &[
        "di", "del", "della", "dei", "degli", "delle", "dell", "e", "ed", "da", "dal", "in", "per",
    ];
    const KEPT: &[&str] = &[
        "SPA", "SRL", "DEA", "IOS", "KOS", "CDC", "CTO", "PO", "ASL", "II", "UNICAM", "HSP",
    ];
    let accents = [
        ("GESU`", "GESÙ"),
        ("PIETA`", "PIETÀ"),
        ("D`AR", "D'ARAGONA"),
        ("`", "'"),
        ("DON GNOCCHI", "Don Gnocchi"),
    ];
    let mut text = name.to_owned();
    for (from, to) in accents {
        text = text.replace(from, to);
    }
    let word = |word: &str| -> String {
        let bare: String = word.chars().filter(|c| c.is_alphabetic()).collect();
        let shouts = bare.chars().all(|c| !c.is_lowercase());
        if bare.is_empty() || !shouts || KEPT.contains(&bare.as_str()) || word.contains('.') {
            return word.to_owned();
        }
        let lower = word.to_lowercase();
        if SMALL.contains(&lower.as_str()) {
            return lower;
        }
        capitals(&lower)
    };
    text.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

/// With a capital at the beginning and after each apostrophe or hyphen.
fn capitals(lower: &str) -> String {
    let mut begins = true;
    let letters = lower.chars().map(|c| {
        let shown = if begins {
            c.to_uppercase().to_string()
        } else {
            c.to_string()
        };
        begins = !c.is_alphanumeric();
        shown
    });
    letters.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn all_that_the_ministry_lists_is_there_once_and_belongs_somewhere() {
        let made = resources();
        let of = |rtype: &str| made.iter().filter(|one| one["resourceType"] == rtype).count();
        assert_eq!(of("Organization"), 1 + 7 + 108 + 31);
        assert_eq!(
            of("Location"),
            7 + 108 + 31 - 11,
            "a building whose hospital is not listed has no place"
        );
        let ids: BTreeSet<String> = made
            .iter()
            .map(|one| format!("{}/{}", one["resourceType"], one["id"]))
            .collect();
        assert_eq!(ids.len(), made.len(), "ids are unique");
        for one in &made {
            let parent = one["partOf"]["reference"]
                .as_str()
                .map(|r| r.replace("Organization/", ""));
            let known = |id: &String| {
                made.iter()
                    .any(|other| other["resourceType"] == "Organization" && other["id"] == **id)
            };
            assert!(parent.as_ref().is_none_or(known), "{one}");
        }
    }

    #[test]
    fn names_do_not_shout() {
        for (name, expected) in [
            (
                "OSP.SACRO CUORE DI GESU`FATEBENEFRATELLI",
                "OSP.SACRO Cuore di Gesùfatebenefratelli",
            ),
            ("CASA DI CURA VILLA DEI PLATANI", "Casa di Cura Villa dei Platani"),
            (
                "AZIENDA OSPEDALIERA 'A. CARDARELLI'",
                "Azienda Ospedaliera 'A. Cardarelli'",
            ),
            (
                "PRESIDIO OSPEDALIERO S.G.MOSCATI AVERSA",
                "Presidio Ospedaliero S.G.MOSCATI Aversa",
            ),
        ] {
            assert_eq!(pretty(name), expected);
        }
    }
}
