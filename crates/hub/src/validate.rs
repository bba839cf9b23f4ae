//! Validation: on write by the installation's policy, and on demand.

use crate::outcome::Issue;
use crate::profiles::Library;
use crate::{Hub, HubError, Validation};
use fhir::ResourceError;
use serde_json::Value;
use std::sync::Arc;
use terminology::Builtin;
use validation::{Bindings, Checks, Membership, Severity, Validator};

/// Reads the profiles of the store if a write of one of these types will need them. Costs nothing where the policy
/// looks at the structure alone.
pub(crate) async fn get_ready<'t>(hub: &Hub, types: impl IntoIterator<Item = &'t str>) -> Result<(), HubError> {
    let policy = &hub.config.validation;
    if types.into_iter().any(|rtype| policy.of(rtype).is_deep()) {
        hub.library().await?;
    }
    Ok(())
}

/// Looks at a resource about to be written.
pub(crate) fn check(hub: &Hub, value: &Value) -> Result<(), HubError> {
    let rtype = value.get("resourceType").and_then(Value::as_str).unwrap_or_default();
    let policy = hub.config.validation.of(rtype);
    if policy.action == Validation::Off {
        return Ok(());
    }
    if let Err(errors) = fhir::check(hub.definitions, value) {
        // Whatever the policy, what is no resource at all cannot be stored.
        let fatal = errors
            .iter()
            .find(|error| !matches!(error, ResourceError::Invalid { .. }));
        if let Some(fatal) = fatal {
            return Err(fatal.clone().into());
        }
        return follow(policy.action, rtype, errors.into_iter().map(issue).collect());
    }
    if !policy.is_deep() {
        return Ok(());
    }
    let checks = Checks {
        bindings: policy.bindings,
        profiles: policy.profiles,
        invariants: policy.invariants,
        identifiers: policy.identifiers.then_some(Severity::Error),
    };
    let library = hub.registry.now().unwrap_or_default();
    let mut issues = deep(&library, value, &[], checks);
    issues.retain(|issue| issue.severity == "error");
    follow(policy.action, rtype, issues)
}

fn follow(action: Validation, rtype: &str, issues: Vec<Issue>) -> Result<(), HubError> {
    if issues.is_empty() {
        return Ok(());
    }
    if action == Validation::Reject {
        return Err(HubError::Invalid(issues));
    }
    for issue in &issues {
        tracing::warn!(rtype, issue = issue.diagnostics, place = ?issue.expression, "a resource that is not valid is stored");
    }
    Ok(())
}

/// Everything about a resource, off the request threads: structure, then profiles, bindings, invariants, identifiers.
pub(crate) async fn whole(hub: &Hub, value: Value, profile: Option<String>) -> Result<Vec<Issue>, HubError> {
    let errors = fhir::check(hub.definitions, &value).err().unwrap_or_default();
    let mut issues: Vec<Issue> = errors.into_iter().map(issue).collect();
    let library = hub.library().await?;
    let work = move || {
        let asked: Vec<&str> = profile.as_deref().into_iter().collect();
        deep(&library, &value, &asked, Checks::all())
    };
    let found = tokio::task::spawn_blocking(work).await;
    issues.extend(found.map_err(|error| HubError::bad(format!("the validation ended early: {error}")))?);
    Ok(issues)
}

/// The value sets of R4. Those of the store are not asked yet: a binding to one of them is told as not checked.
struct Codes;

impl Bindings for Codes {
    fn membership(&self, value_set: &str, system: Option<&str>, code: &str) -> Membership {
        match terminology::membership(Builtin::r4(), value_set, system, code) {
            terminology::Membership::In => Membership::In,
            terminology::Membership::Out => Membership::Out,
            terminology::Membership::Unknown => Membership::Unknown,
        }
    }
}

fn deep(library: &Arc<Library>, value: &Value, asked: &[&str], checks: Checks) -> Vec<Issue> {
    let validator = Validator {
        profiles: library.as_ref(),
        bindings: &Codes,
        checks,
    };
    validator.validate(value, asked).into_iter().map(told).collect()
}

/// A finding of the validator as an issue: rule and profile go into the text.
fn told(found: validation::Issue) -> Issue {
    let mut diagnostics = format!("{}: {} [{}", found.path, found.message, found.rule);
    if !found.profile.is_empty() {
        diagnostics.push_str(" of ");
        diagnostics.push_str(&found.profile);
    }
    diagnostics.push(']');
    Issue {
        severity: found.severity.code(),
        code: found.code,
        diagnostics,
        expression: vec![found.path],
    }
}

/// A structural error, with its place.
pub(crate) fn issue(error: ResourceError) -> Issue {
    match error {
        ResourceError::Invalid { path, message } => Issue::error("structure", format!("{path}: {message}")).at(path),
        other => Issue::error("structure", other.to_string()),
    }
}
