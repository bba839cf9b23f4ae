//! Who belongs to a Group.

use crate::{Hub, HubError};
use fhir::ReferenceText;
use serde_json::Value;
use std::collections::HashSet;
use store::Snapshot;

/// Members of one group.
const MAX_MEMBERS: usize = 200_000;

/// Ids of the patients that are members of a Group now; inactive ones are not.
pub(crate) async fn of_group(hub: &Hub, snapshot: &mut dyn Snapshot, id: &str) -> Result<HashSet<String>, HubError> {
    let found = snapshot.read("Group", id).await?;
    let body = found.and_then(|group| group.body);
    let body = body.ok_or_else(|| HubError::not_found("Group", id))?;
    let group: Value = serde_json::from_slice(&body).map_err(|error| HubError::json(&error))?;
    let now = hub.clock.now().to_string();
    let mut patients = HashSet::new();
    for member in group["member"].as_array().into_iter().flatten() {
        let over = member["period"]["end"]
            .as_str()
            .is_some_and(|end| end < &now[..end.len().min(now.len())]);
        if member["inactive"] == true || over {
            continue;
        }
        let reference = member["entity"]["reference"].as_str().unwrap_or_default();
        if let ReferenceText::Local {
            rtype: "Patient", id, ..
        } = ReferenceText::parse(reference)
        {
            patients.insert(id.to_owned());
        }
    }
    if patients.len() > MAX_MEMBERS {
        return Err(HubError::Limit {
            what: "members of a group",
            max: MAX_MEMBERS,
            found: patients.len(),
        });
    }
    Ok(patients)
}
