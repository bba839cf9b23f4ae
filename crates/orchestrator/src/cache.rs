//! Hot instances in memory, bounded: what was used lately stays.

use crate::instance::Hot;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

#[derive(Default)]
struct Generations {
    young: HashMap<String, Arc<Hot>>,
    old: HashMap<String, Arc<Hot>>,
}

/// Two generations: when the young one is full it becomes the old one and what was in the old one is forgotten. So at
/// most `capacity` instances are kept, and each use is one or two hash look-ups.
pub(crate) struct Cache {
    half: usize,
    generations: Mutex<Generations>,
}

impl Cache {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            half: (capacity / 2).max(1),
            generations: Mutex::default(),
        }
    }

    pub(crate) fn get(&self, id: &str) -> Option<Arc<Hot>> {
        let mut generations = self.generations.lock();
        if let Some(hot) = generations.young.get(id) {
            return Some(hot.clone());
        }
        let hot = generations.old.remove(id)?;
        self.insert(&mut generations, id.to_owned(), hot.clone());
        Some(hot)
    }

    pub(crate) fn put(&self, id: &str, hot: Arc<Hot>) {
        let mut generations = self.generations.lock();
        if let Some(place) = generations.young.get_mut(id) {
            *place = hot;
            return;
        }
        generations.old.remove(id);
        self.insert(&mut generations, id.to_owned(), hot);
    }

    /// Keeps an instance that was read from the store, unless another command has put it there meanwhile.
    pub(crate) fn offer(&self, id: &str, hot: Arc<Hot>) {
        let mut generations = self.generations.lock();
        if !generations.young.contains_key(id) && !generations.old.contains_key(id) {
            self.insert(&mut generations, id.to_owned(), hot);
        }
    }

    pub(crate) fn remove(&self, id: &str) {
        let mut generations = self.generations.lock();
        generations.young.remove(id);
        generations.old.remove(id);
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        *self.generations.lock() = Generations::default();
    }

    /// Takes out what has ended.
    pub(crate) fn remove_ended(&self) {
        let mut generations = self.generations.lock();
        generations.young.retain(|_, hot| hot.ended.is_none());
        generations.old.retain(|_, hot| hot.ended.is_none());
    }

    fn insert(&self, generations: &mut Generations, id: String, hot: Arc<Hot>) {
        if generations.young.len() >= self.half {
            generations.old = std::mem::take(&mut generations.young);
        }
        generations.young.insert(id, hot);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_recent_and_stays_bounded() {
        let cache = Cache::new(4);
        for n in 0..10 {
            cache.put(&n.to_string(), Arc::new(Hot::for_test(n)));
            assert!(cache.get("0").is_some() || n > 0);
        }
        let held = (0..10).filter(|n| cache.get(&n.to_string()).is_some()).count();
        assert!(held <= 4, "{held} instances are kept");
        assert_eq!(cache.get("9").map(|h| h.revision), Some(9));
        cache.remove("9");
        assert!(cache.get("9").is_none());
    }

    #[test]
    fn a_newer_revision_replaces_the_older_in_either_generation() {
        let cache = Cache::new(2);
        cache.put("a", Arc::new(Hot::for_test(1)));
        cache.put("b", Arc::new(Hot::for_test(1)));
        cache.put("a", Arc::new(Hot::for_test(2)));
        assert_eq!(cache.get("a").map(|h| h.revision), Some(2));
    }
}
