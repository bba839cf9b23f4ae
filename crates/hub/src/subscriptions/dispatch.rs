//! Sending what is due, a bounded number at a time, and writing down what came of it.

use super::attempt::{self, Outcome};
use super::bell;
use super::definition::{Channel, Status};
use super::registry::Known;
use super::target::Target;
use super::worker::{State, Worker};
use crate::HubError;
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use store::{AuditEntry, DeliveryRecord, DeliveryState, DeliveryWrite, Transaction};
use tokio::task::JoinError;

/// Pause before a notification whose outcome could not be written, or that no websocket could take, is looked at again.
const SHORT: SignedDuration = SignedDuration::from_secs(2);

/// What ends in the background.
pub(super) enum Flight {
    Handshake {
        id: String,
        version: u64,
        result: Result<(), String>,
    },
    Delivery(Landed),
}

/// A delivery that has ended.
pub(super) struct Landed {
    n: u64,
    subscription: String,
    target: String,
    end: End,
    /// Whether it stands in the store.
    written: bool,
}

enum End {
    Delivered,
    /// To be tried again; `true`: the target does not work.
    Again(bool),
    /// A dead letter, with the reason.
    Dead(String, bool),
}

impl Worker {
    /// Starts what is due and has room; gives the next moment.
    pub(super) async fn dispatch(&self, state: &mut State) -> Result<Option<Timestamp>, HubError> {
        let now = self.hub.clock.now();
        let mut next: Option<Timestamp> = None;
        let mut later = |at: Timestamp| next = Some(next.map_or(at, |old| old.min(at)));
        let due: Vec<String> = state
            .queues
            .iter()
            .filter_map(|(id, queue)| {
                let at = queue.next?;
                if at > now {
                    later(at);
                    return None;
                }
                Some(id.clone())
            })
            .collect();
        for id in due {
            if state.flying.len() >= self.shared.settings.in_flight {
                // Whatever lands makes room, and this is asked again.
                break;
            }
            let known = state.registry.get(&id).filter(|known| known.served()).cloned();
            let Some(known) = known else {
                state.queues.remove(&id);
                continue;
            };
            let at = match known.definition.target() {
                Some(target) => self.to_target(state, &known, &target, now).await?,
                None => self.to_sockets(state, &known, now).await?,
            };
            at.into_iter().for_each(&mut later);
        }
        Ok(next)
    }

