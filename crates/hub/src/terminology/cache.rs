//! Parsed terminology by canonical address, bounded.

use parking_lot::RwLock;
use std::collections::HashMap;
use std::sync::Arc;
use terminology::{CodeSystem, ConceptMap, ValueSet};

/// Concepts, codes and mappings kept, about 100 bytes each.
const MAX_WEIGHT: usize = if cfg!(test) { 10_000 } else { 1_000_000 };

/// What an address that leads nowhere weighs.
const ABSENT_WEIGHT: usize = 2;

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    CodeSystem,
    ValueSet,
    ConceptMap,
    /// Concept maps from a scope, to a scope: the address is `from` or `from to`, between a space.
    Maps,
}

/// Kind and canonical address (`url` or `url|version`).
pub(crate) type Key = (Kind, String);

/// What was found.
#[derive(Debug, Clone)]
pub(crate) enum Found {
    CodeSystem(Arc<CodeSystem>),
    ValueSet(Arc<ValueSet>),
    ConceptMap(Arc<ConceptMap>),
    Maps(Vec<Arc<ConceptMap>>),
    /// Nothing is stored.
    Absent,
}

impl Found {
    fn weight(&self) -> usize {
        ABSENT_WEIGHT
            + match self {
                Self::CodeSystem(system) => system.bytes() / 100,
                Self::ValueSet(set) => set.size(),
                Self::ConceptMap(map) => map.len(),
                Self::Maps(maps) => maps.iter().map(|map| map.len()).sum(),
                Self::Absent => 0,
            }
    }
}

#[derive(Default)]
struct Content {
    found: HashMap<Key, Found>,
    weight: usize,
    /// Grows when everything is forgotten, so that what was read before is not put in after.
    epoch: u64,
}

/// The cache.
#[derive(Default)]
pub(crate) struct Cache(RwLock<Content>);

impl Cache {
    pub fn get(&self, key: &Key) -> Option<Found> {
        self.0.read().found.get(key).cloned()
    }

    pub fn epoch(&self) -> u64 {
        self.0.read().epoch
    }

    /// Keeps what was found since `epoch`. A full cache is emptied: what is used comes back at its next use.
    pub fn put(&self, epoch: u64, key: Key, found: Found) {
        let weight = found.weight();
        let mut content = self.0.write();
        if content.epoch != epoch {
            return;
        }
        if content.weight + weight > MAX_WEIGHT {
            content.found.clear();
            content.weight = 0;
        }
        if weight <= MAX_WEIGHT && content.found.insert(key, found).is_none() {
            content.weight += weight;
        }
    }

    /// Forgets everything: something stored has changed.
    pub fn forget(&self) {
        let mut content = self.0.write();
        content.found = HashMap::new();
        content.weight = 0;
        content.epoch += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_a_write_is_not_kept_after_it() {
        let cache = Cache::default();
        let key: Key = (Kind::ValueSet, "http://x".into());
        let epoch = cache.epoch();
        cache.put(epoch, key.clone(), Found::Absent);
        assert!(cache.get(&key).is_some());
        cache.forget();
        assert!(cache.get(&key).is_none());
        cache.put(epoch, key.clone(), Found::Absent);
        assert!(cache.get(&key).is_none());
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let cache = Cache::default();
        for n in 0..MAX_WEIGHT {
            cache.put(0, (Kind::ValueSet, format!("http://x/{n}")), Found::Absent);
        }
        let content = cache.0.read();
        assert!(content.weight <= MAX_WEIGHT && content.found.len() <= MAX_WEIGHT / ABSENT_WEIGHT);
    }
}
