//! `/orchestrator/simulations`.

use crate::api::{List, ProposeScenario, ProposedScenario, Simulate, SimulationInfo};
use crate::plumbing::Body;
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;

type Shared = State<Arc<Orchestrator>>;
type Answer<T> = Result<Json<T>, OrchestratorError>;

pub(crate) async fn begin(
    State(orchestrator): Shared,
    actor: Actor,
    Body(request): Body<Simulate>,
) -> Result<(StatusCode, Json<SimulationInfo>), OrchestratorError> {
    let info = orchestrator.simulate(&actor, request).await?;
    Ok((StatusCode::ACCEPTED, Json(info)))
}

pub(crate) async fn list(State(orchestrator): Shared) -> Answer<List<SimulationInfo>> {
    let items = orchestrator.simulation_list().await?;
    Ok(Json(List { items, next: None }))
}

pub(crate) async fn one(State(orchestrator): Shared, Path(id): Path<String>) -> Answer<SimulationInfo> {
    orchestrator.simulation(&id).await.map(Json)
}

pub(crate) async fn cancel(State(orchestrator): Shared, Path(id): Path<String>) -> Answer<SimulationInfo> {
    orchestrator.cancel_simulation(&id).await.map(Json)
}

pub(crate) async fn compare(
    State(orchestrator): Shared,
    Path((before, after)): Path<(String, String)>,
) -> Answer<Value> {
    let compared = orchestrator.compare_simulations(&before, &after).await?;
    Ok(Json(json!(compared)))
}

pub(crate) async fn propose(
    State(orchestrator): Shared,
    Body(request): Body<ProposeScenario>,
) -> Answer<ProposedScenario> {
    orchestrator.propose_scenario(request).await.map(Json)
}
