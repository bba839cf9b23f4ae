//! Removing superseded versions by policy.
//!
//! The history of a type is walked by moment, a chunk at a time, on a snapshot beside the writer; the writer then removes
//! the chunk's versions by their place in the change feed, in a commit of its own that also writes who did it to the audit
//! and moves the `pruned` counter, by which marks between history pages expire. What is walked are superseded versions
//! only: the current one cannot go. Readers of the change feed that compare versions (notifications of subscriptions) name
//! their cursors: what they have not passed yet stays, as does what waits to be sent.

mod instances;
mod policy;

pub use instances::{Forget, ForgetCount};
pub use policy::{HistoryPolicy, HistoryPolicyError, Keep};

use crate::SqliteStore;
use crate::error::{Backend, Outcome};
use crate::writer::State;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use search::row::micros;
use store::{AuditEntry, StoreError};

/// Versions looked at in one step, and so removed in one commit, at most.
const CHUNK: usize = 500;

/// What is to be removed, and for whom.
#[derive(Debug, Clone)]
pub struct Prune<'a> {
    /// What is kept.
    pub policy: &'a HistoryPolicy,
    /// Now, from which days are counted back.
    pub now: Timestamp,
    /// Who the audit names: `system`, an account.
    pub actor: &'a str,
    /// Cursors of readers that still need the versions after their position.
    pub readers: &'a [&'a str],
}

/// What was found of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PruneCount {
    /// Type.
    pub rtype: String,
    /// Versions that go, or went.
    pub versions: u64,
    /// Versions that the policy lets go, but a reader of the change feed still needs.
    pub held: u64,
}

/// A step of the walk over the history of a type.
struct Chunk {
    /// Places in the change feed of what goes.
    seqs: Vec<i64>,
    held: u64,
    /// Moment and place where the next step starts; `None`: the type ends here.
    next: Option<(i64, i64)>,
}

impl SqliteStore {
    /// Counts what [`SqliteStore::prune`] would remove, by type; changes nothing.
    ///
    /// # Errors
    /// What SQLite refuses.
    pub async fn prunable(&self, asked: &Prune<'_>) -> Result<Vec<PruneCount>, StoreError> {
        self.walk(asked, false).await
    }

    /// Removes superseded versions that the policy does not keep, in small commits between other writes. Interrupted, what
    /// was removed stays removed and the rest goes the next time. Returns what went, by type; types of which nothing did
    /// are left out.
    ///
    /// # Errors
    /// [`StoreError::Overloaded`] when the writer's queue is full (try later), [`StoreError::Closed`], what SQLite refuses.
    pub async fn prune(&self, asked: &Prune<'_>) -> Result<Vec<PruneCount>, StoreError> {
        self.walk(asked, true).await
    }

    async fn walk(&self, asked: &Prune<'_>, remove: bool) -> Result<Vec<PruneCount>, StoreError> {
        let mut counts = Vec::new();
        if asked.policy.keeps_all() {
            return Ok(counts);
        }
        for (code, rtype) in self.reader(types)? {
            let keep = asked.policy.of(&rtype);
            if keep.is_all() {
                continue;
            }
            let mut count = PruneCount {
                rtype,
                versions: 0,
                held: 0,
            };
            let mut from = Some((i64::MIN, i64::MIN));
            while let Some(place) = from {
                let chunk = self.reader(|connection| read(connection, code, keep, asked, place))?;
                count.held += chunk.held;
                count.versions += if remove && !chunk.seqs.is_empty() {
                    let entry = entry(asked, keep, &count.rtype, chunk.seqs.len());
                    self.upkeep(Box::new(move |connection, state| {
                        write(connection, state, &chunk.seqs, entry)
                    }))
                    .await?
                } else {
                    chunk.seqs.len() as u64
                };
                from = chunk.next;
                tokio::task::yield_now().await;
            }
            if count.versions + count.held > 0 {
                counts.push(count);
            }
        }
        Ok(counts)
    }
}

