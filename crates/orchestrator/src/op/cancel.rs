//! Ends an instance: `POST /orchestrator/instances/{id}/cancel`.

use super::suspend::reasoned;
use crate::api::{CancelInstance, Moved};
use crate::command::{Order, Target};
use crate::commit::Applied;
use crate::idempotency::Idempotency;
use crate::plumbing::{About, Body, to_the_end};
use crate::{Orchestrator, OrchestratorError, view};
use access::Actor;
use axum::extract::{Path, State};
use engine::{Command, Event};
use http::{HeaderMap, StatusCode};
use serde_json::json;
use std::sync::Arc;

impl Orchestrator {
    /// Ends an instance: its tasks are cancelled, its timers and waits taken away, its CarePlan revoked.
    ///
    /// # Errors
    /// No reason (422), ended already (409), unknown (404).
    pub async fn cancel(
        &self,
        actor: &Actor,
        instance: &str,
        request: CancelInstance,
        keyed: Option<&Idempotency>,
    ) -> Result<Moved, OrchestratorError> {
        if request.reason.trim().is_empty() {
            return Err(OrchestratorError::Invalid(
                "reason: say why the instance is ended".into(),
            ));
        }
        self.move_on(actor, instance, Command::Cancel { reason: request.reason }, keyed)
            .await
    }

    /// A command whose answer is just where the instance stands, by somebody who works for its patient.
    pub(crate) async fn move_on(
        &self,
        actor: &Actor,
        instance: &str,
        command: Command,
        keyed: Option<&Idempotency>,
    ) -> Result<Moved, OrchestratorError> {
        let order = Order::new(instance, command, &actor.subject);
        self.move_on_for(actor, order, None, keyed).await
    }

    /// As [`Self::move_on`], with a reason for history where the command itself has no place for one.
    pub(crate) async fn move_on_for(
        &self,
        actor: &Actor,
        mut order: Order<'_>,
        reason: Option<String>,
        keyed: Option<&Idempotency>,
    ) -> Result<Moved, OrchestratorError> {
        if let Target::Existing(instance) = &order.target {
            self.may_operate(actor, instance).await?;
        }
        let answer = |applied: &Applied| (StatusCode::OK, json!(view::moved(applied)));
        if let Some(reason) = reason {
            order.note = Some(Event::Operated {
                reason: reasoned(reason)?,
                batch: None,
            });
        }
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
    Body(request): Body<CancelInstance>,
) -> Result<About<Moved>, OrchestratorError> {
    let keyed = Idempotency::from_headers(&headers, &actor, &format!("cancel/{id}"), &request)?;
    let done = to_the_end(async move { orchestrator.cancel(&actor, &id, request, keyed.as_ref()).await }).await?;
    Ok(About::ok(done.patient.clone(), done))
}
