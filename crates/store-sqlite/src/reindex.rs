//! Rebuilding the index when the rules that extract search values have changed.

use crate::Progress;
use crate::error::{Backend, Outcome};
use crate::shrunk::{Body, shrink_keys};
use crate::writer::write_index;
use rusqlite::{Connection, OptionalExtension, Transaction};
use search::Rules;
use search::keys::{iter, pack};

/// Resources in one commit.
const CHUNK: i64 = 2_000;

/// Compares the stored fingerprint with the extractor's and reindexes everything if they differ. An interrupted run
/// starts again at the next open: the fingerprint is stored last.
pub(crate) fn if_needed(connection: &mut Connection, rules: &Rules, progress: Option<&Progress>) -> Outcome<()> {
    let wanted = rules.extractor.fingerprint as i64;
    let stored: Option<i64> = connection
        .query_row("SELECT value FROM meta WHERE name = 'fingerprint'", [], |row| {
            row.get(0)
        })
        .optional()
        .at("reading the index fingerprint")?;
    if stored == Some(wanted) {
        return Ok(());
    }
    let total: i64 = connection
        .query_row("SELECT count(*) FROM resource WHERE method <> 2", [], |row| row.get(0))
        .at("counting resources")?;
    if total > 0 {
        tracing::info!(resources = total, "search definitions changed: reindexing");
        clear(connection)?;
    }
    let (mut after, mut done) = (0, 0u64);
    while let Some((last, count)) = chunk(connection, rules, after)? {
        after = last;
        done += count;
        if let Some(progress) = progress {
            progress(done, total as u64);
        }
    }
    connection
        .execute(
            "INSERT OR REPLACE INTO meta(name, value) VALUES ('fingerprint', ?1)",
            [wanted],
        )
        .map(drop)
        .at("storing the index fingerprint")
}

/// Parameter numbers mean other things now: no old row may stay.
fn clear(connection: &mut Connection) -> Outcome<()> {
    let transaction = connection.transaction().at("clearing the index")?;
    transaction
        .execute_batch("DELETE FROM idx; DELETE FROM param_many; UPDATE resource SET keys = x''; DELETE FROM meta WHERE name = 'fingerprint'")
        .at("clearing the index")?;
    transaction.commit().at("clearing the index")
}

/// Indexes the next resources by row id; the last row id and how many.
fn chunk(connection: &mut Connection, rules: &Rules, after: i64) -> Outcome<Option<(i64, u64)>> {
    let transaction = connection.transaction().at("reindexing")?;
    let (mut last, mut count) = (after, 0);
    let custom = rules.definitions.custom();
    {
        let mut bodies = transaction
            .prepare_cached(
                "SELECT r.rid, r.body, r.id, t.name FROM resource r JOIN rtype t ON t.code = r.rtype
                 WHERE r.rid > ?1 AND r.method <> 2 ORDER BY r.rid LIMIT ?2",
            )
            .at("reindexing")?;
        let mut rows = bodies.query((after, CHUNK)).at("reindexing")?;
        while let Some(row) = rows.next().at("reindexing")? {
            last = row.get(0).at("reindexing")?;
            count += 1;
            let Body(body) = row.get(1).at("reindexing")?;
            let rtype: String = row.get(3).at("reindexing")?;
            match rules.entries(&custom, &rtype, &body) {
                Ok(entries) => index(&transaction, last, &pack(&entries))?,
                // It was accepted once: keep serving it by id, and say so.
                Err(error) => {
                    let id: String = row.get(2).at("reindexing")?;
                    tracing::warn!(%id, %error, "a stored resource yields no search values and will not be found by search");
                }
            }
        }
    }
    transaction.commit().at("reindexing")?;
    Ok((count > 0).then_some((last, count)))
}

fn index(transaction: &Transaction<'_>, rid: i64, keys: &[u8]) -> Outcome<()> {
    transaction
        .prepare_cached("UPDATE resource SET keys = ?2 WHERE rid = ?1")
        .and_then(|mut update| update.execute((rid, shrink_keys(keys))))
        .at("reindexing")?;
    write_index(transaction, rid, keys)?;
    let mut last = None;
    for (param, _) in iter(keys) {
        if last == Some(param) {
            transaction
                .prepare_cached("INSERT OR IGNORE INTO param_many VALUES (?1)")
                .and_then(|mut note| note.execute([param]))
                .at("reindexing")?;
        }
        last = Some(param);
    }
    Ok(())
}
