//! The orchestrator itself: what it holds, its background loop, and settling at a virtual moment.

use crate::batch::Batches;
use crate::cache::Cache;
use crate::commit::After;
use crate::ended::Ended;
use crate::feed::Feed;
use crate::held::Held;
use crate::jobs::Jobs;
use crate::locks::Locks;
use crate::pollers::Pollers;
use crate::registry::Registry;
use crate::relay::Parked;
use crate::{Config, OrchestratorError};
use jiff::{SignedDuration, Timestamp};
use parking_lot::{Mutex, RwLock};
use std::sync::{Arc, Weak};
use std::time::Duration;
use store::{Clock, Duty, Ids, Store};
use tokio::sync::Notify;

/// Longest sleep of the background loop: how late a timer can be noticed when the machine's clock is moved.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
/// How often old answers to keyed requests are swept away.
const SWEEP_EVERY: SignedDuration = SignedDuration::from_hours(6);
/// Wait after a failed round, so that a broken disk does not spin a core.
const AFTER_FAILURE: Duration = Duration::from_millis(500);

/// Durable execution of processes over a [`Store`].
pub struct Orchestrator {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) config: Config,
    pub(crate) registry: RwLock<Option<Arc<Registry>>>,
    /// One deployment (or first reading of the definitions) at a time.
    pub(crate) deploying: tokio::sync::Mutex<()>,
    pub(crate) cache: Cache,
    pub(crate) locks: Locks,
    pub(crate) jobs: Jobs,
    pub(crate) pollers: Pollers,
    /// Leases given out lately.
    pub(crate) held: Held,
    pub(crate) parked: Parked,
    pub(crate) batches: Batches,
    /// At or before the due moment of the earliest timer.
    pub(crate) next_due: Mutex<Timestamp>,
    /// Wakes the background loop.
    pub(crate) wake: Notify,
    /// Held by whoever does the background work; with the position in the change feed.
    pub(crate) feed: tokio::sync::Mutex<Feed>,
    /// Callers that wait for an instance to end.
    pub(crate) ended: Ended,
    pub(crate) simulations: crate::simulations::Simulations,
    /// The background work, where several nodes share the store.
    pub(crate) duty: Option<Duty>,
    pub(crate) me: Weak<Self>,
}

impl Orchestrator {
    /// An orchestrator over a store. It does nothing by itself until [`Self::run`] or [`Self::settle`].
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>, config: Config) -> Arc<Self> {
        let shared = store.others().is_some();
        let duty = shared.then(|| Duty::new(store.clone(), clock.clone(), "background"));
        Arc::new_cyclic(|me| Self {
            duty,
            store,
            clock,
            ids,
            registry: RwLock::new(None),
            deploying: tokio::sync::Mutex::new(()),
            cache: Cache::new(config.hot_instances),
            locks: Locks::new(),
            jobs: Jobs::new(config.job_concurrency, config.job_queue),
            pollers: Pollers::new(config.fetch_waiting),
            held: Held::default(),
            parked: Parked::default(),
            batches: Batches::default(),
            next_due: Mutex::new(Timestamp::MIN),
            wake: Notify::new(),
            feed: tokio::sync::Mutex::new(Feed::default()),
            ended: Ended::default(),
            simulations: crate::simulations::Simulations::default(),
            me: me.clone(),
            config,
        })
    }

    /// What a commit leads to, in memory.
    pub(crate) fn after_commit(&self, after: After) {
        if let Some(due) = after.due {
            self.timer_set(due);
        }
        if after.relay || self.parked.any_for(&after.awaited) {
            self.parked.relay_needed();
            self.wake.notify_one();
        }
        self.pollers.offered(&after.jobs);
        for lease in after.held {
            self.held.given(lease);
        }
        for (job_type, until) in &after.leased {
            self.lease_ends(job_type, *until);
        }
        self.new_jobs(after.jobs);
    }

    /// The background loop: timers, jobs, messages between processes, and the hub's changes, until the store closes.
    /// Exactly one per process; where several processes share the store, one of them at a time works.
    pub async fn run(self: Arc<Self>) {
        match &self.duty {
            None => self.work().await,
            Some(duty) => self.share(duty).await,
        }
    }

    /// Works until the store closes.
    pub(crate) async fn work(&self) {
        self.start_jobs_automatically();
        // Side by side, so that a large batch holds up no timer.
        tokio::select! {
            () = self.run_rounds() => {}
            () = self.run_batches() => {}
        }
    }

    async fn run_rounds(&self) {
        let mut changes = self.store.changes();
        let mut next_sweep = Timestamp::MIN;
        loop {
            if self.clock.now() >= next_sweep {
                next_sweep = self.clock.now() + SWEEP_EVERY;
                if let Err(error) = self.sweep_answers().await {
                    tracing::warn!(%error, "old answers to keyed requests could not be swept away");
                }
            }
            let pause = match self.round().await {
                Ok(_) => self.until_next_timer(),
                Err(OrchestratorError::Store(store::StoreError::Closed)) => return,
                Err(error) => {
                    tracing::error!(%error, "background work failed; trying again");
                    // Whatever wakes it, it would fail again.
                    tokio::time::sleep(AFTER_FAILURE).await;
                    continue;
                }
            };
            if self.feeds() {
                tokio::select! {
                    () = self.wake.notified() => {}
                    changed = changes.changed() => if changed.is_err() { return },
                    () = tokio::time::sleep(pause) => {}
                }
            } else {
                tokio::select! {
                    () = self.wake.notified() => {}
                    () = tokio::time::sleep(pause) => {}
                }
            }
        }
    }

    fn until_next_timer(&self) -> Duration {
        let next = self.pollers.next_end().unwrap_or(Timestamp::MAX);
        let wait = self.clock.now().duration_until(next.min(*self.next_due.lock()));
        Duration::try_from(wait).unwrap_or_default().min(LONGEST_SLEEP)
    }

    /// Runs everything due at the present moment until nothing more happens: timers, jobs, messages, hub changes. For tests and
    /// tools with a clock of their own; takes the background work from whichever node has it.
    pub async fn settle(&self) -> Result<(), OrchestratorError> {
        if let Some(duty) = &self.duty {
            duty.seize().await?;
        }
        for _ in 0..self.config.settle_rounds {
            if self.round().await? + self.pump_batches().await? == 0 {
                return Ok(());
            }
        }
        Err(OrchestratorError::Invalid(format!(
            "work never came to rest in {} rounds at one moment: look for a timer or message loop without a pause",
            self.config.settle_rounds
        )))
    }

    /// One look at everything; returns how many things were done.
    async fn round(&self) -> Result<usize, OrchestratorError> {
        let mut feed = self.feed.lock().await;
        self.registry().await?;
        let timers = self.pump_timers().await?;
        let jobs = self.pump_jobs().await?;
        self.pollers.ended(self.clock.now());
        let changes = self.pump_feed(&mut feed).await?;
        let relayed = self.pump_relay().await?;
        Ok(timers + jobs + changes + relayed)
    }
}
