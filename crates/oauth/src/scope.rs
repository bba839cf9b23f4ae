//! Which of the scopes asked for are given.

use crate::{Client, Code, OauthError};
use access::{MAX_SCOPES, ResourceScope, ScopeContext};

/// Scopes that are not on resources and that an application of a person may have.
const OF_PERSONS: &[&str] = &[
    "openid",
    "profile",
    "fhirUser",
    "launch",
    "launch/patient",
    "launch/encounter",
    "offline_access",
];
/// Scopes that are not on resources and that a system may have. `introspect`: is told of every token; `orchestrator`: reaches
/// the interface of processes, within its roles.
const OF_SYSTEMS: &[&str] = &["orchestrator", "citizens", "introspect"];

/// Who is behind the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    /// A person.
    Person,
    /// Nobody: a system.
    System,
}

impl Flow {
    fn has(self, context: ScopeContext) -> bool {
        (self == Self::System) == (context == ScopeContext::System)
    }

    fn others(self) -> &'static [&'static str] {
        match self {
            Self::Person => OF_PERSONS,
            Self::System => OF_SYSTEMS,
        }
    }
}

/// Every scope that is not on resources, for the metadata.
pub(crate) fn others() -> impl Iterator<Item = &'static str> {
    OF_PERSONS.iter().chain(OF_SYSTEMS).copied()
}

/// What is given of a request: each scope cut to what `limit` holds, in the order of the request; what nobody gives is left
/// out, as SMART App Launch has it.
///
/// # Errors
/// [`Code::InvalidScope`]: one is written badly, there are too many, or nothing is left.
pub(crate) fn give(asked: &str, limit: &[String], flow: Flow) -> Result<Vec<String>, OauthError> {
    let invalid = |why: String| OauthError::new(Code::InvalidScope, why);
    let asked: Vec<&str> = asked.split(' ').filter(|scope| !scope.is_empty()).collect();
    if asked.len() > MAX_SCOPES {
        return Err(invalid(format!("more than {MAX_SCOPES} scopes")));
    }
    let limits: Vec<ResourceScope> = limit
        .iter()
        .filter_map(|text| ResourceScope::parse(text).ok().flatten())
        .collect();
    let mut given: Vec<String> = vec![];
    for text in asked {
        match ResourceScope::parse(text).map_err(|error| invalid(error.to_string()))? {
            Some(scope) if flow.has(scope.context) => {
                given.extend(
                    limits
                        .iter()
                        .filter_map(|limit| scope.within(limit))
                        .map(|scope| scope.to_string()),
                );
            }
            Some(_) => {}
            None if flow.others().contains(&text) && limit.iter().any(|own| own == text) => given.push(text.to_owned()),
            None => {}
        }
    }
    let mut seen = std::collections::HashSet::new();
    given.retain(|scope| seen.insert(scope.clone()));
    if given.is_empty() {
        let who = if flow == Flow::System {
            "system/"
        } else {
            "patient/ and user/"
        };
        return Err(invalid(format!(
            "none of the scopes asked for may be given: in this flow those with {who} that the client was registered with"
        )));
    }
    given.truncate(MAX_SCOPES);
    Ok(given)
}

/// What a refresh asks for must be part of what was given.
///
/// # Errors
/// [`Code::InvalidScope`].
pub(crate) fn part_of(asked: &str, given: &[String]) -> Result<Vec<String>, OauthError> {
    let normal = |text: &str| {
        ResourceScope::parse(text)
            .ok()
            .flatten()
            .map_or(text.to_owned(), |scope| scope.to_string())
    };
    let wanted: Vec<String> = asked.split(' ').filter(|scope| !scope.is_empty()).map(normal).collect();
    let cut = give(asked, given, Flow::Person)?;
    match wanted.iter().find(|scope| !cut.contains(scope)) {
        Some(more) => Err(OauthError::new(
            Code::InvalidScope,
            format!("'{more}' is more than was granted"),
        )),
        None => Ok(cut),
    }
}

/// What the client may have in a flow, when it asks for nothing in particular.
pub(crate) fn asked_or_all<'a>(asked: Option<&'a str>, client: &Client) -> std::borrow::Cow<'a, str> {
    asked.map_or_else(|| client.scopes.join(" ").into(), Into::into)
}

/// Whether a patient must be in context.
pub(crate) fn needs_patient(scopes: &[String]) -> bool {
    scopes
        .iter()
        .any(|scope| scope.starts_with("patient/") || scope == "launch/patient")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(scopes: &[&str]) -> Vec<String> {
        scopes.iter().map(|s| (*s).to_owned()).collect()
    }

    #[test]
    fn nothing_beyond_the_registration_is_given() {
        let limit = list(&["patient/*.rs", "openid", "launch/patient"]);
        let given = give(
            "openid patient/Observation.cruds user/*.rs launch/patient offline_access",
            &limit,
            Flow::Person,
        );
        assert_eq!(
            given.unwrap(),
            list(&["openid", "patient/Observation.rs", "launch/patient"])
        );
        assert!(give("user/*.cruds system/*.rs", &limit, Flow::Person).is_err());
        assert!(give("patient/*.zz", &limit, Flow::Person).is_err());
        assert!(give("", &limit, Flow::Person).is_err());
    }

    #[test]
    fn each_flow_has_its_own() {
        let limit = list(&["system/*.rs", "user/*.rs", "openid", "orchestrator"]);
        let asked = "system/*.rs user/*.rs openid orchestrator";
        assert_eq!(
            give(asked, &limit, Flow::System).unwrap(),
            list(&["system/*.rs", "orchestrator"])
        );
        assert_eq!(
            give(asked, &limit, Flow::Person).unwrap(),
            list(&["user/*.rs", "openid"])
        );
    }

    #[test]
    fn a_refresh_cannot_widen() {
        let given = list(&["patient/Observation.rs", "offline_access"]);
        assert_eq!(
            part_of("patient/Observation.r", &given).unwrap(),
            list(&["patient/Observation.r"])
        );
        for more in [
            "patient/Observation.cruds",
            "patient/*.rs",
            "patient/Patient.r",
            "patient/Observation.r openid",
        ] {
            assert!(part_of(more, &given).is_err(), "{more}");
        }
    }
}
