//! Tries again what opened an incident: `POST /orchestrator/incidents/{id}/retry`.

use crate::api::Moved;
use crate::idempotency::Idempotency;
use crate::instance::instance_of;
use crate::plumbing::{About, Body, to_the_end};
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use axum::extract::{Path, State};
use engine::Command;
use http::HeaderMap;
use serde_json::Value;
use std::sync::Arc;

impl Orchestrator {
    /// Tries again, usually after variables, a worker or a decision were put right.
    ///
    /// # Errors
    /// Resolved meanwhile (409).
    pub async fn retry_incident(
        &self,
        actor: &Actor,
        id: &str,
        keyed: Option<&Idempotency>,
    ) -> Result<Moved, OrchestratorError> {
        let command = Command::Retry {
            incident: id.to_owned(),
        };
        self.move_on(instance_of(id, "incident")?, command, &actor.subject, keyed)
            .await
    }
}

pub(crate) async fn handler(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(request): Body<Value>,
) -> Result<About<Moved>, OrchestratorError> {
    let keyed = Idempotency::from_headers(&headers, &actor, &format!("retry/{id}"), &request)?;
    let done = to_the_end(async move { orchestrator.retry_incident(&actor, &id, keyed.as_ref()).await }).await?;
    Ok(About::ok(done.patient.clone(), done))
}
