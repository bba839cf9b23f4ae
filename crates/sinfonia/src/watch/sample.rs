//! What is read off the store for metrics and health: at most every few seconds, whoever asks.

use super::Metrics;
use crate::backend::Backend;
use crate::server::Admission;
use component::Peers;
use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{Clock, DeliveryState, StoreError, WaitKind};
use tokio::sync::Mutex;

/// Between two looks at the store.
const EVERY: Duration = Duration::from_secs(5);
/// Things counted at most.
const MOST: usize = 1_000;
/// Steps by which the lag of the outbox is told, in seconds.
const LAGS: [i64; 6] = [3_600, 600, 60, 30, 10, 1];
/// A disk with less free space than this takes no new work.
const LEAST_FREE: u64 = 64 << 20;
/// A look at the store, or a question to a peer, that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(3);

/// How a part is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// `store`, `disk`, or `peer NAME`.
    pub part: Cow<'static, str>,
    /// Why it is not ready; `None`: it is.
    pub trouble: Option<&'static str>,
}

/// Reads it.
pub struct Sampler {
    /// The store, where this process has one.
    pub store: Option<Backend>,
    /// Those it asks, some of them elsewhere.
    pub peers: Peers,
    /// Where the data lie.
    pub data: PathBuf,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Places at the door.
    pub admission: Arc<Admission>,
    /// Where it goes.
    pub metrics: Arc<Metrics>,
    last: Mutex<Option<(Instant, Vec<Health>)>>,
}

impl Sampler {
    /// Nothing was read yet.
    pub fn new(
        store: Option<Backend>,
        peers: Peers,
        data: PathBuf,
        clock: Arc<dyn Clock>,
        admission: Arc<Admission>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            store,
            peers,
            data,
            clock,
            admission,
            metrics,
            last: Mutex::new(None),
        }
    }

    /// How the parts are; the metrics are up to date then.
    pub async fn look(&self) -> Vec<Health> {
        let mut last = self.last.lock().await;
        if let Some((at, found)) = last.as_ref().filter(|(at, _)| at.elapsed() < EVERY) {
            let _ = at;
            return found.clone();
        }
        let found = self.look_now().await;
        for Health { part, trouble } in &found {
            let label = vec![("part", part.clone().into_owned())];
            self.metrics
                .sampled
                .ready
                .get_or_create(&label)
                .set(i64::from(trouble.is_none()));
        }
        *last = Some((crate::stopwatch::start(), found.clone()));
        found
    }

    async fn look_now(&self) -> Vec<Health> {
        let sampled = &self.metrics.sampled;
        sampled.admission_queue.set(self.admission.waiting() as i64);
        let mut found = vec![self.disk()];
        if let Some(store) = &self.store {
            sampled.store_queue.set(store.waiting() as i64);
            let trouble = match tokio::time::timeout(PATIENCE, self.store(store)).await {
                Ok(Ok(())) => None,
                Ok(Err(error)) => {
                    sampled.failed_samples.inc();
                    tracing::warn!(%error, "the store does not answer");
                    Some(match error {
                        StoreError::Unreachable(_) => "the database cannot be reached",
                        StoreError::Overloaded { .. } => "too many read at a time",
                        StoreError::Closed => "the store is closed",
                        _ => "the store cannot be read",
                    })
                }
                Err(_) => {
                    sampled.failed_samples.inc();
                    Some("the store does not answer in time")
                }
            };
            let part = "store".into();
            found.push(Health { part, trouble });
        }
        // A node that only asks others is as ready as they are.
        let peers = self.peers.ready(PATIENCE).await;
        found.extend(peers.into_iter().map(|(name, trouble)| Health {
            part: format!("peer {name}").into(),
            trouble,
        }));
        found
    }

    fn disk(&self) -> Health {
        let free = crate::disk::free(&self.data);
        self.metrics
            .sampled
            .disk_free
            .set(free.map_or(-1.0, |free| free as f64));
        let trouble = free.is_some_and(|free| free < LEAST_FREE).then_some("the disk is full");
        let part = "disk".into();
        Health { part, trouble }
    }

    async fn store(&self, store: &Backend) -> Result<(), StoreError> {
        let (sampled, now) = (&self.metrics.sampled, self.clock.now());
        let late = |then: jiff::Timestamp| (now.as_millisecond() - then.as_millisecond()).max(0) as f64 / 1000.0;
        let mut snapshot = store.store().snapshot().await?;
        let timers = snapshot.timers_due(now, MOST).await?;
        sampled.timers_late.set(timers.len() as i64);
        sampled
            .timers_lag
            .set(timers.first().map_or(0.0, |timer| late(timer.due)));
        let outbox = snapshot.outbox(orchestrator::OUTBOX_TOPIC, now, MOST).await?;
        sampled.outbox_due.set(outbox.len() as i64);
        let mut lag = 0;
        for seconds in LAGS {
            let early = now - jiff::SignedDuration::from_secs(seconds);
            if outbox.is_empty() || !snapshot.outbox(orchestrator::OUTBOX_TOPIC, early, 1).await?.is_empty() {
                lag = if outbox.is_empty() { 0 } else { seconds };
                break;
            }
        }
        sampled.outbox_lag.set(lag as f64);
        let incidents = snapshot.waits(WaitKind::Incident, None, None, None, MOST).await?;
        sampled.incidents.set(incidents.len() as i64);
        let jobs = snapshot.waits(WaitKind::Job, None, None, None, MOST).await?;
        sampled.jobs_waiting.set(jobs.len() as i64);
        let (mut waiting, mut dead) = (0, 0);
        for count in snapshot.delivery_counts(None).await? {
            match count.state {
                DeliveryState::Dead => dead += count.count,
                _ => waiting += count.count,
            }
        }
        sampled.notifications_waiting.set(waiting as i64);
        sampled.notifications_dead.set(dead as i64);
        Ok(())
    }
}
