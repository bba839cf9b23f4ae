//! Keeping the subscriptions in memory as they are in the store.

use super::RECORD;
use super::bell;
use super::definition::{Definition, Status};
use super::registry::Known;
use super::worker::{Handshake, Queue, State, Worker};
use crate::HubError;
use jiff::Timestamp;
use serde_json::{Value, json};
use store::{
    DeliveryState, DeliveryWrite, Method, Page, Query, RecordWrite, Snapshot, StoreError, StoredResource, Transaction,
};

/// Subscriptions read at a time.
const PAGE: usize = 500;
/// Notifications dropped in one commit.
const CHUNK: usize = 1_000;

impl Worker {
    /// Everything, at the start.
    pub(super) async fn load(&self, state: &mut State) -> Result<(), HubError> {
        let mut snapshot = self.hub.snapshot().await?;
        let mut query = Query {
            rtype: "Subscription".into(),
            page: Page {
                count: PAGE,
                after: None,
            },
            ..Query::default()
        };
        loop {
            let page = snapshot.search(&query).await?;
            for stored in &page.matches {
                self.take_in(state, snapshot.as_mut(), stored).await?;
            }
            let Some(next) = page.next else { break };
            query.page.after = Some(next);
        }
        let mut deleted = Vec::new();
        for count in snapshot.delivery_counts(None).await? {
            match state.registry.get(&count.subscription) {
                Some(known) if known.served() => count_in(state, &count),
                // Switched off, or none that can be served: nothing is sent, the dead letters stay.
                _ => deleted.push(count.subscription),
            }
        }
        deleted.dedup();
        for id in deleted {
            let there = snapshot.read("Subscription", &id).await?;
            let live = there.is_some_and(|stored| stored.method != Method::Delete);
            if !live || is_off(state, &id) {
                state.purge.insert(id, !live);
            }
        }
        state.loaded = true;
        Ok(())
    }

    /// One subscription again: it was written, or its notifications were.
    pub(super) async fn refresh(&self, state: &mut State, id: &str) -> Result<(), HubError> {
        let mut snapshot = self.hub.snapshot().await?;
        let stored = snapshot.read("Subscription", id).await?;
        match stored.filter(|stored| stored.method != Method::Delete) {
            Some(stored) => self.take_in(state, snapshot.as_mut(), &stored).await?,
            None => {
                self.forget(state, snapshot.as_mut(), id).await?;
                state.registry.set(id, None);
                state.purge.insert(id.to_owned(), true);
            }
        }
        if is_off(state, id) {
            self.forget(state, snapshot.as_mut(), id).await?;
            state.purge.entry(id.to_owned()).or_insert(false);
            return Ok(());
        }
        let flying = state.queues.remove(id).map_or(0, |queue| queue.flying);
        state.queues.insert(
            id.to_owned(),
            Queue {
                flying,
                ..Queue::default()
            },
        );
        for count in snapshot.delivery_counts(Some(id)).await? {
            count_in(state, &count);
        }
        Ok(())
    }

    async fn take_in(
        &self,
        state: &mut State,
        snapshot: &mut dyn Snapshot,
        stored: &StoredResource,
    ) -> Result<(), HubError> {
        let id = &stored.id;
        let definition = match Definition::of(&self.hub.parse_context(), &self.shared.settings, stored) {
            Ok(definition) => definition,
            Err(error) => {
                // Stored under other rules. It keeps its notifications until it is written again.
                tracing::warn!(%error, "Subscription/{id} is not served");
                state.registry.set(id, None);
                return Ok(());
            }
        };
        let record = snapshot.record(RECORD, id).await?;
        let since = record.and_then(|bytes| serde_json::from_slice::<u64>(&bytes).ok());
        let known = Known { definition, since };
        if known.pending() {
            let version = known.definition.version;
            let old = state.handshakes.get(id).filter(|old| old.version == version);
            if old.is_none() {
                let due = Some(self.hub.clock.now());
                let handshake = Handshake {
                    version,
                    attempts: 0,
                    due,
                };
                state.handshakes.insert(id.clone(), handshake);
            }
        } else {
            state.handshakes.remove(id);
        }
        state.registry.set(id, Some(known));
        Ok(())
    }

    async fn forget(&self, state: &mut State, snapshot: &mut dyn Snapshot, id: &str) -> Result<(), HubError> {
        state.handshakes.remove(id);
        if snapshot.record(RECORD, id).await?.is_some() {
            let transaction = Transaction {
                records: vec![no_record(id), bell::none(id)],
                ..Transaction::default()
            };
            self.hub.store.commit(transaction).await?;
        }
        Ok(())
    }

