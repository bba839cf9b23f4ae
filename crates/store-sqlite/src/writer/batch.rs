//! Many transactions, one commit.

use super::queue::Upkeep;
use super::ready::Ready;
use super::{Writer, apply, check};
use crate::error::{Backend, Outcome};
use std::panic::{AssertUnwindSafe, catch_unwind};
use store::{Committed, StoreError};

/// What one transaction gets back.
pub(super) type Answer = Result<Committed, StoreError>;

impl Writer {
    /// Checks and applies each transaction in turn, then commits them together.
    ///
    /// A transaction whose expectations fail writes nothing and the others go on. If SQLite itself refuses to apply
    /// one (too big a value, say), the batch is rolled back and each is tried alone, so that only the culprit suffers.
    pub(super) fn batch(&mut self, transactions: &[Ready]) -> Vec<Answer> {
        if let Some(watch) = &self.watch {
            watch.begins();
        }
        let done = self.try_batch(transactions);
        if let Some(watch) = &self.watch {
            watch.ends(transactions.len(), done.is_ok());
        }
        match done {
            Ok(answers) => answers,
            Err(error) => {
                self.undo();
                if matches!(error, StoreError::Full(_)) {
                    self.checkpoint.make_room(&self.connection, &self.readers.pool);
                }
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

    fn try_batch(&mut self, transactions: &[Ready]) -> Outcome<Vec<Answer>> {
        let before = self.state.seq;
        self.statement("BEGIN IMMEDIATE")?;
        let mut answers = Vec::with_capacity(transactions.len());
        for ready in transactions {
            answers.push(
                match check::check(&self.connection, &mut self.state, &ready.transaction, &self.rules) {
                    Ok(found) => {
                        apply::apply(&self.connection, &mut self.state, &self.rules, ready, &found)?;
                        Ok(Committed {
                            seq: self.state.seq as u64,
                        })
                    }
                    Err(error @ (StoreError::Backend(_) | StoreError::Full(_))) => return Err(error),
                    Err(refused) => Err(refused),
                },
            );
        }
        self.state.flush(&self.connection)?;
        let writes = transactions.iter().flat_map(|ready| &ready.transaction.resources);
        let writing = self
            .cache
            .writing(writes.map(|write| (write.rtype.as_str(), write.id.as_str())));
        if let Some(watch) = &self.watch {
            watch.flushing();
        }
        let more = |ready: &Ready| !ready.transaction.only_records_access();
        self.commit(transactions.iter().any(more))?;
        drop(writing);
        if self.state.seq > before {
            self.readers.changes.send_replace(self.state.seq as u64);
        }
        Ok(answers)
    }

    /// Does upkeep in a commit of its own.
    pub(super) fn upkeep(&mut self, work: Upkeep) -> Answer {
        let run = |this: &mut Self| {
            this.statement("BEGIN IMMEDIATE")?;
            let seq = work(&this.connection, &mut this.state)?;
            this.state.flush(&this.connection)?;
            this.commit(true)?;
            Ok(Committed { seq })
        };
        let done = catch_unwind(AssertUnwindSafe(|| run(self)));
        let done = done.unwrap_or_else(|_| Err(StoreError::Backend("upkeep of the store failed unexpectedly".into())));
        if done.is_err() {
            self.undo();
        }
        done
    }

    /// Writes some of the index rows that wait, in a commit of its own; whether there were any.
    pub(super) fn write_waiting(&mut self) -> bool {
        let run = |this: &mut Self| {
            this.statement("BEGIN IMMEDIATE")?;
            let seq = this.state.seq;
            let some = this.state.waiting.at_rest(&this.connection, seq)?;
            // The rows are seen where they waited as well as where they are now.
            this.commit(false)?;
            Ok(some)
        };
        run(self).unwrap_or_else(|error: StoreError| {
            tracing::error!(%error, "cannot complete the index now; it will be tried again");
            self.undo();
            false
        })
    }

    /// Commits, and puts into force for everyone what was defined meanwhile. `more`: not only access records were written.
    fn commit(&mut self, more: bool) -> Outcome<()> {
        self.statement("COMMIT")?;
        if more {
            self.readers.news.written();
        }
        self.state.waiting.committed();
        self.checkpoint.wrote(self.connection.total_changes());
        let custom = &self.state.custom;
        if custom.generation() != self.rules.definitions.custom().generation() {
            self.rules.definitions.set_custom(custom.clone());
        }
        Ok(())
    }

    fn statement(&self, sql: &'static str) -> Outcome<()> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute([]))
            .map(drop)
            .at(sql)
    }
}
