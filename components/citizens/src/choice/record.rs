//! What the registry notes beside FHIR's own types (a request, an event, a declaration): a `Basic` whose extensions are its
//! fields. It carries the label that only the program may write, so that nobody else makes one.

use component::{Fhir, PeerError};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// System of the codes of the records.
pub(crate) const SYSTEM: &str = "https://sinfonia.it/fhir/CodeSystem/anagrafe";
/// Extensions of the fields begin so.
const EXTENSION: &str = "https://sinfonia.it/fhir/StructureDefinition/anagrafe-";
/// The label: between the person and the program.
const PRIVATE: (&str, &str) = ("https://sinfonia.it/fhir/CodeSystem/oscuramento", "P99");

/// A record: its fields by name.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    /// Id.
    pub id: String,
    /// Id of the person it is about; empty while nobody is known.
    pub patient: String,
    fields: BTreeMap<String, String>,
    resource: Value,
}

impl Record {
    /// A new one of a code.
    pub fn new(id: &str, code: &str, text: &str, patient: &str, author: &str, now: Timestamp) -> Self {
        let mut resource = json!({
            "resourceType": "Basic", "id": id, "meta": {"security": [{"system": PRIVATE.0, "code": PRIVATE.1}]},
            "code": {"coding": [{"system": SYSTEM, "code": code}], "text": text},
            "created": web::local_date(now).to_string(),
        });
        if author.contains('/') {
            resource["author"] = json!({"reference": author});
        }
        let mut record = Self {
            id: id.to_owned(),
            patient: String::new(),
            fields: BTreeMap::new(),
            resource,
        };
        record.set("creato", &now.to_string());
        record.set("da", author);
        if !patient.is_empty() {
            record.about(patient);
        }
        record
    }

    /// Whom it is about.
    pub fn about(&mut self, patient: &str) {
        patient.clone_into(&mut self.patient);
        self.resource["subject"] = json!({"reference": format!("Patient/{patient}")});
    }

    /// A further code, by which it is found; replaces another of its system. An empty code takes it away.
    pub fn mark(&mut self, system: &str, code: &str) {
        let codings = self.resource["code"]["coding"].as_array().cloned().unwrap_or_default();
        let mut codings: Vec<Value> = codings.into_iter().filter(|one| one["system"] != system).collect();
        if !code.is_empty() {
            codings.push(json!({"system": system, "code": code}));
        }
        self.resource["code"]["coding"] = Value::Array(codings);
    }

    /// Identifiers by which it is found.
    pub fn identify(&mut self, identifiers: &[(&str, &str)]) {
        let all = identifiers
            .iter()
            .map(|(system, value)| json!({"system": system, "value": value}));
        self.resource["identifier"] = all.collect();
    }

    /// Reads one of a code; `None` for what others wrote.
    pub fn of(resource: Value, code: &str) -> Option<Self> {
        let coding = resource["code"]["coding"].as_array()?.iter();
        let ours = coding.clone().any(|one| one["system"] == SYSTEM && one["code"] == code);
        let labels = resource["meta"]["security"].as_array()?;
        if !ours
            || !labels
                .iter()
                .any(|one| one["system"] == PRIVATE.0 && one["code"] == PRIVATE.1)
        {
            return None;
        }
        let subject = resource["subject"]["reference"].as_str().unwrap_or_default();
        let extensions = resource["extension"].as_array().into_iter().flatten();
        let fields = extensions.filter_map(|one| {
            let name = one["url"].as_str()?.strip_prefix(EXTENSION)?;
            Some((name.to_owned(), one["valueString"].as_str()?.to_owned()))
        });
        Some(Self {
            id: resource["id"].as_str()?.to_owned(),
            patient: subject.strip_prefix("Patient/").unwrap_or_default().to_owned(),
            fields: fields.collect(),
            resource,
        })
    }

    /// A field; empty where there is none.
    pub fn get(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// Sets a field; an empty text takes it away.
    pub fn set(&mut self, name: &str, value: &str) {
        if value.is_empty() {
            self.fields.remove(name);
        } else {
            self.fields.insert(name.to_owned(), value.to_owned());
        }
    }

    /// A field that is a moment.
    pub fn moment(&self, name: &str) -> Option<Timestamp> {
        self.get(name).parse().ok()
    }

    /// The resource.
    pub fn resource(&self) -> Value {
        let mut resource = self.resource.clone();
        let extension =
            |(name, value): (&String, &String)| json!({"url": format!("{EXTENSION}{name}"), "valueString": value});
        resource["extension"] = self.fields.iter().map(extension).collect();
        resource
    }

    /// The entry of a transaction that writes it in the place of the version that was read.
    pub fn entry(&self) -> Value {
        super::commit::entry(&self.resource())
    }

    /// One of a code, by id.
    pub async fn find(fhir: &Fhir, code: &str, id: &str) -> Result<Option<Self>, PeerError> {
        let id_is_one =
            (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b));
        if !id_is_one {
            return Ok(None);
        }
        let found = fhir.find("Basic", id).await?;
        Ok(found.and_then(|resource| Self::of(resource, code)))
    }

    /// Those of a code that match, newest first, at most `max`.
    pub async fn search(fhir: &Fhir, code: &str, asked: &[(&str, &str)], max: usize) -> Result<Vec<Self>, PeerError> {
        let token = format!("{SYSTEM}|{code}");
        let mut params = vec![("code", token.as_str()), ("_sort", "-_lastUpdated"), ("_count", "200")];
        params.extend(asked);
        let found = fhir.search_all("Basic", &params, max).await?;
        Ok(found.into_iter().filter_map(|one| Self::of(one, code)).collect())
    }

    /// Writes it, if nobody else did meanwhile.
    pub async fn save(&mut self, fhir: &Fhir) -> Result<(), PeerError> {
        self.resource = if self.resource["meta"]["versionId"].is_null() {
            fhir.update(&self.resource()).await?
        } else {
            fhir.update_if_unchanged(&self.resource()).await?
        };
        Ok(())
    }
}

/// An id that follows from its parts: the same parts give the same id, whoever writes first.
pub(crate) fn id_of(kind: &str, parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part.as_bytes());
    }
    let hex: String = hash
        .finalize()
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{kind}-{hex}")
}