    /// Drops a stretch of what nobody wants any more; `true` when there is more.
    pub(super) async fn purge(&self, state: &mut State) -> Result<bool, HubError> {
        let Some((id, dead)) = state.purge.first_key_value().map(|(id, dead)| (id.clone(), *dead)) else {
            return Ok(false);
        };
        let mut snapshot = self.hub.snapshot().await?;
        let mut rows = Vec::new();
        // Those behind first, so that none is brought forward for nothing.
        let states = [DeliveryState::Behind, DeliveryState::Ready, DeliveryState::Dead];
        for which in states.into_iter().take(if dead { 3 } else { 2 }) {
            let left = CHUNK - rows.len();
            rows.extend(snapshot.deliveries(&id, which, Timestamp::MAX, None, left).await?);
        }
        drop(snapshot);
        if rows.is_empty() {
            state.purge.remove(&id);
            state.queues.remove(&id);
            return Ok(!state.purge.is_empty());
        }
        let deliveries = rows.into_iter().map(|row| DeliveryWrite::Drop { n: row.n }).collect();
        let transaction = Transaction {
            deliveries,
            ..Transaction::default()
        };
        self.hub.store.commit(transaction).await?;
        Ok(true)
    }

    /// Switches off what has reached its end; gives the next end.
    pub(super) async fn end_what_is_over(&self, state: &mut State) -> Result<Option<Timestamp>, HubError> {
        let now = self.hub.clock.now();
        let ends = |known: &Known| known.definition.end.filter(|_| known.definition.status != Status::Off);
        let over: Vec<String> = state
            .registry
            .iter()
            .filter(|known| ends(known).is_some_and(|end| end <= now))
            .map(|known| known.definition.id.clone())
            .collect();
        for id in over {
            let mut transaction = Transaction::default();
            let text = format!("its end has come ({})", fhir::instant(now));
            self.say(state, &id, Status::Off, Some(&text), &mut transaction).await?;
        }
        Ok(state.registry.iter().filter_map(|known| ends(known)).min())
    }

    /// Writes a status of the server's making, with what else belongs to it, and keeps the registry in step. `false` when
    /// the subscription was changed meanwhile: it will be looked at again.
    pub(super) async fn say(
        &self,
        state: &mut State,
        id: &str,
        status: Status,
        error: Option<&str>,
        transaction: &mut Transaction,
    ) -> Result<bool, HubError> {
        let Some(known) = state.registry.get(id).cloned() else {
            return Ok(false);
        };
        let stored = self.hub.snapshot().await?.read("Subscription", id).await?;
        let Some(stored) = stored.filter(|stored| stored.version == known.definition.version) else {
            self.shared.touch(id);
            return Ok(false);
        };
        let body = stored.body.as_deref().unwrap_or_default();
        let mut value: Value = serde_json::from_slice(body).map_err(|error| HubError::json(&error))?;
        value["status"] = json!(status.code());
        match (error, value.as_object_mut()) {
            (Some(error), _) => value["error"] = json!(error),
            (None, Some(object)) => drop(object.shift_remove("error")),
            (None, None) => {}
        }
        let now = self.hub.clock.now();
        let prepared = store::prepare_write(self.hub.definitions, value, id, stored.version, now, Method::Put)?;
        transaction.resources.push(prepared.write);
        let mut since = known.since;
        if status == Status::Off {
            since = None;
            transaction.records.push(no_record(id));
        }
        for record in &transaction.records {
            if let (RECORD, Some(value)) = (record.kind.as_str(), &record.value) {
                since = serde_json::from_slice(value).ok();
            }
        }
        match self.hub.store.commit(std::mem::take(transaction)).await {
            Ok(_) => {}
            Err(StoreError::Conflict { .. }) => {
                self.shared.touch(id);
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        }
        let definition = Definition {
            version: stored.version + 1,
            status,
            error: error.map(str::to_owned),
            ..known.definition.clone()
        };
        state.registry.set(id, Some(Known { definition, since }));
        Ok(true)
    }
}

fn is_off(state: &State, id: &str) -> bool {
    let off =
        |known: &std::sync::Arc<Known>| known.definition.status == Status::Off && known.definition.error.is_none();
    state.registry.get(id).is_some_and(off)
}

fn no_record(id: &str) -> RecordWrite {
    RecordWrite {
        kind: RECORD.into(),
        key: id.to_owned(),
        must_be_new: false,
        value: None,
    }
}

fn count_in(state: &mut State, count: &store::DeliveryCount) {
    let queue = state.queues.entry(count.subscription.clone()).or_default();
    match count.state {
        DeliveryState::Ready => {
            queue.waiting += count.count;
            queue.next = Some(count.due);
        }
        DeliveryState::Behind => queue.waiting += count.count,
        DeliveryState::Dead => {}
    }
}
