//! Access records that need not be kept any longer. The chain goes on from an anchor: number and hash of the last row
//! that was removed, and when it was.

use crate::SqliteStore;
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

impl SqliteStore {
    /// Removes access records of before a moment; says how many. Rows go whole: one that holds a younger record stays, and
    /// so does all that follows it. The removal is itself recorded, in its own commit.
    ///
    /// # Errors
    /// [`StoreError::Closed`] and what SQLite refuses; what was removed till then stays removed.
    pub async fn forget_audit(
        &self,
        before: Timestamp,
        actor: &str,
        why: &str,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut removed = 0;
        loop {
            let entry = AuditEntry {
                at: now,
                actor: actor.to_owned(),
                action: "PRUNE".into(),
                target: "audit".into(),
                outcome: format!("permit: {why}; access records before {before} removed"),
                status: 200,
                ..AuditEntry::default()
            };
            let chunk = self
                .upkeep(Box::new(move |connection, state| {
                    chunk(connection, state, before, entry)
                }))
                .await?;
            if chunk == 0 {
                return Ok(removed);
            }
            removed += chunk;
            tokio::task::yield_now().await;
        }
    }
}

fn chunk(connection: &Connection, state: &mut State, before: Timestamp, entry: AuditEntry) -> Result<u64, StoreError> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Options;
    use store::{AuditFilter, Store as _, Transaction};

    #[tokio::test]
    async fn old_records_go_and_the_chain_still_holds() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("a.sqlite"), Options::default()).unwrap();
        let at = |day: i64| Timestamp::from_second(day * 86_400).unwrap();
        for day in 0..1200 {
            let entry = AuditEntry {
                at: at(day),
                actor: "Practitioner/a".into(),
                patient: Some("p".into()),
                outcome: "permit".into(),
                ..AuditEntry::default()
            };
            let transaction = Transaction {
                audit: vec![entry],
                ..Transaction::default()
            };
            store.commit(transaction).await.unwrap();
        }
        let removed = store
            .forget_audit(at(1_000), "operator", "prova", at(1_200))
            .await
            .unwrap();
        assert_eq!(removed, 1_000);
        let chain = store.verify_audit().unwrap();
        assert!(chain.broken.is_empty(), "{:?}", chain.broken);
        assert_eq!(chain.records, 200 + 2, "and the two removals are recorded");
        let filter = AuditFilter::newest(Some("p"), 500);
        let left = store.snapshot().await.unwrap().audit(&filter).await.unwrap().entries();
        assert_eq!(left.len(), 200);
        assert_eq!(
            store
                .forget_audit(at(1_000), "operator", "prova", at(1_200))
                .await
                .unwrap(),
            0,
            "again: nothing"
        );
        drop(store);
        let store = SqliteStore::open(folder.path().join("a.sqlite"), Options::default()).unwrap();
        assert!(store.verify_audit().unwrap().broken.is_empty());
    }
}
