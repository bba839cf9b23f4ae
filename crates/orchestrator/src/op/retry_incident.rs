//! Tries again what opened an incident: `POST /orchestrator/incidents/{id}/retry`.

use crate::api::{BatchOperation, Moved, RetryIncident};
use crate::batch::commands::{Doing, check};
use crate::command::Order;
use crate::idempotency::Idempotency;
use crate::instance::{Hot, instance_of};
use crate::plumbing::{About, Body, to_the_end};
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use axum::extract::{Path, State};
use http::HeaderMap;
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
        request: RetryIncident,
        keyed: Option<&Idempotency>,
    ) -> Result<Moved, OrchestratorError> {
        let operation = BatchOperation::Retry {
            kind: None,
            message: None,
            variables: request.variables,
            retries: request.retries,
        };
        check(&operation)?;
        let doing = Doing::new(operation, String::new());
        let commands = |hot: &Hot| doing.retry_of(hot, id);
        let order = Order::several(instance_of(id, "incident")?, &commands, &actor.subject);
        self.move_on_for(actor, order, request.reason, keyed).await
    }
}

pub(crate) async fn handler(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(request): Body<RetryIncident>,
) -> Result<About<Moved>, OrchestratorError> {
    let keyed = Idempotency::from_headers(&headers, &actor, &format!("retry/{id}"), &request)?;
    let done =
        to_the_end(async move { orchestrator.retry_incident(&actor, &id, request, keyed.as_ref()).await }).await?;
    Ok(About::ok(done.patient.clone(), done))
}
