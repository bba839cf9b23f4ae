//! The hub's change feed: writes that match a message's `fhirTrigger` criteria become that message.
//!
//! Matched changes go into the outbox in the same commit that moves the durable cursor, so a crash neither loses nor
//! doubles them. Unmatched stretches move only the cursor in memory (and the durable one now and then): reading them
//! again finds nothing again, because a deployment of new criteria moves the durable cursor first.

use crate::registry::Then;
use crate::{Orchestrator, OrchestratorError};
use fhir::Definitions;
use serde_json::{Value, json};
use store::{Change, CursorWrite, OutboxWrite, StoreError, Transaction};

/// Name of the durable cursor.
const CURSOR: &str = "orchestrator/feed";
/// Unmatched changes after which the durable cursor is moved anyway.
const LAG: u64 = 20_000;

/// Where reading stands.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    /// Last change looked at; `None`: not known yet.
    position: Option<u64>,
    /// Value of the durable cursor.
    durable: u64,
}

impl Orchestrator {
    /// Whether the change feed matters at all.
    pub(crate) fn feeds(&self) -> bool {
        !self.registry_now().triggers().is_empty()
    }

    /// The cursor write that goes with a deployment: what was written before it does not count for its criteria.
    pub(crate) async fn cursor_for_deployment(&self, feed: &mut Feed) -> Result<CursorWrite, OrchestratorError> {
        let durable = self.store.snapshot().await?.cursor(CURSOR).await?;
        let head = *self.store.changes().borrow();
        // With criteria at work already, what they have not seen yet must still be seen.
        let value = if self.feeds() {
            feed.position.unwrap_or(durable)
        } else {
            head
        };
        *feed = Feed {
            position: None,
            durable,
        };
        Ok(CursorWrite {
            name: CURSOR.into(),
            expected: durable,
            value: value.max(durable),
        })
    }

    /// Reads the feed to its end; returns how many messages came of it.
    pub(crate) async fn pump_feed(&self, feed: &mut Feed) -> Result<usize, OrchestratorError> {
        if !self.feeds() {
            *feed = Feed::default();
            return Ok(0);
        }
        let mut position = match feed.position {
            Some(position) => position,
            None => {
                feed.durable = self.store.snapshot().await?.cursor(CURSOR).await?;
                feed.durable
            }
        };
        let mut sent = 0;
        loop {
            let changes = self
                .store
                .snapshot()
                .await?
                .changes_after(position, self.config.feed_batch)
                .await?;
            let Some(last) = changes.last().map(|c| c.seq) else {
                feed.position = Some(position);
                return Ok(sent);
            };
            let outbox = self.messages_of(&changes).await?;
            position = last;
            sent += outbox.0.len();
            if outbox.1 || position - feed.durable >= LAG {
                if !self.move_cursor(feed, position, outbox.0).await? {
                    return Ok(sent);
                }
            } else {
                feed.position = Some(position);
            }
        }
    }

    /// False when someone else moved the cursor: reading starts again from there.
    async fn move_cursor(&self, feed: &mut Feed, to: u64, outbox: Vec<OutboxWrite>) -> Result<bool, OrchestratorError> {
        let relay = !outbox.is_empty();
        let cursor = CursorWrite {
            name: CURSOR.into(),
            expected: feed.durable,
            value: to,
        };
        match self
            .store
            .commit(Transaction {
                cursors: vec![cursor],
                outbox,
                ..Transaction::default()
            })
            .await
        {
            Ok(_) => {
                *feed = Feed {
                    position: Some(to),
                    durable: to,
                };
                if relay {
                    self.parked.relay_needed();
                }
                Ok(true)
            }
            Err(StoreError::Conflict { .. }) => {
                *feed = Feed::default();
                Ok(false)
            }
            Err(other) => {
                *feed = Feed::default();
                Err(other.into())
            }
        }
    }

    /// Outbox entries for the changes, and whether any change matched (with or without a receiver).
    async fn messages_of(&self, changes: &[Change]) -> Result<(Vec<OutboxWrite>, bool), OrchestratorError> {
        let registry = self.registry_now();
        let mut outbox = Vec::new();
        let mut matched = false;
        for change in changes {
            let triggers = registry.triggers_for(&change.resource.rtype);
            let (Some(body), Some(patient), false) =
                (&change.resource.body, &change.resource.patient, triggers.is_empty())
            else {
                continue;
            };
            let reference = format!("{}/{}", change.resource.rtype, change.resource.id);
            let resource: Value =
                serde_json::from_slice(body).map_err(|e| OrchestratorError::Damaged(format!("{reference}: {e}")))?;
            let Ok(extracted) = fhir::extract(Definitions::r4(), &resource) else {
                continue;
            };
            let fits = triggers.iter().filter(|t| t.criteria.matches(&extracted.entries));
            let matching: Vec<&Then> = fits.map(|t| &t.then).collect();
            for (n, then) in matching.iter().enumerate() {
                // One message once, however many criteria lead to it.
                if matching[..n].contains(then) {
                    continue;
                }
                matched = true;
                let variables = json!({"resource": resource, "reference": reference});
                let Value::Object(variables) = variables else { continue };
                let key = format!("Patient/{patient}");
                let (name, to) = match then {
                    Then::Message(name) => (
                        name.clone(),
                        self.receivers(name, &key, Some(patient), &variables, "hub").await?,
                    ),
                    Then::Condition { process, element } => (
                        format!("{process}.{element}"),
                        self.started_by_hub(process, element, patient, variables).await?,
                    ),
                };
                let now = self.clock.now();
                outbox.extend(
                    to.iter()
                        .enumerate()
                        .map(|(m, one)| one.add(format!("feed.{}.{name}.{m}", change.seq), now)),
                );
            }
        }
        Ok((outbox, matched))
    }
}
