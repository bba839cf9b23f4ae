//! What waited when the file was last in use.

use super::View;
use crate::error::{Backend, Outcome};
use crate::shrunk::Keys;
use rusqlite::Connection;
use search::keys::{index_rows, iter};

/// Resources read for one commit.
const CHUNK: usize = 5_000;

/// Writes the rows that no commit had brought into the file, and gives the empty view to begin with. After a proper
/// close there are none; after a crash they are those of the last resources.
pub(crate) fn recover(connection: &mut Connection) -> Outcome<View> {
    let meta = |name: &str| {
        connection
            .query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| {
                row.get::<_, i64>(0)
            })
            .at("reading how far the index is")
    };
    let (epoch, mut merged) = (meta("epoch")?, meta("merged")?);
    while let Some(next) = chunk(connection, merged)? {
        merged = next;
    }
    Ok(View {
        epoch,
        merged,
        ..View::default()
    })
}

/// Writes the rows of the next resources of the change feed; the last place, or `None` when there are no more.
fn chunk(connection: &mut Connection, after: i64) -> Outcome<Option<i64>> {
    let transaction = connection.transaction().at("completing the index")?;
    let mut last = None;
    let mut rows = Vec::new();
    {
        let mut read = transaction
            .prepare_cached(
                "SELECT seq, rid, keys FROM resource INDEXED BY resource_seq WHERE seq > ?1 ORDER BY seq LIMIT ?2",
            )
            .at("completing the index")?;
        let mut found = read.query((after, CHUNK)).at("completing the index")?;
        while let Some(row) = found.next().at("completing the index")? {
            last = Some(row.get::<_, i64>(0).at("completing the index")?);
            let rid: i64 = row.get(1).at("completing the index")?;
            let Keys(keys) = row.get(2).at("completing the index")?;
            for (param, key) in iter(&keys) {
                rows.extend(index_rows(key).map(|row| (param, row.into_owned(), rid)));
            }
        }
        let Some(last) = last else { return Ok(None) };
        rows.sort_unstable();
        let mut insert = transaction
            .prepare_cached("INSERT OR IGNORE INTO idx(param, key, rid) VALUES (?1, ?2, ?3)")
            .at("completing the index")?;
        for row in &rows {
            insert.execute((row.0, &row.1, row.2)).at("completing the index")?;
        }
        transaction
            .execute("UPDATE meta SET value = ?1 WHERE name = 'merged'", [last])
            .at("completing the index")?;
    }
    transaction.commit().at("completing the index")?;
    Ok(last)
}
