//! FHIR resources to a [`Facility`].

use super::{Affiliation, Beds, Contact, Equipment, Exception, Facility, Hours, Identifier, Service, Title};
use crate::names::{
    ACCESS, BEDS, BELONGS, BRANCH, EQUIPMENT, EXCEPTION, FLS, HSP, KIND, MUNICIPALITY, NATURE, ORIGIN, PERIOD,
    PRECISION, STS, TITLE, VAT,
};
use crate::period::Period;
use serde_json::Value;

/// Everything that is known of one structure.
#[derive(Debug, Clone, Default)]
pub struct Parts<'a> {
    /// Its site.
    pub site: Option<&'a Value>,
    /// Its services.
    pub services: Vec<&'a Value>,
    /// Its affiliations.
    pub affiliations: Vec<&'a Value>,
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn extensions<'a>(value: &'a Value, url: &'a str) -> impl Iterator<Item = &'a Value> {
    list(value, "extension").filter(move |one| one["url"] == url)
}

/// A part of a complex extension.
fn part<'a>(value: &'a Value, url: &'a str) -> &'a Value {
    extensions(value, url).next().unwrap_or(&Value::Null)
}

/// Id of a reference to a type.
fn target(value: &Value, rtype: &str) -> Option<String> {
    let reference = value["reference"].as_str()?;
    Some(reference.strip_prefix(rtype)?.strip_prefix('/')?.to_owned())
}

fn coded<'a>(concepts: impl Iterator<Item = &'a Value>, system: &str) -> Option<&'a Value> {
    concepts
        .flat_map(|concept| list(concept, "coding"))
        .find(|coding| coding["system"] == system)
}

fn verified(value: &Value) -> bool {
    part(value, "stato")["valueCode"] != "unverified"
}

fn count(value: &Value) -> u32 {
    value["valueInteger"]
        .as_u64()
        .and_then(|count| u32::try_from(count).ok())
        .unwrap_or(0)
}

impl Facility {
    /// Reads one; `None` for an Organization that has no kind of [`KIND`].
    pub fn of(organization: &Value, parts: &Parts<'_>) -> Option<Self> {
        let kind = coded(list(organization, "type"), KIND)?;
        let nothing = Value::Null;
        let site = parts.site.unwrap_or(&nothing);
        let place = if site["address"].is_object() {
            &site["address"]
        } else {
            &organization["address"][0]
        };
        let lines: Vec<&str> = list(place, "line").filter_map(Value::as_str).collect();
        let degrees = |name: &str| site["position"][name].as_f64();
        let services: Vec<Service> = parts.services.iter().filter_map(|one| service(one)).collect();
        let mut updated = text(&organization["meta"]["lastUpdated"]);
        for other in parts.site.iter().chain(&parts.services).chain(&parts.affiliations) {
            updated = updated.max(text(&other["meta"]["lastUpdated"]));
        }
        let mut affiliations: Vec<Affiliation> = parts.affiliations.iter().filter_map(|one| affiliation(one)).collect();
        affiliations.sort_by(|a, b| (b.period.start, &a.to).cmp(&(a.period.start, &b.to)));
        Some(Self {
            id: text(&organization["id"]),
            name: text(&organization["name"]),
            aliases: list(organization, "alias").map(text).collect(),
            kind: text(&kind["code"]),
            nature: text(&part(organization, NATURE)["valueString"]),
            identifiers: list(organization, "identifier").map(identifier).collect(),
            part_of: target(&organization["partOf"], "Organization"),
            affiliations,
            period: Period::of(&part(organization, PERIOD)["valuePeriod"]),
            active: organization["active"] != false,
            origin: origin(organization),
            address: lines.join(", "),
            municipality: text(&part(place, MUNICIPALITY)["valueCode"]),
            city: text(&place["city"]),
            province: text(&place["district"]),
            position: degrees("latitude").zip(degrees("longitude")),
            precision: text(&part(site, PRECISION)["valueCode"]),
            contacts: list(organization, "telecom").map(contact).collect(),
            titles: extensions(organization, TITLE).map(title).collect(),
            beds: extensions(organization, BEDS).map(beds).collect(),
            equipment: extensions(organization, EQUIPMENT).map(equipment).collect(),
            accessibility: extensions(site, ACCESS).map(|one| text(&one["valueCode"])).collect(),
            hours: list(site, "hoursOfOperation").map(Hours::of).collect(),
            exceptions: extensions(site, EXCEPTION).map(Exception::of).collect(),
            hours_verified: origin(site) != "dimostrativo" && verified(site),
            services,
            updated,
            by_hand: by_hand(organization),
        })
    }
}

