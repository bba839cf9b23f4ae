//! Writes what is new, and what nobody touched since it was written the same way.

use component::{Fhir, PeerError};
use serde_json::Value;
use std::collections::HashMap;

/// Resources written in one commit.
const AT_ONCE: usize = 100;

/// What became of the resources.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seeded {
    /// Written for the first time.
    pub new: usize,
    /// Written again, with other contents; nobody had changed them.
    pub changed: usize,
    /// As they were.
    pub same: usize,
    /// Left alone: somebody changed them since.
    pub kept: usize,
}

/// Writes resources that have ids.
///
/// # Errors
/// The hub refuses one, or does not answer.
pub async fn write(fhir: &Fhir, resources: &[Value]) -> Result<Seeded, PeerError> {
    let mut seeded = Seeded::default();
    for chunk in resources.chunks(AT_ONCE) {
        let known = known(fhir, chunk).await?;
        let mut due = Vec::new();
        for resource in chunk {
            match known.get(&key(resource)) {
                None => {
                    seeded.new += 1;
                    due.push(resource.clone());
                }
                Some(there) if alike(there, resource) => seeded.same += 1,
                Some(there) if there["meta"]["versionId"] == "1" => {
                    seeded.changed += 1;
                    due.push(resource.clone());
                }
                Some(_) => seeded.kept += 1,
            }
        }
        if !due.is_empty() {
            fhir.write_all(&due).await?;
        }
    }
    Ok(seeded)
}

fn key(resource: &Value) -> (String, String) {
    let text = |name: &str| resource[name].as_str().unwrap_or_default().to_owned();
    (text("resourceType"), text("id"))
}

async fn known(fhir: &Fhir, resources: &[Value]) -> Result<HashMap<(String, String), Value>, PeerError> {
    let mut ids: HashMap<String, Vec<String>> = HashMap::new();
    for (rtype, id) in resources.iter().map(key) {
        ids.entry(rtype).or_default().push(id);
    }
    let mut known = HashMap::new();
    for (rtype, ids) in ids {
        let ids = ids.join(",");
        for one in fhir
            .search_all(&rtype, &[("_id", &ids), ("_count", "200")], AT_ONCE)
            .await?
        {
            known.insert(key(&one), one);
        }
    }
    Ok(known)
}

/// Whether two say the same, whatever the store noted beside.
fn alike(one: &Value, other: &Value) -> bool {
    let bare = |value: &Value| {
        let mut value = value.clone();
        if let Some(meta) = value["meta"].as_object_mut() {
            meta.remove("versionId");
            meta.remove("lastUpdated");
        }
        value
    };
    // Maps keep their order and compare without it.
    bare(one) == bare(other)
}
