//! Resources that a row of a list makes of a structure, or of one that is new. What held before ends the day before.

use super::differences::Difference;
use super::row::Row;
use super::rules::rules;
use crate::names::{BELONGS, FLS, HSP, KIND, ORIGIN, PERIOD, PRECISION, STS, VAT};
use crate::period::Period;
use crate::rules as tables;
use crate::seed::ministry::{affiliation, belongs, organization, pretty, site};
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The origin of what a list brings.
pub(super) const IMPORTED: &str = "importazione";

/// What the registry has of a structure.
#[derive(Debug, Clone, Default)]
pub struct Present {
    pub organization: Value,
    pub site: Option<Value>,
    pub affiliations: Vec<Value>,
    pub services: Vec<Value>,
}

fn system(kind: &str) -> &'static str {
    match kind {
        "HSP" => HSP,
        "STS" => STS,
        "FLS" => FLS,
        _ => VAT,
    }
}

/// The id that a new structure gets: always the same for the same row.
pub fn id(row: &Row) -> String {
    for kind in ["HSP", "STS"] {
        if let Some(code) = row.code(kind) {
            return format!("{}-{}", kind.to_lowercase(), code.to_lowercase());
        }
    }
    if let Some(code) = row.code("FLS") {
        return format!("asl-{code}");
    }
    let place = row.place.map_or("", |place| place.code);
    let words = super::likeness::words(&row.name).join(" ");
    let address = crate::fold::fold(&row.address);
    let digest = Sha256::digest(format!("{}|{place}|{words}|{address}", row.kind).as_bytes());
    let hex: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{place}-{hex}", row.kind)
}

/// A name that shouts, as one writes it.
fn written(name: &str) -> String {
    match name.chars().any(char::is_lowercase) {
        true => name.to_owned(),
        false => pretty(name),
    }
}

pub(super) fn list<'a>(resource: &'a mut Value, key: &str) -> &'a mut Vec<Value> {
    if !resource[key].is_array() {
        resource[key] = json!([]);
    }
    resource[key].as_array_mut().expect("it was made one")
}

fn signed(mut resource: Value, source: &str) -> Value {
    resource["meta"]["source"] = json!(source);
    let tags = list(&mut resource["meta"], "tag");
    if !tags
        .iter()
        .any(|tag| tag["system"] == ORIGIN && tag["code"] == IMPORTED)
    {
        tags.push(json!({"system": ORIGIN, "code": IMPORTED, "display": "Importato da un elenco"}));
    }
    resource
}

/// A structure that the registry has not. `source` signs what is written.
pub fn new(row: &Row, day: Date, source: &str) -> Vec<Value> {
    let id = id(row);
    let name = written(&row.name);
    let mut one = organization(&id, &name, &row.kind, IMPORTED);
    if name != row.name {
        one["alias"] = json!([row.name]);
    }
    let codes = row.codes.iter().map(|(kind, code)| (system(kind), code.as_str()));
    let vat = Some((VAT, row.vat.as_str())).filter(|(_, vat)| !vat.is_empty());
    let identifiers: Vec<Value> = codes
        .chain(vat)
        .map(|(system, value)| json!({"system": system, "value": value}))
        .collect();
    if !identifiers.is_empty() {
        one["identifier"] = json!(identifiers);
    }
    for (kind, value) in contacts(row) {
        contact(&mut one, kind, value);
    }
    let mut made = Vec::new();
    if !row.asl.is_empty() && row.asl != id {
        made.push(match rules().of_territory.contains(&row.kind) {
            true => affiliation(&id, &row.asl, "territorio", IMPORTED),
            false => belongs(&mut one, &row.asl, IMPORTED),
        });
    }
    let line = Some(row.address.as_str()).filter(|line| !line.is_empty());
    let place = row.place.map(|place| place.code).unwrap_or_default();
    let site = site(&id, &format!("Sede di {name}"), place, line, IMPORTED);
    let site = site.map(|site| match row.position {
        Some(at) => placed(site, at),
        None => site,
    });
    let mut all = Present {
        organization: one,
        site,
        ..Present::default()
    };
    super::details::put_all(&row.facts, &mut all, place, day, source);
    made.insert(0, all.organization);
    made.extend(all.site.into_iter().chain(all.services));
    made.into_iter().map(|one| signed(one, source)).collect()
}

