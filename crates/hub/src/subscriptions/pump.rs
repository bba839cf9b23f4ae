//! From the change feed to queued notifications: what matches is queued in the commit that moves the position.

use super::bell;
use super::criteria::Candidate;
use super::definition::{Channel, Status};
use super::owner;
use super::registry::Known;
use super::worker::{State, Worker};
use crate::HubError;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{Change, CursorWrite, DeliveryWrite, Snapshot, StoreError, StoredResource, Transaction};

/// Name of the durable cursor: up to where notifications have been queued. Versions after it must stay in the history.
pub const CURSOR: &str = "hub/subscriptions";
/// Changes without a match after which the durable cursor is moved anyway.
const LAG: u64 = 20_000;

/// Where reading stands.
#[derive(Debug, Default)]
pub(super) struct Position {
    /// Last version looked at; `None`: to be found out.
    at: Option<u64>,
    /// Value of the durable cursor.
    durable: u64,
}

/// What one stretch of the feed gave.
#[derive(Default)]
struct Matched {
    deliveries: Vec<DeliveryWrite>,
    /// How many for each subscription.
    counts: BTreeMap<String, u64>,
    /// All that waits, these included.
    all: u64,
    /// One for which no more may wait: the stretch ends before the change that would be too much.
    full: Option<String>,
}

impl Matched {
    /// Forgets what was queued for a change and after it.
    fn cut(&mut self, from: u64) {
        self.counts.clear();
        self.deliveries
            .retain(|write| matches!(write, DeliveryWrite::Queue { seq, .. } if *seq < from));
        for write in &self.deliveries {
            if let DeliveryWrite::Queue { subscription, .. } = write {
                *self.counts.entry(subscription.clone()).or_default() += 1;
            }
        }
    }
}

impl Worker {
    /// Reads one stretch; `true` when there is more.
    pub(super) async fn pump(&self, state: &mut State) -> Result<bool, HubError> {
        if state.registry.live() == 0 {
            state.position = Position::default();
            return Ok(false);
        }
        let mut snapshot = self.hub.snapshot().await?;
        let position = match state.position.at {
            Some(position) => position,
            None => {
                let durable = snapshot.cursor(CURSOR).await?;
                let first = state
                    .registry
                    .iter()
                    .filter(|known| known.live())
                    .filter_map(|known| known.since)
                    .min();
                state.position.durable = durable;
                // What lies before every activation concerns nobody.
                durable.max(first.unwrap_or(durable))
            }
        };
        let types = state.registry.types();
        let page = snapshot.feed(position, self.shared.settings.feed_batch, &types).await?;
        let mut reached = page.position;
        let mut matched = Matched {
            all: state.queues.values().map(|queue| queue.waiting).sum(),
            ..Matched::default()
        };
        for change in &page.changes {
            self.match_one(state, snapshot.as_mut(), change, &mut matched).await?;
            if matched.full.is_some() {
                matched.cut(change.seq);
                reached = change.seq - 1;
                break;
            }
        }
        drop(snapshot);
        let moves = !matched.deliveries.is_empty() || matched.full.is_some();
        if (moves || reached - state.position.durable >= LAG) && !self.move_cursor(state, reached, matched).await? {
            return Ok(true);
        }
        state.position.at = Some(reached);
        self.shared.reached(reached);
        Ok(page.position > position)
    }

