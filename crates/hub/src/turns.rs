//! Turns for writers that lost a race: they prepare again one after the other instead of against each other.
//!
//! Only an optimisation inside one process: what decides is the version the store checks at commit.

use std::hash::{DefaultHasher, Hash, Hasher};
use tokio::sync::{Mutex, MutexGuard};

/// More than the writers that meet at the same moment on different resources.
const STRIPES: usize = 64;

/// Locks by name.
pub(crate) struct Turns(Vec<Mutex<()>>);

impl Default for Turns {
    fn default() -> Self {
        Self((0..STRIPES).map(|_| Mutex::default()).collect())
    }
}

impl Turns {
    /// Waits for the turn of `name` on the second attempt; the first goes without, and later ones have it already.
    pub(crate) async fn wait<'a>(&'a self, name: impl Hash, attempt: usize, turn: &mut Option<MutexGuard<'a, ()>>) {
        if attempt == 0 || turn.is_some() {
            return;
        }
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        let stripe = usize::try_from(hasher.finish() % STRIPES as u64).unwrap_or(0);
        *turn = Some(self.0[stripe].lock().await);
    }
}
