//! Starts that need several events (parallel multiple): what has arrived waits in the store until the rest comes.
//!
//! Parts belong together by key: the key of a message, the business key that comes with a condition. What has no key (a
//! signal, a timer) counts for everything that waits for it; when nothing does, it waits itself, for the first part with
//! a key. A part that comes again takes the place of the earlier one. What is not complete within
//! [`crate::Config::message_ttl`] of its first part expires; that is told for as long again, then forgotten.

use crate::api::{Correlated, StartParts};
use crate::command::{Order, Target};
use crate::commit::{Answer, Extras};
use crate::delivery::{Delivery, Outcome, StartDelivery};
use crate::idempotency::Idempotency;
use crate::instance::Hot;
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use bpmn::{EventDefinition, NodeKind, Text};
use engine::{Command, StartBy, Variables};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use store::{RecordWrite, TimerWrite, Transaction};

/// Kind of the records.
const KIND: &str = "start-parts";
/// Prefix of the timers: `parts:<record key>`.
pub(crate) const PARTS_TIMER: &str = "parts:";
/// Most keys for which parts of one start event wait.
const MAX_WAITING: usize = 10_000;

/// One part that has arrived.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Part {
    at: Timestamp,
    variables: Variables,
}

/// What has arrived for one key.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Waiting {
    process: String,
    element: String,
    key: String,
    patient: Option<String>,
    parts: BTreeMap<usize, Part>,
    since: Timestamp,
    /// Due moment of its timer.
    until: Timestamp,
    expired: bool,
}

impl Waiting {
    fn id(&self) -> String {
        record_key(&self.process, &self.element, &self.key)
    }

    fn timer(&self) -> String {
        format!("{PARTS_TIMER}{}", self.id())
    }

    fn write(&self) -> RecordWrite {
        RecordWrite {
            kind: KIND.into(),
            key: self.id(),
            must_be_new: false,
            value: Some(serde_json::to_vec(self).expect("JSON serialises")),
        }
    }

    /// Takes the record and its timer away.
    fn remove(&self, extras: &mut Extras) {
        extras.records.push(RecordWrite {
            kind: KIND.into(),
            key: self.id(),
            must_be_new: false,
            value: None,
        });
        extras.timers.push(TimerWrite::Remove {
            id: self.timer(),
            due: self.until,
        });
    }
}

fn record_key(process: &str, element: &str, key: &str) -> String {
    format!("{process}:{element}:{key}")
}

fn read(value: &[u8]) -> Result<Waiting, OrchestratorError> {
    serde_json::from_slice(value).map_err(|e| OrchestratorError::Damaged(format!("a waiting part of a start: {e}")))
}

/// What a part is, in words.
fn named(definition: &EventDefinition) -> String {
    let name = |text: &Text| text.literal().unwrap_or("…").to_owned();
    match definition {
        EventDefinition::Message(message) => format!("message '{}'", name(&message.name)),
        EventDefinition::Signal(signal) => format!("signal '{}'", name(signal)),
        other => other.kind().to_owned(),
    }
}

impl Orchestrator {
    /// The definitions of a parallel multiple start event in the newest version; `None` when it is none (any more).
    async fn parts_of(&self, process: &str, element: &str) -> Result<Option<Vec<String>>, OrchestratorError> {
        let registry = self.registry().await?;
        let node = registry
            .newest_process(process)
            .and_then(|process| process.node_by_id(element));
        let catch = match node.map(|node| &node.kind) {
            Some(NodeKind::Start(catch)) if catch.all && catch.definitions.len() > 1 => catch,
            _ => return Ok(None),
        };
        Ok(Some(catch.definitions.iter().map(named).collect()))
    }

