//! Sends a message: `POST /orchestrator/messages`.

use crate::api::{Correlated, SendMessage};
use crate::delivery::{Delivery, Outcome};
use crate::idempotency::Idempotency;
use crate::plumbing::{Body, to_the_end};
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use axum::Json;
use axum::extract::State;
use http::HeaderMap;
use std::sync::Arc;

/// How often receivers are looked up again when all of them went away in between.
const TRIES: usize = 3;

impl Orchestrator {
    /// Delivers a message to every instance that waits for its name and key; when nobody does, to the start events
    /// with its name. Only patients whom the actor works for are reached: others do not wait.
    ///
    /// # Errors
    /// [`OrchestratorError::NobodyWaits`] (404) when there is neither.
    pub async fn send_message(
        &self,
        actor: &Actor,
        request: SendMessage,
        keyed: Option<&Idempotency>,
    ) -> Result<Correlated, OrchestratorError> {
        self.registry().await?;
        self.refuse_repeat(keyed).await?;
        let SendMessage {
            name,
            key,
            patient,
            variables,
        } = request;
        let key = key
            .or_else(|| patient.as_ref().map(|p| format!("Patient/{p}")))
            .unwrap_or_default();
        let eyes = self.eyes(actor).await?;
        for _ in 0..TRIES {
            let to = self
                .receivers(&name, &key, patient.as_deref(), &variables, &actor.subject)
                .await?;
            let to = self.reached(&eyes, to).await?;
            if to.is_empty() {
                break;
            }
            let correlated = self.send_to(to, keyed).await?;
            if correlated != Correlated::default() {
                return Ok(correlated);
            }
        }
        // Nobody waits any more where an earlier try of the same request was delivered since its key was looked for.
        self.refuse_repeat(keyed).await?;
        Err(OrchestratorError::NobodyWaits { name, key })
    }

    /// Delivers and sums up. Durable before the first receiver moves, so a crash in between loses none of them.
    pub(crate) async fn send_to(
        &self,
        to: Vec<Delivery>,
        keyed: Option<&Idempotency>,
    ) -> Result<Correlated, OrchestratorError> {
        let id = self.ids.next();
        let outcomes = self.fan_out(to, &id, None, keyed).await?;
        let mut correlated = Correlated::default();
        for outcome in outcomes {
            match outcome {
                Outcome::Delivered(instance) => correlated.delivered.push(instance),
                Outcome::Started(instance) => correlated.started.push(instance),
                Outcome::Waiting(process) => correlated.waiting.push(process),
                Outcome::Missed => {}
            }
        }
        Ok(correlated)
    }
}

pub(crate) async fn handler(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    headers: HeaderMap,
    Body(request): Body<SendMessage>,
) -> Result<Json<Correlated>, OrchestratorError> {
    let keyed = Idempotency::from_headers(&headers, &actor, "message", &request)?;
    to_the_end(async move { orchestrator.send_message(&actor, request, keyed.as_ref()).await })
        .await
        .map(Json)
}
