//! The exemptions of a person: read, given, ended.

use super::rules;
use crate::choice::codes::{END_REASON, EXEMPTION, code_of, extension, set_extension};
use crate::choice::commit;
use crate::choice::person::date;
use crate::choice::record::{Record, id_of};
use component::{Fhir, PeerError};
use jiff::civil::Date;
use serde_json::{Value, json};

/// Where an exemption comes from: `elenco-mef`, `autocertificazione`, `asl`.
const ORIGIN: &str = "https://sinfonia.it/fhir/StructureDefinition/esenzione-origine";
/// Exemptions of a person read at most.
const MAX: usize = 300;

/// An exemption.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub id: String,
    pub code: String,
    pub text: String,
    pub from: Option<Date>,
    pub to: Option<Date>,
    pub origin: String,
    pub active: bool,
    pub resource: Value,
}

impl Held {
    /// Of a Coverage; `None`: it is no exemption.
    pub fn of(resource: Value) -> Option<Self> {
        let code = code_of(&resource["type"], EXEMPTION)?.to_owned();
        let origin = extension(&resource, ORIGIN).and_then(|one| one["valueCode"].as_str());
        Some(Self {
            id: resource["id"].as_str()?.to_owned(),
            text: rules::text(&code).unwrap_or_default().to_owned(),
            from: date(&resource["period"]["start"]),
            to: date(&resource["period"]["end"]),
            origin: origin.unwrap_or_default().to_owned(),
            active: resource["status"] == "active",
            code,
            resource,
        })
    }

    /// Whether it holds on a day.
    pub fn holds(&self, day: Date) -> bool {
        self.active && self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }

    /// The resource, ended.
    pub fn ended(&self, day: Date, reason: &str) -> Value {
        let mut resource = self.resource.clone();
        resource["status"] = json!("cancelled");
        let day = self.from.map_or(day, |from| from.max(day));
        let day = self.to.map_or(day, |to| to.min(day));
        resource["period"]["end"] = json!(day.to_string());
        set_extension(&mut resource, END_REASON, "valueCode", json!(reason));
        resource
    }
}

/// The exemptions of a person, those that begin last first.
pub(super) async fn of_person(fhir: &Fhir, patient: &str) -> Result<Vec<Held>, PeerError> {
    let found = fhir
        .search_all("Coverage", &[("patient", patient), ("_count", "100")], MAX)
        .await?;
    let mut held: Vec<Held> = found.into_iter().filter_map(Held::of).collect();
    held.sort_by(|a, b| b.from.cmp(&a.from).then_with(|| a.code.cmp(&b.code)));
    Ok(held)
}

/// An exemption to be given.
pub(super) struct New<'a> {
    pub patient: &'a Value,
    pub code: &'a str,
    pub from: Date,
    pub to: Option<Date>,
    /// `elenco-mef`, `autocertificazione`, `asl`.
    pub origin: &'a str,
}

/// What came of giving one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Given {
    Done,
    /// The same one holds in that time.
    Already,
}

/// Gives an exemption, with the record that goes with it, in one transaction over the person. The same one again changes
/// nothing.
pub(super) async fn give(fhir: &Fhir, new: &New<'_>, record: Option<&Record>) -> Result<Given, PeerError> {
    let patient = new.patient["id"].as_str().unwrap_or_default();
    let held = of_person(fhir, patient).await?;
    let overlaps = |one: &&Held| {
        let ends_before = one.to.is_some_and(|to| to < new.from);
        let begins_after = new.to.is_some_and(|to| one.from.is_some_and(|from| to < from));
        one.active && one.code == new.code && !ends_before && !begins_after
    };
    if held.iter().any(|one| overlaps(&one)) {
        return Ok(Given::Already);
    }
    let text = rules::text(new.code).unwrap_or_default();
    let version = new.patient["meta"]["versionId"].as_str().unwrap_or_default();
    let id = id_of(
        "esenzione",
        &[patient, new.code, &new.from.to_string(), new.origin, version],
    );
    let mut coverage = json!({
        "resourceType": "Coverage", "id": id, "status": "active",
        "extension": [{"url": ORIGIN, "valueCode": new.origin}],
        "type": {"coding": [{"system": EXEMPTION, "code": new.code, "display": text}]},
        "beneficiary": {"reference": format!("Patient/{patient}")},
        "payor": [{"display": "Servizio sanitario regionale"}],
        "period": {"start": new.from.to_string()},
        "class": [{"type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/coverage-class", "code": "class"}]}, "value": new.code}],
    });
    if let Some(to) = new.to {
        coverage["period"]["end"] = json!(to.to_string());
    }
    // Two desks at once: the second finds the person changed.
    let mut entries = vec![commit::entry(new.patient), commit::entry(&coverage)];
    entries.extend(record.map(Record::entry));
    let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": entries});
    fhir.transaction(&bundle).await?;
    Ok(Given::Done)
}

/// Ends one.
pub(super) async fn end(fhir: &Fhir, held: &Held, day: Date, reason: &str) -> Result<(), PeerError> {
    fhir.update_if_unchanged(&held.ended(day, reason)).await.map(drop)
}
