//! Structural validation on write, by the installation's policy.

use crate::outcome::Issue;
use crate::{Hub, HubError, Validation};
use fhir::ResourceError;
use serde_json::Value;

/// Looks at a resource about to be written.
pub(crate) fn check(hub: &Hub, value: &Value) -> Result<(), HubError> {
    if hub.config.validation == Validation::Off {
        return Ok(());
    }
    let Err(errors) = fhir::check(hub.definitions, value) else {
        return Ok(());
    };
    // Whatever the policy, what is no resource at all cannot be stored.
    if let Some(fatal) = errors
        .iter()
        .find(|error| !matches!(error, ResourceError::Invalid { .. }))
    {
        return Err(fatal.clone().into());
    }
    if hub.config.validation == Validation::Warn {
        for error in &errors {
            tracing::warn!(%error, "a resource with a structural error is stored");
        }
        return Ok(());
    }
    Err(HubError::Invalid(errors.into_iter().map(issue).collect()))
}

/// A structural error, with its place.
pub(crate) fn issue(error: ResourceError) -> Issue {
    match error {
        ResourceError::Invalid { path, message } => Issue::error("structure", format!("{path}: {message}")).at(path),
        other => Issue::error("structure", other.to_string()),
    }
}
