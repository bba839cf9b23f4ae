//! A request as it is kept: a Basic whose extensions are its fields.

use crate::accesses::{EXTENSION, SYSTEM};
use component::{Fhir, PeerError};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Code of the Basic resources that are requests.
pub(crate) const CODE: &str = "richiesta-diritti";
/// Code of reports of accesses that were not recognised.
pub(crate) const REPORT: &str = "segnalazione-accesso";
/// Requests read at once at most.
const MAX: usize = 1000;

/// What keeps it between the person and the program: who takes data out for flows does not take this.
pub(crate) static PRIVATE: LazyLock<Value> =
    LazyLock::new(|| json!({"system": "https://sinfonia.it/fhir/CodeSystem/oscuramento", "code": "P99"}));

/// A request, or another Basic of this component: its fields by name.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Id.
    pub id: String,
    /// Patient id.
    pub patient: String,
    fields: BTreeMap<String, String>,
    resource: Value,
}

impl Request {
    /// A new one.
    pub fn new(id: &str, patient: &str, author: &str, kind: &str, now: Timestamp) -> Self {
        let resource = json!({
            "resourceType": "Basic", "id": id, "meta": {"security": [PRIVATE.clone()]},
            "code": {"coding": [{"system": SYSTEM, "code": CODE}], "text": "Richiesta sui propri dati"},
            "subject": {"reference": format!("Patient/{patient}")},
            "created": web::local_date(now).to_string(),
            "author": {"reference": author},
        });
        let mut request = Self {
            id: id.to_owned(),
            patient: patient.to_owned(),
            fields: BTreeMap::new(),
            resource,
        };
        request.set("tipo", kind);
        request.set("aperta", &now.to_string());
        request
    }

    /// With another code than that of requests.
    pub fn code(&mut self, code: &str, text: &str) {
        self.resource["code"] = json!({"coding": [{"system": SYSTEM, "code": code}], "text": text});
    }

    /// Reads one of a code; `None` for a Basic of another code, and for one without the label that only the program
    /// writes: what others wrote is no request.
    pub fn of(resource: Value, code: &str) -> Option<Self> {
        let coding = &resource["code"]["coding"][0];
        let mut labels = resource["meta"]["security"].as_array().into_iter().flatten();
        if coding["system"] != SYSTEM || coding["code"] != code || !labels.any(|label| *label == *PRIVATE) {
            return None;
        }
        let patient = resource["subject"]["reference"]
            .as_str()?
            .strip_prefix("Patient/")?
            .to_owned();
        let extensions = resource["extension"].as_array().into_iter().flatten();
        let fields = extensions.filter_map(|one| {
            let name = one["url"].as_str()?.strip_prefix(EXTENSION)?;
            Some((name.to_owned(), one["valueString"].as_str()?.to_owned()))
        });
        Some(Self {
            id: resource["id"].as_str()?.to_owned(),
            patient,
            fields: fields.collect(),
            resource,
        })
    }

    /// A field; empty where there is none.
    pub fn get(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// Who made it, `Patient/…`.
    pub fn author(&self) -> String {
        self.resource["author"]["reference"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
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

    /// Whether nobody has answered yet.
    pub fn is_open(&self) -> bool {
        self.get("risposta-del").is_empty()
    }

    /// The resource.
    pub fn resource(&self) -> Value {
        let mut resource = self.resource.clone();
        let extension =
            |(name, value): (&String, &String)| json!({"url": format!("{EXTENSION}{name}"), "valueString": value});
        resource["extension"] = self.fields.iter().map(extension).collect();
        resource
    }

    /// One of a code, by id.
    pub async fn find(fhir: &Fhir, code: &str, id: &str) -> Result<Option<Self>, PeerError> {
        let found = fhir.find("Basic", id).await?;
        Ok(found.and_then(|resource| Self::of(resource, code)))
    }

    /// Those of a person, or of all; newest first.
    pub async fn all(fhir: &Fhir, patient: Option<&str>) -> Result<Vec<Self>, PeerError> {
        Self::search(fhir, CODE, patient).await
    }

    /// As [`Request::all`], of another code.
    pub async fn search(fhir: &Fhir, code: &str, patient: Option<&str>) -> Result<Vec<Self>, PeerError> {
        let token = format!("{SYSTEM}|{code}");
        let mut asked = vec![("code", token.as_str()), ("_sort", "-created"), ("_count", "200")];
        asked.extend(patient.map(|id| ("patient", id)));
        let found = fhir.search_all("Basic", &asked, MAX).await?;
        Ok(found.into_iter().filter_map(|one| Self::of(one, code)).collect())
    }

    /// Writes it, if nobody else did meanwhile.
    pub async fn save(&mut self, fhir: &Fhir) -> Result<(), PeerError> {
        self.resource = fhir.update_if_unchanged(&self.resource()).await?;
        Ok(())
    }
}

/// An id of one thing of a person, such as the hold on their data: it tells nothing, and no two people share one, however
/// long their ids are.
pub(crate) fn id_of(kind: &str, parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part.as_bytes());
    }
    let hex: String = hash
        .finalize()
        .iter()
        .take(20)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{kind}-{hex}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_of_one_person_however_long_the_ids_are() {
        let long = "p".repeat(63);
        let ids: std::collections::BTreeSet<String> = ["1", "2"]
            .iter()
            .map(|end| id_of("blocco", &[&format!("{long}{end}")]))
            .chain([id_of("blocco", &["a", "bc"]), id_of("blocco", &["ab", "c"])])
            .collect();
        assert_eq!(ids.len(), 4);
        assert!(ids.iter().all(|id| id.len() <= 64));
    }

    #[test]
    fn what_others_wrote_is_no_request() {
        let request = Request::new("r", "anna", "Patient/anna", "limitazione", Timestamp::UNIX_EPOCH);
        assert!(Request::of(request.resource(), CODE).is_some());
        assert!(Request::of(request.resource(), REPORT).is_none(), "of another kind");
        let mut forged = request.resource();
        forged["meta"] = json!({});
        assert!(Request::of(forged, CODE).is_none(), "without the label");
    }
}
