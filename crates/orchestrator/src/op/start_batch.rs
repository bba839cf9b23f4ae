//! Begins a batch that was previewed: `POST /orchestrator/batches`; takes up the failed ones of another:
//! `POST /orchestrator/batches/{id}/retry`.

use super::preview_batch::confirmed;
use super::suspend::reasoned;
use crate::api::{BatchInfo, BatchRequest, BatchState, RetryBatch};
use crate::batch::{CHUNK, HEAD, Head, MAX_OPEN, NEWEST, OPEN, Source, chunk, newest_key, record};
use crate::idempotency::Idempotency;
use crate::plumbing::{Body, to_the_end};
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use axum::Json;
use axum::extract::{Path, State};
use http::{HeaderMap, StatusCode};
use serde_json::json;
use std::sync::Arc;
use store::{RecordWrite, StoreError, Transaction};

/// Instances worked on at the same time, when nothing is said.
const CONCURRENCY: usize = 8;
const MAX_CONCURRENCY: usize = 64;
const MAX_RATE: u32 = 10_000;

impl Orchestrator {
    /// Begins a batch. It works in the background from here on, also after a restart.
    ///
    /// # Errors
    /// Not previewed, no reason, or a request that makes no sense (422); too many are open (503).
    pub async fn start_batch(
        &self,
        actor: &Actor,
        request: BatchRequest,
        keyed: Option<&Idempotency>,
    ) -> Result<BatchInfo, OrchestratorError> {
        self.refuse_repeat(keyed).await?;
        self.check_batch(&request).await?;
        let before = confirmed(&request, self.clock.now())?;
        let source = match &request.instances {
            Some(_) => Source::Listed,
            None => Source::Search { before },
        };
        let listed = request.instances.clone().unwrap_or_default();
        let head = self.new_batch(actor, request, source)?;
        self.open_batch(head, &listed, Vec::new(), keyed).await
    }

    /// A batch of the failed instances of one that has ended.
    ///
    /// # Errors
    /// It has not ended or nothing failed (409), unknown (404).
    pub async fn retry_batch(
        &self,
        actor: &Actor,
        id: &str,
        request: RetryBatch,
        keyed: Option<&Idempotency>,
    ) -> Result<BatchInfo, OrchestratorError> {
        self.refuse_repeat(keyed).await?;
        let old = self.batch_of_actor(actor, id).await?.info;
        let nothing = |text: &str| Err(OrchestratorError::NothingToDo(text.to_owned()));
        if !old.state.ended() {
            return nothing("the batch has not ended; wait, or cancel it");
        }
        if old.failed == 0 {
            return nothing("no instance of the batch failed");
        }
        let reason = if request.reason.trim().is_empty() {
            old.reason
        } else {
            request.reason
        };
        let request = BatchRequest {
            operation: old.operation,
            instances: None,
            filter: old.filter,
            reason,
            concurrency: Some(old.concurrency),
            rate_per_second: old.rate_per_second,
            confirmation: None,
        };
        let mut head = self.new_batch(actor, request, Source::FailedOf(old.id.clone()))?;
        head.info.retry_of = Some(old.id);
        self.open_batch(head, &[], Vec::new(), keyed).await
    }

    pub(crate) fn new_batch(
        &self,
        actor: &Actor,
        request: BatchRequest,
        source: Source,
    ) -> Result<Head, OrchestratorError> {
        let invalid = |text: String| Err(OrchestratorError::Invalid(text));
        let concurrency = request.concurrency.unwrap_or(CONCURRENCY);
        if concurrency == 0 || concurrency > MAX_CONCURRENCY {
            return invalid(format!("concurrency: 1 to {MAX_CONCURRENCY}"));
        }
        if request.rate_per_second.is_some_and(|rate| rate == 0 || rate > MAX_RATE) {
            return invalid(format!("ratePerSecond: 1 to {MAX_RATE}"));
        }
        let listed = matches!(source, Source::Listed);
        let info = BatchInfo {
            id: self.ids.next(),
            operation: request.operation,
            filter: request.filter,
            reason: reasoned(request.reason)?,
            actor: actor.subject.clone(),
            state: if listed {
                BatchState::Running
            } else {
                BatchState::Selecting
            },
            created: self.clock.now(),
            ended: None,
            total: 0,
            done: 0,
            failed: 0,
            skipped: 0,
            concurrency,
            rate_per_second: request.rate_per_second,
            speed: None,
            retry_of: None,
            note: None,
        };
        Ok(Head {
            info,
            by: actor.clone(),
            source,
            selected: listed,
            cursor: None,
            chunk: 0,
            next: 0,
            worked_ms: 0,
        })
    }

    /// Writes a batch, its listed instances and what goes along, in one commit.
    pub(crate) async fn open_batch(
        &self,
        mut head: Head,
        listed: &[String],
        along: Vec<RecordWrite>,
        keyed: Option<&Idempotency>,
    ) -> Result<BatchInfo, OrchestratorError> {
        let mut once = std::collections::HashSet::new();
        let listed: Vec<&String> = listed.iter().filter(|id| once.insert(id.as_str())).collect();
        let id = head.info.id.clone();
        head.info.total = listed.len() as u64;
        let _one_at_a_time = self.batches.heads.lock().await;
        let open = self.store.snapshot().await?.records(OPEN, "", MAX_OPEN).await?;
        if open.len() >= MAX_OPEN {
            return Err(OrchestratorError::Busy {
                what: "batches that have not ended",
                limit: MAX_OPEN,
            });
        }
        let mut records = along;
        for (k, ids) in listed.chunks(CHUNK).enumerate() {
            records.push(chunk(&id, (k * CHUNK) as u64, ids));
        }
        records.push(record(NEWEST, &newest_key(&head), Some(id.clone().into_bytes())));
        records.push(record(OPEN, &id, Some(Vec::new())));
        let mut first = head.write();
        first.must_be_new = true;
        debug_assert_eq!(first.kind, HEAD);
        records.push(first);
        let answer = |keyed: &Idempotency| keyed.records(StatusCode::CREATED, json!(head.info), self.clock.now());
        records.extend(keyed.into_iter().flat_map(answer));
        let written = self
            .store
            .commit(Transaction {
                records,
                ..Transaction::default()
            })
            .await;
        if matches!(written, Err(StoreError::Conflict { .. })) {
            self.refuse_repeat(keyed).await?;
        }
        written?;
        self.batches.opened(&id);
        Ok(head.info)
    }
}

pub(crate) async fn handler(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    headers: HeaderMap,
    Body(request): Body<BatchRequest>,
) -> Result<(StatusCode, Json<BatchInfo>), OrchestratorError> {
    let keyed = Idempotency::from_headers(&headers, &actor, "batch", &request)?;
    let begun = to_the_end(async move { orchestrator.start_batch(&actor, request, keyed.as_ref()).await }).await?;
    Ok((StatusCode::CREATED, Json(begun)))
}

pub(crate) async fn retry(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(request): Body<RetryBatch>,
) -> Result<(StatusCode, Json<BatchInfo>), OrchestratorError> {
    let keyed = Idempotency::from_headers(&headers, &actor, &format!("batch-retry/{id}"), &request)?;
    let work = async move { orchestrator.retry_batch(&actor, &id, request, keyed.as_ref()).await };
    Ok((StatusCode::CREATED, Json(to_the_end(work).await?)))
}