fn contacts(row: &Row) -> impl Iterator<Item = (&'static str, &str)> {
    let all = [("phone", row.phone.as_str()), ("email", &row.email), ("url", &row.site)];
    all.into_iter().filter(|(_, value)| !value.is_empty())
}

fn contact(organization: &mut Value, kind: &str, value: &str) {
    let telecom = list(organization, "telecom");
    telecom.retain(|one| one["system"] != kind);
    telecom.push(json!({"system": kind, "value": value, "use": "work"}));
}

fn placed(mut site: Value, at: (f64, f64)) -> Value {
    site["position"] = json!({"latitude": at.0, "longitude": at.1});
    let extensions = list(&mut site, "extension");
    extensions.retain(|one| one["url"] != PRECISION);
    extensions.push(json!({"url": PRECISION, "valueCode": "struttura"}));
    site
}

/// What of a structure changes as the list says: the resources that are other than they were.
pub fn changed(row: &Row, present: &Present, differences: &[Difference], day: Date, source: &str) -> Vec<Value> {
    let mut made = present.clone();
    let id = present.organization["id"].as_str().unwrap_or_default().to_owned();
    let mut affiliations = Vec::new();
    for one in differences.iter().filter(|one| one.list_wins) {
        match one.field {
            "codice_hsp" | "codice_sts" | "codice_fls" | "partita_iva" => {
                code(&mut made.organization, one.field, &one.list, day);
            }
            "asl" => affiliations.extend(moved(&mut made, &id, &one.list, day)),
            "posti_letto" | "orari" | "servizi" | "attrezzature" | "accessibilita" => {
                let place = row.place.map(|place| place.code).unwrap_or_default();
                super::details::put(one.field, &row.facts, &mut made, place, day, source);
            }
            "comune" | "indirizzo" | "posizione" => place(&mut made, &id, one.field, row),
            field => of_organization(&mut made.organization, field, one, day),
        }
    }
    let site = made.site.filter(|site| Some(site) != present.site.as_ref());
    let organization = Some(made.organization).filter(|one| *one != present.organization);
    let services = made.services.into_iter().filter(|one| !present.services.contains(one));
    let all = organization.into_iter().chain(site).chain(affiliations).chain(services);
    all.map(|one| signed(one, source)).collect()
}

fn of_organization(organization: &mut Value, field: &str, one: &Difference, day: Date) {
    match field {
        "nome" => {
            let name = written(&one.list);
            let old = organization["name"].clone();
            let aliases = list(organization, "alias");
            for alias in [old, json!(one.list)] {
                if alias != json!(name) && !aliases.contains(&alias) {
                    aliases.insert(0, alias);
                }
            }
            organization["name"] = json!(name);
        }
        "tipo" => {
            let words = tables::kind(&one.list).map(|kind| kind.it.clone()).unwrap_or_default();
            let types = list(organization, "type").iter_mut();
            let codings = types.flat_map(|one| one["coding"].as_array_mut().into_iter().flatten());
            for coding in codings.filter(|coding| coding["system"] == KIND) {
                coding["code"] = json!(one.list);
                coding["display"] = json!(words);
            }
        }
        "telefono" => contact(organization, "phone", &one.list),
        "email" => contact(organization, "email", &one.list),
        "sito" => contact(organization, "url", &one.list),
        "stato" => {
            organization["active"] = json!(true);
            // It is again from the day; what was before stands in the history.
            let extensions = list(organization, "extension");
            extensions.retain(|one| one["url"] != PERIOD);
            extensions.push(json!({"url": PERIOD, "valuePeriod": {"start": day.to_string()}}));
        }
        _ => {}
    }
}

