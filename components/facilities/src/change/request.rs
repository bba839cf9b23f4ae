//! A request as it is kept: a `Basic` whose extensions are its fields.

use super::PROCESS;
use crate::names::EXTENSION;
use component::{Fhir, PeerError};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const SYSTEM: &str = "https://sinfonia.it/fhir/CodeSystem/richieste";
const PREFIX: &str = "variazione-";
/// Requests shown at most.
const MAX: usize = 500;

/// A request: its fields by name.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Id.
    pub id: String,
    fields: BTreeMap<String, String>,
    resource: Value,
}

impl Request {
    /// A new one.
    pub fn new(id: &str, structure: &str, kind: &str, author: &str, now: Timestamp) -> Self {
        let resource = json!({
            "resourceType": "Basic", "id": id,
            "code": {"coding": [{"system": SYSTEM, "code": PROCESS}], "text": "Richiesta di variazione di una struttura"},
            "subject": {"reference": format!("Organization/{structure}")},
            "created": web::local_date(now).to_string(),
            "author": {"reference": author},
        });
        let (id, fields) = (id.to_owned(), BTreeMap::new());
        let mut made = Self { id, fields, resource };
        for (name, value) in [
            ("struttura", structure),
            ("tipo", kind),
            ("stato", "aperta"),
            ("chiesta-da", author),
        ] {
            made.set(name, value);
        }
        made.set("chiesta-il", &now.to_string());
        made
    }

    fn of(resource: Value) -> Option<Self> {
        let coding = &resource["code"]["coding"][0];
        if coding["system"] != SYSTEM || coding["code"] != PROCESS {
            return None;
        }
        let extensions = resource["extension"].as_array().into_iter().flatten();
        let fields = extensions.filter_map(|one| {
            let name = one["url"].as_str()?.strip_prefix(EXTENSION)?.strip_prefix(PREFIX)?;
            Some((name.to_owned(), one["valueString"].as_str()?.to_owned()))
        });
        Some(Self {
            id: resource["id"].as_str()?.to_owned(),
            fields: fields.collect(),
            resource,
        })
    }

    /// A field; empty where there is none.
    pub fn get(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// What was written into a field of the form.
    pub fn value(&self, name: &str) -> &str {
        self.get(&format!("valore-{name}"))
    }

    /// Sets a field; an empty text takes it away.
    pub fn set(&mut self, name: &str, value: &str) {
        if value.is_empty() {
            self.fields.remove(name);
        } else {
            self.fields.insert(name.to_owned(), value.to_owned());
        }
    }

    /// The day it takes effect.
    pub fn day(&self) -> Option<Date> {
        self.get("decorrenza").parse().ok()
    }

    /// Whether nobody has decided yet.
    pub fn is_open(&self) -> bool {
        self.get("stato") == "aperta"
    }

    /// The resource.
    pub fn resource(&self) -> Value {
        let mut resource = self.resource.clone();
        let extension = |(name, value): (&String, &String)| json!({"url": format!("{EXTENSION}{PREFIX}{name}"), "valueString": value});
        resource["extension"] = self.fields.iter().map(extension).collect();
        resource
    }

    /// One by id.
    pub async fn find(fhir: &Fhir, id: &str) -> Result<Option<Self>, PeerError> {
        Ok(fhir.find("Basic", id).await?.and_then(Self::of))
    }

    /// All of them, newest first.
    pub async fn all(fhir: &Fhir) -> Result<Vec<Self>, PeerError> {
        let token = format!("{SYSTEM}|{PROCESS}");
        let asked = [("code", token.as_str()), ("_sort", "-created"), ("_count", "200")];
        let found = fhir.search_all("Basic", &asked, MAX).await?;
        Ok(found.into_iter().filter_map(Self::of).collect())
    }

    /// Writes it, if nobody else did meanwhile.
    pub async fn save(&mut self, fhir: &Fhir) -> Result<(), PeerError> {
        self.resource = fhir.update_if_unchanged(&self.resource()).await?;
        Ok(())
    }
}