/// Where a resource comes from.
pub fn origin(resource: &Value) -> String {
    let tag = list(&resource["meta"], "tag").find(|tag| tag["system"] == ORIGIN);
    tag.map(|tag| text(&tag["code"])).unwrap_or_default()
}

/// Whether the newest version was written by an approved request, or by somebody who did not say how.
fn by_hand(resource: &Value) -> bool {
    let meta = &resource["meta"];
    match meta["source"].as_str() {
        Some(source) => source.contains("#variazione-"),
        None => meta["versionId"].as_str().is_some_and(|version| version != "1"),
    }
}

fn identifier(value: &Value) -> Identifier {
    let system = value["system"].as_str().unwrap_or_default();
    let kind = match system {
        FLS => "FLS",
        HSP => "HSP",
        STS => "STS",
        VAT => "PIVA",
        other => other,
    };
    Identifier {
        kind: kind.to_owned(),
        value: text(&value["value"]),
        period: Period::of(&value["period"]),
    }
}

fn contact(value: &Value) -> Contact {
    Contact {
        kind: text(&value["system"]),
        value: text(&value["value"]),
    }
}

fn affiliation(value: &Value) -> Option<Affiliation> {
    if value["active"] == false {
        return None;
    }
    Some(Affiliation {
        to: target(&value["organization"], "Organization")?,
        kind: coded(list(value, "code"), BELONGS)
            .map(|one| text(&one["code"]))
            .unwrap_or_default(),
        period: Period::of(&value["period"]),
    })
}

fn title(value: &Value) -> Title {
    Title {
        kind: text(&part(value, "tipo")["valueCode"]),
        act: text(&part(value, "atto")["valueString"]),
        authority: text(&part(value, "ente")["valueString"]),
        period: Period::of(&part(value, "periodo")["valuePeriod"]),
        document: part(value, "documento")["valueUrl"].as_str().map(str::to_owned),
        verified: verified(value),
    }
}

fn beds(value: &Value) -> Beds {
    let discipline = &part(value, "disciplina")["valueCoding"];
    Beds {
        discipline: text(&discipline["code"]),
        name: text(&discipline["display"]),
        regime: text(&part(value, "regime")["valueCode"]),
        count: count(part(value, "numero")),
        period: Period::of(&part(value, "periodo")["valuePeriod"]),
        verified: verified(value),
    }
}

fn equipment(value: &Value) -> Equipment {
    Equipment {
        name: text(&part(value, "tipo")["valueString"]),
        count: count(part(value, "numero")),
        period: Period::of(&part(value, "periodo")["valuePeriod"]),
        verified: verified(value),
    }
}

fn service(value: &Value) -> Option<Service> {
    if value["active"] == false {
        return None;
    }
    let coding = list(value, "type").flat_map(|concept| list(concept, "coding")).next()?;
    let exceptions = list(value, "notAvailable").map(Exception::of_service);
    Some(Service {
        id: text(&value["id"]),
        code: text(&coding["code"]),
        name: value["name"]
            .as_str()
            .or_else(|| coding["display"].as_str())
            .unwrap_or_default()
            .to_owned(),
        branch: coded(list(value, "specialty"), BRANCH)
            .map(|one| text(&one["code"]))
            .unwrap_or_default(),
        period: Period::of(&part(value, PERIOD)["valuePeriod"]),
        hours: list(value, "availableTime").map(Hours::of).collect(),
        exceptions: exceptions
            .chain(extensions(value, EXCEPTION).map(Exception::of))
            .collect(),
        verified: origin(value) != "dimostrativo",
    })
}
