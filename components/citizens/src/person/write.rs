//! Writing a record and what depends on it in one commit, in the place of the version that was read.

use crate::people;
use access::Actor;
use component::{Fhir, PeerError};
use serde_json::{Value, json};

/// Who wrote a version, and by which door, stands in its `meta.source`.
const SOURCE: &str = "https://sinfonia.it/fhir/";

/// Signs a version: `https://sinfonia.it/fhir/Practitioner/x#sportello`.
pub(crate) fn sign(resource: &mut Value, actor: &Actor, door: &str) {
    resource["meta"]["source"] = json!(by(actor, door));
}

/// The signature of somebody at a door.
pub(crate) fn by(actor: &Actor, door: &str) -> String {
    format!("{SOURCE}{}#{door}", actor.subject)
}

/// Who wrote a version (a reference) and by which door, where it says so.
pub(crate) fn signature(resource: &Value) -> Option<(&str, &str)> {
    let source = resource["meta"]["source"].as_str()?.strip_prefix(SOURCE)?;
    Some(source.split_once('#').unwrap_or((source, "")))
}

/// An entry that writes a resource: in the place of the version it was read in, if it was read; as new, if it has no id.
pub(crate) fn entry(resource: &Value) -> Value {
    let rtype = people::text(resource, "resourceType");
    let Some(id) = resource["id"].as_str() else {
        return json!({"resource": resource, "request": {"method": "POST", "url": rtype}});
    };
    let mut request = json!({"method": "PUT", "url": format!("{rtype}/{id}")});
    if let Some(version) = resource["meta"]["versionId"].as_str() {
        request["ifMatch"] = json!(format!("W/\"{version}\""));
    }
    json!({"resource": resource, "request": request})
}

/// Writes all or nothing.
pub(crate) async fn commit(fhir: &Fhir, resources: &[Value]) -> Result<(), PeerError> {
    let entries: Vec<Value> = resources.iter().map(entry).collect();
    let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": entries});
    fhir.transaction(&bundle).await.map(drop)
}

/// Whether somebody else was faster.
pub(crate) fn is_conflict(error: &PeerError) -> bool {
    matches!(error, PeerError::Status { status, .. } if matches!(status.as_u16(), 409 | 412))
}
