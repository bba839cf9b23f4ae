//! Removes what need not be kept any longer, in a commit of its own that also says so in the record of accesses.

use super::Group;
use crate::error::Outcome;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use store::AuditEntry;

/// What is to go.
pub(crate) enum What {
    /// Superseded versions, by their places in the change feed.
    Versions(Vec<i64>),
    /// Ended instances with their history.
    Instances(Vec<String>),
    /// Rows of access records up to this one, with the keys of the patients that each names.
    Accesses(i64, Vec<(i64, i64)>),
}

/// A removal.
pub(crate) struct Removal {
    /// What goes.
    pub what: What,
    /// Who removed what, and why.
    pub entry: AuditEntry,
    /// How many went.
    pub removed: Arc<AtomicU64>,
}

/// Removes it in the transaction of the group. Nothing is told of a removal that another node has done before.
pub(super) async fn run(group: &mut Group, removal: Removal) -> Outcome<()> {
    let removed = match removal.what {
        What::Versions(places) => versions(group, &places).await?,
        What::Instances(ids) => instances(group, &ids).await?,
        What::Accesses(last, keys) => accesses(group, last, keys, &removal.entry).await?,
    };
    if removed > 0 {
        group.accesses.push(removal.entry);
    }
    removal.removed.store(removed, Ordering::Relaxed);
    Ok(())
}

async fn versions(group: &Group, places: &[i64]) -> Outcome<u64> {
    let sql = "DELETE FROM resource_history WHERE seq = ANY($1)";
    let removed = group.session.run(sql, &[&places], "removing versions").await?;
    let sql = "UPDATE position SET pruned = pruned + 1 WHERE one";
    group.session.run(sql, &[], "noting what was removed").await?;
    Ok(removed)
}

async fn instances(group: &Group, ids: &[String]) -> Outcome<u64> {
    // Looked at again under the lock of all writers: what has not ended cannot go.
    let sql = "SELECT id FROM instance WHERE id = ANY($1) AND ended IS NOT NULL";
    let rows = group.session.rows(sql, &[&ids], "reading ended instances").await?;
    let ended: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
    let sql = "DELETE FROM history WHERE instance = ANY($1)";
    group.session.run(sql, &[&ended], "removing history").await?;
    let sql = "DELETE FROM instance WHERE id = ANY($1)";
    group.session.run(sql, &[&ended], "removing instances").await
}

async fn accesses(group: &Group, last: i64, keys: Vec<(i64, i64)>, entry: &AuditEntry) -> Outcome<u64> {
    let (session, what) = (&group.session, "removing access records");
    // Gone when another node has removed it meanwhile.
    let sql = "SELECT chain FROM audit_batch WHERE compartment = $1 AND n = $1";
    let Some(row) = session.row(sql, &[&last], what).await? else {
        return Ok(0);
    };
    let chain: Option<Vec<u8>> = row.get(0);
    let sql = "DELETE FROM audit_batch WHERE n <= $1 RETURNING count";
    let gone = session.rows(sql, &[&last], what).await?;
    let (patients, rows): (Vec<i64>, Vec<i64>) = keys.into_iter().unzip();
    let sql = "DELETE FROM audit_patient a USING unnest($1::bigint[], $2::bigint[]) AS w(patient, n)
         WHERE a.compartment = w.patient AND a.n = w.n";
    session.run(sql, &[&patients, &rows], what).await?;
    let what = "writing where the audit begins";
    session.run("DELETE FROM audit_anchor", &[], what).await?;
    let sql = "INSERT INTO audit_anchor(n, chain, at) VALUES ($1, $2, $3)";
    session.run(sql, &[&last, &chain, &entry.at.to_string()], what).await?;
    Ok(gone.iter().map(|row| row.get::<_, i64>(0).max(0) as u64).sum())
}