fn before(day: Date) -> String {
    day.saturating_sub(1.day()).to_string()
}

/// Another code of its kind: the one before was used until the day before.
fn code(organization: &mut Value, field: &str, value: &str, day: Date) {
    let system = match field {
        "codice_hsp" => HSP,
        "codice_sts" => STS,
        "codice_fls" => FLS,
        _ => VAT,
    };
    let identifiers = list(organization, "identifier");
    let mut follows = false;
    for known in identifiers.iter_mut().filter(|known| known["system"] == system) {
        if Period::of(&known["period"]).holds(day) {
            known["period"]["end"] = json!(before(day));
            follows = true;
        }
    }
    let mut new = json!({"system": system, "value": value});
    if follows {
        new["period"] = json!({"start": day.to_string()});
    }
    identifiers.push(new);
}

/// From a day on it belongs to another ASL, or lies in its territory: what said the other ends.
fn moved(made: &mut Present, id: &str, asl: &str, day: Date) -> Vec<Value> {
    let mut resources = Vec::new();
    let is_asl = |one: &Value| {
        one["organization"]["reference"]
            .as_str()
            .is_some_and(|to| to.starts_with("Organization/asl-"))
    };
    let mut kind = None;
    for one in made.affiliations.iter_mut().filter(|one| is_asl(one)) {
        if Period::of(&one["period"]).holds(day) {
            one["period"]["end"] = json!(before(day));
            kind = one["code"][0]["coding"][0]["code"].as_str().map(str::to_owned);
            resources.push(one.clone());
        }
    }
    let own = made.organization["type"][0]["coding"][0]["code"]
        .as_str()
        .unwrap_or_default();
    let territory = rules().of_territory.iter().any(|kind| kind == own);
    let kind = kind.unwrap_or_else(|| if territory { "territorio" } else { "appartenenza" }.to_owned());
    if kind == "appartenenza" {
        made.organization["partOf"] = json!({"reference": format!("Organization/{asl}")});
    }
    let mut new = affiliation(id, asl, &kind, IMPORTED);
    new["id"] = json!(format!("{kind}-{id}-{day}"));
    new["period"] = json!({"start": day.to_string()});
    debug_assert!(new["code"][0]["coding"][0]["system"] == BELONGS);
    resources.push(new);
    resources
}

fn place(made: &mut Present, id: &str, field: &str, row: &Row) {
    let name = made.organization["name"].as_str().unwrap_or_default();
    let municipality = row.place.map(|place| place.code).unwrap_or_default();
    let fresh = site(id, &format!("Sede di {name}"), municipality, None, IMPORTED);
    let mut known = match made.site.take().or_else(|| fresh.clone()) {
        Some(known) => known,
        None => return,
    };
    match field {
        "indirizzo" => known["address"]["line"] = json!([row.address]),
        "posizione" => {
            if let Some(at) = row.position {
                known = placed(known, at);
            }
        }
        _ => {
            if let Some(fresh) = fresh {
                // Another municipality: neither street nor position hold any more.
                known["address"] = fresh["address"].clone();
                known["position"] = fresh["position"].clone();
                let extensions = list(&mut known, "extension");
                extensions.retain(|one| one["url"] != PRECISION);
                extensions.push(json!({"url": PRECISION, "valueCode": "comune"}));
            }
        }
    }
    made.site = Some(known);
}

/// Ends a structure that a whole list lacks.
pub fn ceased(mut organization: Value, day: Date, source: &str) -> Value {
    let extensions = list(&mut organization, "extension");
    match extensions.iter_mut().find(|one| one["url"] == PERIOD) {
        Some(known) => known["valuePeriod"]["end"] = json!(before(day)),
        None => extensions.push(json!({"url": PERIOD, "valuePeriod": {"end": before(day)}})),
    }
    organization["active"] = json!(false);
    signed(organization, source)
}
