//! Sensitive categories and what hides a fact, as `policies/labels.json` lists them.

use crate::PolicyError;
use serde::Deserialize;
use std::collections::HashMap;

/// Labels at most: a set of them is one word.
const MAX: usize = 32;

/// What a label does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LabelKind {
    /// Masked until unlocked.
    Protected,
    /// Hidden by whom it is about.
    Hiding,
}

/// A system and a code.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
pub struct Code {
    /// Code system.
    pub system: String,
    /// Code.
    pub code: String,
}

/// One label.
#[derive(Debug, Clone, Deserialize)]
pub struct Label {
    /// Its name in policies.
    pub name: String,
    /// What it does.
    pub kind: LabelKind,
    /// Its name for people, Italian.
    pub it: String,
    /// Where the rule comes from.
    pub source: String,
    /// Whether somebody confirmed that the codes are complete.
    pub verified: bool,
    /// The coding in `meta.security`.
    pub security: Code,
    /// A resource that has one of these codes gets the label when it is written.
    pub codes: Vec<Code>,
}

/// A set of labels: bit `n` is the `n`th of [`Labels`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LabelSet(pub(crate) u32);

impl LabelSet {
    /// None.
    pub const NONE: Self = Self(0);

    /// Of one label.
    pub fn one(index: usize) -> Self {
        Self(1 << index)
    }

    /// Those of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether some of these is in both.
    pub fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Those that are in the other, too.
    #[must_use]
    pub fn within(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether all of these are in the other.
    pub fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// The indices.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        (0..MAX).filter(move |index| self.0 & (1 << index) != 0)
    }
}

/// The table.
#[derive(Debug)]
pub struct Labels {
    list: Vec<Label>,
    by_security: HashMap<Code, usize>,
    by_code: HashMap<Code, LabelSet>,
}

#[derive(Deserialize)]
struct File {
    labels: Vec<Label>,
}

impl Labels {
    /// Reads the table.
    pub(crate) fn parse(text: &str) -> Result<Self, PolicyError> {
        let file: File = serde_json::from_str(text).map_err(|error| PolicyError::file("labels.json", &error))?;
        if file.labels.len() > MAX {
            let message = format!("{} labels; at most {MAX} are possible", file.labels.len());
            return Err(PolicyError::file("labels.json", &message));
        }
        let mut by_security = HashMap::new();
        let mut by_code: HashMap<Code, LabelSet> = HashMap::new();
        for (index, label) in file.labels.iter().enumerate() {
            if by_security.insert(label.security.clone(), index).is_some() {
                let message = format!("two labels have the security code {}", label.security.code);
                return Err(PolicyError::file("labels.json", &message));
            }
            for code in &label.codes {
                let set = by_code.entry(code.clone()).or_default();
                *set = set.and(LabelSet::one(index));
            }
        }
        Ok(Self {
            list: file.labels,
            by_security,
            by_code,
        })
    }

    /// Every label, in the order of the bits.
    pub fn list(&self) -> &[Label] {
        &self.list
    }

    /// The label of a name.
    pub fn named(&self, name: &str) -> Option<LabelSet> {
        let index = self.list.iter().position(|label| label.name == name)?;
        Some(LabelSet::one(index))
    }

    /// The label that a `meta.security` coding is.
    pub fn of_security(&self, system: &str, code: &str) -> LabelSet {
        let key = Code {
            system: system.to_owned(),
            code: code.to_owned(),
        };
        self.by_security
            .get(&key)
            .map_or(LabelSet::NONE, |index| LabelSet::one(*index))
    }

    /// The labels that a coded fact gets.
    pub fn of_code(&self, system: &str, code: &str) -> LabelSet {
        let key = Code {
            system: system.to_owned(),
            code: code.to_owned(),
        };
        self.by_code.get(&key).copied().unwrap_or_default()
    }

    /// The labels of one kind.
    pub fn of_kind(&self, kind: LabelKind) -> LabelSet {
        let of = self.list.iter().enumerate().filter(|(_, label)| label.kind == kind);
        of.fold(LabelSet::NONE, |set, (index, _)| set.and(LabelSet::one(index)))
    }

    /// The names of a set.
    pub fn names(&self, set: LabelSet) -> Vec<&str> {
        set.iter()
            .filter_map(|index| self.list.get(index).map(|label| label.name.as_str()))
            .collect()
    }
}
