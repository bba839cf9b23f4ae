//! A duty that one node of several has at a time: timers, the outbox, notifications of subscriptions.
//!
//! Two cursors hold it. The **term** counts who has it: taking the duty over moves it by one, by compare and swap. The **beat**
//! is moved by the holder every third of [`Duty::TERM`]. Who sees the beat stand still for a whole term, by their own watch,
//! takes over: clocks of different machines are never compared. A holder that slept through its term (a stopped process, a cut
//! network) still believes that it has the duty until its next beat is refused; what must not be done twice carries
//! [`Duty::fence`], so that its commits are refused before that.

use crate::{Clock, CursorWrite, Store, StoreError, Transaction};
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use std::sync::Arc;

/// One node's part in a duty.
pub struct Duty {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    term: String,
    beat: String,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy, Default)]
struct State {
    /// The term in which this node has the duty.
    mine: Option<u64>,
    /// Term and beat as last seen, and since when they stand so.
    beat: Option<((u64, u64), Timestamp)>,
}

impl Duty {
    /// How long a holder may be silent.
    pub const TERM: SignedDuration = SignedDuration::from_secs(6);
    /// How often to call [`Duty::turn`].
    pub const PACE: std::time::Duration = std::time::Duration::from_secs(1);

    /// A part in the duty of this name.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, name: &str) -> Self {
        Self {
            store,
            clock,
            term: format!("duty/{name}"),
            beat: format!("duty/{name}/beat"),
            state: Mutex::default(),
        }
    }

    /// Whether this node has it, as far as it knows.
    pub fn is_mine(&self) -> bool {
        self.state.lock().mine.is_some()
    }

    /// Put into a transaction, has it refused once another node has the duty; `None`: this node has it not.
    pub fn fence(&self) -> Option<CursorWrite> {
        let term = self.state.lock().mine?;
        Some(CursorWrite {
            name: self.term.clone(),
            expected: term,
            value: term,
        })
    }

    /// Gives the duty away at once: the next one who looks takes it.
    ///
    /// # Errors
    /// The store failed.
    pub async fn leave(&self) -> Result<(), StoreError> {
        let Some(fence) = self.fence() else { return Ok(()) };
        self.state.lock().mine = None;
        // A beat of 0 is nobody's.
        let beat = self.store.snapshot().await?.cursor(&self.beat).await?;
        let none = CursorWrite {
            name: self.beat.clone(),
            expected: beat,
            value: 0,
        };
        match self.commit(vec![fence, none]).await {
            Ok(()) | Err(StoreError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Keeps the duty, or looks whether it is to be taken over; whether this node has it now.
    ///
    /// # Errors
    /// The store failed: nothing is known, and what this node knew stays.
    pub async fn turn(&self) -> Result<bool, StoreError> {
        let mut snapshot = self.store.snapshot().await?;
        let (term, beat) = (snapshot.cursor(&self.term).await?, snapshot.cursor(&self.beat).await?);
        drop(snapshot);
        let (now, state) = (self.clock.now(), *self.state.lock());
        if state.mine == Some(term) {
            // A beat in the future is one of before this node's clock was put back.
            let since = state.beat.map_or(Timestamp::MIN, |(_, since)| since);
            if (SignedDuration::ZERO..Self::TERM / 3).contains(&now.duration_since(since)) {
                return Ok(true);
            }
            return self.take(term, term, beat, now).await;
        }
        let silent = match state.beat {
            _ if beat == 0 => true,
            Some((seen, since)) if seen == (term, beat) && now >= since => now.duration_since(since) >= Self::TERM,
            // Never seen so, or this node's clock was put back: a term is counted from now on.
            _ => {
                self.state.lock().beat = Some(((term, beat), now));
                false
            }
        };
        self.state.lock().mine = None;
        if !silent {
            return Ok(false);
        }
        self.take(term, term + 1, beat, now).await
    }

    /// Takes the duty whoever has it: for tools that do the work by themselves. Whether this node has it now.
    ///
    /// # Errors
    /// The store failed.
    pub async fn seize(&self) -> Result<bool, StoreError> {
        let mut snapshot = self.store.snapshot().await?;
        let (term, beat) = (snapshot.cursor(&self.term).await?, snapshot.cursor(&self.beat).await?);
        drop(snapshot);
        if self.state.lock().mine == Some(term) {
            return Ok(true);
        }
        self.take(term, term + 1, beat, self.clock.now()).await
    }

    /// Moves the beat, and the term when it is another one.
    async fn take(&self, term: u64, to: u64, beat: u64, now: Timestamp) -> Result<bool, StoreError> {
        let move_term = CursorWrite {
            name: self.term.clone(),
            expected: term,
            value: to,
        };
        let move_beat = CursorWrite {
            name: self.beat.clone(),
            expected: beat,
            value: beat + 1,
        };
        match self.commit(vec![move_term, move_beat]).await {
            Ok(()) => {
                *self.state.lock() = State {
                    mine: Some(to),
                    beat: Some(((to, beat + 1), now)),
                };
                Ok(true)
            }
            Err(StoreError::Conflict { .. }) => {
                self.state.lock().mine = None;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    async fn commit(&self, cursors: Vec<CursorWrite>) -> Result<(), StoreError> {
        let transaction = Transaction {
            cursors,
            ..Transaction::default()
        };
        self.store.commit(transaction).await.map(drop)
    }
}
