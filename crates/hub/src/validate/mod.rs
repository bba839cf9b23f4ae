//! Validation: on write by the installation's policy, and on demand.

mod references;

use crate::hub::Prepared;
use crate::outcome::Issue;
use crate::profiles::Library;
use crate::scope::Scope;
use crate::{Hub, HubError, TypePolicy, Validation};
use fhir::ResourceError;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use store::ResourceWrite;
use terminology::Source;
use validation::{Bindings, Checks, Membership, Severity, Validator};

/// What is written in the same commit, or known to follow: references to it are good.
pub(crate) struct Own<'a> {
    /// Writes of the commit, deletions included.
    pub writes: &'a [ResourceWrite],
    /// `Type/id` of what other commits of the same import write, as values.
    pub around: &'a HashMap<String, String>,
}

/// Looks at the structure of a resource about to be written. Gives what a policy that warns lets pass.
pub(crate) fn structure(hub: &Hub, value: &Value) -> Result<Vec<Issue>, HubError> {
    let rtype = type_of(value);
    let policy = hub.config.validation.of(rtype);
    if policy.action == Validation::Off {
        return Ok(Vec::new());
    }
    let Err(errors) = fhir::check(hub.definitions, value) else {
        return Ok(Vec::new());
    };
    // Whatever the policy, what is no resource at all cannot be stored.
    let fatal = errors
        .iter()
        .find(|error| !matches!(error, ResourceError::Invalid { .. }));
    if let Some(fatal) = fatal {
        return Err(fatal.clone().into());
    }
    follow(policy.action, rtype, errors.into_iter().map(issue).collect())
}

/// Looks at one prepared version as its policy says. Costs one look-up where the policy asks for the structure alone.
pub(crate) async fn one(hub: &Hub, by: &Scope, prepared: &mut Prepared) -> Result<(), HubError> {
    let policy = hub.config.validation.of(&prepared.write.rtype);
    // what has no sound structure was told already, and the rules need it
    if !policy.is_deep() || !prepared.issues.is_empty() {
        return Ok(());
    }
    let around = HashMap::new();
    let own = Own {
        writes: std::slice::from_ref(&prepared.write),
        around: &around,
    };
    let value = prepared.value.clone();
    for found in rules(hub, by, vec![value], &own).await? {
        prepared.issues.extend(found?);
    }
    Ok(())
}

/// Looks at the rules and references of resources about to be written together, by the policies of their types. Of
/// each: what is let pass, or why it is refused.
pub(crate) async fn rules(
    hub: &Hub,
    by: &Scope,
    values: Vec<Value>,
    own: &Own<'_>,
) -> Result<Vec<Result<Vec<Issue>, HubError>>, HubError> {
    let policies: Vec<TypePolicy> = values
        .iter()
        .map(|value| hub.config.validation.of(type_of(value)))
        .collect();
    let values = Arc::new(values);
    let mut found = vec![Vec::new(); values.len()];
    if policies.iter().any(|policy| policy.has_rules()) {
        let library = hub.library().await?;
        let (values, policies) = (values.clone(), policies.clone());
        let work = move |source: &dyn Source| {
            let one = |(value, policy): (&Value, &TypePolicy)| match policy.has_rules() {
                true => deep(&library, source, value, &[], checks(*policy)),
                false => Vec::new(),
            };
            values.iter().zip(&policies).map(one).collect::<Vec<_>>()
        };
        found = hub.with_terminology(work).await?;
    }
    if policies.iter().any(|policy| policy.references) {
        let asked = values.iter().zip(&policies);
        let wanted = asked.map(|(value, policy)| match policy.references {
            true => references::local(hub.definitions, value),
            false => Vec::new(),
        });
        let missing = references::missing(hub, by, wanted.collect(), own).await?;
        found
            .iter_mut()
            .zip(missing)
            .for_each(|(found, missing)| found.extend(missing));
    }
    let all = values.iter().zip(&policies).zip(found);
    Ok(all
        .map(|((value, policy), found)| follow(policy.action, type_of(value), found))
        .collect())
}

fn type_of(value: &Value) -> &str {
    value.get("resourceType").and_then(Value::as_str).unwrap_or_default()
}

fn checks(policy: TypePolicy) -> Checks {
    Checks {
        bindings: policy.bindings,
        profiles: policy.profiles,
        invariants: policy.invariants,
        identifiers: policy.identifiers.then_some(Severity::Error),
    }
}

/// Errors refuse or are logged; they and the warnings go on to a client that asks for an outcome.
fn follow(action: Validation, rtype: &str, mut issues: Vec<Issue>) -> Result<Vec<Issue>, HubError> {
    let is_error = |issue: &Issue| issue.severity == "error";
    if action == Validation::Reject && issues.iter().any(is_error) {
        issues.retain(is_error);
        return Err(HubError::Invalid(issues));
    }
    issues.retain(|issue| issue.severity != "information");
    for issue in issues.iter_mut().filter(|issue| issue.severity == "error") {
        tracing::warn!(rtype, issue = issue.diagnostics, place = ?issue.expression, "a resource that is not valid is stored");
        // it was stored: to the client this is no failure
        issue.severity = "warning";
    }
    Ok(issues)
}

/// Everything about a resource, off the request threads: structure, then profiles, bindings, invariants, identifiers;
/// references where the policy of its type looks at them. `scope`: a person confined to own data is not told which
/// resources there are.
pub(crate) async fn whole(
    hub: &Hub,
    value: Value,
    profile: Option<String>,
    scope: &Scope,
) -> Result<Vec<Issue>, HubError> {
    let errors = fhir::check(hub.definitions, &value).err().unwrap_or_default();
    let mut issues: Vec<Issue> = errors.into_iter().map(issue).collect();
    let library = hub.library().await?;
    let value = Arc::new(value);
    let shared = value.clone();
    let work = move |source: &dyn Source| {
        let asked: Vec<&str> = profile.as_deref().into_iter().collect();
        deep(&library, source, &shared, &asked, Checks::all())
    };
    issues.extend(hub.with_terminology(work).await?);
    if hub.config.validation.of(type_of(&value)).references {
        let own = Own {
            writes: &[],
            around: &HashMap::new(),
        };
        let wanted = references::local(hub.definitions, &value);
        let missing = references::missing(hub, scope, vec![wanted], &own).await?;
        issues.extend(missing.into_iter().flatten());
    }
    Ok(issues)
}

/// The value sets of the store, and R4's own.
struct Codes<'a>(&'a dyn Source);

impl Bindings for Codes<'_> {
    fn membership(&self, value_set: &str, system: Option<&str>, code: &str) -> Membership {
        match terminology::membership(self.0, value_set, system, code) {
            terminology::Membership::In => Membership::In,
            terminology::Membership::Out => Membership::Out,
            terminology::Membership::Unknown => Membership::Unknown,
        }
    }
}

fn deep(library: &Arc<Library>, source: &dyn Source, value: &Value, asked: &[&str], checks: Checks) -> Vec<Issue> {
    let validator = Validator {
        profiles: library.as_ref(),
        bindings: &Codes(source),
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
