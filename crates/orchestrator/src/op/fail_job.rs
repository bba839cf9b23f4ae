//! A worker failed: `POST /orchestrator/jobs/{id}/fail`. With retries left the job comes back after a pause that doubles
//! each time; without, an incident opens.

use crate::access_rules::claim;
use crate::api::{FailJob, Moved};
use crate::command::Order;
use crate::commit::Applied;
use crate::idempotency::Idempotency;
use crate::instance::instance_of;
use crate::leases::Claim;
use crate::plumbing::{About, Body, to_the_end};
use crate::timers::JOB_TIMER;
use crate::{Orchestrator, OrchestratorError, view};
use access::Actor;
use axum::extract::{Path, State};
use engine::Command;
use http::{HeaderMap, StatusCode};
use jiff::SignedDuration;
use serde_json::json;
use std::sync::Arc;
use store::TimerWrite;

/// Longest message kept, in characters.
const MAX_MESSAGE: usize = 4_000;
/// Most retries a worker may ask for.
const MAX_RETRIES: u32 = 1_000;
/// Longest pause a worker may ask for, in milliseconds: thirty days.
const MAX_BACKOFF_MS: u64 = 30 * 24 * 3_600_000;

impl Orchestrator {
    /// Reports a failed job.
    ///
    /// # Errors
    /// Done or cancelled meanwhile, or held by another worker (409), the lock ran out (410), too many retries (422).
    pub async fn fail_job(
        &self,
        actor: &Actor,
        id: &str,
        request: FailJob,
        keyed: Option<&Idempotency>,
    ) -> Result<Moved, OrchestratorError> {
        if request.retries.is_some_and(|retries| retries > MAX_RETRIES) {
            return Err(OrchestratorError::Invalid(format!("retries: at most {MAX_RETRIES}")));
        }
        let registry = self.registry().await?;
        let hot = self.load(instance_of(id, "job")?).await?;
        let retries = request.retries.unwrap_or_else(|| {
            hot.state
                .job(id, &*registry)
                .map_or(0, |job| job.retries)
                .saturating_sub(1)
        });
        let mut claim = claim(actor, id, request.worker.as_deref())?;
        let spec = hot.state.job(id, &*registry);
        let here = spec.as_ref().is_some_and(|job| self.jobs.takes(&job.job_type));
        if retries > 0 && !here {
            let pause = |ms: u64| self.clock.now() + SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX));
            claim.pause = match (request.retry_backoff_ms, &spec) {
                (Some(ms), _) if ms > MAX_BACKOFF_MS => {
                    return Err(OrchestratorError::Invalid(format!(
                        "retryBackoffMs: at most {MAX_BACKOFF_MS}"
                    )));
                }
                (Some(ms), _) => Some(pause(ms)),
                (None, Some(job)) => Some(self.pause_of(job, retries)),
                (None, None) => None,
            };
        }
        let claim = Some(claim).filter(|_| !here);
        let applied = self
            .fail(id, request.message, retries, &actor.subject, keyed, claim)
            .await?;
        Ok(view::moved(&applied))
    }

    /// An in-process worker failed.
    pub(crate) async fn job_failed(
        &self,
        id: &str,
        message: String,
        retries: u32,
        actor: &str,
    ) -> Result<(), OrchestratorError> {
        self.fail(id, message, retries, actor, None, None).await.map(|_| ())
    }

    async fn fail(
        &self,
        id: &str,
        message: String,
        retries: u32,
        actor: &str,
        keyed: Option<&Idempotency>,
        claim: Option<Claim>,
    ) -> Result<Applied, OrchestratorError> {
        let instance = instance_of(id, "job")?;
        let message = message.chars().take(MAX_MESSAGE).collect();
        let command = Command::FailJob {
            job: id.to_owned(),
            message,
            retries,
        };
        let answer = |applied: &Applied| (StatusCode::OK, json!(view::moved(applied)));
        let mut order = Order::new(instance, command, actor);
        order.claim = claim;
        if retries > 0 && order.claim.is_none() {
            let registry = self.registry().await?;
            let spec = self.load(instance).await?.state.job(id, &*registry);
            let due = spec.map_or_else(|| self.clock.now(), |job| self.pause_of(&job, retries));
            order.extras.timers.push(TimerWrite::Set {
                id: format!("{JOB_TIMER}{id}"),
                instance: instance.into(),
                due,
            });
        }
        order.keyed = keyed.map(|k| (k, &answer as _));
        self.carry_out(order).await
    }
}

pub(crate) async fn handler(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(request): Body<FailJob>,
) -> Result<About<Moved>, OrchestratorError> {
    let keyed = Idempotency::from_headers(&headers, &actor, &format!("fail-job/{id}"), &request)?;
    let done = to_the_end(async move { orchestrator.fail_job(&actor, &id, request, keyed.as_ref()).await }).await?;
    Ok(About::ok(done.patient.clone(), done))
}