    async fn match_one(
        &self,
        state: &State,
        snapshot: &mut dyn Snapshot,
        change: &Change,
        matched: &mut Matched,
    ) -> Result<(), HubError> {
        let now = &change.resource;
        if !state.registry.concerns(&now.rtype) {
            return Ok(());
        }
        let deleted = now.body.is_none();
        let before;
        let version = if deleted {
            before = snapshot
                .vread(&now.rtype, &now.id, now.version.saturating_sub(1))
                .await?;
            match &before {
                Some(before) if before.body.is_some() => before,
                _ => return Ok(()),
            }
        } else {
            now
        };
        let Some(entries) = self.values(version) else {
            return Ok(());
        };
        let candidate = Candidate {
            resource: version,
            entries: &entries,
        };
        for known in state.registry.candidates(&now.rtype, &entries) {
            let definition = &known.definition;
            let in_time = definition.end.is_none_or(|end| now.last_updated <= end);
            let since = known.since.is_some_and(|since| change.seq > since);
            if !since || !in_time || (deleted && !definition.deletions) {
                continue;
            }
            match definition.criteria.matches(candidate, snapshot).await {
                Ok(true) if owner::sees(&self.hub, definition.owner.as_deref(), version).await? => {
                    self.queue(state, &known, change, matched);
                }
                Ok(true) => {}
                Ok(false) => {}
                // A search that costs too much costs its subscription the notification, not the others theirs.
                Err(error @ (StoreError::Limit(_) | StoreError::Invalid(_))) => {
                    tracing::warn!(%error, "the criteria of Subscription/{} cannot be asked", definition.id);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn values(&self, version: &StoredResource) -> Option<Vec<fhir::IndexEntry>> {
        let body = version.body.as_deref()?;
        let value: Value = serde_json::from_slice(body).ok()?;
        Some(fhir::extract(self.hub.definitions, &value).ok()?.entries)
    }

    fn queue(&self, state: &State, known: &Arc<Known>, change: &Change, matched: &mut Matched) {
        let id = &known.definition.id;
        let settings = &self.shared.settings;
        let coalesce = known.definition.channel == Channel::Websocket;
        let queued = matched.counts.get(id).copied().unwrap_or_default();
        let waiting = state.queues.get(id).map_or(0, |queue| queue.waiting) + queued;
        if coalesce && waiting > 0 && queued > 0 {
            // A websocket's notification says only "look again": one for the whole stretch.
            return;
        }
        if !coalesce && (waiting >= settings.waiting_per_subscription || matched.all >= settings.waiting) {
            matched.full.get_or_insert_with(|| id.clone());
            return;
        }
        let resource = &change.resource;
        let lane = if coalesce {
            String::new()
        } else {
            format!("{}/{}", resource.rtype, resource.id)
        };
        matched.deliveries.push(DeliveryWrite::Queue {
            subscription: id.clone(),
            lane,
            seq: change.seq,
            version: resource.version,
            at: self.hub.clock.now(),
            coalesce,
        });
        *matched.counts.entry(id.clone()).or_default() += 1;
        matched.all += 1;
    }

    /// `false` when someone else moved the cursor.
    async fn move_cursor(&self, state: &mut State, to: u64, matched: Matched) -> Result<bool, HubError> {
        let cursor = CursorWrite {
            name: CURSOR.into(),
            expected: state.position.durable,
            value: to,
        };
        let mut transaction = Transaction {
            cursors: vec![cursor],
            deliveries: matched.deliveries,
            ..Transaction::default()
        };
        if self.several {
            bell::ring(&mut transaction);
        }
        let done = match &matched.full {
            Some(id) => self.too_much(state, id, transaction).await,
            None => match self.hub.store.commit(transaction).await {
                Ok(_) => Ok(true),
                Err(StoreError::Conflict { .. }) => Ok(false),
                Err(error) => Err(error.into()),
            },
        };
        if !matches!(done, Ok(true)) {
            state.position = Position::default();
            return done;
        }
        state.position.durable = to;
        let now = self.hub.clock.now();
        for (id, count) in matched.counts {
            let queue = state.queues.entry(id.clone()).or_default();
            // A coalesced one may have gone into one that waits; there is never more than one.
            queue.waiting = match state.registry.get(&id) {
                Some(known) if known.definition.channel == Channel::Websocket => 1,
                _ => queue.waiting + count,
            };
            queue.next = Some(queue.next.map_or(now, |next| next.min(now)));
        }
        Ok(true)
    }

    /// The subscription's own fault, told in its `error`; in the same commit as what still found room.
    async fn too_much(&self, state: &mut State, id: &str, mut transaction: Transaction) -> Result<bool, HubError> {
        let text = format!(
            "switched off at {}: as many notifications wait as are kept. What waits is still sent, later changes are not \
             notified. When the receiver works again, ask for the changes since then by _lastUpdated and set the status to \
             requested",
            fhir::instant(self.hub.clock.now())
        );
        tracing::error!("Subscription/{id}: {text}");
        self.say(state, id, Status::Off, Some(&text), &mut transaction).await
    }
}
