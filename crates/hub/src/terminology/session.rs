//! The terminology that one question sees: the same from its first look to its last.

use super::cache::{Cache, Found, Key, Kind};
use super::fetch;
use crate::{Hub, HubError};
use parking_lot::Mutex;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use terminology::{Builtin, Canonical, CodeSystem, ConceptMap, Source, ValueSet};

/// Resources that one question looks at.
const MAX_HELD: usize = 20_000;

/// Answers from memory; what is not there is noted, and counts as absent until it is fetched.
pub(crate) struct Session {
    cache: Arc<Cache>,
    epoch: u64,
    held: Mutex<HashMap<Key, Found>>,
    missing: Mutex<BTreeSet<Key>>,
}

impl Session {
    /// A session that starts now.
    pub fn new(cache: Arc<Cache>) -> Self {
        let epoch = cache.epoch();
        Self {
            cache,
            epoch,
            held: Mutex::default(),
            missing: Mutex::default(),
        }
    }

    /// Fetches what was missed; `false` if nothing was.
    pub async fn fetch_missing(&mut self, hub: &Hub) -> Result<bool, HubError> {
        let missing = std::mem::take(self.missing.get_mut());
        if missing.is_empty() {
            return Ok(false);
        }
        if self.held.get_mut().len() + missing.len() > MAX_HELD {
            return Err(HubError::Limit {
                what: "terminology resources that one question leads to",
                max: MAX_HELD,
                found: self.held.get_mut().len() + missing.len(),
            });
        }
        let mut snapshot = hub.snapshot().await?;
        for key in missing {
            let found = fetch::fetch(hub, snapshot.as_mut(), &key).await?;
            self.cache.put(self.epoch, key.clone(), found.clone());
            self.held.get_mut().insert(key, found);
        }
        Ok(true)
    }

    fn find(&self, kind: Kind, address: String) -> Found {
        let key = (kind, address);
        if let Some(found) = self.held.lock().get(&key) {
            return found.clone();
        }
        match self.cache.get(&key) {
            Some(found) => {
                self.held.lock().insert(key, found.clone());
                found
            }
            None => {
                self.missing.lock().insert(key);
                Found::Absent
            }
        }
    }
}

impl Source for Session {
    fn code_system(&self, canonical: Canonical<'_>) -> Option<Arc<CodeSystem>> {
        match self.find(Kind::CodeSystem, canonical.to_string()) {
            Found::CodeSystem(system) => Some(system),
            _ => Builtin::r4().code_system(canonical),
        }
    }

    fn value_set(&self, canonical: Canonical<'_>) -> Option<Arc<ValueSet>> {
        match self.find(Kind::ValueSet, canonical.to_string()) {
            Found::ValueSet(set) => Some(set),
            _ => Builtin::r4().value_set(canonical),
        }
    }

    fn concept_map(&self, canonical: Canonical<'_>) -> Option<Arc<ConceptMap>> {
        match self.find(Kind::ConceptMap, canonical.to_string()) {
            Found::ConceptMap(map) => Some(map),
            _ => Builtin::r4().concept_map(canonical),
        }
    }

    fn concept_maps(&self, from: &str, to: Option<&str>) -> Vec<Arc<ConceptMap>> {
        let address = to.map_or_else(|| from.to_owned(), |to| format!("{from} {to}"));
        let mut maps = match self.find(Kind::Maps, address) {
            Found::Maps(maps) => maps,
            _ => Vec::new(),
        };
        maps.extend(Builtin::r4().concept_maps(from, to));
        maps
    }
}
