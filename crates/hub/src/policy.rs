//! What is looked at when a resource is written, and what follows: by resource type.

use std::collections::BTreeMap;
use std::str::FromStr;

/// What happens to a resource that breaks the rules looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validation {
    /// Not looked at.
    Off,
    /// Written; the problems are logged, and told to a client that asks for an OperationOutcome.
    Warn,
    /// Refused with 422 and the place of every problem.
    Reject,
}

/// The rules for one type. Structure (names, types, formats, counts of the base definitions) is always looked at unless
/// the action is [`Validation::Off`]; the rest costs more and is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypePolicy {
    /// What follows.
    pub action: Validation,
    /// Codes against required value sets (extensible ones give warnings).
    pub bindings: bool,
    /// Profiles declared in `meta.profile`.
    pub profiles: bool,
    /// Invariants of the definitions.
    pub invariants: bool,
    /// Italian identifiers of known systems, as errors (without it they are not looked at on write).
    pub identifiers: bool,
    /// References to resources of this server, which must be there: one look into the store for each of them.
    pub references: bool,
}

impl From<Validation> for TypePolicy {
    /// This action, on the structure alone.
    fn from(action: Validation) -> Self {
        Self {
            action,
            bindings: false,
            profiles: false,
            invariants: false,
            identifiers: false,
            references: false,
        }
    }
}

impl TypePolicy {
    /// Whether more than the structure is looked at.
    pub(crate) fn is_deep(self) -> bool {
        self.has_rules() || (self.references && self.action != Validation::Off)
    }

    /// Whether the validator is needed.
    pub(crate) fn has_rules(self) -> bool {
        self.action != Validation::Off && (self.bindings || self.profiles || self.invariants || self.identifiers)
    }
}

/// The rules of an installation.
///
/// As text: `reject`, or clauses separated by `;`, the first for every type, the others for one type each:
/// `reject; Patient=reject:profiles,identifiers; Observation=warn:all; AuditEvent=off`. What is looked at beside the
/// structure: `bindings`, `profiles`, `invariants`, `identifiers`, `references`, or `all` of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidationPolicy {
    default: TypePolicy,
    by_type: BTreeMap<String, TypePolicy>,
}

/// A policy that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the validation policy cannot be read at '{clause}': {why}")]
pub struct PolicyError {
    clause: String,
    why: String,
}

impl From<Validation> for ValidationPolicy {
    fn from(action: Validation) -> Self {
        Self {
            default: action.into(),
            by_type: BTreeMap::new(),
        }
    }
}

impl ValidationPolicy {
    /// The rules for a type.
    pub fn of(&self, rtype: &str) -> TypePolicy {
        self.by_type.get(rtype).copied().unwrap_or(self.default)
    }

    /// This policy with other rules for one type.
    #[must_use]
    pub fn with(mut self, rtype: &str, policy: TypePolicy) -> Self {
        self.by_type.insert(rtype.to_owned(), policy);
        self
    }
}

impl FromStr for ValidationPolicy {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let mut policy = Self::from(Validation::Reject);
        for (at, clause) in text
            .split(';')
            .map(str::trim)
            .filter(|clause| !clause.is_empty())
            .enumerate()
        {
            let fail = |why: String| PolicyError {
                clause: clause.to_owned(),
                why,
            };
            match clause.split_once('=') {
                None if at == 0 => policy.default = rules(clause).map_err(fail)?,
                None => return Err(fail("only the first clause may be for every type; write Type=…".into())),
                Some((rtype, clause)) if fhir::Definitions::r4().is_resource(rtype.trim()) => {
                    policy = policy.with(rtype.trim(), rules(clause).map_err(fail)?);
                }
                Some((rtype, _)) => return Err(fail(format!("'{}' is not a FHIR R4 resource type", rtype.trim()))),
            }
        }
        Ok(policy)
    }
}

fn rules(text: &str) -> Result<TypePolicy, String> {
    let (action, looked) = text.split_once(':').unwrap_or((text, ""));
    let mut policy = TypePolicy::from(match action.trim() {
        "off" => Validation::Off,
        "warn" => Validation::Warn,
        "reject" => Validation::Reject,
        other => return Err(format!("'{other}' is none of off, warn and reject")),
    });
    for name in looked.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        match name {
            "structure" => {}
            "bindings" => policy.bindings = true,
            "profiles" => policy.profiles = true,
            "invariants" => policy.invariants = true,
            "identifiers" => policy.identifiers = true,
            "references" => policy.references = true,
            "all" => {
                policy = TypePolicy {
                    action: policy.action,
                    bindings: true,
                    profiles: true,
                    invariants: true,
                    identifiers: true,
                    references: true,
                }
            }
            other => {
                return Err(format!(
                    "'{other}' is none of structure, bindings, profiles, invariants, identifiers, references \
                     and all"
                ));
            }
        }
    }
    Ok(policy)
}

impl std::fmt::Display for TypePolicy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let action = match self.action {
            Validation::Off => return f.write_str("off"),
            Validation::Warn => "warn",
            Validation::Reject => "reject",
        };
        write!(f, "{action}:structure")?;
        let looked = [
            (self.bindings, "bindings"),
            (self.profiles, "profiles"),
            (self.invariants, "invariants"),
            (self.identifiers, "identifiers"),
            (self.references, "references"),
        ];
        looked
            .iter()
            .filter(|(on, _)| *on)
            .try_for_each(|(_, name)| write!(f, ",{name}"))
    }
}

impl std::fmt::Display for ValidationPolicy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.default)?;
        self.by_type
            .iter()
            .try_for_each(|(rtype, policy)| write!(f, "; {rtype}={policy}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_read_and_written() {
        let text = "warn:structure; AuditEvent=off; Patient=reject:structure,profiles,identifiers";
        let policy: ValidationPolicy = text.parse().unwrap();
        assert_eq!(policy.to_string(), text);
        assert_eq!(policy.of("Observation"), Validation::Warn.into());
        assert!(policy.of("Patient").is_deep() && !policy.of("AuditEvent").is_deep());
        assert!(
            "reject:all"
                .parse::<ValidationPolicy>()
                .unwrap()
                .of("Patient")
                .identifiers
        );
        assert_eq!("".parse(), Ok(ValidationPolicy::from(Validation::Reject)));
    }

    #[test]
    fn mistakes_are_told() {
        let told = |text: &str| text.parse::<ValidationPolicy>().unwrap_err().to_string();
        assert!(told("refuse").ends_with("'refuse' is none of off, warn and reject"));
        assert!(told("reject; Paziente=off").ends_with("'Paziente' is not a FHIR R4 resource type"));
        assert!(told("reject; warn").contains("only the first clause"));
        assert!(told("reject:everything").contains("'everything' is none of"));
    }
}
