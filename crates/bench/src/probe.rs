//! What this machine's disk and SQLite can do at most, so that a bench can say how near the store comes to it.
//!
//! Two limits: how often a second a small append reaches the disk, and how many rows a second plain SQLite commits with
//! the store's own settings (WAL, `synchronous=FULL`), the same bytes for each row and the same group size, with
//! nothing else to do: no checks, no index, no replies.

use anyhow::{Context, Result};
use rusqlite::Connection;
use std::fs::{File, remove_file};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

/// What the raw SQLite probe writes.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Payload bytes of each row.
    pub row_bytes: usize,
    /// Rows of each transaction.
    pub rows_per_transaction: usize,
    /// Transactions of each commit.
    pub batch: usize,
    /// How long to measure.
    pub duration: Duration,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            row_bytes: 400,
            rows_per_transaction: 4,
            batch: 128,
            duration: Duration::from_secs(2),
        }
    }
}

/// Limits of this machine.
#[derive(Debug, Clone, Copy)]
pub struct Probe {
    /// Appends of 4 KiB a second, each followed by a flush to disk (`fdatasync`).
    pub fsync_per_s: f64,
    /// What plain SQLite reached.
    pub sqlite: Raw,
}

/// What plain SQLite reached under a [`Load`].
#[derive(Debug, Clone, Copy)]
pub struct Raw {
    /// The load.
    pub load: Load,
    /// Durable commits a second.
    pub commits_per_s: f64,
    /// Transactions a second (commits times the batch).
    pub transactions_per_s: f64,
    /// Rows a second.
    pub rows_per_s: f64,
}

impl Raw {
    /// How near a measured number of transactions a second comes to the raw limit, in percent.
    pub fn percent(&self, transactions_per_s: f64) -> f64 {
        100.0 * transactions_per_s / self.transactions_per_s
    }
}

/// Measures both limits in `directory` with the default load; its files are removed afterwards.
pub fn probe(directory: &Path) -> Result<Probe> {
    Ok(Probe {
        fsync_per_s: fsync_per_s(directory, Duration::from_secs(1))?,
        sqlite: sqlite(directory, Load::default())?,
    })
}

/// Appends of 4 KiB a second that reach the disk one by one.
pub fn fsync_per_s(directory: &Path, duration: Duration) -> Result<f64> {
    let path = directory.join("probe.append");
    let mut file = File::create(&path).with_context(|| format!("creating {}", path.display()))?;
    let (page, started, mut count) = ([7u8; 4096], Instant::now(), 0u32);
    while started.elapsed() < duration {
        file.write_all(&page)?;
        file.sync_data()?;
        count += 1;
    }
    let per_s = f64::from(count) / started.elapsed().as_secs_f64();
    remove_file(&path)?;
    Ok(per_s)
}

/// Rows and commits a second of plain rusqlite: rows are inserted by one prepared statement, in order of their key.
pub fn sqlite(directory: &Path, load: Load) -> Result<Raw> {
    let path = directory.join("probe.db");
    let connection = Connection::open(&path).with_context(|| format!("creating {}", path.display()))?;
    // The store's settings; its log is also folded in outside commits, at about 64 MiB.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;
         PRAGMA cache_size = -131072; PRAGMA temp_store = MEMORY;
         CREATE TABLE row(n INTEGER PRIMARY KEY, payload BLOB NOT NULL);",
    )?;
    let payload = vec![b'x'; load.row_bytes];
    let rows = load.rows_per_transaction * load.batch;
    let (started, mut commits, mut log_bytes) = (Instant::now(), 0u32, 0);
    {
        let mut insert = connection.prepare("INSERT INTO row(payload) VALUES (?1)")?;
        while started.elapsed() < load.duration {
            connection.execute_batch("BEGIN IMMEDIATE")?;
            for _ in 0..rows {
                insert.execute([&payload])?;
            }
            connection.execute_batch("COMMIT")?;
            commits += 1;
            log_bytes += rows * load.row_bytes + 4096;
            if log_bytes > 64 << 20 {
                connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
                log_bytes = 0;
            }
        }
    }
    let commits_per_s = f64::from(commits) / started.elapsed().as_secs_f64();
    drop(connection);
    for suffix in ["", "-wal", "-shm"] {
        let file = directory.join(format!("probe.db{suffix}"));
        if file.exists() {
            remove_file(&file)?;
        }
    }
    Ok(Raw {
        load,
        commits_per_s,
        transactions_per_s: commits_per_s * load.batch as f64,
        rows_per_s: commits_per_s * rows as f64,
    })
}
