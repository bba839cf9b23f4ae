//! What a SearchParameter must be before it is stored: one that is active is in force from its commit on, so one that
//! cannot be put in force is refused, with the reason.

use crate::outcome::Issue;
use crate::{Hub, HubError, validate};
use fhir::CustomParam;
use serde_json::Value;

/// Looks at a resource about to be written, if it is a SearchParameter.
pub(crate) fn check(hub: &Hub, value: &Value) -> Result<(), HubError> {
    if value.get("resourceType").and_then(Value::as_str) != Some("SearchParameter") {
        return Ok(());
    }
    let params = CustomParam::of(hub.definitions, value)
        .map_err(|errors| HubError::Invalid(errors.into_iter().map(validate::issue).collect()))?;
    let custom = hub.definitions.custom();
    let clash = params.iter().find_map(|param| {
        custom
            .param(&param.base, &param.code)
            .filter(|other| other.url != param.url)
    });
    match clash {
        None => Ok(()),
        Some(other) => {
            let text = format!(
                "'{}' on {} is defined by {} already; choose another code, or retire that one first",
                other.code, other.base, other.url
            );
            let issue = Issue::error("duplicate", text).at("SearchParameter.code");
            Err(HubError::Invalid(vec![issue]))
        }
    }
}
