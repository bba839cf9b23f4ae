//! A worker or the holder of a task raises a BPMN error: `POST /orchestrator/jobs/{id}/error`,
//! `POST /orchestrator/tasks/{id}/error`.

use crate::access_rules::may_act;
use crate::api::{Moved, ThrowError};
use crate::command::Order;
use crate::commit::Applied;
use crate::idempotency::Idempotency;
use crate::instance::{Hot, instance_of};
use crate::plumbing::{About, Body, to_the_end};
use crate::{Orchestrator, OrchestratorError, view};
use access::Actor;
use axum::extract::{Path, State};
use engine::Command;
use http::{HeaderMap, StatusCode};
use serde_json::json;
use std::sync::Arc;

impl Orchestrator {
    /// Raises a BPMN error at a job or task; the model's error events catch it by code, else an incident opens.
    ///
    /// # Errors
    /// Closed meanwhile (409), not one's task (403), no code (422).
    pub async fn throw_error(
        &self,
        actor: &Actor,
        id: &str,
        request: ThrowError,
        keyed: Option<&Idempotency>,
    ) -> Result<Moved, OrchestratorError> {
        if request.code.is_empty() {
            return Err(OrchestratorError::Invalid(
                "code: the error code that the model catches".into(),
            ));
        }
        let check = |hot: &Hot| match self.open_task(hot, id) {
            Ok(open) => may_act(actor, &open.task, &open.candidate_users),
            // A job: those who may do work for it are let in by the route.
            Err(_) if actor.patient().is_none() => Ok(()),
            Err(error) => Err(error),
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
        order.keyed = keyed.map(|k| (k, &answer as _));
        let applied = self.carry_out(order).await?;
        Ok(view::moved(&applied))
    }
}

pub(crate) async fn handler(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(request): Body<ThrowError>,
) -> Result<About<Moved>, OrchestratorError> {
    let keyed = Idempotency::from_headers(&headers, &actor, &format!("error/{id}"), &request)?;
    let done = to_the_end(async move { orchestrator.throw_error(&actor, &id, request, keyed.as_ref()).await }).await?;
    Ok(About::ok(done.patient.clone(), done))
}
