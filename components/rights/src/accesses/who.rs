//! Names, roles and ties of those who looked, from the directory that everybody may read.

use crate::people;
use component::{Fhir, PeerError};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Names looked up for one page at most.
const MAX: usize = 200;
/// Names in one search.
const AT_ONCE: usize = 40;

/// Somebody who looked.
#[derive(Debug, Clone, Default)]
pub(super) struct Person {
    pub name: String,
    /// `male` or `female`, when known.
    pub gender: String,
    /// What they do, e.g. `Diabetologo`.
    pub role: Option<String>,
    /// Where.
    pub place: Option<String>,
}

/// The people behind references, as far as the directory knows them.
pub(super) async fn read(fhir: &Fhir, references: &BTreeSet<String>) -> Result<BTreeMap<String, Person>, PeerError> {
    let mut found = BTreeMap::new();
    let of = |rtype: &str| -> Vec<String> {
        let all = references.iter().filter_map(|reference| people::reference(reference));
        let ids = all.filter(|(known, _)| *known == rtype).map(|(_, id)| id.to_owned());
        ids.take(MAX).collect()
    };
    for ids in of("Practitioner").chunks(AT_ONCE) {
        let ids = ids.join(",");
        for practitioner in fhir.search("Practitioner", &[("_id", &ids), ("_count", "100")]).await? {
            let person = Person {
                name: people::name(&practitioner),
                gender: practitioner["gender"].as_str().unwrap_or_default().to_owned(),
                ..Person::default()
            };
            found.insert(
                format!("Practitioner/{}", practitioner["id"].as_str().unwrap_or_default()),
                person,
            );
        }
        let asked = [
            ("practitioner", ids.as_str()),
            ("_include", "PractitionerRole:organization"),
            ("_count", "200"),
        ];
        let roles = fhir.search("PractitionerRole", &asked).await?;
        let place = |reference: &str| {
            let id = reference.strip_prefix("Organization/")?;
            let organization = roles
                .iter()
                .find(|one| one["resourceType"] == "Organization" && one["id"] == id)?;
            organization["name"].as_str().map(str::to_owned)
        };
        for role in roles.iter().filter(|one| one["resourceType"] == "PractitionerRole") {
            let who = role["practitioner"]["reference"].as_str().unwrap_or_default();
            let Some(person) = found.get_mut(who).filter(|person| person.role.is_none()) else {
                continue;
            };
            person.role = text_of(&role["code"][0]);
            person.place = role["organization"]["reference"].as_str().and_then(place);
        }
    }
    for ids in of("Patient").chunks(AT_ONCE) {
        let ids = ids.join(",");
        for patient in fhir.search("Patient", &[("_id", &ids), ("_count", "100")]).await? {
            let person = Person {
                name: people::name(&patient),
                gender: patient["gender"].as_str().unwrap_or_default().to_owned(),
                ..Person::default()
            };
            found.insert(
                format!("Patient/{}", patient["id"].as_str().unwrap_or_default()),
                person,
            );
        }
    }
    Ok(found)
}

/// Names of the steps of pathways, by `Task/…`.
pub(super) async fn steps(fhir: &Fhir, references: &BTreeSet<String>) -> Result<BTreeMap<String, String>, PeerError> {
    let mut found = BTreeMap::new();
    let ids = references
        .iter()
        .filter_map(|reference| people::reference(reference))
        .filter(|(rtype, _)| *rtype == "Task");
    let ids: Vec<&str> = ids.map(|(_, id)| id).take(MAX).collect();
    for ids in ids.chunks(AT_ONCE) {
        for task in fhir
            .search("Task", &[("_id", &ids.join(",")), ("_count", "100")])
            .await?
        {
            if let Some(name) = task["code"]["text"].as_str().or_else(|| task["description"].as_str()) {
                found.insert(
                    format!("Task/{}", task["id"].as_str().unwrap_or_default()),
                    name.to_owned(),
                );
            }
        }
    }
    Ok(found)
}

fn text_of(code: &Value) -> Option<String> {
    let text = code["text"].as_str().or_else(|| code["coding"][0]["display"].as_str());
    text.or_else(|| code["coding"][0]["code"].as_str()).map(str::to_owned)
}
