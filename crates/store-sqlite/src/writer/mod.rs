//! The one writer: a thread that owns the writing connection.

mod apply;
mod batch;
mod check;
mod checkpoint;
mod compact;
mod delivery;
mod process;
mod queue;
mod ready;
mod resources;
mod state;

pub(crate) use queue::{Job, Queue, Upkeep};
pub(crate) use resources::{rewrite_keys, write_index};
pub(crate) use state::State;

use crate::Options;
use crate::cache::Cache;
use crate::error::Outcome;
use crate::pool::{News, Pool};
use crate::recent::Waiting;
use checkpoint::Checkpoint;
use queue::Work;
use ready::Ready;
use rusqlite::Connection;
use search::Rules;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use store::{CommitWatch, StoreError};
use tokio::sync::watch;

/// How long the queue must stay empty before the log is folded into the file.
const IDLE: Duration = Duration::from_millis(500);

/// What the writer tells the readers.
pub(crate) struct Readers {
    /// The last place of the change feed.
    pub changes: watch::Sender<u64>,
    /// Hears of commits.
    pub news: Arc<News>,
    /// Those whose transactions may hold the log.
    pub pool: Arc<Pool>,
}

/// The writer's own things.
pub(crate) struct Writer {
    connection: Connection,
    state: State,
    checkpoint: Checkpoint,
    rules: Arc<Rules>,
    cache: Arc<Cache>,
    watch: Option<Arc<dyn CommitWatch>>,
    readers: Readers,
}

/// Starts the writer on a connection whose schema and index are up to date.
pub(crate) fn start(
    connection: Connection,
    options: &Options,
    rules: Arc<Rules>,
    queue: Arc<Queue>,
    cache: Arc<Cache>,
    waiting: Waiting,
    readers: Readers,
) -> Outcome<JoinHandle<()>> {
    let state = State::load(&connection, rules.definitions, waiting)?;
    readers.changes.send_replace(state.seq as u64);
    let mut writer = Writer {
        connection,
        state,
        checkpoint: Checkpoint::default(),
        rules,
        cache,
        watch: options.watch.clone(),
        readers,
    };
    let (batch, bytes, background) = (options.batch.max(1), options.batch_bytes, options.background);
    std::thread::Builder::new()
        .name("store-writer".into())
        .spawn(move || {
            // Whatever ends this thread, callers must hear of it instead of waiting for ever.
            let _closer = queue.closer();
            writer.run(&queue, batch, bytes, background);
        })
        .map_err(|error| StoreError::Backend(format!("cannot start the writer thread: {error}")))
}

impl Writer {
    fn run(&mut self, queue: &Queue, batch: usize, bytes: usize, background: bool) {
        let mut expected = 0;
        loop {
            let jobs = match queue.take(batch, bytes, IDLE, expected) {
                queue::Taken::Jobs(jobs) => jobs,
                queue::Taken::Idle => {
                    while background && queue.waiting() == 0 && self.write_waiting() {}
                    self.checkpoint.when_idle(&self.connection, &self.readers.pool);
                    continue;
                }
                queue::Taken::Closed => {
                    while self.write_waiting() {}
                    self.checkpoint.at_end(&self.connection, &self.readers.pool);
                    return;
                }
            };
            let (mut transactions, mut replies, mut upkeep) = (Vec::new(), Vec::new(), Vec::new());
            let mut compact = Vec::new();
            for (work, reply) in jobs.into_iter().map(Job::split) {
                match work {
                    Work::Commit(ready) => {
                        transactions.push(ready);
                        replies.push(reply);
                    }
                    Work::Upkeep(work) => upkeep.push((work, reply)),
                    Work::Compact => compact.push(reply),
                }
            }
            let results = if transactions.is_empty() {
                Vec::new()
            } else {
                self.commit_batch(&transactions)
            };
            expected = results.len() + queue.waiting();
            for (reply, result) in replies.into_iter().zip(results) {
                // A caller that went away does not undo what was committed.
                let _ = reply.send(result);
            }
            for (work, reply) in upkeep {
                let _ = reply.send(self.upkeep(work));
            }
            for reply in compact {
                let _ = reply.send(compact::run(&self.connection, &self.readers.pool));
            }
            self.checkpoint.after_commit(&self.connection, &self.readers.pool);
        }
    }

    /// One result for each transaction; a panic in the middle becomes an error for all of them.
    fn commit_batch(&mut self, transactions: &[Ready]) -> Vec<batch::Answer> {
        let run = catch_unwind(AssertUnwindSafe(|| self.batch(transactions)));
        run.unwrap_or_else(|_| {
            tracing::error!("the store's writer panicked; its batch was rolled back");
            self.undo();
            let error =
                StoreError::Backend("the writer failed unexpectedly; nothing of this transaction was kept".into());
            vec![Err(error); transactions.len()]
        })
    }

    /// Rolls back and takes the counters from the file again.
    fn undo(&mut self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "rollback failed");
        }
        let waiting = self.state.waiting.as_committed();
        match State::load(&self.connection, self.rules.definitions, waiting) {
            Ok(state) => self.state = state,
            Err(error) => {
                tracing::error!(%error, "cannot reload the writer's state");
                self.state.waiting = self.state.waiting.as_committed();
            }
        }
    }
}
