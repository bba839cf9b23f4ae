//! Problems and therapy of a person.

use component::{Fhir, PeerError};
use serde_json::Value;
use web::Page;

/// A line of the problem list.
pub struct Problem {
    pub name: String,
    pub since: String,
    pub active: bool,
}

/// A line of the therapy.
pub struct Therapy {
    pub name: String,
    pub dosage: String,
}

/// Text of a CodeableConcept.
pub(super) fn concept(value: &Value) -> String {
    let text = value["text"]
        .as_str()
        .or_else(|| value["coding"][0]["display"].as_str());
    text.or_else(|| value["coding"][0]["code"].as_str())
        .unwrap_or_default()
        .to_owned()
}

/// Problems: active ones first, then newest.
pub async fn problems(fhir: &Fhir, page: &Page, patient: &str) -> Result<Vec<Problem>, PeerError> {
    let search = [("patient", patient), ("_sort", "-onset-date"), ("_count", "100")];
    let found = fhir.search("Condition", &search).await?;
    let mut problems: Vec<Problem> = found
        .iter()
        .map(|condition| {
            let onset = condition["onsetDateTime"]
                .as_str()
                .or_else(|| condition["recordedDate"].as_str());
            let status = condition["clinicalStatus"]["coding"][0]["code"].as_str();
            Problem {
                name: concept(&condition["code"]),
                since: onset.map(|d| page.fhir_date(d)).unwrap_or_default(),
                active: matches!(status, None | Some("active" | "recurrence" | "relapse")),
            }
        })
        .collect();
    problems.sort_by_key(|p| !p.active);
    Ok(problems)
}

/// What is being taken, each medicine once: what was prescribed, and what was only told (MedicationStatement).
pub async fn therapies(fhir: &Fhir, patient: &str) -> Result<Vec<Therapy>, PeerError> {
    let search = |sort: &'static str| {
        [
            ("patient", patient),
            ("status", "active"),
            ("_sort", sort),
            ("_count", "100"),
        ]
    };
    let (prescribed, told) = (search("-authoredon"), search("-effective"));
    let (requests, statements) = tokio::try_join!(
        fhir.search("MedicationRequest", &prescribed),
        fhir.search("MedicationStatement", &told),
    )?;
    let mut therapies: Vec<Therapy> = Vec::new();
    for (resource, dosage) in requests
        .iter()
        .map(|r| (r, &r["dosageInstruction"]))
        .chain(statements.iter().map(|s| (s, &s["dosage"])))
    {
        let name = concept(&resource["medicationCodeableConcept"]);
        if !name.is_empty() && !therapies.iter().any(|t| t.name == name) {
            let dosage = dosage[0]["text"].as_str().unwrap_or_default().to_owned();
            therapies.push(Therapy { name, dosage });
        }
    }
    Ok(therapies)
}
