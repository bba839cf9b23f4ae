//! Access records that need not be kept any longer, and the anchor that the chain then goes on from.

use crate::error::{Backend as _, Outcome, corrupt};
use crate::writer::State;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use store::{AuditEntry, StoreError};

/// Rows removed in one commit.
const ROWS: i64 = 512;

/// Where the chain begins, if its first rows were removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Anchor {
    /// Last row removed.
    pub n: i64,
    /// Its hash.
    pub chain: Option<Vec<u8>>,
}

/// The anchor of the chain.
pub(crate) fn anchor(connection: &Connection) -> Outcome<Option<Anchor>> {
    connection
        .prepare_cached("SELECT n, chain FROM audit_anchor ORDER BY n DESC LIMIT 1")
        .and_then(|mut read| {
            read.query_row([], |row| {
                Ok(Anchor {
                    n: row.get(0)?,
                    chain: row.get(1)?,
                })
            })
            .optional()
        })
        .at("reading where the audit begins")
}

/// Removes the oldest rows in the writer's own transaction; how many records.
pub(super) fn remove(
    connection: &Connection,
    state: &mut State,
    before: Timestamp,
    entry: AuditEntry,
) -> Result<u64, StoreError> {
    let mut read = connection
        .prepare_cached("SELECT n, entries, chain FROM audit_batch ORDER BY n LIMIT ?1")
        .at("reading the audit")?;
    let mut rows = read.query([ROWS]).at("reading the audit")?;
    let (mut last, mut removed): (Option<Anchor>, u64) = (None, 0);
    while let Some(row) = rows.next().at("reading the audit")? {
        let lines: String = row.get(1).at("reading the audit")?;
        let mut count = 0;
        let mut old = true;
        for line in lines.lines() {
            let entry: AuditEntry = serde_json::from_str(line).map_err(|e| corrupt(&format!("audit entry: {e}")))?;
            old &= entry.at < before;
            count += 1;
        }
        if !old {
            break;
        }
        removed += count;
        last = Some(Anchor {
            n: row.get(0).at("reading the audit")?,
            chain: row.get(2).at("reading the audit")?,
        });
    }
    let Some(last) = last else { return Ok(0) };
    connection
        .execute("DELETE FROM audit_batch WHERE n <= ?1", [last.n])
        .at("removing access records")?;
    connection
        .execute("DELETE FROM audit_segment WHERE last <= ?1", [last.n])
        .at("removing access records")?;
    connection
        .execute("DELETE FROM audit_anchor", [])
        .and_then(|_| {
            connection.execute(
                "INSERT INTO audit_anchor(n, chain, at) VALUES (?1, ?2, ?3)",
                params![last.n, last.chain, entry.at.to_string()],
            )
        })
        .at("writing where the audit begins")?;
    state.audit.push(entry);
    Ok(removed)
}
