//! Starts that wait for the rest of their events: `GET /orchestrator/start-parts`.

use crate::api::{List, StartParts};
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use axum::Json;
use axum::extract::State;
use std::sync::Arc;

pub(crate) async fn handler(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
) -> Result<Json<List<StartParts>>, OrchestratorError> {
    let items = orchestrator.start_parts(&actor).await?;
    Ok(Json(List { items, next: None }))
}