    /// A part has arrived: it waits, or starts the instance as the last. `extras` go into the same commit.
    pub(crate) async fn part_arrived(
        &self,
        mut start: StartDelivery,
        extras: Extras,
        keyed: Option<(&Idempotency, Answer<'_>)>,
    ) -> Result<Outcome, OrchestratorError> {
        let _one_at_a_time = self.locks.lock(&record_key(&start.process, &start.element, "")).await;
        let (Some(part), Some(needed)) = (start.part, self.parts_of(&start.process, &start.element).await?) else {
            self.write_parts(extras, Vec::new()).await?;
            return Ok(Outcome::Missed);
        };
        if start.business_key.as_deref().unwrap_or_default().is_empty() {
            let mut keys = self.keys_without(&start, part).await?;
            if keys.len() > 1 {
                return self.part_for_each(start, keys, extras).await;
            }
            start.business_key = keys.pop();
        }
        let (mut waiting, mut extras) = self.with_part(&start, part, extras).await?;
        if waiting.parts.len() == needed.len() {
            waiting.remove(&mut extras);
            return self.start_of_parts(start, waiting, extras, keyed).await;
        }
        if waiting.until == Timestamp::MIN {
            waiting.until = self.clock.now() + self.config.message_ttl;
            let (id, due) = (waiting.timer(), waiting.until);
            extras.timers.push(TimerWrite::Set {
                id,
                instance: String::new(),
                due,
            });
        }
        extras.records.push(waiting.write());
        let mut answers = Vec::new();
        if let Some((request, _)) = keyed {
            let mut answer = Correlated::default();
            answer.waiting.push(start.process.clone());
            answers.extend(request.records(StatusCode::OK, json!(answer), self.clock.now()));
        }
        self.write_parts(extras, answers).await?;
        self.timer_set(waiting.until);
        Ok(Outcome::Waiting(start.process))
    }

    /// The keys that wait for a part.
    async fn keys_without(&self, start: &StartDelivery, part: usize) -> Result<Vec<String>, OrchestratorError> {
        let prefix = record_key(&start.process, &start.element, "");
        let records = self.store.snapshot().await?.records(KIND, &prefix, MAX_WAITING).await?;
        let mut keys = Vec::new();
        for (_, value) in records {
            let waiting = read(&value)?;
            if !waiting.expired && !waiting.parts.contains_key(&part) && !waiting.key.is_empty() {
                keys.push(waiting.key);
            }
        }
        Ok(keys)
    }

    /// A part without a key, for everything that waits for it: each gets its own entry of the outbox.
    async fn part_for_each(
        &self,
        start: StartDelivery,
        keys: Vec<String>,
        mut extras: Extras,
    ) -> Result<Outcome, OrchestratorError> {
        let now = self.clock.now();
        let process = start.process.clone();
        for (n, key) in keys.into_iter().enumerate() {
            let mut one = start.clone();
            one.business_key = Some(key);
            one.id = self.ids.next();
            let entry = format!("part.{}.{n}", start.id);
            extras.outbox.push(Delivery::ToStart(Box::new(one)).add(entry, now));
        }
        self.write_parts(extras, Vec::new()).await?;
        self.parked.relay_needed();
        self.wake.notify_one();
        Ok(Outcome::Waiting(process))
    }

    async fn waiting_for(&self, process: &str, element: &str, key: &str) -> Result<Option<Waiting>, OrchestratorError> {
        let place = record_key(process, element, key);
        let stored = self.store.snapshot().await?.record(KIND, &place).await?;
        stored.map(|value| read(&value)).transpose()
    }

    /// What waits for the key of an arrival, with it; what had no key so far joins the first that has one.
    async fn with_part(
        &self,
        start: &StartDelivery,
        part: usize,
        mut extras: Extras,
    ) -> Result<(Waiting, Extras), OrchestratorError> {
        let key = start.business_key.clone().unwrap_or_default();
        let now = self.clock.now();
        let mut waiting = Waiting {
            process: start.process.clone(),
            element: start.element.clone(),
            key: key.clone(),
            patient: start.patient.clone(),
            parts: BTreeMap::new(),
            since: now,
            until: Timestamp::MIN,
            expired: false,
        };
        match self.waiting_for(&start.process, &start.element, &key).await? {
            Some(before) if !before.expired => waiting = before,
            // written over
            Some(before) => extras.timers.push(TimerWrite::Remove {
                id: before.timer(),
                due: before.until,
            }),
            None => {}
        }
        if !key.is_empty() {
            let unkeyed = self.waiting_for(&start.process, &start.element, "").await?;
            if let Some(unkeyed) = unkeyed.filter(|unkeyed| !unkeyed.expired) {
                unkeyed.remove(&mut extras);
                for (part, arrived) in unkeyed.parts {
                    waiting.parts.entry(part).or_insert(arrived);
                }
            }
        }
        waiting.patient = waiting.patient.or_else(|| start.patient.clone());
        let variables = start.variables.clone();
        waiting.parts.insert(part, Part { at: now, variables });
        Ok((waiting, extras))
    }

    /// The last part has come: the instance starts with what all of them brought, later ones over earlier ones.
    async fn start_of_parts(
        &self,
        start: StartDelivery,
        waiting: Waiting,
        extras: Extras,
        keyed: Option<(&Idempotency, Answer<'_>)>,
    ) -> Result<Outcome, OrchestratorError> {
        let mut parts: Vec<Part> = waiting.parts.into_values().collect();
        parts.sort_by_key(|part| part.at);
        let variables = parts.into_iter().flat_map(|part| part.variables).collect();
        let key = self.registry().await?.resolve(&start.process)?;
        let business_key = Some(waiting.key).filter(|key| !key.is_empty());
        let id = start.id.clone();
        let hot = Hot::new(start.id, key, business_key, waiting.patient, self.clock.now());
        let by = StartBy::Element(start.element);
        let mut order = Order::new("", Command::Start { by, variables }, &start.actor);
        order.target = Target::New(Box::new(hot));
        order.extras = extras;
        order.keyed = keyed;
        self.carry_out(order).await?;
        Ok(Outcome::Started(id))
    }

    async fn write_parts(&self, extras: Extras, answers: Vec<RecordWrite>) -> Result<(), OrchestratorError> {
        let mut records = extras.records;
        records.extend(answers);
        let transaction = Transaction {
            records,
            timers: extras.timers,
            outbox: extras.outbox,
            cursors: extras.cursors,
            ..Transaction::default()
        };
        self.store.commit(transaction).await?;
        Ok(())
    }

    /// The rest did not come in time.
    pub(crate) async fn parts_expired(&self, id: &str, remove: TimerWrite) -> Result<(), OrchestratorError> {
        let place = id.splitn(3, ':').take(2).collect::<Vec<_>>().join(":");
        let _one_at_a_time = self.locks.lock(&format!("{place}:")).await;
        let mut extras = Extras::default();
        extras.timers.push(remove);
        let stored = self.store.snapshot().await?.record(KIND, id).await?;
        let mut due = None;
        if let Some(mut waiting) = stored.map(|value| read(&value)).transpose()? {
            if waiting.expired {
                waiting.remove(&mut extras);
                extras.timers.pop();
            } else {
                let (process, key) = (&waiting.process, &waiting.key);
                tracing::warn!(
                    process,
                    key,
                    "not all events that start a process came in time; those that did expire"
                );
                waiting.expired = true;
                waiting.until = self.clock.now() + self.config.message_ttl;
                due = Some(waiting.until);
                let (id, due) = (waiting.timer(), waiting.until);
                extras.timers.push(TimerWrite::Set {
                    id,
                    instance: String::new(),
                    due,
                });
                extras.records.push(waiting.write());
            }
        }
        self.write_parts(extras, Vec::new()).await?;
        if let Some(due) = due {
            self.timer_set(due);
        }
        Ok(())
    }

    /// Starts that have not all their events yet, and those that expired lately.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn start_parts(&self, actor: &Actor) -> Result<Vec<StartParts>, OrchestratorError> {
        let eyes = self.eyes(actor).await?;
        let records = self
            .store
            .snapshot()
            .await?
            .records(KIND, "", self.config.max_page)
            .await?;
        let mut items = Vec::with_capacity(records.len());
        for (_, value) in records {
            let waiting = read(&value)?;
            if !eyes.begin(waiting.patient.as_deref(), Some(&waiting.key)) {
                continue;
            }
            let names = self
                .parts_of(&waiting.process, &waiting.element)
                .await?
                .unwrap_or_default();
            let (arrived, missing): (Vec<_>, Vec<_>) = names
                .into_iter()
                .enumerate()
                .partition(|(place, _)| waiting.parts.contains_key(place));
            let words = |list: Vec<(usize, String)>| list.into_iter().map(|(_, name)| name).collect();
            items.push(StartParts {
                process: waiting.process,
                element: waiting.element,
                key: waiting.key,
                arrived: words(arrived),
                missing: words(missing),
                since: waiting.since,
                until: waiting.until,
                expired: waiting.expired,
            });
        }
        Ok(items)
    }
}
