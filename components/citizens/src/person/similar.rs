//! People who are already there and may be the one being entered: asked of the hub's `Patient/$match`.

use crate::people;
use component::{Fhir, PeerError};
use serde_json::{Value, json};

/// Shown at most.
const MOST: usize = 5;

/// Somebody who may be the same person.
#[derive(Debug)]
pub(crate) struct Similar {
    pub id: String,
    pub name: String,
    pub born: String,
    pub code: String,
    pub city: String,
    /// Message key of how likely it is: `grade-certain`, `grade-probable`, `grade-possible`.
    pub grade: String,
}

/// Who may be the same as this person, the likeliest first.
pub(crate) async fn similar(fhir: &Fhir, patient: &Value) -> Result<Vec<Similar>, PeerError> {
    let mut asked = patient.clone();
    if let Some(object) = asked.as_object_mut() {
        // The question is not about a record that is there.
        object.remove("id");
        object.remove("meta");
    }
    let parameters = json!({"resourceType": "Parameters", "parameter": [
        {"name": "resource", "resource": asked}, {"name": "count", "valueInteger": MOST + 1}]});
    let bundle = fhir.operation("Patient/$match", &parameters).await?;
    let own = &patient["id"];
    let found = people::items(&bundle, "entry").filter(|entry| own.is_null() || entry["resource"]["id"] != *own);
    Ok(found.take(MOST).map(of).collect())
}

fn of(entry: &Value) -> Similar {
    let patient = &entry["resource"];
    let grade = people::items(&entry["search"], "extension").find_map(|one| one["valueCode"].as_str());
    Similar {
        id: people::text(patient, "id").to_owned(),
        name: people::name(patient),
        born: web::fhir_date(people::text(patient, "birthDate")),
        code: people::main_code(patient).map_or_else(String::new, |(_, code)| code.to_owned()),
        city: people::address(patient, "home")
            .map_or("", |home| people::text(home, "city"))
            .to_owned(),
        grade: format!("grade-{}", grade.unwrap_or("possible")),
    }
}
