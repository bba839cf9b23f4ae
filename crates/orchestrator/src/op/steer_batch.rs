//! Holds a batch, lets it go on, stops it: `POST /orchestrator/batches/{id}/pause`, `/resume`, `/cancel`. Doing what is
//! done already changes nothing; the slice in work (at most 200 instances) is finished first.

use crate::api::{BatchInfo, BatchState};
use crate::plumbing::to_the_end;
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use axum::Json;
use axum::extract::{Path, State};
use std::sync::Arc;

/// What is done with a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Steer {
    /// Hold it.
    Pause,
    /// Let it go on.
    Resume,
    /// Stop it for good.
    Cancel,
}

impl Orchestrator {
    /// Holds a batch, lets it go on, or stops it.
    ///
    /// # Errors
    /// It has ended (409), unknown (404).
    pub async fn steer_batch(&self, actor: &Actor, id: &str, steer: Steer) -> Result<BatchInfo, OrchestratorError> {
        let _one_at_a_time = self.batches.heads.lock().await;
        let mut head = self.batch_of_actor(actor, id).await?;
        let state = head.info.state;
        if state == BatchState::Cancelled && steer == Steer::Cancel {
            return Ok(head.info);
        }
        if state.ended() {
            return Err(OrchestratorError::NothingToDo(format!(
                "the batch is {}; its failed instances can be taken up with /retry",
                state.name()
            )));
        }
        let mut records = Vec::new();
        match steer {
            Steer::Pause => head.info.state = BatchState::Paused,
            Steer::Resume if state != BatchState::Paused => return Ok(head.info),
            Steer::Resume if head.selected => head.info.state = BatchState::Running,
            Steer::Resume => head.info.state = BatchState::Selecting,
            Steer::Cancel => records.push(head.end(BatchState::Cancelled, self.clock.now())),
        }
        records.push(head.write());
        self.write_records(records).await?;
        if steer == Steer::Resume {
            self.batches.opened(id);
        }
        Ok(head.info)
    }
}

async fn handle(
    orchestrator: Arc<Orchestrator>,
    actor: Actor,
    id: String,
    steer: Steer,
) -> Result<Json<BatchInfo>, OrchestratorError> {
    to_the_end(async move { orchestrator.steer_batch(&actor, &id, steer).await })
        .await
        .map(Json)
}

pub(crate) async fn pause(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<BatchInfo>, OrchestratorError> {
    handle(orchestrator, actor, id, Steer::Pause).await
}

pub(crate) async fn resume(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<BatchInfo>, OrchestratorError> {
    handle(orchestrator, actor, id, Steer::Resume).await
}

pub(crate) async fn cancel(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<BatchInfo>, OrchestratorError> {
    handle(orchestrator, actor, id, Steer::Cancel).await
}
