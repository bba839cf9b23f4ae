//! Many transactions, one commit.

use super::{Writer, apply, check};
use crate::error::{Backend, Outcome};
use store::{Committed, StoreError, Transaction};

/// What one transaction gets back.
pub(super) type Answer = Result<Committed, StoreError>;

impl Writer {
    /// Checks and applies each transaction in turn, then commits them together.
    ///
    /// A transaction whose expectations fail writes nothing and the others go on. If SQLite itself refuses to apply
    /// one (too big a value, say), the batch is rolled back and each is tried alone, so that only the culprit suffers.
    pub(super) fn batch(&mut self, transactions: &[Transaction]) -> Vec<Answer> {
        match self.try_batch(transactions) {
            Ok(answers) => answers,
            Err(error) => {
                self.undo();
                if transactions.len() == 1 {
                    return vec![Err(error)];
                }
                tracing::warn!(%error, "a batch failed; trying its transactions one by one");
                transactions
                    .iter()
                    .flat_map(|one| self.batch(std::slice::from_ref(one)))
                    .collect()
            }
        }
    }

    fn try_batch(&mut self, transactions: &[Transaction]) -> Outcome<Vec<Answer>> {
        let before = self.state.seq;
        self.statement("BEGIN IMMEDIATE")?;
        let mut answers = Vec::with_capacity(transactions.len());
        for transaction in transactions {
            answers.push(
                match check::check(&self.connection, &mut self.state, transaction, self.limits) {
                    Ok(found) => {
                        apply::apply(&self.connection, &mut self.state, transaction, &found)?;
                        Ok(Committed {
                            seq: self.state.seq as u64,
                        })
                    }
                    Err(error @ StoreError::Backend(_)) => return Err(error),
                    Err(refused) => Err(refused),
                },
            );
        }
        self.state.flush(&self.connection)?;
        let writes = transactions.iter().flat_map(|transaction| &transaction.resources);
        let writing = self
            .cache
            .writing(writes.map(|write| (write.rtype.as_str(), write.id.as_str())));
        self.statement("COMMIT")?;
        drop(writing);
        self.checkpoint.wrote(self.connection.total_changes());
        if self.state.seq > before {
            self.changes.send_replace(self.state.seq as u64);
        }
        Ok(answers)
    }

    fn statement(&self, sql: &'static str) -> Outcome<()> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute([]))
            .map(drop)
            .at(sql)
    }
}
