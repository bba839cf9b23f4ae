//! Reading the system's small values and the access records.

use crate::error::{Backend, Outcome};
use crate::row::timestamp;
use rusqlite::{Connection, OptionalExtension, Row};
use store::AuditEntry;

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

/// Access records, newest first.
pub(super) fn audit(connection: &Connection, patient: Option<&str>, limit: usize) -> Outcome<Vec<AuditEntry>> {
    let entry = |row: &Row<'_>| {
        let entry = AuditEntry {
            at: jiff::Timestamp::UNIX_EPOCH,
            actor: row.get(1)?,
            action: row.get(2)?,
            target: row.get(3)?,
            patient: row.get(4)?,
            purpose: row.get(5)?,
            outcome: row.get(6)?,
            status: row.get(7)?,
        };
        Ok((entry, row.get::<_, i64>(0)?))
    };
    let rows: rusqlite::Result<Vec<(AuditEntry, i64)>> = match patient {
        Some(patient) => connection
            .prepare_cached(
                "SELECT at, actor, action, target, patient, purpose, outcome, status FROM audit INDEXED BY audit_patient
                 WHERE patient = ?1 ORDER BY n DESC LIMIT ?2",
            )
            .and_then(|mut read| read.query_map((patient, limit as i64), entry)?.collect()),
        None => connection
            .prepare_cached(
                "SELECT at, actor, action, target, patient, purpose, outcome, status FROM audit ORDER BY n DESC LIMIT ?1",
            )
            .and_then(|mut read| read.query_map([limit as i64], entry)?.collect()),
    };
    rows.at("reading the audit")?
        .into_iter()
        .map(|(entry, at)| {
            Ok(AuditEntry {
                at: timestamp(at)?,
                ..entry
            })
        })
        .collect()
}