    /// Rows of one subscription that are due, to its target; gives when to look again, if not when something lands.
    async fn to_target(
        &self,
        state: &mut State,
        known: &Arc<Known>,
        target: &str,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, HubError> {
        let settings = &self.shared.settings;
        let id = &known.definition.id;
        let place = state.targets.entry(target.to_owned()).or_default();
        if let Some(until) = place.resting(now) {
            return Ok(Some(until));
        }
        if !place.open(settings, now) {
            return Ok(None);
        }
        let flying = state.queues.get(id).map_or(0, |queue| queue.flying);
        let limit = flying + settings.in_flight_per_target + 1;
        let mut snapshot = self.hub.snapshot().await?;
        let rows = snapshot
            .deliveries(id, DeliveryState::Ready, Timestamp::MAX, None, limit)
            .await?;
        drop(snapshot);
        let mut next = None;
        for row in rows
            .into_iter()
            .filter(|row| !state.flying.contains(&row.n))
            .collect::<Vec<_>>()
        {
            let room = state.flying.len() < settings.in_flight;
            let place = state.targets.entry(target.to_owned()).or_default();
            if row.due > now {
                next = Some(row.due);
                break;
            }
            if !room || !place.open(settings, now) {
                // Not remembered as due later: what lands asks again.
                return Ok(None);
            }
            place.flying += 1;
            self.launch(state, known.clone(), target.to_owned(), row);
        }
        if let Some(queue) = state.queues.get_mut(id) {
            queue.next = next;
        }
        Ok(next)
    }

    fn launch(&self, state: &mut State, known: Arc<Known>, target: String, row: DeliveryRecord) {
        state.flying.insert(row.n);
        if let Some(queue) = state.queues.get_mut(&row.subscription) {
            queue.flying += 1;
        }
        let (hub, shared, client) = (self.hub.clone(), self.shared.clone(), self.client.clone());
        state.flights.spawn(async move {
            let Channel::RestHook(hook) = &known.definition.channel else {
                unreachable!("only a REST hook has a target")
            };
            let (outcome, patient) =
                attempt::send(&hub, &shared.settings, &client, &known.definition, hook, &row).await;
            let now = hub.clock.now();
            let withheld = matches!(outcome, Outcome::Withheld);
            let (status, end, write) = decide(&shared.settings, &row, outcome, now);
            let audit = AuditEntry {
                at: now,
                actor: format!("Subscription/{}", row.subscription),
                action: "NOTIFY".into(),
                target: format!("{}/_history/{}", row.lane, row.version),
                patient,
                outcome: if withheld {
                    "deny subscription"
                } else {
                    "permit subscription"
                }
                .into(),
                status,
                ..AuditEntry::default()
            };
            let transaction = Transaction {
                deliveries: vec![write],
                audit: vec![audit],
                ..Transaction::default()
            };
            let written = hub.store.commit(transaction).await;
            if let Err(error) = &written {
                // The row stands as it was: it will be sent again.
                tracing::warn!(%error, "the outcome of a notification could not be written");
            }
            Flight::Delivery(Landed {
                n: row.n,
                subscription: row.subscription,
                target,
                end,
                written: written.is_ok(),
            })
        });
    }

    async fn to_sockets(
        &self,
        state: &mut State,
        known: &Arc<Known>,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, HubError> {
        let id = &known.definition.id;
        let mut next = None;
        if self.several {
            // The bell has told the other nodes; what nobody could take is looked at again with the bells.
            bell::look(&self.hub, &self.shared).await?;
            if let Some(queue) = state.queues.get_mut(id) {
                (queue.waiting, queue.next) = (0, None);
            }
            return Ok(None);
        }
        // Nobody listens: whoever binds wakes this.
        if self.shared.sockets.listened(id) {
            let mut snapshot = self.hub.snapshot().await?;
            let rows = snapshot
                .deliveries(id, DeliveryState::Ready, Timestamp::MAX, None, 1)
                .await?;
            drop(snapshot);
            if let Some(row) = rows.into_iter().next() {
                if self.shared.sockets.ping(id) {
                    let done = DeliveryWrite::Done { n: row.n, seq: row.seq };
                    let transaction = Transaction {
                        deliveries: vec![done],
                        ..Transaction::default()
                    };
                    self.hub.store.commit(transaction).await?;
                    if let Some(queue) = state.queues.get_mut(id) {
                        queue.waiting = 0;
                    }
                } else {
                    next = Some(now + SHORT);
                }
            }
        }
        if let Some(queue) = state.queues.get_mut(id) {
            queue.next = next;
        }
        Ok(next)
    }

    /// Something in the background has ended.
    pub(super) async fn landed(&self, state: &mut State, flight: Result<Flight, JoinError>) {
        let result = match flight {
            Ok(Flight::Handshake { id, version, result }) => self.greeted(state, &id, version, result).await,
            Ok(Flight::Delivery(landed)) => self.delivered(state, landed).await,
            Err(error) => {
                // Which one it was is not known: everything is read again.
                tracing::error!(%error, "a delivery broke off");
                state.loaded = false;
                state.flying.clear();
                state.queues.clear();
                state.targets.clear();
                Ok(())
            }
        };
        if let Err(error) = result {
            tracing::warn!(%error, "subscriptions: the state of a subscription could not be written");
        }
    }

    async fn delivered(&self, state: &mut State, landed: Landed) -> Result<(), HubError> {
        let now = self.hub.clock.now();
        let settings = &self.shared.settings;
        state.flying.remove(&landed.n);
        let place: &mut Target = state.targets.entry(landed.target.clone()).or_default();
        place.flying = place.flying.saturating_sub(1);
        let mut rests = false;
        match &landed.end {
            End::Delivered => place.works(),
            End::Again(true) | End::Dead(_, true) => rests = place.fails(settings, now),
            End::Again(false) | End::Dead(_, false) => {}
        }
        if place.flying == 0 && matches!(landed.end, End::Delivered) {
            state.targets.remove(&landed.target);
        }
        if let Some(queue) = state.queues.get_mut(&landed.subscription) {
            queue.flying = queue.flying.saturating_sub(1);
            let gone = landed.written && !matches!(landed.end, End::Again(_));
            queue.waiting = queue.waiting.saturating_sub(u64::from(gone));
            queue.next = Some(if landed.written { now } else { now + SHORT });
        }
        let Some(known) = state.registry.get(&landed.subscription).cloned() else {
            return Ok(());
        };
        let status = known.definition.status;
        let id = &landed.subscription;
        match landed.end {
            End::Delivered if status == Status::Error && known.since.is_some() => {
                self.say(state, id, Status::Active, None, &mut Transaction::default())
                    .await?;
            }
            End::Dead(error, _) if matches!(status, Status::Active | Status::Error) => {
                let text = format!("a notification was given up at {}: {error}", fhir::instant(now));
                if known.definition.error.as_ref() != Some(&text) && status == Status::Active {
                    self.say(state, id, Status::Error, Some(&text), &mut Transaction::default())
                        .await?;
                }
            }
            End::Again(_) if rests && status == Status::Active => {
                let text = format!(
                    "{} does not work since {}; notifications wait and are tried again",
                    landed.target,
                    fhir::instant(now)
                );
                self.say(state, id, Status::Error, Some(&text), &mut Transaction::default())
                    .await?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// HTTP status for the audit (0: none), the end, and the row's change.
fn decide(
    settings: &super::Settings,
    row: &DeliveryRecord,
    outcome: Outcome,
    now: Timestamp,
) -> (u16, End, DeliveryWrite) {
    let n = row.n;
    match outcome {
        Outcome::Delivered(status) => {
            let write = DeliveryWrite::Done { n, seq: row.seq };
            (status.as_u16(), End::Delivered, write)
        }
        Outcome::Withheld => {
            let write = DeliveryWrite::Done { n, seq: row.seq };
            (StatusCode::FORBIDDEN.as_u16(), End::Delivered, write)
        }
        Outcome::Never(error) => {
            let write = DeliveryWrite::Dead {
                n,
                at: now,
                error: error.clone(),
            };
            (0, End::Dead(error, false), write)
        }
        Outcome::Failed {
            error,
            status,
            retry_after,
            target,
        } => {
            let code = status.map_or(0, |status| status.as_u16());
            let attempts = row.attempts + 1;
            if attempts >= settings.attempts {
                let write = DeliveryWrite::Dead {
                    n,
                    at: now,
                    error: error.clone(),
                };
                return (code, End::Dead(error, target), write);
            }
            let wished = retry_after.unwrap_or_default().min(settings.longest_pause);
            let due = now + settings.pause(attempts).max(wished);
            (code, End::Again(target), DeliveryWrite::Retry { n, due, error })
        }
    }
}
