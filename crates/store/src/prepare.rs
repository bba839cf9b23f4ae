//! From a FHIR resource as a JSON value to the write that stores it: the one road for hub and orchestrator.

use crate::{Method, ResourceWrite};
use bytes::Bytes;
use fhir::Definitions;
use jiff::Timestamp;
use serde_json::{Value, json};

/// A resource ready to be written, with the value as it will read back.
#[derive(Debug, Clone)]
pub struct PreparedResource {
    /// The write.
    pub write: ResourceWrite,
    /// The resource with `id` and `meta` in place.
    pub value: Value,
}

/// Puts `id`, `meta.versionId` and `meta.lastUpdated` in place, extracts search values and compartment.
///
/// `previous` is the stored version (0: new). Fails when `value` is not a resource of a known R4 type.
pub fn prepare_write(
    definitions: &Definitions,
    mut value: Value,
    id: &str,
    previous: u64,
    now: Timestamp,
    method: Method,
) -> Result<PreparedResource, fhir::ResourceError> {
    let rtype = fhir::resource_type(&value)?.to_owned();
    let version = previous + 1;
    let object = value.as_object_mut().ok_or(fhir::ResourceError::NotAnObject)?;
    object.insert("id".into(), json!(id));
    let meta = object.entry("meta").or_insert_with(|| json!({}));
    if !meta.is_object() {
        *meta = json!({});
    }
    meta["versionId"] = json!(version.to_string());
    meta["lastUpdated"] = json!(fhir::instant(now));
    let extracted = fhir::extract(definitions, &value)?;
    let body = Bytes::from(serde_json::to_vec(&value).expect("a JSON value always serialises"));
    let write = ResourceWrite {
        rtype,
        id: id.to_owned(),
        version,
        last_updated: now,
        method,
        patient: extracted.patient,
        body: Some(body),
        index: extracted.entries,
    };
    Ok(PreparedResource { write, value })
}

/// The write that deletes a resource whose current version is `previous`.
pub fn prepare_delete(rtype: &str, id: &str, previous: u64, patient: Option<String>, now: Timestamp) -> ResourceWrite {
    ResourceWrite {
        rtype: rtype.to_owned(),
        id: id.to_owned(),
        version: previous + 1,
        last_updated: now,
        method: Method::Delete,
        patient,
        body: None,
        index: Vec::new(),
    }
}
