//! Groups of FHIR types, as `policies/types.json` lists them.

use crate::PolicyError;
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;

/// The group of a type that is not listed: the one that is kept closest.
const REST: &str = "clinical";

/// A part of a type that not everybody who reads the type needs: it has a name of its own, under which policies decide on it.
#[derive(Debug, Clone, Deserialize)]
pub struct Withheld {
    /// What policies call it, as a type: `Practitioner.codice-fiscale`.
    pub name: String,
    /// The FHIR type.
    #[serde(rename = "type")]
    pub rtype: String,
    /// The element of the type. Several entries may have one name: they are decided on together.
    pub element: String,
    /// Of a list whose members have a `system`: those that are withheld. None: whatever the system.
    #[serde(default)]
    pub systems: Vec<String>,
    /// Of a list whose members have a `use`: those that stay open (`work`).
    #[serde(default)]
    pub open_uses: Vec<String>,
    /// The search parameters that read the element.
    #[serde(default)]
    pub search: Vec<String>,
}

impl Withheld {
    /// Whether the element is withheld as it is, not some members of a list.
    pub fn is_whole(&self) -> bool {
        self.systems.is_empty() && self.open_uses.is_empty()
    }

    /// Whether a member of the list is withheld.
    pub fn holds(&self, member: &Value) -> bool {
        let among = |list: &[String], name: &str| {
            let text = member[name].as_str();
            text.is_some_and(|text| list.iter().any(|one| one == text))
        };
        (self.systems.is_empty() || among(&self.systems, "system")) && !among(&self.open_uses, "use")
    }
}

/// The table.
#[derive(Debug)]
pub struct Types {
    withheld: Vec<Withheld>,
    groups: HashMap<String, String>,
    undeclared_step: String,
    offered_step: String,
}

#[derive(Deserialize)]
struct File {
    groups: HashMap<String, Vec<String>>,
    undeclared_step: String,
    #[serde(default)]
    offered_step: String,
    #[serde(default)]
    withheld: Vec<Withheld>,
}

impl Types {
    pub(crate) fn parse(text: &str) -> Result<Self, PolicyError> {
        let file: File = serde_json::from_str(text).map_err(|error| PolicyError::file("types.json", &error))?;
        let mut groups = HashMap::new();
        for (group, types) in file.groups {
            for rtype in types {
                if let Some(other) = groups.insert(rtype.clone(), group.clone()) {
                    let message = format!("{rtype} is in two groups, {other} and {group}");
                    return Err(PolicyError::file("types.json", &message));
                }
            }
        }
        Ok(Self {
            groups,
            withheld: file.withheld,
            undeclared_step: file.undeclared_step,
            offered_step: file.offered_step,
        })
    }

    /// What a step of a process opens that declares nothing.
    pub fn undeclared_step(&self) -> &str {
        &self.undeclared_step
    }

    /// What a step opens to those whom it names in person, before one of them takes it.
    pub fn offered_step(&self) -> &str {
        &self.offered_step
    }

    /// The parts of types that are decided on by themselves.
    pub fn withheld(&self) -> &[Withheld] {
        &self.withheld
    }

    /// The group of a type.
    pub fn group(&self, rtype: &str) -> &str {
        self.groups.get(rtype).map_or(REST, String::as_str)
    }
}
