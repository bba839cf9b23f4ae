//! Current versions in memory, so that reading a resource often asked for touches no page.
//!
//! A hit is never older than what a writer was told is committed: before its commit the writer takes the resources it
//! writes out of the cache and closes their slots, after it the slots open again; whoever read the file meanwhile finds
//! the slot's stamp changed and does not put its copy in.

use parking_lot::Mutex;
use quick_cache::sync::Cache as Quick;
use quick_cache::{Equivalent, Weighter};
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;
use store::StoredResource;

/// Slots; a power of two.
const SLOTS: usize = 4096;
/// Estimated bytes of an entry besides its body.
const OVERHEAD: u64 = 256;
/// Bodies above this are not kept.
const MAX_BODY: usize = 256 * 1024;

#[derive(Debug, PartialEq, Eq)]
struct Key {
    rtype: String,
    id: String,
}

impl Hash for Key {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (self.rtype.as_str(), self.id.as_str()).hash(state);
    }
}

#[derive(Hash)]
struct Name<'a>(&'a str, &'a str);

impl Equivalent<Key> for Name<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.0 == key.rtype && self.1 == key.id
    }
}

#[derive(Debug, Clone)]
struct Bytes;

impl Weighter<Key, Arc<StoredResource>> for Bytes {
    fn weight(&self, _: &Key, resource: &Arc<StoredResource>) -> u64 {
        OVERHEAD + resource.body.as_ref().map_or(0, |body| body.len() as u64)
    }
}

/// The cache. Deletions are kept too: they answer 410 as often as asked.
#[derive(Debug)]
pub(crate) struct Cache {
    found: Quick<Key, Arc<StoredResource>, Bytes>,
    /// Odd while a writer is at work on a resource of the slot.
    slots: Vec<Mutex<u64>>,
    hasher: RandomState,
}

/// What a reader saw before it asked the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    slot: usize,
    stamp: u64,
}

impl Cache {
    /// A cache of about `bytes`; 0 keeps nothing.
    pub fn new(bytes: u64) -> Arc<Self> {
        let estimated = usize::try_from(bytes / 2048).unwrap_or(usize::MAX);
        Arc::new(Self {
            found: Quick::with_weighter(estimated, bytes, Bytes),
            slots: (0..SLOTS).map(|_| Mutex::new(0)).collect(),
            hasher: RandomState::new(),
        })
    }

    fn slot(&self, rtype: &str, id: &str) -> usize {
        self.hasher.hash_one((rtype, id)) as usize & (SLOTS - 1)
    }

    /// The current version, or what [`Self::put`] must be told later.
    pub fn get(&self, rtype: &str, id: &str) -> Result<Arc<StoredResource>, Seen> {
        self.found.get(&Name(rtype, id)).ok_or_else(|| {
            let slot = self.slot(rtype, id);
            let stamp = *self.slots[slot].lock();
            Seen { slot, stamp }
        })
    }

    /// Keeps what the file held, unless somebody wrote there meanwhile.
    pub fn put(&self, seen: Seen, resource: &Arc<StoredResource>) {
        if resource.body.as_ref().is_some_and(|body| body.len() > MAX_BODY) {
            return;
        }
        let stamp = self.slots[seen.slot].lock();
        if *stamp == seen.stamp && seen.stamp.is_multiple_of(2) {
            let key = Key {
                rtype: resource.rtype.clone(),
                id: resource.id.clone(),
            };
            self.found.insert(key, resource.clone());
        }
    }

    /// To be called before the commit that writes these resources; kept until after it.
    pub fn writing<'a>(self: &Arc<Self>, names: impl Iterator<Item = (&'a str, &'a str)>) -> Writing {
        let mut writing = Writing {
            cache: self.clone(),
            slots: Vec::new(),
        };
        let names: Vec<_> = names.collect();
        writing
            .slots
            .extend(names.iter().map(|(rtype, id)| self.slot(rtype, id)));
        writing.slots.sort_unstable();
        writing.slots.dedup();
        writing.turn();
        for (rtype, id) in names {
            self.found.remove(&Name(rtype, id));
        }
        writing
    }
}

/// Open slots again when dropped.
#[derive(Debug)]
pub(crate) struct Writing {
    cache: Arc<Cache>,
    slots: Vec<usize>,
}

impl Writing {
    fn turn(&self) {
        for slot in &self.slots {
            *self.cache.slots[*slot].lock() += 1;
        }
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.turn();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use store::Method;

    fn version(version: u64) -> Arc<StoredResource> {
        Arc::new(StoredResource {
            rtype: "Patient".into(),
            id: "a".into(),
            version,
            last_updated: Timestamp::UNIX_EPOCH,
            method: Method::Put,
            body: Some("{}".into()),
            patient: None,
        })
    }

    fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
        std::iter::once(("Patient", "a"))
    }

    #[test]
    fn what_was_read_before_or_during_a_write_is_not_kept() {
        let cache = Cache::new(1 << 20);
        let before = cache.get("Patient", "a").unwrap_err();
        let writing = cache.writing(names());
        cache.put(before, &version(1));
        let during = cache.get("Patient", "a").unwrap_err();
        cache.put(during, &version(1));
        drop(writing);
        cache.put(before, &version(1));
        cache.put(during, &version(1));
        let after = cache.get("Patient", "a").unwrap_err();
        cache.put(after, &version(2));
        assert_eq!(cache.get("Patient", "a").unwrap().version, 2);
        drop(cache.writing(names()));
        assert!(cache.get("Patient", "a").is_err(), "a write takes it out");
    }

    #[test]
    fn it_holds_no_more_than_its_bytes() {
        let cache = Cache::new(64 * 1024);
        for n in 0..10_000 {
            let id = n.to_string();
            let seen = cache.get("Patient", &id).unwrap_err();
            let mut resource = (*version(1)).clone();
            resource.id.clone_from(&id);
            cache.put(seen, &Arc::new(resource));
        }
        assert!(cache.found.weight() <= 64 * 1024);
        assert!(cache.found.weight() > 32 * 1024);
    }
}