fn entry(asked: &Prune<'_>, keep: Keep, rtype: &str, versions: usize) -> AuditEntry {
    AuditEntry {
        at: asked.now,
        actor: asked.actor.to_owned(),
        action: "PRUNE".into(),
        target: format!("{rtype}/_history"),
        outcome: format!("permit: history policy {keep}, {versions} superseded versions removed"),
        status: 200,
        ..AuditEntry::default()
    }
}

fn types(connection: &Connection) -> Outcome<Vec<(i64, String)>> {
    connection
        .prepare_cached("SELECT code, name FROM rtype ORDER BY name")
        .and_then(|mut all| all.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect())
        .at("reading resource types")
}

/// The last position of the change feed that nobody needs the versions up to; `MAX` where nobody reads.
fn passed(connection: &Connection, readers: &[&str]) -> Outcome<i64> {
    let waiting: Option<i64> = connection
        .prepare_cached("SELECT min(seq) FROM delivery WHERE state < 2")
        .and_then(|mut read| read.query_row([], |row| row.get(0)))
        .at("reading notifications")?;
    let mut passed = waiting.unwrap_or(i64::MAX);
    for name in readers {
        let position: Option<i64> = connection
            .prepare_cached("SELECT value FROM cursor WHERE name = ?1")
            .and_then(|mut read| read.query_row([name], |row| row.get(0)).optional())
            .at("reading a cursor")?;
        passed = passed.min(position.unwrap_or(i64::MAX));
    }
    Ok(passed)
}

fn read(connection: &Connection, code: i64, keep: Keep, asked: &Prune<'_>, from: (i64, i64)) -> Outcome<Chunk> {
    let passed = passed(connection, asked.readers)?;
    let cutoff = keep.cutoff(micros(asked.now));
    // Superseded after it was written: a version from after the cutoff need not be looked at.
    let mut walk = connection
        .prepare_cached(
            "SELECT h.last_updated, h.seq,
               (?4 IS NULL OR r.version - h.version >= ?4)
               AND (?5 IS NULL OR coalesce(n.last_updated, r.last_updated) < ?5),
               coalesce(n.seq, r.seq)
             FROM resource_history h INDEXED BY history_updated
             CROSS JOIN resource r ON r.rid = h.rid
             LEFT JOIN resource_history n ON n.rid = h.rid AND n.version = h.version + 1
             WHERE h.rtype = ?1 AND (h.last_updated, h.seq) > (?2, ?3) AND h.last_updated < coalesce(?5, ?6)
             ORDER BY h.last_updated, h.seq LIMIT ?7",
        )
        .at("reading the history")?;
    let mut rows = walk
        .query(params![
            code,
            from.0,
            from.1,
            keep.versions,
            cutoff,
            i64::MAX,
            CHUNK as i64
        ])
        .at("reading the history")?;
    let mut chunk = Chunk {
        seqs: Vec::new(),
        held: 0,
        next: None,
    };
    let mut seen = 0;
    while let Some(row) = rows.next().at("reading the history")? {
        let read =
            || -> rusqlite::Result<(i64, i64, bool, i64)> { Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)) };
        let (at, seq, goes, superseded) = read().at("reading the history")?;
        seen += 1;
        chunk.next = Some((at, seq));
        if goes && superseded > passed {
            chunk.held += 1;
        } else if goes {
            chunk.seqs.push(seq);
        }
    }
    if seen < CHUNK {
        chunk.next = None;
    }
    Ok(chunk)
}

/// Removes versions in the writer's own transaction; how many.
fn write(connection: &Connection, state: &mut State, seqs: &[i64], entry: AuditEntry) -> Outcome<u64> {
    let mut delete = connection
        .prepare_cached("DELETE FROM resource_history WHERE seq = ?1")
        .at("removing a version")?;
    let mut removed = 0;
    for seq in seqs {
        removed += delete.execute([seq]).at("removing a version")? as u64;
    }
    connection
        .execute(
            "INSERT INTO meta(name, value) VALUES ('pruned', 1) ON CONFLICT(name) DO UPDATE SET value = value + 1",
            [],
        )
        .at("noting what was removed")?;
    state.audit.push(entry);
    Ok(removed)
}
