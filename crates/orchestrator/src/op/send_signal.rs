//! Broadcasts a signal: `POST /orchestrator/signals`.

use crate::api::{Correlated, SendSignal};
use crate::idempotency::Idempotency;
use crate::plumbing::{Body, to_the_end};
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use axum::Json;
use axum::extract::State;
use http::HeaderMap;
use std::sync::Arc;

impl Orchestrator {
    /// Broadcasts a signal to everyone who waits for it now, of the patients whom the actor works for; a signal nobody
    /// waits for is no error.
    pub async fn send_signal(
        &self,
        actor: &Actor,
        request: SendSignal,
        keyed: Option<&Idempotency>,
    ) -> Result<Correlated, OrchestratorError> {
        self.registry().await?;
        self.refuse_repeat(keyed).await?;
        let to = self
            .signal_receivers(&request.name, &request.variables, &actor.subject)
            .await?;
        let to = self.reached(&self.eyes(actor).await?, to).await?;
        self.send_to(to, keyed).await
    }
}

pub(crate) async fn handler(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    headers: HeaderMap,
    Body(request): Body<SendSignal>,
) -> Result<Json<Correlated>, OrchestratorError> {
    let keyed = Idempotency::from_headers(&headers, &actor, "signal", &request)?;
    to_the_end(async move { orchestrator.send_signal(&actor, request, keyed.as_ref()).await })
        .await
        .map(Json)
}
