//! A worker outside keeps a job for longer, or gives it back undone: `POST /orchestrator/jobs/{id}/extend`,
//! `POST /orchestrator/jobs/{id}/unlock`.

use crate::access_rules::may_work;
use crate::api::{ChangeLock, JobLock};
use crate::idempotency::Idempotency;
use crate::leases::{Claim, Holding};
use crate::plumbing::{Body, to_the_end};
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use axum::Json;
use axum::extract::{Path, State};
use http::{HeaderMap, StatusCode};
use serde_json::json;
use std::sync::Arc;
use store::{LeaseWrite, StoreError, Transaction};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockChange {
    /// From now on for as long as asked.
    Extend,
    /// Anyone may take it at once; no try is used up.
    Unlock,
}

impl Orchestrator {
    /// Changes the lock of a worker outside on a job.
    ///
    /// # Errors
    /// Held by another worker or by none (409), the lock ran out (410), done or cancelled meanwhile (409).
    pub async fn change_lock(
        &self,
        actor: &Actor,
        id: &str,
        what: LockChange,
        request: ChangeLock,
        keyed: Option<&Idempotency>,
    ) -> Result<JobLock, OrchestratorError> {
        self.refuse_repeat(keyed).await?;
        let time = self.lock_time(request.lock_ms)?;
        let claim = Claim {
            job: id.to_owned(),
            worker: Some(request.worker),
            subject: actor.subject.clone(),
            pause: None,
        };
        let now = self.clock.now();
        let lease = self.store.snapshot().await?.lease(id).await?;
        let fence = claim.verify(lease.as_ref(), now)?;
        let Some(mut lease) = lease else {
            return Err(OrchestratorError::NotFound {
                what: "job",
                id: id.to_owned(),
            });
        };
        may_work(actor, &lease.job_type)?;
        let mut holding = Holding::of(&lease)?;
        lease.until = match what {
            LockChange::Extend => now + time,
            LockChange::Unlock => now,
        };
        if what == LockChange::Unlock {
            holding.worker = None;
            holding.subject.clear();
            lease.data = holding.bytes();
        }
        let answer = JobLock {
            id: id.to_owned(),
            worker: holding.worker,
            locked_until: lease.until,
        };
        let (job_type, until) = (lease.job_type.clone(), lease.until);
        let write = LeaseWrite {
            id: id.to_owned(),
            expected: Some(fence),
            lease: Some(lease),
        };
        let records = keyed.map(|keyed| keyed.records(StatusCode::OK, json!(answer), now));
        let transaction = Transaction {
            leases: vec![write],
            records: records.unwrap_or_default(),
            ..Transaction::default()
        };
        match self.store.commit(transaction).await {
            Ok(_) => {
                self.held.forget(id);
                self.lease_ends(&job_type, until);
                Ok(answer)
            }
            Err(StoreError::Conflict { .. }) => {
                self.refuse_repeat(keyed).await?;
                Err(OrchestratorError::LockLost {
                    job: claim.job,
                    worker: claim.worker.unwrap_or_default(),
                    why: "it went on meanwhile".into(),
                })
            }
            Err(error) => Err(error.into()),
        }
    }
}

async fn handle(
    orchestrator: Arc<Orchestrator>,
    actor: Actor,
    id: String,
    headers: HeaderMap,
    request: ChangeLock,
    what: LockChange,
) -> Result<Json<JobLock>, OrchestratorError> {
    let keyed = Idempotency::from_headers(&headers, &actor, &format!("{what:?}/{id}"), &request)?;
    to_the_end(async move {
        orchestrator
            .change_lock(&actor, &id, what, request, keyed.as_ref())
            .await
    })
    .await
    .map(Json)
}

pub(crate) async fn extend(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(request): Body<ChangeLock>,
) -> Result<Json<JobLock>, OrchestratorError> {
    handle(orchestrator, actor, id, headers, request, LockChange::Extend).await
}

pub(crate) async fn unlock(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(request): Body<ChangeLock>,
) -> Result<Json<JobLock>, OrchestratorError> {
    handle(orchestrator, actor, id, headers, request, LockChange::Unlock).await
}
