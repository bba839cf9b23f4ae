//! When the write-ahead log is folded back into the file.
//!
//! SQLite's own rule (every 1,000 pages, inside a commit) would add two more disk flushes to every few group commits
//! and write hot pages again and again. Here the log may grow to about [`LOG_PAGES`] pages under load, and is folded
//! in when the writer is idle.

use crate::pool::Pool;
use rusqlite::Connection;
use std::time::Duration;

/// Pages of log at which a checkpoint is due under load (64 MiB).
const LOG_PAGES: f64 = 16_384.0;

/// Pages of log beyond which readers are waited for (128 MiB): while each of them began a little before the newest commit, the log
/// never begins anew, and every page that is read is looked for in all of it.
const LONG_LOG: i64 = 32_768;

/// How long they are waited for.
const WAIT: Duration = Duration::from_millis(100);

/// How long SQLite waits by itself where something is busy.
const USUAL_WAIT: Duration = Duration::from_secs(5);

/// Keeps an estimate of the log's length: SQLite tells the true one only at a checkpoint.
#[derive(Debug)]
pub(super) struct Checkpoint {
    /// Rows changed by this connection, ever.
    changes: u64,
    /// The same at the last checkpoint.
    at: u64,
    /// Log pages for each changed row, as seen at the last checkpoint.
    pages_per_change: f64,
}

impl Default for Checkpoint {
    fn default() -> Self {
        Self {
            changes: 0,
            at: 0,
            pages_per_change: 1.0,
        }
    }
}

impl Checkpoint {
    /// Notes what a commit wrote.
    pub fn wrote(&mut self, total_changes: u64) {
        self.changes = total_changes;
    }

    /// Folds the log in if it is long.
    pub fn after_commit(&mut self, connection: &Connection, readers: &Pool) {
        if (self.changes - self.at) as f64 * self.pages_per_change >= LOG_PAGES {
            self.run(connection, readers);
        }
    }

    /// Folds the log in if there is anything in it.
    pub fn when_idle(&mut self, connection: &Connection, readers: &Pool) {
        if self.changes > self.at {
            self.run(connection, readers);
        }
    }

    /// Folds the log in and gives its room back, when the writer ends; with a reader that is still there it stays.
    pub fn at_end(&mut self, connection: &Connection, readers: &Pool) {
        self.run(connection, readers);
        if let Err(error) = within(connection, Duration::ZERO, "PRAGMA wal_checkpoint(TRUNCATE)") {
            tracing::debug!(%error, "the log was not emptied");
        }
    }

    /// Folds the log in and has it begin anew, because the disk is full: what the log holds already is room for the next commits.
    pub fn make_room(&mut self, connection: &Connection, readers: &Pool) {
        self.run(connection, readers);
        begin_anew(connection);
    }

    fn run(&mut self, connection: &Connection, readers: &Pool) {
        readers.release();
        let result = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        });
        // Those that began before it was done would keep the log from beginning anew.
        readers.release();
        match result {
            Ok((_, log, done)) => {
                let changed = (self.changes - self.at) as f64;
                // A reader may have held pages back; the next round tries again.
                if done == log && changed > 1_000.0 {
                    self.pages_per_change = (log as f64 / changed).clamp(0.05, 4.0);
                }
                self.at = self.changes;
                if log > LONG_LOG {
                    begin_anew(connection);
                }
            }
            Err(error) => tracing::warn!(%error, "checkpoint failed; it will be tried again"),
        }
    }
}

/// Waits a little for the readers of a long log, so that it begins anew.
fn begin_anew(connection: &Connection) {
    if let Err(error) = within(connection, WAIT, "PRAGMA wal_checkpoint(RESTART)") {
        tracing::debug!(%error, "the log goes on");
    }
}

/// Folds the log in, waiting for readers at most so long.
fn within(connection: &Connection, wait: Duration, pragma: &str) -> rusqlite::Result<()> {
    connection.busy_timeout(wait)?;
    let done = connection.query_row(pragma, [], |_| Ok(()));
    connection.busy_timeout(USUAL_WAIT)?;
    done
}
