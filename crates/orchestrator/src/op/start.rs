//! Starts an instance: `POST /orchestrator/instances`.

use crate::api::{InstanceInfo, StartInstance};
use crate::command::{Order, Target};
use crate::commit::Applied;
use crate::idempotency::Idempotency;
use crate::instance::Hot;
use crate::plumbing::{Body, to_the_end};
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use engine::{Command, StartBy};
use http::{HeaderMap, StatusCode};
use serde_json::json;
use std::sync::Arc;

impl Orchestrator {
    /// Starts an instance of the newest version of a process (or of a given version). The caller's resources are
    /// written in the same commit.
    ///
    /// # Errors
    /// Unknown definition (404), unknown patient or bad resource (422), a start the model refuses (422).
    pub async fn start(
        &self,
        actor: &Actor,
        request: StartInstance,
        keyed: Option<&Idempotency>,
    ) -> Result<InstanceInfo, OrchestratorError> {
        let registry = self.registry().await?;
        let definition = registry.resolve(&request.definition)?;
        let business_key = request
            .business_key
            .or_else(|| request.patient.as_ref().map(|p| format!("Patient/{p}")));
        let hot = Hot::new(
            self.ids.next(),
            definition,
            business_key,
            request.patient,
            self.clock.now(),
        );
        let answer = |applied: &Applied| (StatusCode::CREATED, json!(self.instance_info(&applied.hot, true)));
        let mut order = Order::new(
            "",
            Command::Start {
                by: StartBy::None,
                variables: request.variables,
            },
            &actor.subject,
        );
        order.target = Target::New(Box::new(hot));
        order.extras.resources = request.resources;
        order.keyed = keyed.map(|k| (k, &answer as _));
        let applied = self.carry_out(order).await?;
        Ok(self.instance_info(&applied.hot, true))
    }
}

pub(crate) async fn handler(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    headers: HeaderMap,
    Body(request): Body<StartInstance>,
) -> Result<Response, OrchestratorError> {
    let keyed = Idempotency::from_headers(&headers, &actor, "start", &request)?;
    let info = to_the_end(async move { orchestrator.start(&actor, request, keyed.as_ref()).await }).await?;
    let location = format!("/orchestrator/instances/{}", info.id);
    Ok((StatusCode::CREATED, [("location", location)], axum::Json(info)).into_response())
}
