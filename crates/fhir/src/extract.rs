//! Search values out of a resource.
//!
//! The expressions of a type's search parameters are compiled, at its first use, into one tree of element names
//! ([`Program`]); a resource is then walked once, along the branches that it has. No FHIRPath engine runs.

mod compile;
mod convert;
mod custom;
mod path;
mod program;
mod sink;
mod systems;

use crate::{Definitions, IndexEntry, ResourceError};
pub(crate) use custom::CustomProgram;
use jiff::Timestamp;
pub(crate) use program::Program;
use serde_json::Value;

/// What a resource is found by.
#[derive(Debug, Clone, Default)]
pub struct Extracted {
    /// Values of every search parameter, without repeats, in order of parameter and value.
    pub entries: Vec<IndexEntry>,
    /// Id of the patient in whose compartment the resource is (the first, where there are several).
    pub patient: Option<String>,
}

/// Extracts the values of every search parameter of the resource's type, `_id` and `_lastUpdated` excepted.
///
/// A value that does not fit its element's type has no entry: rejecting it is the work of [`crate::check`].
pub fn extract(definitions: &Definitions, resource: &Value) -> Result<Extracted, ResourceError> {
    let rtype = resource_type(resource)?;
    let program = definitions
        .program(rtype)
        .ok_or_else(|| ResourceError::UnknownType(rtype.to_owned()))?;
    let mut sink = sink::Sink::new(definitions.patient_compartment(rtype), resource);
    program.run(resource, &mut sink);
    let (entries, patient) = sink.finish();
    let own_id = || resource.get("id").and_then(Value::as_str).map(str::to_owned);
    Ok(Extracted {
        entries,
        patient: if rtype == "Patient" { own_id() } else { patient },
    })
}

/// The resource's type name.
pub fn resource_type(resource: &Value) -> Result<&str, ResourceError> {
    let object = resource.as_object().ok_or(ResourceError::NotAnObject)?;
    object
        .get("resourceType")
        .and_then(Value::as_str)
        .ok_or(ResourceError::MissingType)
}

/// A moment as a FHIR `instant` with milliseconds, UTC: `2026-11-21T20:42:39.123Z`.
pub fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
