//! Errors about a single resource.

/// Why a JSON value is not an acceptable resource.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResourceError {
    /// Not a JSON object.
    #[error("a resource must be a JSON object")]
    NotAnObject,
    /// `resourceType` is missing or not a string.
    #[error("the element resourceType is missing or is not a string")]
    MissingType,
    /// `resourceType` names no R4 resource.
    #[error("'{0}' is not a FHIR R4 resource type")]
    UnknownType(String),
    /// An element is not allowed, has the wrong JSON type or a malformed value.
    #[error("{path}: {message}")]
    Invalid {
        /// FHIRPath-like location, e.g. `Observation.valueQuantity.value`.
        path: String,
        /// What is wrong and what is allowed.
        message: String,
    },
}
