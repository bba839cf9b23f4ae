//! Ended instances with their history.

use crate::error::{Backend, Outcome};
use crate::writer::State;
use rusqlite::{Connection, params};
use search::row::{micros, status_code};
use store::{AuditEntry, Forget, HISTORY_AT_ONCE, INSTANCES_AT_ONCE, InstanceStatus, OldInstances};

/// A step of the walk by id.
pub(super) fn read(
    connection: &Connection,
    rule: &Forget,
    status: InstanceStatus,
    after: &str,
) -> Outcome<OldInstances> {
    let mut walk = connection
        .prepare_cached(
            "SELECT id, ended < ?4, (SELECT count(*) FROM history h WHERE h.instance = i.id)
             FROM instance i INDEXED BY instance_definition
             WHERE definition = ?1 AND status = ?2 AND id > ?3 AND ended IS NOT NULL ORDER BY id LIMIT ?5",
        )
        .at("reading ended instances")?;
    let asked = params![
        rule.definition,
        status_code(status),
        after,
        micros(rule.ended_before),
        INSTANCES_AT_ONCE as i64
    ];
    let mut rows = walk.query(asked).at("reading ended instances")?;
    let mut chunk = OldInstances::default();
    let mut seen = 0;
    while let Some(row) = rows.next().at("reading ended instances")? {
        let read = || -> rusqlite::Result<(String, bool, i64)> { Ok((row.get(0)?, row.get(1)?, row.get(2)?)) };
        let (id, goes, steps) = read().at("reading ended instances")?;
        seen += 1;
        chunk.next = Some(id.clone());
        if goes {
            chunk.ids.push(id);
            chunk.steps += steps as u64;
            if chunk.steps >= HISTORY_AT_ONCE {
                return Ok(chunk);
            }
        }
    }
    if seen < INSTANCES_AT_ONCE {
        chunk.next = None;
    }
    Ok(chunk)
}

/// Removes instances in the writer's own transaction; how many.
pub(super) fn remove(connection: &Connection, state: &mut State, ids: &[String], entry: AuditEntry) -> Outcome<u64> {
    let mut history = connection
        .prepare_cached(
            "DELETE FROM history WHERE instance = (SELECT id FROM instance WHERE id = ?1 AND ended IS NOT NULL)",
        )
        .at("removing history")?;
    let mut instance = connection
        .prepare_cached("DELETE FROM instance WHERE id = ?1 AND ended IS NOT NULL")
        .at("removing an instance")?;
    let mut removed = 0;
    for id in ids {
        history.execute([id]).at("removing history")?;
        removed += instance.execute([id]).at("removing an instance")? as u64;
    }
    state.audit.push(entry);
    Ok(removed)
}
