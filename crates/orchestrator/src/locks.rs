//! One command at a time per instance within this process. Correctness does not rest on it (the store checks the
//! revision); it only spares work that would be thrown away.

use std::hash::{BuildHasher, RandomState};
use tokio::sync::{Mutex, MutexGuard};

/// Striped locks: instances share a stripe by chance, so a holder must never take a second one.
pub(crate) struct Locks {
    stripes: Vec<Mutex<()>>,
    hasher: RandomState,
}

impl Locks {
    pub(crate) fn new() -> Self {
        Self {
            stripes: (0..4096).map(|_| Mutex::new(())).collect(),
            hasher: RandomState::new(),
        }
    }

    pub(crate) async fn lock(&self, id: &str) -> MutexGuard<'_, ()> {
        let stripe = self.hasher.hash_one(id) as usize % self.stripes.len();
        self.stripes[stripe].lock().await
    }
}
