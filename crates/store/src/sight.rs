//! What a search may see. The store applies it to every resource it looks at (matches, ends of chains and `_has`,
//! includes, counts), so that nothing hidden shows by its effect on an answer.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

/// Says what may be seen of each type.
pub trait Sight: fmt::Debug + Send + Sync {
    /// Of this resource type.
    fn of(&self, rtype: &str) -> Arc<TypeSight>;
}

/// What may be seen of one type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypeSight {
    /// Resources in no patient's compartment.
    pub outside: bool,
    /// Of these, one with one of these labels (`meta.security`) is not seen.
    pub outside_without: Arc<[SecurityLabel]>,
    /// Resources about patients. The first group that holds the patient decides; a patient in none is not seen.
    pub groups: Vec<SightGroup>,
}

/// Patients of whom the same may be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SightGroup {
    /// Whom it holds.
    pub patients: Patients,
    /// A resource with one of these labels (`meta.security`) is not seen.
    pub without: Arc<[SecurityLabel]>,
}

/// A set of patients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Patients {
    /// Everyone.
    All,
    /// Everyone but these ids.
    AllBut(Arc<HashSet<String>>),
    /// These ids.
    These(Arc<HashSet<String>>),
}

/// A coding in `meta.security`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SecurityLabel {
    /// Code system.
    pub system: String,
    /// Code.
    pub code: String,
}

impl Patients {
    /// Whether a patient is among them.
    pub fn has(&self, patient: &str) -> bool {
        match self {
            Self::All => true,
            Self::AllBut(ids) => !ids.contains(patient),
            Self::These(ids) => ids.contains(patient),
        }
    }
}

impl TypeSight {
    /// Everything.
    pub fn everything() -> Self {
        Self {
            outside: true,
            outside_without: Arc::from([]),
            groups: vec![SightGroup {
                patients: Patients::All,
                without: Arc::from([]),
            }],
        }
    }

    /// The labels that must not be on a resource for it to be seen; `None`: it is not seen whatever it has.
    pub fn group(&self, patient: Option<&str>) -> Option<&[SecurityLabel]> {
        match patient {
            None => self.outside.then_some(&self.outside_without),
            Some(patient) => {
                let group = self.groups.iter().find(|group| group.patients.has(patient))?;
                Some(&group.without)
            }
        }
    }

    /// The patients that can be seen, when they are few enough to be walked one by one and nothing else is seen.
    pub fn few(&self, at_most: usize) -> Option<Vec<Arc<HashSet<String>>>> {
        if self.outside {
            return None;
        }
        let mut sets = Vec::with_capacity(self.groups.len());
        for group in &self.groups {
            match &group.patients {
                Patients::All | Patients::AllBut(_) => return None,
                Patients::These(ids) => sets.push(ids.clone()),
            }
        }
        (sets.iter().map(|set| set.len()).sum::<usize>() <= at_most).then_some(sets)
    }
}

/// A [`Sight`] in a query; two are equal when they are the same one.
#[derive(Debug, Clone)]
pub struct Seen(pub Arc<dyn Sight>);

impl PartialEq for Seen {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
