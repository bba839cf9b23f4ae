//! One instance of a batch: what is done to it and its outcome are one commit.

use super::commands::Doing;
use super::{Head, items_kind, outcome, place};
use crate::api::{BatchItem, BatchResult};
use crate::command::Order;
use crate::eyes::Eyes;
use crate::instance::Hot;
use crate::{Orchestrator, OrchestratorError};
use engine::{Event, StepError};
use store::{StoreError, Transaction};

/// Longest error text kept, in characters.
const MAX_ERROR: usize = 2_000;

impl Orchestrator {
    /// Does one instance, once.
    ///
    /// # Errors
    /// Only what says nothing about the instance: the store is closed or has too much to do. It is tried again then.
    pub(super) async fn do_item(
        &self,
        head: &Head,
        doing: &Doing,
        eyes: &Eyes,
        n: u64,
        instance: &str,
    ) -> Result<BatchResult, OrchestratorError> {
        let error = match self.try_item(head, doing, eyes, n, instance).await {
            Ok(()) => return Ok(BatchResult::Done),
            Err(error) => error,
        };
        if says_nothing(&error) {
            return Err(error);
        }
        if let Some(result) = self.outcome_of(head, n).await? {
            return Ok(result);
        }
        let item = BatchItem {
            n,
            instance: instance.to_owned(),
            result: judged(&error),
            error: Some(error.to_string().chars().take(MAX_ERROR).collect()),
            at: self.clock.now(),
        };
        let transaction = Transaction {
            records: outcome(&head.info.id, &item),
            ..Transaction::default()
        };
        match self.store.commit(transaction).await {
            Ok(_) => Ok(item.result),
            Err(StoreError::Conflict { .. }) => {
                let found = self.outcome_of(head, n).await?;
                found.ok_or_else(|| OrchestratorError::Contended(format!("batch {}", head.info.id)))
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn try_item(
        &self,
        head: &Head,
        doing: &Doing,
        eyes: &Eyes,
        n: u64,
        instance: &str,
    ) -> Result<(), OrchestratorError> {
        let hot = self.load(instance).await?;
        eyes.operate(instance, hot.patient.as_deref())?;
        doing.prepare(self, &hot).await?;
        let commands = |hot: &Hot| doing.commands(hot);
        let mut order = Order::several(instance, &commands, &head.info.actor);
        order.note = Some(Event::Operated {
            reason: head.info.reason.clone(),
            batch: Some(head.info.id.clone()),
        });
        let item = BatchItem {
            n,
            instance: instance.to_owned(),
            result: BatchResult::Done,
            error: None,
            at: self.clock.now(),
        };
        order.extras.records = outcome(&head.info.id, &item);
        self.carry_out(order).await.map(drop)
    }

    async fn outcome_of(&self, head: &Head, n: u64) -> Result<Option<BatchResult>, OrchestratorError> {
        let kind = items_kind(&head.info.id, None);
        let found = self.store.snapshot().await?.record(&kind, &place(n)).await?;
        found.map(|bytes| read_item(&bytes).map(|item| item.result)).transpose()
    }
}

/// An outcome as kept.
pub(crate) fn read_item(bytes: &[u8]) -> Result<BatchItem, OrchestratorError> {
    serde_json::from_slice(bytes).map_err(|e| OrchestratorError::Damaged(format!("outcome of a batch: {e}")))
}

/// What a refusal means for the instance.
pub(crate) fn judged(error: &OrchestratorError) -> BatchResult {
    match error {
        OrchestratorError::NothingToDo(_) | OrchestratorError::Step(StepError::Ended) => BatchResult::Skipped,
        _ => BatchResult::Failed,
    }
}

/// Whether an error is the store's, not the instance's.
fn says_nothing(error: &OrchestratorError) -> bool {
    match error {
        OrchestratorError::Store(error) => !matches!(error, StoreError::Limit(_) | StoreError::Conflict { .. }),
        _ => false,
    }
}
