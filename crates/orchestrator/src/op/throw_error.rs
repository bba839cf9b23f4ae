//! A worker or the holder of a task raises a BPMN error: `POST /orchestrator/jobs/{id}/error`,
//! `POST /orchestrator/tasks/{id}/error`.

use crate::access_rules::{claim, may_act};
use crate::api::{Moved, ThrowError};
use crate::command::Order;
use crate::commit::Applied;
use crate::idempotency::Idempotency;
use crate::instance::{Hot, instance_of};
use crate::plumbing::{About, Body, to_the_end};
use crate::{Orchestrator, OrchestratorError, view};
use access::Actor;
use axum::extract::{Path, State};
use engine::{Command, StepError};
use http::{HeaderMap, StatusCode};
use serde_json::json;
use std::sync::Arc;

/// Who raises it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thrower {
    /// The worker of a job.
    Job,
    /// The holder of a task.
    Task,
}

impl Orchestrator {
    /// Raises a BPMN error at a job or task; the model's error events catch it by code, else an incident opens.
    ///
    /// # Errors
    /// Closed meanwhile or held by another worker (409), not one's task (403), no code (422), the lock ran out (410).
    pub async fn throw_error(
        &self,
        actor: &Actor,
        of: Thrower,
        id: &str,
        request: ThrowError,
        keyed: Option<&Idempotency>,
    ) -> Result<Moved, OrchestratorError> {
        if request.code.is_empty() {
            return Err(OrchestratorError::Invalid(
                "code: the error code that the model catches".into(),
            ));
        }
        if matches!(of, Thrower::Task) {
            self.may_touch(actor, id).await?;
        }
        let check = |hot: &Hot| match of {
            Thrower::Task => {
                let open = self.open_task(hot, id)?;
                may_act(actor, &open.task, &open.candidate_users)
            }
            Thrower::Job => {
                let job = hot.state.job(id, &*self.registry_now());
                let missing = StepError::NotOpen {
                    what: "job",
                    id: id.to_owned(),
                };
                job.map(|_| ()).ok_or_else(|| missing.into())
            }
        };
        let claim = match of {
            Thrower::Job => Some(claim(actor, id, request.worker.as_deref())?),
            Thrower::Task => None,
        };
        let answer = |applied: &Applied| (StatusCode::OK, json!(view::moved(applied)));
        let command = Command::ThrowError {
            at: id.to_owned(),
            code: request.code,
            message: request.message,
            variables: request.variables,
        };
        let mut order = Order::new(instance_of(id, "task or job")?, command, &actor.subject);
        order.check = Some(&check);
        order.claim = claim;
        order.keyed = keyed.map(|k| (k, &answer as _));
        let applied = self.carry_out(order).await?;
        Ok(view::moved(&applied))
    }
}

async fn handle(
    orchestrator: Arc<Orchestrator>,
    actor: Actor,
    of: Thrower,
    id: String,
    headers: HeaderMap,
    request: ThrowError,
) -> Result<About<Moved>, OrchestratorError> {
    let keyed = Idempotency::from_headers(&headers, &actor, &format!("error/{id}"), &request)?;
    let done =
        to_the_end(async move { orchestrator.throw_error(&actor, of, &id, request, keyed.as_ref()).await }).await?;
    Ok(About::ok(done.patient.clone(), done))
}

pub(crate) async fn job(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(request): Body<ThrowError>,
) -> Result<About<Moved>, OrchestratorError> {
    handle(orchestrator, actor, Thrower::Job, id, headers, request).await
}

pub(crate) async fn task(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(request): Body<ThrowError>,
) -> Result<About<Moved>, OrchestratorError> {
    handle(orchestrator, actor, Thrower::Task, id, headers, request).await
}
