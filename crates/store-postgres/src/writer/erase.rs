//! Removes for good every version of what was deleted.
//!
//! The rows are gone with the commit. Their bytes stay in pages of the tables until autovacuum has passed and something else was
//! written there, and in the write-ahead log as long as that is kept: the answer says that nothing was compacted.

use super::Group;
use crate::error::Outcome;
use search::row::DELETED;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use store::AuditEntry;

/// What is to go.
pub(crate) struct Erasure {
    /// Type and id.
    pub names: Vec<(String, String)>,
    /// Who erased what.
    pub entry: AuditEntry,
    /// How many versions went.
    pub versions: Arc<AtomicU64>,
}

/// Removes it in the transaction of the group.
pub(super) async fn run(group: &mut Group, erasure: Erasure) -> Outcome<()> {
    // Another node may have stored the first resource of a type.
    group.node.types.refresh(&group.session).await?;
    let types = &group.node.types;
    let known = erasure
        .names
        .iter()
        .filter_map(|(rtype, id)| Some((types.known(rtype)?, id.as_str())));
    let (codes, ids): (Vec<i64>, Vec<&str>) = known.unzip();
    let sql = "SELECT r.rid FROM resource r WHERE r.method = $3
         AND (r.rtype, r.id) IN (SELECT * FROM unnest($1::bigint[], $2::text[]))";
    let method = DELETED as i16;
    let found = group
        .session
        .rows(sql, &[&codes, &ids, &method], "reading deleted resources")
        .await?;
    let rids: Vec<i64> = found.iter().map(|row| row.get(0)).collect();
    let sql = "DELETE FROM resource_history WHERE rid = ANY($1)";
    let removed = group.session.run(sql, &[&rids], "erasing versions").await?;
    let sql = "UPDATE position SET pruned = pruned + 1 WHERE one";
    group.session.run(sql, &[], "noting what was removed").await?;
    group.accesses.push(erasure.entry);
    erasure.versions.store(removed, Ordering::Relaxed);
    Ok(())
}
