//! Messages and signals between instances: out of the outbox, into the receivers, each exactly once.

use crate::api::Correlated;
use crate::command::{Order, Target};
use crate::commit::{Answer, Applied, Extras};
use crate::delivery::{Delivery, Outcome, StartDelivery, TOPIC};
use crate::eyes::Eyes;
use crate::idempotency::Idempotency;
use crate::instance::Hot;
use crate::{Orchestrator, OrchestratorError};
use bpmn::StartTrigger;
use engine::{Command, StartBy, StepError, Variables};
use futures::{StreamExt, stream};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use serde_json::json;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use store::{CursorWrite, InstanceFilter, InstanceStatus, Outbox, OutboxWrite, StoreError, Transaction, WaitKind};

/// Entries read at a time.
const BATCH: usize = 200;
/// Who should receive, as the answer of a keyed request: it is kept before they do.
fn intended(to: &[Delivery]) -> Correlated {
    let mut correlated = Correlated::default();
    for one in to {
        match one {
            Delivery::ToWait { instance, .. } => correlated.delivered.push(instance.clone()),
            Delivery::ToStart(start) if start.part.is_some() => correlated.waiting.push(start.process.clone()),
            Delivery::ToStart(start) => correlated.started.push(start.id.clone()),
            Delivery::Message { .. } | Delivery::Signal { .. } => {}
        }
    }
    correlated
}

/// Wait before an entry that failed is tried again.
const RETRY: SignedDuration = SignedDuration::from_secs(30);
/// Prefix of the instance field in waits of start events.
pub(crate) const START_WAIT: &str = "start:";

/// Messages nobody waits for yet, and whether the outbox has to be looked at.
pub(crate) struct Parked {
    waiting: Mutex<HashMap<(String, String), Vec<Outbox>>>,
    /// Entries whose receiver came up.
    ready: Mutex<Vec<Outbox>>,
    dirty: AtomicBool,
    /// Whether parked entries of an earlier run were read.
    loaded: AtomicBool,
    /// When an entry that was put off may go out or expires.
    next: Mutex<Timestamp>,
}

impl Default for Parked {
    fn default() -> Self {
        Self {
            waiting: Mutex::default(),
            ready: Mutex::default(),
            dirty: AtomicBool::new(true),
            loaded: AtomicBool::new(false),
            next: Mutex::new(Timestamp::MAX),
        }
    }
}

impl Parked {
    /// Moves parked messages for these names and keys to the ready ones; true if there were any.
    pub(crate) fn any_for(&self, awaited: &[(String, String)]) -> bool {
        if awaited.is_empty() {
            return false;
        }
        let mut waiting = self.waiting.lock();
        let mut any = false;
        for wait in awaited {
            if let Some(entries) = waiting.remove(wait) {
                self.ready.lock().extend(entries);
                any = true;
            }
        }
        any
    }

    pub(crate) fn relay_needed(&self) {
        self.dirty.store(true, Ordering::Release);
    }

    /// Nothing is known of the outbox any more.
    pub(crate) fn forget_all(&self) {
        self.waiting.lock().clear();
        self.ready.lock().clear();
        self.loaded.store(false, Ordering::Release);
        self.dirty.store(true, Ordering::Release);
    }

    /// Others wrote: the outbox is read again, and whether somebody waits now for what was parked.
    pub(crate) fn look_again(&self) {
        if !self.waiting.lock().is_empty() {
            self.loaded.store(false, Ordering::Release);
        }
        self.dirty.store(true, Ordering::Release);
    }

    /// True when the entry was not parked before.
    fn park(&self, name: &str, key: &str, entry: Outbox) -> bool {
        let mut waiting = self.waiting.lock();
        let entries = waiting.entry((name.to_owned(), key.to_owned())).or_default();
        let new = !entries.iter().any(|e| e.id == entry.id);
        if new {
            entries.push(entry);
        }
        new
    }

    /// Has the outbox looked at again from `at` on.
    fn look_at(&self, at: Timestamp) {
        let mut next = self.next.lock();
        *next = at.min(*next);
    }

