//! Changes variables of an instance: `POST /orchestrator/instances/{id}/variables`.

use crate::api::{Moved, SetVariables};
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
    /// Sets variables of the root scope.
    ///
    /// # Errors
    /// The instance has ended (409) or does not exist (404).
    pub async fn set_variables(
        &self,
        actor: &Actor,
        instance: &str,
        request: SetVariables,
        keyed: Option<&Idempotency>,
    ) -> Result<Moved, OrchestratorError> {
        let command = Command::SetVariables {
            variables: request.variables,
        };
        let order = Order::new(instance, command, &actor.subject);
        self.move_on_for(actor, order, request.reason, keyed).await
    }
}

pub(crate) async fn handler(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(request): Body<SetVariables>,
) -> Result<About<Moved>, OrchestratorError> {
    let keyed = Idempotency::from_headers(&headers, &actor, &format!("variables/{id}"), &request)?;
    let done =
        to_the_end(async move { orchestrator.set_variables(&actor, &id, request, keyed.as_ref()).await }).await?;
    Ok(About::ok(done.patient.clone(), done))
}
