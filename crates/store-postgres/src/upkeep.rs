//! The steps of removing what need not be kept any longer ([`store::Upkeep`]): each is read on a connection of its own, and
//! removed in a commit of its own under the lock of all writers.
//!
//! The statements of a step see moments of their own. That does no harm: what changes in between only makes a version be
//! superseded later, or by a later place, than it was, so that it stays until the next walk; and readers are asked for their
//! positions before it is asked what waits to be sent, since what they queue moves their position in the same commit.

use crate::PostgresStore;
use crate::error::Outcome;
use crate::session::Session;
use crate::writer::{Removal, What, Work};
use async_trait::async_trait;
use jiff::Timestamp;
use search::accesses::Lines;
use search::corrupt;
use search::row::{micros, status_code};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use store::{
    AuditEntry, Forget, HISTORY_AT_ONCE, INSTANCES_AT_ONCE, InstanceStatus, Keep, OldInstances, OldVersions, Prune,
    StoreError, Upkeep, VERSIONS_AT_ONCE, VersionPlace,
};

/// Rows of access records removed in one commit.
const ROWS: i64 = 512;

#[async_trait]
impl Upkeep for PostgresStore {
    async fn stored_types(&self) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT name FROM rtype ORDER BY name";
        let rows = self.session().await?.rows(sql, &[], "reading resource types").await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    async fn old_versions(
        &self,
        rtype: &str,
        keep: Keep,
        asked: &Prune<'_>,
        after: VersionPlace,
    ) -> Result<OldVersions, StoreError> {
        let session = self.session().await?;
        match self.type_code(&session, rtype).await? {
            Some(code) => old_versions(&session, code, keep, asked, after).await,
            None => Ok(OldVersions::default()),
        }
    }

    async fn remove_versions(&self, places: Vec<i64>, entry: AuditEntry) -> Result<u64, StoreError> {
        self.remove(What::Versions(places), entry).await
    }

    async fn old_instances(
        &self,
        rule: &Forget,
        status: InstanceStatus,
        after: &str,
    ) -> Result<OldInstances, StoreError> {
        old_instances(&self.session().await?, rule, status, after).await
    }

    async fn remove_instances(&self, ids: Vec<String>, entry: AuditEntry) -> Result<u64, StoreError> {
        self.remove(What::Instances(ids), entry).await
    }

    async fn remove_accesses(&self, before: Timestamp, entry: AuditEntry) -> Result<u64, StoreError> {
        match old_accesses(&self.session().await?, before).await? {
            Some((last, keys)) => self.remove(What::Accesses(last, keys), entry).await,
            None => Ok(0),
        }
    }
}

impl PostgresStore {
    async fn remove(&self, what: What, entry: AuditEntry) -> Result<u64, StoreError> {
        let removed = Arc::new(AtomicU64::new(0));
        let removal = Removal {
            what,
            entry,
            removed: removed.clone(),
        };
        self.upkeep(Work::Remove(Box::new(removal))).await?;
        Ok(removed.load(Ordering::Relaxed))
    }
}

/// The last position of the change feed that nobody needs the versions up to; `MAX` where nobody reads.
async fn passed(session: &Session, readers: &[&str]) -> Outcome<i64> {
    let sql = "SELECT min(value) FROM cursor WHERE name = ANY($1)";
    let row = session.row(sql, &[&readers], "reading cursors").await?;
    let read: Option<i64> = row.and_then(|row| row.get(0));
    let sql = "SELECT min(seq) FROM delivery WHERE state < 2";
    let row = session.row(sql, &[], "reading notifications").await?;
    let waiting: Option<i64> = row.and_then(|row| row.get(0));
    Ok(read.unwrap_or(i64::MAX).min(waiting.unwrap_or(i64::MAX)))
}

/// What superseded a version: version, moment, place in the feed.
type After = (i64, i64, i64);

