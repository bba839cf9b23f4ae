//! Who may call which routes: a route names a capability, `policies/capabilities.json` says which roles have it.

use crate::{PolicyError, Roles};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The program itself, which has every capability.
const PROGRAM: &str = "system";

/// What a route may ask of whoever calls it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capability {
    /// Its name in routes, e.g. `processes.operate`.
    pub name: String,
    /// What it lets do, for people, Italian.
    pub it: String,
    /// Where the rule comes from.
    pub source: String,
    /// The roles that have it: names, `*` for any, `worker:*` for all that begin so.
    pub roles: Vec<String>,
    /// Roles that do not count, whatever `roles` says.
    #[serde(default)]
    pub except: Vec<String>,
}

impl Capability {
    /// Whether somebody with these roles has it.
    pub fn has<'a>(&self, mut roles: impl Iterator<Item = &'a str>) -> bool {
        roles.any(|role| role == PROGRAM || (self.names(role) && !self.except.iter().any(|out| out == role)))
    }

    fn names(&self, role: &str) -> bool {
        self.roles.iter().any(|own| match own.strip_suffix('*') {
            Some(start) => role.starts_with(start) && !role.is_empty(),
            None => own == role,
        })
    }
}

/// The table.
#[derive(Debug)]
pub struct Capabilities(BTreeMap<String, Arc<Capability>>);

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    also: Vec<String>,
    capabilities: Vec<Capability>,
}

const FILE: &str = "capabilities.json";

impl Capabilities {
    pub(crate) fn parse(text: &str, roles: &Roles) -> Result<Self, PolicyError> {
        let file: File = serde_json::from_str(text).map_err(|error| PolicyError::file(FILE, &error))?;
        let mut all = BTreeMap::new();
        for capability in file.capabilities {
            for role in capability.roles.iter().chain(&capability.except) {
                let known = roles.knows(role) || file.also.contains(role) || role.ends_with('*');
                if !known {
                    let name = &capability.name;
                    let message =
                        format!("'{name}' names the role '{role}', which neither roles.json nor 'also' lists");
                    return Err(PolicyError::file(FILE, &message));
                }
            }
            let name = capability.name.clone();
            if all.insert(name.clone(), Arc::new(capability)).is_some() {
                return Err(PolicyError::file(FILE, &format!("'{name}' stands there twice")));
            }
        }
        Ok(Self(all))
    }

    /// One of them.
    pub fn named(&self, name: &str) -> Option<&Arc<Capability>> {
        self.0.get(name)
    }

    /// All of them, by name.
    pub fn list(&self) -> impl Iterator<Item = &Capability> {
        self.0.values().map(Arc::as_ref)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Policies;

    fn has(name: &str, roles: &[&str]) -> bool {
        let policies = Policies::standard();
        let capability = policies.capabilities().named(name).unwrap().clone();
        capability.has(roles.iter().copied())
    }

    #[test]
    fn names_stars_and_exceptions() {
        assert!(has("fhir.work", &["mmg"]) && !has("fhir.work", &["assistito"]) && !has("fhir.work", &[]));
        assert!(has("fhir.work", &["assistito", "infermiere"]));
        assert!(has("processes.jobs", &["worker:x"]) && !has("processes.jobs", &["worke"]));
        assert!(has("internal", &["system"]) && !has("internal", &["admin"]));
    }

    #[test]
    fn a_role_that_nobody_knows_is_refused() {
        let policies = Policies::standard();
        let text = r#"{"capabilities":[{"name":"x","it":"x","source":"x","roles":["mgm"]}]}"#;
        let error = Capabilities::parse(text, policies.roles()).unwrap_err();
        assert!(error.to_string().contains("'x' names the role 'mgm'"), "{error}");
    }
}
