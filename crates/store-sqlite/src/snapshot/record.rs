//! Reading the system's small values.

use crate::error::{Backend, Outcome};
use rusqlite::{Connection, OptionalExtension};

/// One small value.
pub(super) fn record(connection: &Connection, kind: &str, key: &str) -> Outcome<Option<Vec<u8>>> {
    connection
        .prepare_cached("SELECT value FROM record WHERE kind = ?1 AND key = ?2")
        .and_then(|mut read| read.query_row((kind, key), |row| row.get(0)).optional())
        .at("reading a record")
}

/// Small values whose key starts with `prefix`.
pub(super) fn records(
    connection: &Connection,
    kind: &str,
    prefix: &str,
    limit: usize,
) -> Outcome<Vec<(String, Vec<u8>)>> {
    let mut read = connection
        .prepare_cached("SELECT key, value FROM record WHERE kind = ?1 AND key >= ?2 ORDER BY key LIMIT ?3")
        .at("reading records")?;
    let mut rows = read.query((kind, prefix, limit as i64)).at("reading records")?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().at("reading records")? {
        let key: String = row.get(0).at("reading records")?;
        if !key.starts_with(prefix) {
            break;
        }
        found.push((key, row.get(1).at("reading records")?));
    }
    Ok(found)
}

/// Small values whose key comes after `after`.
pub(super) fn records_after(
    connection: &Connection,
    kind: &str,
    after: &str,
    limit: usize,
) -> Outcome<Vec<(String, Vec<u8>)>> {
    let mut read = connection
        .prepare_cached("SELECT key, value FROM record WHERE kind = ?1 AND key > ?2 ORDER BY key LIMIT ?3")
        .at("reading records")?;
    let rows = read.query_map((kind, after, limit as i64), |row| Ok((row.get(0)?, row.get(1)?)));
    rows.and_then(Iterator::collect).at("reading records")
}
