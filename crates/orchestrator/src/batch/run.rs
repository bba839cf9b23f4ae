//! The work on batches: a slice of each open one in turn, beside everything else.

use super::commands::Doing;
use super::{Head, MAX_OPEN, OPEN, chunk_kind, items_kind, place};
use crate::api::{BatchResult, BatchState};
use crate::{Orchestrator, OrchestratorError};
use futures::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::time::Duration;
use store::StoreError;

/// Most instances between two looks at whether the batch may go on.
const SLICE: usize = 200;
/// Longest sleep when nothing is to be done.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
/// Wait after the store refused.
const AFTER_FAILURE: SignedDuration = SignedDuration::from_secs(1);

impl Orchestrator {
    /// Works on batches until the store closes.
    pub(crate) async fn run_batches(&self) {
        loop {
            let pause = match self.pump_batches().await {
                Ok(0) => self.until_next_slice(),
                Ok(_) => Duration::ZERO,
                Err(OrchestratorError::Store(StoreError::Closed)) => return,
                Err(error) => {
                    tracing::error!(%error, "work on batches failed; trying again");
                    AFTER_FAILURE.unsigned_abs()
                }
            };
            if pause.is_zero() {
                tokio::task::yield_now().await;
                continue;
            }
            tokio::select! {
                () = self.batches.wake.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    fn until_next_slice(&self) -> Duration {
        let next = self.batches.next().unwrap_or(Timestamp::MAX);
        let wait = self.clock.now().duration_until(next);
        Duration::try_from(wait).unwrap_or_default().min(LONGEST_SLEEP)
    }

    /// A slice of every open batch that may go on now; returns how much was done.
    pub(crate) async fn pump_batches(&self) -> Result<usize, OrchestratorError> {
        let _one_works = self.batches.working.lock().await;
        if self.batches.open.lock().is_none() {
            // Those open now; from here on, whoever begins one says so.
            let open = self.store.snapshot().await?.records(OPEN, "", MAX_OPEN).await?;
            let open = open.into_iter().map(|(id, _)| (id, Timestamp::MIN)).collect();
            self.batches.open.lock().get_or_insert(open);
        }
        let mut worked = 0;
        for id in self.batches.ready(self.clock.now()) {
            let head = match self.batch_head(&id).await {
                Ok(head) => head,
                Err(OrchestratorError::NotFound { .. }) => {
                    self.batches.closed(&id);
                    continue;
                }
                Err(error) => return Err(error),
            };
            match head.info.state {
                BatchState::Selecting => {
                    self.select_more(&head).await?;
                    worked += 1;
                }
                BatchState::Running => worked += self.slice(head).await?,
                BatchState::Paused | BatchState::Cancelled | BatchState::Completed => self.batches.closed(&id),
            }
        }
        Ok(worked)
    }

    /// The next instances of a batch.
    async fn slice(&self, head: Head) -> Result<usize, OrchestratorError> {
        let began = self.clock.now();
        let id = head.info.id.clone();
        let (chunk, instances) = self.next_instances(&head).await?;
        let before = self.outcomes(&head, instances.len()).await?;
        let doing = Doing::new(head.info.operation.clone(), head.info.reason.clone());
        let mut open: Vec<(u64, String)> = Vec::with_capacity(instances.len());
        for (n, instance) in (head.next..).zip(&instances) {
            if !before.contains_key(&n) {
                open.push((n, instance.clone()));
            }
        }
        let eyes = self.eyes(&head.by).await?;
        let (head_now, doing, eyes) = (&head, &doing, &eyes);
        let results: Vec<Result<BatchResult, OrchestratorError>> = stream::iter(open)
            .map(|(n, instance)| async move { self.do_item(head_now, doing, eyes, n, &instance).await })
            .buffer_unordered(head.info.concurrency.max(1))
            .collect()
            .await;
        let mut counted: Vec<BatchResult> = before.into_values().collect();
        for result in results {
            match result {
                Ok(result) => counted.push(result),
                Err(OrchestratorError::Store(StoreError::Closed)) => return Err(StoreError::Closed.into()),
                Err(error) => {
                    // What has its outcome is passed over when the slice is done again.
                    tracing::warn!(batch = id, %error, "a batch waits for the store");
                    self.batches.put_off(&id, began + AFTER_FAILURE);
                    return Ok(0);
                }
            }
        }
        self.advance(&id, chunk, instances.len() as u64, &counted, began)
            .await?;
        if let Some(rate) = head.info.rate_per_second {
            let pause = SignedDuration::from_micros(instances.len() as i64 * 1_000_000 / i64::from(rate.max(1)));
            self.batches.put_off(&id, began + pause);
        }
        Ok(instances.len().max(1))
    }

    /// The chunk that holds the next place, and the instances from there on that make a slice.
    async fn next_instances(&self, head: &Head) -> Result<(u64, Vec<String>), OrchestratorError> {
        let kind = chunk_kind(&head.info.id);
        let mut snapshot = self.store.snapshot().await?;
        let damaged = |what: String| OrchestratorError::Damaged(format!("batch {}: {what}", head.info.id));
        let mut first = head.chunk;
        loop {
            let bytes = snapshot.record(&kind, &place(first)).await?;
            let bytes = bytes.ok_or_else(|| damaged(format!("chunk {first} is missing")))?;
            let list: Vec<String> = serde_json::from_slice(&bytes).map_err(|e| damaged(e.to_string()))?;
            let end = first + list.len() as u64;
            if head.next < end || list.is_empty() {
                let most = head.info.rate_per_second.map_or(SLICE, |rate| SLICE.min(rate as usize));
                let skip = usize::try_from(head.next - first).unwrap_or(usize::MAX);
                return Ok((first, list.into_iter().skip(skip).take(most.max(1)).collect()));
            }
            first = end;
        }
    }

    /// Outcomes there are already of the next places: the program ended before it counted them.
    async fn outcomes(&self, head: &Head, most: usize) -> Result<HashMap<u64, BatchResult>, OrchestratorError> {
        let kind = items_kind(&head.info.id, None);
        let after = head.next.checked_sub(1).map(place).unwrap_or_default();
        let page = self.store.snapshot().await?.records_after(&kind, &after, most).await?;
        let mut found = HashMap::new();
        for (_, bytes) in page {
            let item = super::item::read_item(&bytes)?;
            if item.n < head.next + most as u64 {
                found.insert(item.n, item.result);
            }
        }
        Ok(found)
    }

    /// Counts a slice; ends the batch after its last one.
    async fn advance(
        &self,
        id: &str,
        chunk: u64,
        len: u64,
        counted: &[BatchResult],
        began: Timestamp,
    ) -> Result<(), OrchestratorError> {
        let _one_at_a_time = self.batches.heads.lock().await;
        let mut head = self.batch_head(id).await?;
        for result in counted {
            head.count(*result);
        }
        head.chunk = chunk;
        head.next += len;
        let now = self.clock.now();
        let worked = now.duration_since(began).as_millis();
        head.worked_ms += i64::try_from(worked).unwrap_or(0);
        if head.worked_ms > 0 {
            let speed = head.info.processed() as f64 * 1_000.0 / head.worked_ms as f64;
            let most = head.info.rate_per_second.map_or(f64::MAX, f64::from);
            head.info.speed = Some((speed.min(most) * 10.0).round() / 10.0);
        }
        let mut records = Vec::new();
        if head.next >= head.info.total && !head.info.state.ended() {
            records.push(head.end(BatchState::Completed, now));
            self.batches.closed(id);
        }
        records.push(head.write());
        self.write_records(records).await
    }
}
