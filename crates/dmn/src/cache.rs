//! A bounded cache of prepared expressions.

use parking_lot::RwLock;
use std::collections::HashMap;
use std::sync::Arc;

/// A map that holds the entries used last: two generations, the older one dropped when the younger one is full.
pub(crate) struct Cache<V> {
    generation_size: usize,
    generations: RwLock<Generations<V>>,
}

struct Generations<V> {
    young: HashMap<String, Arc<V>>,
    old: HashMap<String, Arc<V>>,
}

impl<V> Cache<V> {
    /// A cache of at most `capacity` entries.
    pub(crate) fn new(capacity: usize) -> Self {
        let generations = Generations {
            young: HashMap::new(),
            old: HashMap::new(),
        };
        Self {
            generation_size: (capacity / 2).max(1),
            generations: RwLock::new(generations),
        }
    }

    /// The cached value, or the one that `make` gives (errors are not kept).
    pub(crate) fn get_or_try<E>(&self, key: &str, make: impl FnOnce() -> Result<V, E>) -> Result<Arc<V>, E> {
        {
            let generations = self.generations.read();
            if let Some(value) = generations.young.get(key) {
                return Ok(value.clone());
            }
        }
        let kept = self.generations.write().old.remove(key);
        let value = match kept {
            Some(value) => value,
            None => Arc::new(make()?),
        };
        let mut generations = self.generations.write();
        if generations.young.len() >= self.generation_size {
            generations.old = std::mem::take(&mut generations.young);
        }
        generations.young.insert(key.to_owned(), value.clone());
        Ok(value)
    }

    /// How many entries it holds.
    pub(crate) fn len(&self) -> usize {
        let generations = self.generations.read();
        generations.young.len() + generations.old.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_holds_more_than_its_capacity_and_keeps_what_is_used() {
        let cache = Cache::new(10);
        let mut made = 0;
        for index in 0..1000 {
            for key in ["hot".to_owned(), format!("cold {index}")] {
                cache
                    .get_or_try(&key, || {
                        made += usize::from(key == "hot");
                        Ok::<_, ()>(key.len())
                    })
                    .unwrap();
            }
            assert!(cache.len() <= 10);
        }
        assert_eq!(made, 1, "the hot entry was prepared again");
        assert_eq!(cache.get_or_try("bad", || Err::<usize, _>("no")), Err("no"));
    }
}