    /// Whether the outbox has to be read now.
    fn take_dirty(&self, now: Timestamp) -> bool {
        let mut next = self.next.lock();
        let due = *next <= now;
        if due {
            *next = Timestamp::MAX;
        }
        self.dirty.swap(false, Ordering::AcqRel) || due
    }

    fn forget(&self, name: &str, key: &str, id: &str) {
        let mut waiting = self.waiting.lock();
        let place = (name.to_owned(), key.to_owned());
        if let Some(entries) = waiting.get_mut(&place) {
            entries.retain(|e| e.id != id);
            if entries.is_empty() {
                waiting.remove(&place);
            }
        }
    }
}

/// An entry of the outbox on its way: it goes with the commit of what it leads to.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    id: String,
    /// See [`Orchestrator::fence`].
    fence: Vec<CursorWrite>,
}

/// What goes into that commit.
fn extras(taken: Option<&Taken>) -> Extras {
    let Some(Taken { id, fence }) = taken else {
        return Extras::default();
    };
    Extras {
        outbox: vec![OutboxWrite::Remove { id: id.clone() }],
        cursors: fence.clone(),
        ..Extras::default()
    }
}

impl Orchestrator {
    /// Relays everything that can go; returns how many entries moved.
    pub(crate) async fn pump_relay(&self) -> Result<usize, OrchestratorError> {
        if !self.parked.loaded.swap(true, Ordering::AcqRel) {
            self.read_parked().await?;
        }
        let mut moved = 0;
        loop {
            let mut entries = std::mem::take(&mut *self.parked.ready.lock());
            let now = self.clock.now();
            if self.parked.take_dirty(now) {
                let read = self.store.snapshot().await?.outbox(TOPIC, now, BATCH).await?;
                if read.len() == BATCH {
                    self.parked.relay_needed();
                }
                entries.extend(
                    read.into_iter()
                        .filter(|r| !entries.iter().any(|e| e.id == r.id))
                        .collect::<Vec<_>>(),
                );
            }
            if entries.is_empty() {
                return Ok(moved);
            }
            moved += entries.len();
            stream::iter(entries)
                .for_each_concurrent(self.config.concurrency, |entry| async move {
                    let id = entry.id.clone();
                    if let Err(error) = self.relay(entry).await {
                        self.relay_later(id, &error).await;
                    }
                })
                .await;
        }
    }

    /// Parked messages of an earlier run: known again, with a look whether someone waits meanwhile.
    async fn read_parked(&self) -> Result<(), OrchestratorError> {
        let all = self
            .store
            .snapshot()
            .await?
            .outbox(TOPIC, Timestamp::MAX, 100_000)
            .await?;
        self.parked.ready.lock().extend(all);
        Ok(())
    }

    async fn relay_later(&self, id: String, error: &OrchestratorError) {
        tracing::warn!(entry = id, %error, "an outbox entry could not be delivered; trying again later");
        let not_before = self.clock.now() + RETRY;
        self.parked.look_at(not_before);
        let retry = OutboxWrite::Retry {
            id,
            not_before,
            error: error.to_string(),
        };
        if let Err(error) = self
            .store
            .commit(Transaction {
                outbox: vec![retry],
                ..Transaction::default()
            })
            .await
        {
            tracing::error!(%error, "the retry could not be stored either");
        }
    }

    async fn relay(&self, entry: Outbox) -> Result<(), OrchestratorError> {
        // Taken now: whoever is relieved while this goes on is refused in the commit.
        let Some(fence) = self.fence() else { return Ok(()) };
        let delivery: Delivery = serde_json::from_slice(&entry.payload)
            .map_err(|e| OrchestratorError::Damaged(format!("outbox entry {}: {e}", entry.id)))?;
        let taken = Taken {
            id: entry.id.clone(),
            fence,
        };
        match delivery {
            Delivery::Message {
                name,
                key,
                patient,
                variables,
                expires,
            } => {
                let to = self
                    .receivers(&name, &key, patient.as_deref(), &variables, "message")
                    .await?;
                if to.is_empty() {
                    return self.park(entry, &name, &key, expires).await;
                }
                self.parked.forget(&name, &key, &entry.id);
                self.fan_out(to, &entry.id, Some(taken), None).await.map(|_| ())
            }
            Delivery::Signal {
                name,
                variables,
                thrower,
            } => {
                let mut to = self.signal_receivers(&name, &variables, "signal").await?;
                to.retain(
                    |one| !matches!(one, Delivery::ToWait { instance, .. } if Some(instance) == thrower.as_ref()),
                );
                self.fan_out(to, &entry.id, Some(taken), None).await.map(|_| ())
            }
            one => self.deliver(one, Some(taken), None).await.map(|_| ()),
        }
    }

