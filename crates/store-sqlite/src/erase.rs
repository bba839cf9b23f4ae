//! Erasing for good what was deleted.
//!
//! A deletion leaves the earlier versions in the history, and the bytes of what was removed in the free places of the file.
//! Erasing removes the versions in a commit of its own, which also writes to the record of accesses who erased what, and
//! then writes the file anew. A file larger than [`AT_ONCE`] is not written anew while others wait for it: its bytes go
//! with the next [`SqliteStore::compact`] (`sinfonia prune --compact`). Copies elsewhere (backups, bulk exports, variables of
//! process instances) are not touched.

use crate::SqliteStore;
use crate::error::{Backend, Outcome};

use crate::writer::State;
use rusqlite::{Connection, OptionalExtension};
use search::row::DELETED;
use store::{AuditEntry, Erased, StoreError};

/// Largest file that is written anew at once, bytes.
const AT_ONCE: u64 = 512 << 20;
/// Resources erased in one commit at most.
const MAX: usize = 10_000;

impl SqliteStore {
    pub(crate) async fn erase_past(
        &self,
        resources: &[(String, String)],
        entry: AuditEntry,
    ) -> Result<Erased, StoreError> {
        if resources.len() > MAX {
            let asked = resources.len();
            return Err(StoreError::Limit(format!(
                "{asked} resources to be erased at once; at most {MAX}"
            )));
        }
        let names = resources.to_vec();
        let work = move |connection: &Connection, state: &mut State| remove(connection, state, &names, entry);
        let versions = self.upkeep(Box::new(work)).await?;
        let compacted =
            std::fs::metadata(self.path()).is_ok_and(|file| file.len() <= AT_ONCE) && self.compact().await?;
        if !compacted {
            tracing::warn!("what was erased is still in free places of the file: run `sinfonia prune --compact`");
        }
        Ok(Erased { versions, compacted })
    }
}

/// Removes the versions in the writer's own transaction; how many.
fn remove(connection: &Connection, state: &mut State, names: &[(String, String)], entry: AuditEntry) -> Outcome<u64> {
    let mut removed = 0;
    for (rtype, id) in names {
        let Some(code) = state.types.code(connection, rtype)? else {
            continue;
        };
        let rid: Option<i64> = connection
            .prepare_cached("SELECT rid FROM resource WHERE rtype = ?1 AND id = ?2 AND method = ?3")
            .and_then(|mut read| read.query_row((code, id, DELETED), |row| row.get(0)).optional())
            .at("reading a deleted resource")?;
        let Some(rid) = rid else { continue };
        removed += connection
            .prepare_cached("DELETE FROM resource_history WHERE rid = ?1")
            .and_then(|mut delete| delete.execute([rid]))
            .at("erasing versions")? as u64;
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
