//! Search values out of a resource.

use crate::{Definitions, IndexEntry, ResourceError};
use jiff::Timestamp;
use serde_json::Value;

/// What a resource is found by.
#[derive(Debug, Clone, Default)]
pub struct Extracted {
    /// Values of every search parameter, without repeats.
    pub entries: Vec<IndexEntry>,
    /// Id of the patient in whose compartment the resource is (the first, where there are several).
    pub patient: Option<String>,
}

/// Extracts the values of every search parameter of the resource's type.
pub fn extract(_definitions: &Definitions, _resource: &Value) -> Result<Extracted, ResourceError> {
    unimplemented!("helper fhir")
}

/// The resource's type name.
pub fn resource_type(resource: &Value) -> Result<&str, ResourceError> {
    let object = resource.as_object().ok_or(ResourceError::NotAnObject)?;
    object.get("resourceType").and_then(Value::as_str).ok_or(ResourceError::MissingType)
}

/// A moment as a FHIR `instant` with milliseconds, UTC: `2026-11-21T20:42:39.123Z`.
pub fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
