//! A worker failed: `POST /orchestrator/jobs/{id}/fail`. With retries left the job comes back after a pause that doubles
//! each time; without, an incident opens.

use crate::api::{FailJob, Moved};
use crate::command::Order;
use crate::commit::Applied;
use crate::idempotency::Idempotency;
use crate::instance::instance_of;
use crate::plumbing::{About, Body, to_the_end};
use crate::timers::JOB_TIMER;
use crate::{Orchestrator, OrchestratorError, view};
use access::Actor;
use axum::extract::{Path, State};
use engine::Command;
use http::{HeaderMap, StatusCode};
use serde_json::json;
use std::sync::Arc;
use store::TimerWrite;

/// Longest message kept, in characters.
const MAX_MESSAGE: usize = 4_000;
/// Most retries a worker may ask for.
const MAX_RETRIES: u32 = 1_000;

impl Orchestrator {
    /// Reports a failed job.
    ///
    /// # Errors
    /// Done or cancelled meanwhile (409), too many retries (422).
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
        let applied = self.fail(id, request.message, retries, &actor.subject, keyed).await?;
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
        self.fail(id, message, retries, actor, None).await.map(|_| ())
    }

    async fn fail(
        &self,
        id: &str,
        message: String,
        retries: u32,
        actor: &str,
        keyed: Option<&Idempotency>,
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
        if retries > 0 {
            // Three is what a model without a word about retries gets; the pause need not be more exact.
            let failures = 3_u32.saturating_sub(retries).max(1);
            let due = self.clock.now() + self.backoff(failures);
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
