//! What is kept of people beside the directory (absences, credits, files sent, imports): a Basic that only the program
//! reads, whose fields are extensions.

use crate::systems::{EXTENSION, NOTE};
use component::{Fhir, PeerError};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Notes of one kind read at once, at most.
const MAX: usize = 2000;

/// The label that policies keep from everybody but the program (`labels.json`: PERSONALE).
pub(crate) static PRIVATE: LazyLock<Value> =
    LazyLock::new(|| json!({"system": "https://sinfonia.it/fhir/CodeSystem/riservatezza", "code": "PERSONALE"}));

/// A note.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    /// Id.
    pub id: String,
    /// Of whom: `Practitioner/…`; empty for one of nobody.
    pub subject: String,
    fields: BTreeMap<String, String>,
    resource: Value,
}

impl Note {
    /// A new one.
    pub fn new(id: &str, kind: &str, subject: &str, author: &str, now: Timestamp) -> Self {
        let mut resource = json!({
            "resourceType": "Basic", "id": id, "meta": {"security": [PRIVATE.clone()]},
            "code": {"coding": [{"system": NOTE, "code": kind}]},
            "created": web::local_date(now).to_string(),
        });
        if !subject.is_empty() {
            resource["subject"] = json!({"reference": subject});
        }
        if author.starts_with("Practitioner/") {
            resource["author"] = json!({"reference": author});
        }
        let mut note = Self {
            id: id.to_owned(),
            subject: subject.to_owned(),
            fields: BTreeMap::new(),
            resource,
        };
        note.set("scritta", &now.to_string());
        note
    }

    /// Reads one of a kind; `None` for one of another kind, or without the label that only the program writes.
    pub fn of(resource: Value, kind: &str) -> Option<Self> {
        let coding = &resource["code"]["coding"][0];
        let mut labels = resource["meta"]["security"].as_array().into_iter().flatten();
        if coding["system"] != NOTE || coding["code"] != kind || !labels.any(|label| *label == *PRIVATE) {
            return None;
        }
        let extensions = resource["extension"].as_array().into_iter().flatten();
        let fields = extensions.filter_map(|one| {
            let name = one["url"].as_str()?.strip_prefix(EXTENSION)?;
            Some((name.to_owned(), one["valueString"].as_str()?.to_owned()))
        });
        Some(Self {
            id: resource["id"].as_str()?.to_owned(),
            subject: resource["subject"]["reference"].as_str().unwrap_or_default().to_owned(),
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

    /// With these fields.
    #[must_use]
    pub fn with(mut self, fields: &[(&str, &str)]) -> Self {
        fields.iter().for_each(|(name, value)| self.set(name, value));
        self
    }

    /// The resource.
    pub fn resource(&self) -> Value {
        let mut resource = self.resource.clone();
        let extension =
            |(name, value): (&String, &String)| json!({"url": format!("{EXTENSION}{name}"), "valueString": value});
        resource["extension"] = self.fields.iter().map(extension).collect();
        resource
    }

    /// One of a kind, by id.
    pub async fn find(fhir: &Fhir, kind: &str, id: &str) -> Result<Option<Self>, PeerError> {
        let found = fhir.find("Basic", id).await?;
        Ok(found.and_then(|resource| Self::of(resource, kind)))
    }

    /// Those of a kind, of a person or of all; newest first.
    pub async fn all(fhir: &Fhir, kind: &str, subject: Option<&str>) -> Result<Vec<Self>, PeerError> {
        let token = format!("{NOTE}|{kind}");
        let mut asked = vec![("code", token.as_str()), ("_sort", "-created"), ("_count", "200")];
        asked.extend(subject.map(|who| ("subject", who)));
        let found = fhir.search_all("Basic", &asked, MAX).await?;
        Ok(found.into_iter().filter_map(|one| Self::of(one, kind)).collect())
    }

    /// Writes a new one.
    pub async fn create(&mut self, fhir: &Fhir) -> Result<(), PeerError> {
        self.resource = fhir.update(&self.resource()).await?;
        Ok(())
    }

    /// Writes it, if nobody else did meanwhile.
    pub async fn save(&mut self, fhir: &Fhir) -> Result<(), PeerError> {
        self.resource = fhir.update_if_unchanged(&self.resource()).await?;
        Ok(())
    }
}
