//! The subscriptions in memory, with the way from a changed resource to those it may concern.

use super::definition::{Definition, Status};
use fhir::{IndexEntry, IndexValue, ParamId};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// One subscription.
#[derive(Debug)]
pub(super) struct Known {
    pub definition: Definition,
    /// Position of the feed after which changes concern it; `None`: it is not at work.
    pub since: Option<u64>,
}

impl Known {
    /// Whether changes are notified to it.
    pub fn live(&self) -> bool {
        self.since.is_some() && self.definition.status != Status::Off
    }

    /// Whether it waits to be activated.
    pub fn pending(&self) -> bool {
        match self.definition.status {
            Status::Requested => true,
            Status::Error => self.since.is_none(),
            Status::Active | Status::Off => false,
        }
    }

    /// Whether what waits for it is still sent: the owner who switches it off does not want it, a server that did so
    /// (with an error text) still owes it.
    pub fn served(&self) -> bool {
        self.live() || (self.definition.status == Status::Off && self.definition.error.is_some())
    }
}

/// Subscriptions on one type.
#[derive(Debug, Default)]
struct OfType {
    /// By a value that a match has.
    keyed: HashMap<ParamId, HashMap<String, Vec<Arc<Known>>>>,
    /// Those without such a value.
    others: Vec<Arc<Known>>,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Registry {
    all: HashMap<String, Arc<Known>>,
    by_type: HashMap<String, OfType>,
    searching: usize,
    live: usize,
}

impl Registry {
    pub fn get(&self, id: &str) -> Option<&Arc<Known>> {
        self.all.get(id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Arc<Known>> {
        self.all.values()
    }

    /// How many are at work.
    pub fn live(&self) -> usize {
        self.live
    }

    /// How many of them ask the store.
    pub fn searching(&self) -> usize {
        self.searching
    }

    /// The types that somebody is interested in.
    pub fn types(&self) -> Vec<String> {
        self.by_type.keys().cloned().collect()
    }

    /// Puts one in, or takes it out.
    pub fn set(&mut self, id: &str, known: Option<Known>) {
        if let Some(old) = self.all.remove(id) {
            self.unlink(&old);
        }
        if let Some(known) = known {
            let known = Arc::new(known);
            self.all.insert(id.to_owned(), known.clone());
            self.link(&known);
        }
    }

    fn link(&mut self, known: &Arc<Known>) {
        if !known.live() {
            return;
        }
        self.live += 1;
        self.searching += usize::from(known.definition.criteria.searches());
        let place = self.by_type.entry(known.definition.criteria.rtype.clone()).or_default();
        match known.definition.criteria.keys() {
            Some(keys) => {
                for (param, value) in keys {
                    let list = place.keyed.entry(param).or_default().entry(value).or_default();
                    list.push(known.clone());
                }
            }
            None => place.others.push(known.clone()),
        }
    }

    fn unlink(&mut self, known: &Arc<Known>) {
        if !known.live() {
            return;
        }
        self.live -= 1;
        self.searching -= usize::from(known.definition.criteria.searches());
        let rtype = &known.definition.criteria.rtype;
        let Some(place) = self.by_type.get_mut(rtype) else {
            return;
        };
        place.others.retain(|other| !Arc::ptr_eq(other, known));
        for (param, value) in known.definition.criteria.keys().into_iter().flatten() {
            if let Some(values) = place.keyed.get_mut(&param)
                && let Some(list) = values.get_mut(&value)
            {
                list.retain(|other| !Arc::ptr_eq(other, known));
                if list.is_empty() {
                    values.remove(&value);
                }
            }
        }
        place.keyed.retain(|_, values| !values.is_empty());
        if place.others.is_empty() && place.keyed.is_empty() {
            self.by_type.remove(rtype);
        }
    }

    /// Those that a version with these values may concern, each once.
    pub fn candidates(&self, rtype: &str, entries: &[IndexEntry]) -> Vec<Arc<Known>> {
        let Some(place) = self.by_type.get(rtype) else {
            return Vec::new();
        };
        let mut found = place.others.clone();
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for entry in entries {
            let Some(values) = place.keyed.get(&entry.param) else {
                continue;
            };
            let value = match &entry.value {
                IndexValue::Token { code, .. } => code,
                IndexValue::Reference { id, .. } => id,
                _ => continue,
            };
            for known in values.get(value).into_iter().flatten() {
                if seen.insert(known.definition.id.clone()) {
                    found.push(known.clone());
                }
            }
        }
        found
    }

    /// Whether anybody is interested in the type.
    pub fn concerns(&self, rtype: &str) -> bool {
        self.by_type.contains_key(rtype)
    }
}
