//! Stops an instance and lets it go on: `POST /orchestrator/instances/{id}/suspend`, `.../resume`.
//!
//! While suspended no token moves. Timers, messages, signals and workers' results are held, in order, and happen on
//! resume; tasks cannot be completed (409); jobs nobody holds are withdrawn.

use crate::api::{Moved, ResumeInstance, SuspendInstance};
use crate::command::Order;
use crate::idempotency::Idempotency;
use crate::plumbing::{About, Body, to_the_end};
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use axum::extract::{Path, State};
use engine::Command;
use http::HeaderMap;
use std::sync::Arc;

impl Orchestrator {
    /// Stops an instance.
    ///
    /// # Errors
    /// No reason (422), ended or suspended already (409), unknown (404).
    pub async fn suspend(
        &self,
        actor: &Actor,
        instance: &str,
        request: SuspendInstance,
        keyed: Option<&Idempotency>,
    ) -> Result<Moved, OrchestratorError> {
        let reason = reasoned(request.reason)?;
        self.move_on(actor, instance, Command::Suspend { reason }, keyed).await
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// Not suspended (409), unknown (404).
    pub async fn resume(
        &self,
        actor: &Actor,
        instance: &str,
        request: ResumeInstance,
        keyed: Option<&Idempotency>,
    ) -> Result<Moved, OrchestratorError> {
        let order = Order::new(instance, Command::Resume, &actor.subject);
        self.move_on_for(actor, order, request.reason, keyed).await
    }
}

/// Longest reason, in characters.
const MAX_REASON: usize = 2_000;

/// A reason that history can show.
pub(crate) fn reasoned(reason: String) -> Result<String, OrchestratorError> {
    if reason.trim().is_empty() || reason.chars().count() > MAX_REASON {
        return Err(OrchestratorError::Invalid(format!(
            "reason: say why, in 1 to {MAX_REASON} characters"
        )));
    }
    Ok(reason)
}

pub(crate) async fn suspend(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(request): Body<SuspendInstance>,
) -> Result<About<Moved>, OrchestratorError> {
    let keyed = Idempotency::from_headers(&headers, &actor, &format!("suspend/{id}"), &request)?;
    let done = to_the_end(async move { orchestrator.suspend(&actor, &id, request, keyed.as_ref()).await }).await?;
    Ok(About::ok(done.patient.clone(), done))
}

pub(crate) async fn resume(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(request): Body<ResumeInstance>,
) -> Result<About<Moved>, OrchestratorError> {
    let keyed = Idempotency::from_headers(&headers, &actor, &format!("resume/{id}"), &request)?;
    let done = to_the_end(async move { orchestrator.resume(&actor, &id, request, keyed.as_ref()).await }).await?;
    Ok(About::ok(done.patient.clone(), done))
}
