//! What a decision is made from.

use crate::{LabelSet, Relations};
use std::sync::Arc;

/// What is to be done with a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// See it: read, search, history, `$everything`, pages.
    Read,
    /// Make it or change it.
    Write,
    /// Delete it.
    Delete,
    /// Take it away in bulk.
    Export,
}

impl Action {
    /// Every action.
    pub const ALL: [Action; 4] = [Action::Read, Action::Write, Action::Delete, Action::Export];

    /// Its name in policies.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Delete => "delete",
            Self::Export => "export",
        }
    }

    /// The action of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }
}

/// Who asks, as far as policies care. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Asker {
    roles: Arc<str>,
    /// 0 unknown, 1 password, 2 second factor, 3 certificate or card.
    pub assurance: u8,
    /// A program for itself.
    pub machine: bool,
}

impl Asker {
    /// Of these roles.
    pub fn new<S: AsRef<str>>(roles: impl IntoIterator<Item = S>, assurance: u8, machine: bool) -> Self {
        let mut list: Vec<String> = roles.into_iter().map(|role| role.as_ref().to_owned()).collect();
        list.sort_unstable();
        list.dedup();
        Self {
            roles: list.join(" ").into(),
            assurance,
            machine,
        }
    }

    /// The roles, sorted.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.roles.split(' ').filter(|role| !role.is_empty())
    }

    /// Whether it has a role.
    pub fn has_role(&self, role: &str) -> bool {
        self.roles().any(|own| own == role)
    }
}

/// May this asker do this with such a fact?
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Who asks.
    pub asker: &'a Asker,
    /// To do what.
    pub action: Action,
    /// FHIR type.
    pub rtype: &'a str,
    /// Whether it lies in a patient's compartment.
    pub about_patient: bool,
    /// The ties to that patient.
    pub relations: Relations,
    /// Its labels.
    pub labels: LabelSet,
    /// The labels that were unlocked for that patient.
    pub unlocked: LabelSet,
    /// Purpose of use.
    pub purpose: &'a str,
}