async fn old_versions(
    session: &Session,
    code: i64,
    keep: Keep,
    asked: &Prune<'_>,
    after: VersionPlace,
) -> Outcome<OldVersions> {
    let what = "reading the history";
    let passed = passed(session, asked.readers).await?;
    let cutoff = keep.cutoff(micros(asked.now));
    // Superseded after it was written: a version from after the cutoff need not be looked at.
    let sql = "SELECT last_updated, seq, rid, version FROM resource_history
         WHERE rtype = $1 AND (last_updated, seq) > ($2, $3) AND last_updated < $4
         ORDER BY last_updated, seq LIMIT $5";
    let (until, limit) = (cutoff.unwrap_or(i64::MAX), VERSIONS_AT_ONCE as i64);
    let rows = session
        .rows(sql, &[&code, &after.0, &after.1, &until, &limit], what)
        .await?;
    let found: Vec<(VersionPlace, i64, i64)> = rows
        .iter()
        .map(|row| ((row.get(0), row.get(1)), row.get(2), row.get(3)))
        .collect();
    let rids: Vec<i64> = found.iter().map(|(_, rid, _)| *rid).collect();
    let next: Vec<i64> = found.iter().map(|(.., version)| version + 1).collect();
    let sql =
        "SELECT h.rid, h.version, h.last_updated, h.seq FROM unnest($1::bigint[], $2::bigint[]) AS w(rid, version)
         JOIN resource_history h ON h.rid = w.rid AND h.version = w.version";
    let rows = session.rows(sql, &[&rids, &next], what).await?;
    let later: HashMap<(i64, i64), After> = rows
        .iter()
        .map(|row| ((row.get(0), row.get(1)), (row.get(1), row.get(2), row.get(3))))
        .collect();
    let sql = "SELECT rid, version, last_updated, seq FROM resource WHERE rid = ANY($1)";
    let rows = session.rows(sql, &[&rids], what).await?;
    let current: HashMap<i64, After> = rows
        .iter()
        .map(|row| (row.get(0), (row.get(1), row.get(2), row.get(3))))
        .collect();

    let mut chunk = OldVersions {
        next: found
            .last()
            .map(|(place, ..)| *place)
            .filter(|_| found.len() == VERSIONS_AT_ONCE),
        ..OldVersions::default()
    };
    for ((_, seq), rid, version) in found {
        let Some(current) = current.get(&rid) else { continue };
        let (_, at, superseded) = later.get(&(rid, version + 1)).unwrap_or(current);
        let many = keep.versions.is_none_or(|last| current.0 - version >= i64::from(last));
        if !many || cutoff.is_some_and(|cutoff| *at >= cutoff) {
            continue;
        }
        if *superseded > passed {
            chunk.held += 1;
        } else {
            chunk.places.push(seq);
        }
    }
    Ok(chunk)
}

async fn old_instances(session: &Session, rule: &Forget, status: InstanceStatus, after: &str) -> Outcome<OldInstances> {
    let what = "reading ended instances";
    let sql = "SELECT id, ended < $4 FROM instance
         WHERE definition = $1 AND status = $2 AND id > $3 AND ended IS NOT NULL ORDER BY id LIMIT $5";
    let (status, before, limit) = (
        status_code(status) as i16,
        micros(rule.ended_before),
        INSTANCES_AT_ONCE as i64,
    );
    let rows = session
        .rows(sql, &[&rule.definition, &status, &after, &before, &limit], what)
        .await?;
    let goes: Vec<&str> = rows.iter().filter(|row| row.get(1)).map(|row| row.get(0)).collect();
    let sql = "SELECT instance, count(*) FROM history WHERE instance = ANY($1) GROUP BY instance";
    let counted = session.rows(sql, &[&goes], what).await?;
    let steps: HashMap<&str, i64> = counted.iter().map(|row| (row.get(0), row.get(1))).collect();
    let mut chunk = OldInstances::default();
    for id in goes {
        chunk.ids.push(id.to_owned());
        chunk.steps += steps.get(id).map_or(0, |steps| *steps as u64);
        if chunk.steps >= HISTORY_AT_ONCE {
            chunk.next = Some(id.to_owned());
            return Ok(chunk);
        }
    }
    chunk.next = rows
        .last()
        .filter(|_| rows.len() == INSTANCES_AT_ONCE)
        .map(|row| row.get(0));
    Ok(chunk)
}

/// The oldest rows of access records that are all of before a moment: the last of them, and the patients they name.
async fn old_accesses(session: &Session, before: Timestamp) -> Outcome<Option<(i64, Vec<(i64, i64)>)>> {
    let sql = "SELECT n, entries FROM audit_batch ORDER BY n LIMIT $1";
    let rows = session.rows(sql, &[&ROWS], "reading the audit").await?;
    let (mut last, mut keys) = (None, Vec::new());
    for row in &rows {
        let (n, lines): (i64, &str) = (row.get(0), row.get(1));
        let entries = lines.lines().map(serde_json::from_str::<AuditEntry>);
        let entries: Vec<AuditEntry> = entries
            .collect::<Result<_, _>>()
            .map_err(|error| corrupt(&format!("audit entry: {error}")))?;
        if entries.iter().any(|entry| entry.at >= before) {
            break;
        }
        last = Some(n);
        keys.extend(Lines::of(&entries).keys.into_iter().map(|key| (key as i64, n)));
    }
    Ok(last.map(|last| (last, keys)))
}
