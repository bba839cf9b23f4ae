//! The one task behind all subscriptions.

use super::bell;
use super::dispatch::Flight;
use super::pump::Position;
use super::registry::Registry;
use super::shared::Shared;
use super::target::Target;
use crate::{Hub, HubError};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use store::{Duty, Others, StoreError};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;

/// Longest sleep: a clock that jumps is noticed after it.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// Pause after the store failed.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// Turns of [`Worker::settle`] at most.
const SETTLE_TURNS: usize = 1_000_000;

/// Matches changes and delivers notifications. One per store.
pub struct Worker {
    pub(super) hub: Arc<Hub>,
    pub(super) shared: Arc<Shared>,
    pub(super) client: reqwest::Client,
    /// Other nodes have websockets too.
    pub(super) several: bool,
    state: Mutex<State>,
}

/// What waits for one subscription.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Ready or behind, on disk.
    pub waiting: u64,
    /// Under way.
    pub flying: usize,
    /// When to look at the rows again.
    pub next: Option<Timestamp>,
}

/// A subscription to be activated.
#[derive(Debug)]
pub(super) struct Handshake {
    pub version: u64,
    pub attempts: u32,
    /// `None`: under way, or given up.
    pub due: Option<Timestamp>,
}

/// What the worker knows.
#[derive(Default)]
pub(super) struct State {
    pub loaded: bool,
    pub registry: Registry,
    pub position: Position,
    pub queues: BTreeMap<String, Queue>,
    pub targets: HashMap<String, Target>,
    pub handshakes: HashMap<String, Handshake>,
    /// Subscriptions whose rows go; `true`: dead letters too.
    pub purge: BTreeMap<String, bool>,
    pub flights: JoinSet<Flight>,
    pub flying: HashSet<u64>,
}

/// When there is something to do again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Now,
    At(Option<Timestamp>),
}

impl Worker {
    /// A worker for a hub; `None` when the hub has no subscription settings.
    ///
    /// # Errors
    /// The HTTP client cannot be made.
    pub fn new(hub: &Arc<Hub>) -> Result<Option<Self>, HubError> {
        let Some(shared) = hub.subscriptions.clone() else {
            return Ok(None);
        };
        let settings = &shared.settings;
        let client = reqwest::Client::builder()
            .dns_resolver(Arc::new(access::GuardedResolver(Arc::new(settings.endpoints.clone()))))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.timeout)
            .user_agent(concat!("Sinfonia/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| HubError::NotSupported(format!("an HTTP client ({error})")))?;
        Ok(Some(Self {
            several: hub.store.others().is_some(),
            hub: hub.clone(),
            shared,
            client,
            state: Mutex::default(),
        }))
    }

    /// Works until the store is closed; where several nodes share it, one of them at a time.
    ///
    /// # Errors
    /// See [`Worker::new`].
    pub async fn serve(hub: Arc<Hub>) -> Result<(), HubError> {
        let Some(others) = hub.store.others() else {
            if let Some(worker) = Self::new(&hub)? {
                worker.run().await;
            }
            return Ok(());
        };
        let Some(shared) = hub.subscriptions.clone() else {
            return Ok(());
        };
        tokio::select! {
            done = Self::take_turns(&hub, others.clone()) => done,
            () = bell::listen(&hub, &shared, others) => Ok(()),
        }
    }

    async fn take_turns(hub: &Arc<Hub>, mut others: watch::Receiver<Others>) -> Result<(), HubError> {
        let duty = Duty::new(hub.store.clone(), hub.clock.clone(), "subscriptions");
        loop {
            match duty.turn().await {
                Ok(true) => {
                    let Some(worker) = Self::new(hub)? else { return Ok(()) };
                    tokio::select! {
                        () = worker.run() => return Ok(()),
                        () = until_lost_or_stale(&duty, &mut others) => {}
                    }
                }
                Ok(false) => tokio::time::sleep(Duty::PACE).await,
                Err(StoreError::Closed) => return Ok(()),
                Err(error) => {
                    tracing::debug!(%error, "who sends notifications cannot be seen now");
                    tokio::time::sleep(Duty::PACE).await;
                }
            }
        }
    }

    /// Works until the store is closed.
    pub async fn run(self) {
        let mut state = self.state.lock().await;
        let mut changes = self.hub.store.changes();
        loop {
            let pause = match self.turn(&mut state).await {
                Ok(Next::Now) => continue,
                Ok(Next::At(next)) => self.until(next),
                Err(HubError::Store(StoreError::Closed)) => return,
                Err(error) => {
                    tracing::error!(%error, "subscriptions: background work failed; trying again");
                    AFTER_FAILURE
                }
            };
            let (flying, live) = (!state.flights.is_empty(), state.registry.live() > 0);
            tokio::select! {
                () = self.shared.wake.notified() => {}
                Some(landed) = state.flights.join_next(), if flying => self.landed(&mut state, landed).await,
                changed = changes.changed(), if live => if changed.is_err() { return },
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    fn until(&self, next: Option<Timestamp>) -> Duration {
        next.map_or(LONGEST_SLEEP, |next| {
            let wait: SignedDuration = self.hub.clock.now().duration_until(next);
            Duration::try_from(wait).unwrap_or_default().min(LONGEST_SLEEP)
        })
    }

    /// Does everything due at the present moment, and waits for what it started: for tests and tools with a clock of their
    /// own. Gives the next moment at which there is something to do.
    ///
    /// # Errors
    /// The store failed.
    pub async fn settle(&self) -> Result<Option<Timestamp>, HubError> {
        let mut state = self.state.lock().await;
        for _ in 0..SETTLE_TURNS {
            let next = self.turn(&mut state).await?;
            if let Some(landed) = state.flights.join_next().await {
                self.landed(&mut state, landed).await;
                continue;
            }
            match next {
                Next::Now => {}
                Next::At(Some(at)) if at <= self.hub.clock.now() => {}
                Next::At(next) => return Ok(next),
            }
        }
        Err(HubError::bad("the subscriptions never came to rest"))
    }

    /// One look at everything.
    async fn turn(&self, state: &mut State) -> Result<Next, HubError> {
        if !state.loaded {
            self.load(state).await?;
        }
        for id in self.shared.take_touched() {
            if let Err(error) = self.refresh(state, &id).await {
                self.shared.touch(&id);
                return Err(error);
            }
        }
        let ends = self.end_what_is_over(state).await?;
        let purged = self.purge(state).await?;
        let handshakes = self.start_handshakes(state);
        let more = self.pump(state).await?;
        let deliveries = self.dispatch(state).await?;
        if purged || more {
            return Ok(Next::Now);
        }
        Ok(Next::At([ends, handshakes, deliveries].into_iter().flatten().min()))
    }
}

/// Until another node has the duty, or another node wrote a Subscription: the worker begins anew then.
async fn until_lost_or_stale(duty: &Duty, others: &mut watch::Receiver<Others>) {
    let before = others.borrow_and_update().clone();
    loop {
        let told = tokio::time::timeout(Duty::PACE, others.changed()).await;
        if matches!(told, Ok(Ok(()))) && others.borrow_and_update().changed(&before, "type:Subscription") {
            return;
        }
        if matches!(duty.turn().await, Ok(false)) {
            return;
        }
    }
}
