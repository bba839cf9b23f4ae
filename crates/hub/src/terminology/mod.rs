//! The terminology service of the hub: what is stored as CodeSystem, ValueSet and ConceptMap, and R4's own below.
//!
//! The operations themselves are pure and live in the crate `terminology`; here their content is fetched. A
//! [`Session`] answers from memory and notes what it lacks; [`Hub::with_terminology`] fetches that and asks again, so that
//! no thread waits for the store in the middle of a computation. What was parsed stays in a bounded [`Cache`] until
//! a write of this process touches a terminology resource (the store has one process).

mod cache;
mod capabilities;
mod fetch;
mod inputs;
mod session;
mod target;

pub(crate) use cache::Cache;
pub(crate) use capabilities::capabilities;
pub(crate) use inputs::{Inputs, coding, value_text};
pub(crate) use session::Session;
pub(crate) use target::{Target, code_system, concept_map, only, value_set};

use crate::http::blocking;
use crate::{Hub, HubError};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use store::{StoreError, Transaction};
use terminology::{Source, TermError};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Resource types that are terminology.
const TYPES: [&str; 3] = ["CodeSystem", "ValueSet", "ConceptMap"];

/// Fetches and repetitions of one question: each goes one step deeper into value sets of value sets.
const MAX_ROUNDS: usize = 64;

/// Questions worked on at the same time: their memory is that of so many expansions.
const AT_ONCE: usize = 4;

/// Questions that wait for their turn; more are asked to come again.
const MAX_WAITING: usize = 256;

/// State of the terminology service of a hub.
pub(crate) struct Terminology {
    pub cache: Arc<Cache>,
    turns: Semaphore,
    waiting: AtomicUsize,
}

impl Default for Terminology {
    fn default() -> Self {
        Self {
            cache: Arc::default(),
            turns: Semaphore::new(AT_ONCE),
            waiting: AtomicUsize::new(0),
        }
    }
}

impl Terminology {
    async fn turn(&self) -> Result<SemaphorePermit<'_>, HubError> {
        if let Ok(turn) = self.turns.try_acquire() {
            return Ok(turn);
        }
        let waiting = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _counted = Counted(&self.waiting);
        if waiting >= MAX_WAITING {
            return Err(StoreError::Overloaded { waiting }.into());
        }
        let turn = self.turns.acquire().await;
        turn.map_err(|_| StoreError::Closed.into())
    }
}

/// Whether a transaction writes terminology, so that what is in memory is to be forgotten once it is committed.
pub(crate) fn touches(transaction: &Transaction) -> bool {
    transaction
        .resources
        .iter()
        .any(|write| TYPES.contains(&write.rtype.as_str()))
}

/// One less waits when it is dropped, also when the client went away.
struct Counted<'a>(&'a AtomicUsize);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Hub {
    /// Asks a question about terminology: stored resources first, R4's own where there are none. `work` may be called
    /// several times, until everything it looks for is in memory; its last answer counts. It runs on a thread
    /// made for such work, and only a few of them run at the same time.
    ///
    /// # Errors
    /// The store failed, too many questions wait, or the answer needs more than 64 steps from value set to value set.
    pub async fn with_terminology<T: Send + 'static>(
        &self,
        work: impl Fn(&dyn Source) -> T + Send + Sync + 'static,
    ) -> Result<T, HubError> {
        let _turn = self.terminology.turn().await?;
        let work = Arc::new(work);
        let mut session = Session::new(self.terminology.cache.clone());
        for _ in 0..MAX_ROUNDS {
            let work = work.clone();
            let (asked, answer) = blocking(move || {
                let answer = work(&session);
                Ok((session, answer))
            })
            .await?;
            session = asked;
            if !session.fetch_missing(self).await? {
                return Ok(answer);
            }
        }
        Err(TermError::TooCostly(format!(
            "the answer needs more than {MAX_ROUNDS} steps from value set to value set: is there a circle?"
        ))
        .into())
    }
}
