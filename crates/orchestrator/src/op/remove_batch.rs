//! Removes a batch that has ended, with its outcomes: `POST /orchestrator/batches/{id}/remove`, and those that ended long
//! ago, with the hourly pruning. What was done to the instances stays in their histories.

use crate::api::BatchResult;
use crate::batch::{HEAD, Head, NEWEST, chunk_kind, items_kind, newest_key, record};
use crate::plumbing::to_the_end;
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use axum::extract::{Path, State};
use http::StatusCode;
use std::sync::Arc;

/// Records removed in one commit.
const PIECE: usize = 1_000;
/// Batches looked at in one run.
const MAX_LOOKED_AT: usize = 10_000;

impl Orchestrator {
    /// Removes an ended batch. The head goes last: a removal that was interrupted is finished by the next one.
    ///
    /// # Errors
    /// Unknown (404), it has not ended (409).
    pub async fn remove_batch(&self, actor: &Actor, id: &str) -> Result<(), OrchestratorError> {
        let _one_at_a_time = self.batches.heads.lock().await;
        let head = self.batch_of_actor(actor, id).await?;
        if !head.info.state.ended() {
            return Err(OrchestratorError::NothingToDo(format!(
                "the batch is {}: stop it first, or wait for its end",
                head.info.state.name()
            )));
        }
        let kinds = [
            items_kind(id, None),
            items_kind(id, Some(BatchResult::Failed)),
            items_kind(id, Some(BatchResult::Skipped)),
            chunk_kind(id),
        ];
        for kind in &kinds {
            loop {
                let some = self.store.snapshot().await?.records(kind, "", PIECE).await?;
                if some.is_empty() {
                    break;
                }
                let gone = some.iter().map(|(key, _)| record(kind, key, None)).collect();
                self.write_records(gone).await?;
            }
        }
        let gone = [(NEWEST, newest_key(&head)), (HEAD, id.to_owned())];
        let gone = gone.iter().map(|(kind, key)| record(kind, key, None)).collect();
        self.write_records(gone).await
    }

    /// Ids of the batches that ended longer ago than [`crate::Config::batch_keep`].
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn old_batches(&self) -> Result<Vec<String>, OrchestratorError> {
        let before = self.clock.now() - self.config.batch_keep;
        let mut snapshot = self.store.snapshot().await?;
        let mut old = Vec::new();
        for (id, bytes) in snapshot.records(HEAD, "", MAX_LOOKED_AT).await? {
            let ended = Head::read(&bytes)?.info.ended;
            if ended.is_some_and(|ended| ended < before) {
                old.push(id);
            }
        }
        Ok(old)
    }

    /// Removes them; says how many.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub async fn remove_old_batches(&self) -> Result<usize, OrchestratorError> {
        let old = self.old_batches().await?;
        let program = Actor::system();
        for id in &old {
            match self.remove_batch(&program, id).await {
                // Somebody removed it by hand meanwhile.
                Ok(()) | Err(OrchestratorError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(old.len())
    }
}

pub(crate) async fn handler(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<StatusCode, OrchestratorError> {
    to_the_end(async move { orchestrator.remove_batch(&actor, &id).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}
