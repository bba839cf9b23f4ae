//! Changes where an instance stands: `POST /orchestrator/instances/{id}/modify`.

use super::suspend::reasoned;
use crate::api::{ModifyInstance, Moved};
use crate::idempotency::Idempotency;
use crate::plumbing::{About, Body, to_the_end};
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use axum::extract::{Path, State};
use engine::Command;
use http::HeaderMap;
use std::sync::Arc;

impl Orchestrator {
    /// Takes away what runs, starts elsewhere, sets variables, in one commit.
    ///
    /// # Errors
    /// No reason, or an instruction that makes no sense here (422, naming the element); something is not open or the
    /// instance is suspended (409); unknown (404). Nothing was changed then.
    pub async fn modify(
        &self,
        actor: &Actor,
        instance: &str,
        request: ModifyInstance,
        keyed: Option<&Idempotency>,
    ) -> Result<Moved, OrchestratorError> {
        let command = Command::Modify {
            instructions: request.instructions,
            reason: reasoned(request.reason)?,
        };
        self.move_on(actor, instance, command, keyed).await
    }
}

pub(crate) async fn handler(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(request): Body<ModifyInstance>,
) -> Result<About<Moved>, OrchestratorError> {
    let keyed = Idempotency::from_headers(&headers, &actor, &format!("modify/{id}"), &request)?;
    let done = to_the_end(async move { orchestrator.modify(&actor, &id, request, keyed.as_ref()).await }).await?;
    Ok(About::ok(done.patient.clone(), done))
}
