//! A worker is done with a job: `POST /orchestrator/jobs/{id}/complete`.

use crate::access_rules::claim;
use crate::api::{CompleteJob, FetchedJob, Moved};
use crate::command::Order;
use crate::commit::Applied;
use crate::idempotency::Idempotency;
use crate::instance::instance_of;
use crate::leases::Take;
use crate::plumbing::{About, Body, to_the_end};
use crate::{Orchestrator, OrchestratorError, view};
use access::Actor;
use axum::extract::{Path, State};
use engine::{Command, Variables};
use http::{HeaderMap, StatusCode};
use serde_json::json;
use std::sync::Arc;

impl Orchestrator {
    /// Completes a job with the variables it gives.
    ///
    /// # Errors
    /// Done or cancelled meanwhile, or held by another worker (409); the lock ran out (410).
    pub async fn complete_job(
        &self,
        actor: &Actor,
        id: &str,
        request: CompleteJob,
        keyed: Option<&Idempotency>,
    ) -> Result<Moved, OrchestratorError> {
        let worker = request.worker.as_deref();
        let done = self.job_done(actor, id, worker, request.variables, keyed, None);
        done.await.map(|(moved, _)| moved)
    }

    /// A worker outside is done with a job, and takes those that follow if it says so.
    pub(crate) async fn job_done(
        &self,
        actor: &Actor,
        id: &str,
        worker: Option<&str>,
        variables: Variables,
        keyed: Option<&Idempotency>,
        take: Option<&Take>,
    ) -> Result<(Moved, Vec<FetchedJob>), OrchestratorError> {
        let command = Command::CompleteJob {
            job: id.to_owned(),
            variables,
        };
        let answer = |applied: &Applied| (StatusCode::OK, json!(view::moved(applied)));
        let mut order = Order::new(instance_of(id, "job")?, command, &actor.subject);
        order.claim = Some(claim(actor, id, worker)?);
        order.keyed = keyed.map(|k| (k, &answer as _));
        order.take = take;
        let mut applied = self.carry_out(order).await?;
        let taken = std::mem::take(&mut applied.taken);
        Ok((view::moved(&applied), taken))
    }

    /// An in-process worker is done.
    pub(crate) async fn job_completed(
        &self,
        id: &str,
        variables: Variables,
        actor: &str,
    ) -> Result<(), OrchestratorError> {
        let command = Command::CompleteJob {
            job: id.to_owned(),
            variables,
        };
        self.carry_out(Order::new(instance_of(id, "job")?, command, actor))
            .await
            .map(|_| ())
    }
}

pub(crate) async fn handler(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(request): Body<CompleteJob>,
) -> Result<About<Moved>, OrchestratorError> {
    let keyed = Idempotency::from_headers(&headers, &actor, &format!("complete-job/{id}"), &request)?;
    let done = to_the_end(async move { orchestrator.complete_job(&actor, &id, request, keyed.as_ref()).await }).await?;
    Ok(About::ok(done.patient.clone(), done))
}