    /// Keeps a message until someone waits for it or it expires.
    async fn park(&self, entry: Outbox, name: &str, key: &str, expires: Timestamp) -> Result<(), OrchestratorError> {
        let id = entry.id.clone();
        if self.clock.now() >= expires {
            tracing::warn!(name, key, "nobody waited for a message in time; it is dropped");
            self.parked.forget(name, key, &id);
            return self.write_outbox(vec![OutboxWrite::Remove { id }]).await;
        }
        self.parked.look_at(expires);
        if self.parked.park(name, key, entry) {
            let error = format!("nobody waits for message '{name}' with key '{key}' yet");
            self.write_outbox(vec![OutboxWrite::Retry {
                id,
                not_before: expires,
                error,
            }])
            .await?;
        }
        // A wait may have been committed between our look and the parking.
        let mut snapshot = self.store.snapshot().await?;
        if !snapshot
            .waits(WaitKind::Message, Some(name), Some(key), None, 1)
            .await?
            .is_empty()
        {
            self.parked.any_for(&[(name.to_owned(), key.to_owned())]);
        }
        Ok(())
    }

    async fn write_outbox(&self, outbox: Vec<OutboxWrite>) -> Result<(), OrchestratorError> {
        self.store
            .commit(Transaction {
                outbox,
                ..Transaction::default()
            })
            .await?;
        Ok(())
    }

    /// One receiver: its step and the removal are one commit. Several: first one commit that gives each its own entry.
    pub(crate) async fn fan_out(
        &self,
        mut to: Vec<Delivery>,
        id: &str,
        taken: Option<Taken>,
        keyed: Option<&Idempotency>,
    ) -> Result<Vec<Outcome>, OrchestratorError> {
        if to.len() > self.config.max_receivers {
            return Err(OrchestratorError::Invalid(format!(
                "{} receivers are more than the {} allowed; use a narrower key",
                to.len(),
                self.config.max_receivers
            )));
        }
        if to.len() == 1 {
            return Ok(vec![self.deliver(to.remove(0), taken, keyed).await?]);
        }
        let now = self.clock.now();
        let entries: Vec<String> = (0..to.len()).map(|n| format!("{id}.{n}")).collect();
        let extras = extras(taken.as_ref());
        let (fence, mut outbox) = (extras.cursors, extras.outbox);
        let cursors = fence.clone();
        outbox.extend(to.iter().zip(&entries).map(|(one, id)| one.add(id.clone(), now)));
        let records = keyed
            .map(|k| k.records(StatusCode::OK, json!(intended(&to)), now))
            .unwrap_or_default();
        if !outbox.is_empty() || !records.is_empty() {
            let written = self
                .store
                .commit(Transaction {
                    outbox,
                    records,
                    cursors,
                    ..Transaction::default()
                })
                .await;
            if matches!(written, Err(StoreError::Conflict { .. })) {
                self.refuse_repeat(keyed).await?;
            }
            written?;
        }
        let deliveries = to
            .into_iter()
            .zip(entries)
            .map(|(one, id)| {
                (
                    one,
                    Taken {
                        id,
                        fence: fence.clone(),
                    },
                )
            })
            .map(|(one, taken)| self.deliver(one, Some(taken), None));
        let outcomes: Vec<_> = stream::iter(deliveries)
            .buffered(self.config.concurrency)
            .collect()
            .await;
        // What failed stays in the outbox and is tried again by the relay.
        self.parked.relay_needed();
        outcomes.into_iter().collect()
    }

