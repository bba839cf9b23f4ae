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

/// The writes of one process step, see [`steps`].
#[derive(Debug, Clone, Copy)]
pub struct Steps {
    /// Bytes of state and history together.
    pub bytes: usize,
    /// Steps of each commit.
    pub batch: usize,
    /// How long to measure.
    pub duration: Duration,
}

/// Process steps a second of plain rusqlite, `batch` of them in a commit: of `batch` instances in flight, each step
/// replaces the state, adds history, takes one job away and puts the next in its place, in tables keyed as the store's
/// are. No checks, no reads, no replies, nothing before or after: the limit of whatever commits steps in groups.
pub fn steps(directory: &Path, load: &Steps) -> Result<f64> {
    let path = directory.join("probe.db");
    let connection = open(&path)?;
    connection.execute_batch(
        "CREATE TABLE instance(rid INTEGER PRIMARY KEY, revision INTEGER NOT NULL, state BLOB NOT NULL);
         CREATE TABLE history(n INTEGER PRIMARY KEY, instance TEXT NOT NULL, revision INTEGER NOT NULL, events BLOB NOT NULL);
         CREATE UNIQUE INDEX history_instance ON history(instance, revision);
         CREATE TABLE job(type TEXT NOT NULL, instance TEXT NOT NULL, id INTEGER NOT NULL,
           PRIMARY KEY(type, instance, id)) WITHOUT ROWID;",
    )?;
    let half = vec![b'x'; load.bytes / 2];
    let (started, mut done, mut log_bytes) = (Instant::now(), 0u64, 0);
    {
        let mut begin = connection.prepare("INSERT INTO instance VALUES (?1, 0, ?2)")?;
        let mut state = connection.prepare("UPDATE instance SET revision = ?2, state = ?3 WHERE rid = ?1")?;
        let mut history = connection.prepare("INSERT INTO history(instance, revision, events) VALUES (?1, ?2, ?3)")?;
        let mut gone = connection.prepare("DELETE FROM job WHERE type = 'passo' AND instance = ?1 AND id = ?2")?;
        let mut next = connection.prepare("INSERT INTO job VALUES ('passo', ?1, ?2)")?;
        for round in 0u64.. {
            if started.elapsed() >= load.duration {
                break;
            }
            connection.execute_batch("BEGIN IMMEDIATE")?;
            for flight in 0..load.batch as u64 {
                let instance = round / 10 * load.batch as u64 + flight;
                let name = format!("00000000-0000-7000-8000-{instance:012}");
                if round % 10 == 0 {
                    begin.execute((instance as i64 + 1, &half))?;
                }
                state.execute((instance as i64 + 1, round as i64, &half))?;
                history.execute((&name, round as i64, &half))?;
                gone.execute((&name, round as i64 % 10))?;
                next.execute((&name, round as i64 % 10 + 1))?;
            }
            connection.execute_batch("COMMIT")?;
            done += load.batch as u64;
            log_bytes += load.batch * (load.bytes + 300) + 4096;
            if log_bytes > 64 << 20 {
                connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
                log_bytes = 0;
            }
        }
    }
    let per_s = done as f64 / started.elapsed().as_secs_f64();
    drop(connection);
    remove(directory)?;
    Ok(per_s)
}

/// A database with the store's settings; its log is folded in outside commits, at about 64 MiB.
fn open(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path).with_context(|| format!("creating {}", path.display()))?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;
         PRAGMA cache_size = -131072; PRAGMA temp_store = MEMORY;",
    )?;
    Ok(connection)
}

fn remove(directory: &Path) -> Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let file = directory.join(format!("probe.db{suffix}"));
        if file.exists() {
            remove_file(&file)?;
        }
    }
    Ok(())
}

/// Rows and commits a second of plain rusqlite: rows are inserted by one prepared statement, in order of their key.
pub fn sqlite(directory: &Path, load: Load) -> Result<Raw> {
    let path = directory.join("probe.db");
    let connection = open(&path)?;
    connection.execute_batch("CREATE TABLE row(n INTEGER PRIMARY KEY, payload BLOB NOT NULL);")?;
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
    remove(directory)?;
    Ok(Raw {
        load,
        commits_per_s,
        transactions_per_s: commits_per_s * load.batch as f64,
        rows_per_s: commits_per_s * rows as f64,
    })
}
