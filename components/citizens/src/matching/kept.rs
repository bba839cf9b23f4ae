//! What this module keeps: `Basic` resources whose extensions are their fields. They carry a label that only the program
//! writes, stand in nobody's compartment and hold no data of a person but ids; what a page shows of a person is read as whoever
//! looks at it.

use component::{Fhir, PeerError};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// System of the codes.
pub(crate) const SYSTEM: &str = "https://sinfonia.it/fhir/CodeSystem/doppioni";
const EXTENSION: &str = "https://sinfonia.it/fhir/StructureDefinition/doppioni-";
/// System of the number that a list is sorted by.
const ORDER: &str = "https://sinfonia.it/fhir/sid/doppioni-ordine";
/// Between the program and nobody: who takes data out for flows does not take this.
const LABEL: &str = "https://sinfonia.it/fhir/CodeSystem/oscuramento";

/// One such resource.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    /// Id.
    pub id: String,
    /// What it is: `coppia`, `fusione`, …
    pub code: String,
    /// Its state: found by searching for code and state.
    pub state: String,
    /// Its place in a sorted list; none: it is in no list.
    pub order: Option<u32>,
    fields: BTreeMap<String, String>,
    version: Option<String>,
}

impl Kept {
    /// A new one.
    pub fn new(id: impl Into<String>, code: &str, state: &str) -> Self {
        Self {
            id: id.into(),
            code: code.to_owned(),
            state: state.to_owned(),
            ..Self::default()
        }
    }

    /// Reads one of a code; `None` for anything else, and for what somebody else wrote.
    pub fn of(resource: &Value, code: &str) -> Option<Self> {
        let codings = resource["code"]["coding"].as_array()?;
        let of = |at: usize| {
            let coding = codings.get(at)?;
            (coding["system"] == SYSTEM).then(|| coding["code"].as_str().map(str::to_owned))?
        };
        let mut labels = resource["meta"]["security"].as_array()?.iter();
        if of(0)? != code || !labels.any(|label| label["system"] == LABEL && label["code"] == "P99") {
            return None;
        }
        let state = of(1)?;
        let extensions = resource["extension"].as_array().into_iter().flatten();
        let fields = extensions.filter_map(|one| {
            let name = one["url"].as_str()?.strip_prefix(EXTENSION)?;
            Some((name.to_owned(), one["valueString"].as_str()?.to_owned()))
        });
        Some(Self {
            id: resource["id"].as_str()?.to_owned(),
            code: code.to_owned(),
            state: state.strip_prefix(&format!("{code}-"))?.to_owned(),
            order: resource["identifier"][0]["value"]
                .as_str()
                .and_then(|value| value.parse().ok()),
            fields: fields.collect(),
            version: resource["meta"]["versionId"].as_str().map(str::to_owned),
        })
    }

    /// A field; empty where there is none.
    pub fn get(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// A field that is a number.
    pub fn number(&self, name: &str) -> f64 {
        self.get(name).parse().unwrap_or(0.0)
    }

    /// Sets a field; an empty text takes it away.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        if value.is_empty() {
            self.fields.remove(name);
        } else {
            self.fields.insert(name.to_owned(), value);
        }
    }

    /// The resource.
    pub fn resource(&self) -> Value {
        let state = format!("{}-{}", self.code, self.state);
        let extension =
            |(name, value): (&String, &String)| json!({"url": format!("{EXTENSION}{name}"), "valueString": value});
        let mut resource = json!({
            "resourceType": "Basic", "id": self.id,
            "meta": {"security": [{"system": LABEL, "code": "P99"}]},
            "code": {"coding": [{"system": SYSTEM, "code": self.code}, {"system": SYSTEM, "code": state}]},
            "extension": self.fields.iter().map(extension).collect::<Vec<_>>(),
        });
        if let Some(order) = self.order {
            resource["identifier"] = json!([{"system": ORDER, "value": format!("{order:08}")}]);
        }
        resource
    }

    /// Its entry of a transaction: it replaces the version that was read, or is new.
    pub fn entry(&self) -> Value {
        let url = format!("Basic/{}", self.id);
        let request = match &self.version {
            Some(version) => json!({"method": "PUT", "url": url, "ifMatch": format!("W/\"{version}\"")}),
            None => json!({"method": "PUT", "url": url, "ifNoneMatch": "*"}),
        };
        json!({"resource": self.resource(), "request": request})
    }

    /// Writes it, if nobody else did meanwhile.
    ///
    /// # Errors
    /// Somebody was faster; the hub cannot be reached.
    pub async fn save(&mut self, fhir: &Fhir) -> Result<(), PeerError> {
        let answer = fhir.transaction(&transaction(vec![self.entry()])).await?;
        let etag = answer["entry"][0]["response"]["etag"].as_str().unwrap_or_default();
        self.version = Some(etag.trim_start_matches("W/").trim_matches('"').to_owned());
        Ok(())
    }

    /// One by id.
    ///
    /// # Errors
    /// The hub cannot be reached.
    pub async fn find(fhir: &Fhir, code: &str, id: &str) -> Result<Option<Self>, PeerError> {
        let found = fhir.find("Basic", id).await?;
        Ok(found.and_then(|resource| Self::of(&resource, code)))
    }

    /// Those of a code in a state, by their place in the list, at most `max`.
    ///
    /// # Errors
    /// The hub cannot be reached.
    pub async fn list(fhir: &Fhir, code: &str, state: &str, max: usize) -> Result<Vec<Self>, PeerError> {
        let token = token(code, state);
        let count = max.min(500).to_string();
        let asked = [
            ("code", token.as_str()),
            ("_sort", "identifier"),
            ("_count", count.as_str()),
        ];
        let found = fhir.search_all("Basic", &asked, max).await?;
        Ok(found.iter().filter_map(|one| Self::of(one, code)).collect())
    }

    /// How many of a code are in a state.
    ///
    /// # Errors
    /// The hub cannot be reached.
    pub async fn count(fhir: &Fhir, code: &str, state: &str) -> Result<u64, PeerError> {
        fhir.count("Basic", &[("code", &token(code, state))]).await
    }
}

fn token(code: &str, state: &str) -> String {
    format!("{SYSTEM}|{code}-{state}")
}

/// A transaction of entries.
pub(crate) fn transaction(entries: Vec<Value>) -> Value {
    json!({"resourceType": "Bundle", "type": "transaction", "entry": entries})
}

/// The entry that replaces the version of a resource that was read.
pub(crate) fn replaces(resource: &Value) -> Value {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let url = format!("{}/{}", text(&resource["resourceType"]), text(&resource["id"]));
    let version = format!("W/\"{}\"", text(&resource["meta"]["versionId"]));
    json!({"resource": resource, "request": {"method": "PUT", "url": url, "ifMatch": version}})
}

/// An id made of what a thing is about: the same things, the same id.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_was_written_and_nothing_else_is() {
        let mut kept = Kept::new("x", "coppia", "da-vedere");
        kept.order = Some(12);
        kept.set("a", "1");
        kept.set("b", "");
        let resource = kept.resource();
        let read = Kept::of(&resource, "coppia").unwrap();
        assert_eq!(
            (read.state.as_str(), read.get("a"), read.get("b"), read.order),
            ("da-vedere", "1", "", Some(12))
        );
        assert!(Kept::of(&resource, "fusione").is_none());
        let mut forged = resource;
        forged["meta"] = json!({"security": []});
        assert!(Kept::of(&forged, "coppia").is_none());
        assert_ne!(id_of("p", &["a", "bc"]), id_of("p", &["ab", "c"]));
    }
}