    /// To one receiver, with the removal of its outbox entry in the same commit.
    pub(crate) async fn deliver(
        &self,
        delivery: Delivery,
        taken: Option<Taken>,
        keyed: Option<&Idempotency>,
    ) -> Result<Outcome, OrchestratorError> {
        let correlated = intended(std::slice::from_ref(&delivery));
        let answer = |_: &Applied| (StatusCode::OK, json!(correlated));
        let keyed: Option<(&Idempotency, Answer<'_>)> = keyed.map(|k| (k, &answer as _));
        let (result, outcome) = match delivery {
            Delivery::ToWait {
                instance,
                wait,
                variables,
                actor,
            } => {
                let mut order = Order::new(&instance, Command::Deliver { wait, variables }, &actor);
                order.extras.outbox = extras(taken.as_ref()).outbox;
                order.keyed = keyed;
                (
                    self.carry_out(order).await.map(|_| ()),
                    Outcome::Delivered(instance.clone()),
                )
            }
            Delivery::ToStart(start) if start.part.is_some() => {
                let arrived = self.part_arrived(*start, extras(taken.as_ref()), keyed).await;
                if let Ok(outcome) = arrived {
                    return Ok(outcome);
                }
                (arrived.map(|_| ()), Outcome::Missed)
            }
            Delivery::ToStart(start) => {
                let started = Outcome::Started(start.id.clone());
                (
                    self.start_by_event(*start, extras(taken.as_ref()), keyed)
                        .await
                        .map(|_| ()),
                    started,
                )
            }
            Delivery::Message { .. } | Delivery::Signal { .. } => {
                return Err(OrchestratorError::Damaged(
                    "a broadcast cannot be delivered to one receiver".into(),
                ));
            }
        };
        match result {
            Ok(()) => Ok(outcome),
            Err(
                OrchestratorError::Step(StepError::NotOpen { .. } | StepError::Ended | StepError::CannotStart(_))
                | OrchestratorError::NotFound { .. },
            ) => {
                if taken.is_some() {
                    self.write_outbox(extras(taken.as_ref()).outbox).await?;
                }
                Ok(Outcome::Missed)
            }
            Err(other) => Err(other),
        }
    }

    async fn start_by_event(
        &self,
        start: StartDelivery,
        extras: Extras,
        keyed: Option<(&Idempotency, Answer<'_>)>,
    ) -> Result<Applied, OrchestratorError> {
        let registry = self.registry().await?;
        let key = registry.resolve(&start.process)?;
        let hot = Hot::new(start.id, key, start.business_key, start.patient, self.clock.now());
        let command = Command::Start {
            by: StartBy::Element(start.element),
            variables: start.variables,
        };
        let mut order = Order::new("", command, &start.actor);
        order.target = Target::New(Box::new(hot));
        order.extras = extras;
        order.keyed = keyed;
        self.carry_out(order).await
    }

    /// The receivers that somebody reaches: instances of patients whom they work for, starts about such patients. What is
    /// not theirs is left out as if it did not wait.
    pub(crate) async fn reached(&self, eyes: &Eyes, to: Vec<Delivery>) -> Result<Vec<Delivery>, OrchestratorError> {
        if matches!(eyes, Eyes::All) {
            return Ok(to);
        }
        if to.len() > self.config.max_receivers {
            return Err(OrchestratorError::Invalid(format!(
                "more than {} wait for it: only the program itself reaches so many",
                self.config.max_receivers
            )));
        }
        let mut reached = Vec::with_capacity(to.len());
        for one in to {
            let theirs = match &one {
                Delivery::ToWait { instance, .. } => match self.load(instance).await {
                    Ok(hot) => eyes.works_for(hot.patient.as_deref()),
                    Err(OrchestratorError::NotFound { .. }) => false,
                    Err(error) => return Err(error),
                },
                // A part without a key counts for all who wait for the other parts, whoever they are.
                Delivery::ToStart(start) if start.part.is_some() && start.business_key.is_none() => false,
                Delivery::ToStart(start) => eyes.begin(start.patient.as_deref(), start.business_key.as_deref()),
                Delivery::Message { .. } | Delivery::Signal { .. } => false,
            };
            if theirs {
                reached.push(one);
            }
        }
        Ok(reached)
    }

    /// Who gets a message: one wait per instance that waits for it, else the start events with its name.
    pub(crate) async fn receivers(
        &self,
        name: &str,
        key: &str,
        patient: Option<&str>,
        variables: &Variables,
        actor: &str,
    ) -> Result<Vec<Delivery>, OrchestratorError> {
        let mut snapshot = self.store.snapshot().await?;
        let limit = self.config.max_receivers + 1;
        let waits = snapshot
            .waits(WaitKind::Message, Some(name), Some(key), None, limit)
            .await?;
        let mut to: Vec<Delivery> = Vec::new();
        let mut last: Option<String> = None;
        for wait in waits.into_iter().filter(|w| !w.instance.starts_with(START_WAIT)) {
            // Waits come in key order, so those of one instance stand together; the oldest gets the message.
            if last.as_ref() == Some(&wait.instance) {
                continue;
            }
            last = Some(wait.instance.clone());
            to.push(Delivery::ToWait {
                instance: wait.instance,
                wait: wait.id,
                variables: variables.clone(),
                actor: actor.to_owned(),
            });
        }
        if !to.is_empty() {
            return Ok(to);
        }
        let patient = patient.or_else(|| key.strip_prefix("Patient/")).map(str::to_owned);
        let registry = self.registry().await?;
        for wait in snapshot
            .waits(WaitKind::Message, Some(name), Some(""), None, limit)
            .await?
        {
            let Some(process) = wait.instance.strip_prefix(START_WAIT) else {
                continue;
            };
            // One live instance of a process for one key: a second message does not start a second pathway.
            if !key.is_empty() && self.runs_already(&mut *snapshot, process, key).await? {
                continue;
            }
            let part = registry.start_part(
                process,
                &wait.id,
                |trigger| matches!(trigger, StartTrigger::Message(message) if message.name.literal() == Some(name)),
            );
            to.push(Delivery::ToStart(Box::new(StartDelivery {
                id: self.ids.next(),
                process: process.to_owned(),
                part,
                element: wait.id,
                business_key: Some(key.to_owned()).filter(|k| !k.is_empty()),
                patient: patient.clone(),
                variables: variables.clone(),
                actor: actor.to_owned(),
            })));
        }
        Ok(to)
    }

    pub(crate) async fn runs_already(
        &self,
        snapshot: &mut dyn store::Snapshot,
        process: &str,
        key: &str,
    ) -> Result<bool, OrchestratorError> {
        for status in [
            InstanceStatus::Active,
            InstanceStatus::Incident,
            InstanceStatus::Suspended,
        ] {
            let filter = InstanceFilter {
                definition: Some(process.to_owned()),
                business_key: Some(key.to_owned()),
                status: Some(status),
                limit: 1,
                ..InstanceFilter::default()
            };
            if !snapshot.instances(&filter).await?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Who gets a signal: every wait and every start event with its name.
    pub(crate) async fn signal_receivers(
        &self,
        name: &str,
        variables: &Variables,
        actor: &str,
    ) -> Result<Vec<Delivery>, OrchestratorError> {
        let limit = self.config.max_receivers + 1;
        let waits = self
            .store
            .snapshot()
            .await?
            .waits(WaitKind::Signal, Some(name), None, None, limit)
            .await?;
        let registry = self.registry().await?;
        let to = waits
            .into_iter()
            .map(|wait| match wait.instance.strip_prefix(START_WAIT) {
                Some(process) => Delivery::ToStart(Box::new(StartDelivery {
                    id: self.ids.next(),
                    process: process.to_owned(),
                    part: registry.start_part(
                        process,
                        &wait.id,
                        |trigger| matches!(trigger, StartTrigger::Signal(signal) if signal.literal() == Some(name)),
                    ),
                    element: wait.id,
                    business_key: None,
                    patient: None,
                    variables: variables.clone(),
                    actor: actor.to_owned(),
                })),
                None => Delivery::ToWait {
                    instance: wait.instance,
                    wait: wait.id,
                    variables: variables.clone(),
                    actor: actor.to_owned(),
                },
            });
        Ok(to.collect())
    }
}
