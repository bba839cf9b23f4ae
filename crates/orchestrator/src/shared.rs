//! Several nodes over one store: one of them does the background work, all of them answer, and each hears what the others commit.
//!
//! Instances kept in memory may be older than the store: what is shown is read anew, and what is done is checked by revision
//! ([`crate::command`]). Definitions are read again when another node deployed. Whoever has the background work finds what others
//! left to be done in the store, when it is told and every second.

use crate::registry::{RETIRED, SUSPENDED};
use crate::{Orchestrator, OrchestratorError};
use jiff::Timestamp;
use std::time::Duration;
use store::{CursorWrite, Duty, Others, StoreError};

/// How often whoever has the background work looks at the store though nothing was told, while other nodes are at work.
const LOOK: Duration = Duration::from_secs(1);
/// And how often after [`QUIET`] looks without a word of another node: each look reads what this node itself has just queued.
const SELDOM: Duration = Duration::from_secs(15);
/// Looks without a word after which no other node is taken to be at work.
const QUIET: u32 = 10;

impl Orchestrator {
    /// Takes part: does the background work when it is this node's turn, and hears the others, until the store closes.
    pub(crate) async fn share(&self, duty: &Duty) {
        tokio::select! {
            () = self.take_turns(duty) => {}
            () = self.listen() => {}
        }
    }

    /// Gives the background work away, when the program ends: another node takes it at once.
    ///
    /// # Errors
    /// The store failed; the others take it after a while.
    pub async fn leave(&self) -> Result<(), OrchestratorError> {
        match &self.duty {
            Some(duty) => Ok(duty.leave().await?),
            None => Ok(()),
        }
    }

    /// Whether this node does the background work.
    pub fn is_on_duty(&self) -> bool {
        self.duty.as_ref().is_none_or(Duty::is_mine)
    }

    /// Has a commit of the background work refused once another node does that work; `None`: it does so already. Take it
    /// before looking at what is to be done. Empty where one process has the store for itself.
    pub(crate) fn fence(&self) -> Option<Vec<CursorWrite>> {
        match &self.duty {
            Some(duty) => Some(vec![duty.fence()?]),
            None => Some(Vec::new()),
        }
    }

    async fn take_turns(&self, duty: &Duty) {
        loop {
            match duty.turn().await {
                Ok(true) => {
                    tracing::info!("this node does the background work from now on");
                    self.take_over().await;
                    tokio::select! {
                        () = self.work() => return,
                        () = until_lost(duty) => {}
                    }
                    self.stop_jobs();
                    tracing::warn!("another node does the background work from now on");
                }
                Ok(false) => {}
                Err(StoreError::Closed) => return,
                Err(error) => tracing::debug!(%error, "who does the background work cannot be seen now"),
            }
            tokio::time::sleep(Duty::PACE).await;
        }
    }

    /// Nothing of what an earlier turn left in memory counts.
    async fn take_over(&self) {
        *self.feed.lock().await = crate::feed::Feed::default();
        self.parked.forget_all();
        self.batches.open.lock().take();
        self.look_everywhere();
    }

    /// Has everything read from the store again: timers, jobs, the outbox.
    fn look_everywhere(&self) {
        *self.next_due.lock() = Timestamp::MIN;
        self.parked.look_again();
        self.jobs_look_again();
        self.wake.notify_one();
    }

    /// Hears what other nodes commit.
    async fn listen(&self) {
        let Some(mut others) = self.store.others() else { return };
        let mut before = Others::default();
        let mut silent = 0;
        loop {
            let pause = if silent < QUIET { LOOK } else { SELDOM };
            // The sender lives as long as the store.
            let told = tokio::time::timeout(pause, others.changed()).await;
            if matches!(told, Ok(Err(_))) {
                return;
            }
            silent = if told.is_err() { silent + 1 } else { 0 };
            let now = others.borrow_and_update().clone();
            let changed = |word: &str| now.changed(&before, word);
            let records = [SUSPENDED, RETIRED].map(|kind| format!("record:{kind}"));
            if (changed("definitions") || records.iter().any(|word| changed(word)))
                && let Err(error) = self.read_registry_again().await
            {
                tracing::error!(%error, "what another node deployed cannot be read; it is tried again");
                tokio::time::sleep(LOOK).await;
                continue;
            }
            if changed("record:batch-open") {
                self.batches.open.lock().take();
                self.batches.wake.notify_one();
            }
            if changed("suspended") {
                // Their jobs wait: nobody here may go on believing otherwise.
                self.cache.clear();
            }
            if changed("work") {
                self.pollers.look_again();
                self.tell_ended_elsewhere().await;
            }
            if self.is_on_duty() && (changed("work") || told.is_err()) {
                self.look_everywhere();
            }
            before = now;
        }
    }

    /// Reads what is deployed anew, one at a time.
    pub(crate) async fn read_registry_again(&self) -> Result<(), OrchestratorError> {
        let _one_at_a_time = self.deploying.lock().await;
        self.read_registry().await.map(drop)
    }

    /// Those who wait here for instances that another node has ended.
    async fn tell_ended_elsewhere(&self) {
        for id in self.ended.waited_for() {
            if let Ok(hot) = self.load(&id).await {
                self.ended.tell(&hot);
            }
        }
    }
}

async fn until_lost(duty: &Duty) {
    loop {
        tokio::time::sleep(Duty::PACE).await;
        // While the store fails, nobody can have taken over either.
        if matches!(duty.turn().await, Ok(false)) {
            return;
        }
    }
}
