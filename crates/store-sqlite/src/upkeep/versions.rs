//! Superseded versions.

use crate::error::{Backend, Outcome};
use crate::writer::State;
use rusqlite::{Connection, OptionalExtension, params};
use search::row::micros;
use store::{AuditEntry, Keep, OldVersions, Prune, VERSIONS_AT_ONCE, VersionPlace};

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

/// A step of the walk by moment.
pub(super) fn read(
    connection: &Connection,
    rtype: &str,
    keep: Keep,
    asked: &Prune<'_>,
    from: VersionPlace,
) -> Outcome<OldVersions> {
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
             WHERE h.rtype = (SELECT code FROM rtype WHERE name = ?1) AND (h.last_updated, h.seq) > (?2, ?3)
               AND h.last_updated < coalesce(?5, ?6)
             ORDER BY h.last_updated, h.seq LIMIT ?7",
        )
        .at("reading the history")?;
    let mut rows = walk
        .query(params![
            rtype,
            from.0,
            from.1,
            keep.versions,
            cutoff,
            i64::MAX,
            VERSIONS_AT_ONCE as i64
        ])
        .at("reading the history")?;
    let mut chunk = OldVersions::default();
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
            chunk.places.push(seq);
        }
    }
    if seen < VERSIONS_AT_ONCE {
        chunk.next = None;
    }
    Ok(chunk)
}

/// Removes versions in the writer's own transaction; how many.
pub(super) fn remove(connection: &Connection, state: &mut State, places: &[i64], entry: AuditEntry) -> Outcome<u64> {
    let mut delete = connection
        .prepare_cached("DELETE FROM resource_history WHERE seq = ?1")
        .at("removing a version")?;
    let mut removed = 0;
    for seq in places {
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
