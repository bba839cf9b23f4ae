//! Removing what need not be kept any longer: superseded versions by policy, ended instances with their history, access
//! records at the end of their time.
//!
//! The walks are the same for every backend and are here; a backend gives the steps. Each step is read beside the writer, a
//! chunk at a time, and removed in a commit of its own that also writes to the record of accesses what went and why. So a
//! walk that is interrupted has removed what it has, and the rest goes the next time; and two nodes that walk at once do no
//! harm: what is gone is gone.
//!
//! * The history of a type is walked by moment. What is walked are superseded versions only: the current one cannot go.
//!   Readers of the change feed that compare versions (notifications of subscriptions) name their cursors: what they have not
//!   passed yet stays, as does what waits to be sent. Marks between pages of the history expire.
//! * Ended instances of a definition are walked by id. One that has not ended cannot go: the writer looks again. FHIR
//!   resources, those that mirror tasks and instances included, are not touched.

mod policy;

pub use policy::{HistoryPolicy, HistoryPolicyError, Keep};

use crate::{AuditEntry, InstanceStatus, Store, StoreError};
use async_trait::async_trait;
use jiff::Timestamp;

/// Versions looked at in one step, and so removed in one commit, at most.
pub const VERSIONS_AT_ONCE: usize = 500;
/// Instances looked at in one step.
pub const INSTANCES_AT_ONCE: usize = 200;
/// Rows of history after which a step of instances ends.
pub const HISTORY_AT_ONCE: u64 = 20_000;

/// What is to be removed of the superseded versions, and for whom.
#[derive(Debug, Clone)]
pub struct Prune<'a> {
    /// What is kept.
    pub policy: &'a HistoryPolicy,
    /// Now, from which days are counted back.
    pub now: Timestamp,
    /// Who the audit names: `system`, an account.
    pub actor: &'a str,
    /// Cursors of readers that still need the versions after their position.
    pub readers: &'a [&'a str],
}

/// What was found of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PruneCount {
    /// Type.
    pub rtype: String,
    /// Versions that go, or went.
    pub versions: u64,
    /// Versions that the policy lets go, but a reader of the change feed still needs.
    pub held: u64,
}

/// Instances of one definition whose history goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forget {
    /// Definition key.
    pub definition: String,
    /// Those that ended before this moment.
    pub ended_before: Timestamp,
    /// The rule, for the audit.
    pub why: String,
}

/// What was found of one definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForgetCount {
    /// Definition key.
    pub definition: String,
    /// Instances that go, or went.
    pub instances: u64,
    /// Rows of their history.
    pub steps: u64,
}

/// A place in the history of a type: moment (µs since epoch) and place in the change feed.
pub type VersionPlace = (i64, i64);

/// A step of the walk over the history of a type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OldVersions {
    /// Places in the change feed of what goes.
    pub places: Vec<i64>,
    /// Versions that the policy lets go, but a reader still needs.
    pub held: u64,
    /// Where the next step starts; `None`: the type ends here.
    pub next: Option<VersionPlace>,
}

/// A step of the walk over the instances of a definition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OldInstances {
    /// Ids of what goes.
    pub ids: Vec<String>,
    /// Rows of their history.
    pub steps: u64,
    /// Id after which the next step starts; `None`: the definition ends here.
    pub next: Option<String>,
}

/// A store that can remove what need not be kept. Its users call the methods that are given here; the others are the steps.
///
/// Every method fails with what the backend refuses; those that write also with [`StoreError::Overloaded`] when the writer's
/// queue is full (try later) and [`StoreError::Closed`].
#[async_trait]
pub trait Upkeep: Store {
    /// Types of which something was ever stored, by name.
    async fn stored_types(&self) -> Result<Vec<String>, StoreError>;

    /// Up to [`VERSIONS_AT_ONCE`] superseded versions of a type after a place, judged by `keep` and by who still reads.
    async fn old_versions(
        &self,
        rtype: &str,
        keep: Keep,
        asked: &Prune<'_>,
        after: VersionPlace,
    ) -> Result<OldVersions, StoreError>;

    /// Removes superseded versions by their places in the change feed; how many there were.
    async fn remove_versions(&self, places: Vec<i64>, entry: AuditEntry) -> Result<u64, StoreError>;

    /// Ended instances of a definition with this status, after an id; see [`INSTANCES_AT_ONCE`], [`HISTORY_AT_ONCE`].
    async fn old_instances(
        &self,
        rule: &Forget,
        status: InstanceStatus,
        after: &str,
    ) -> Result<OldInstances, StoreError>;

    /// Removes instances, if they have ended, with their history; how many there were.
    async fn remove_instances(&self, ids: Vec<String>, entry: AuditEntry) -> Result<u64, StoreError>;

    /// Removes some of the oldest access records, all of before a moment; how many, 0 where none is left. Rows of the chain go
    /// whole: one that holds a younger record stays, and so does all that follows it. The chain goes on from an anchor:
    /// number and hash of the last row that was removed.
    async fn remove_accesses(&self, before: Timestamp, entry: AuditEntry) -> Result<u64, StoreError>;

    /// Counts what [`Upkeep::prune`] would remove, by type; changes nothing.
    async fn prunable(&self, asked: &Prune<'_>) -> Result<Vec<PruneCount>, StoreError> {
        walk_versions(self, asked, false).await
    }

    /// Removes superseded versions that the policy does not keep, in small commits between other writes. Returns what went,
    /// by type; types of which nothing did are left out.
    async fn prune(&self, asked: &Prune<'_>) -> Result<Vec<PruneCount>, StoreError> {
        walk_versions(self, asked, true).await
    }

    /// Counts what [`Upkeep::forget_instances`] would remove, by definition; changes nothing.
    async fn forgettable_instances(&self, rules: &[Forget]) -> Result<Vec<ForgetCount>, StoreError> {
        walk_instances(self, rules, None).await
    }

    /// Removes ended instances with their history, in small commits between other writes. Definitions of which nothing went
    /// are left out.
    async fn forget_instances(
        &self,
        rules: &[Forget],
        actor: &str,
        now: Timestamp,
    ) -> Result<Vec<ForgetCount>, StoreError> {
        walk_instances(self, rules, Some((actor, now))).await
    }

    /// Removes access records of before a moment; says how many. The removal is itself recorded, in its own commit.
    async fn forget_accesses(
        &self,
        before: Timestamp,
        actor: &str,
        why: &str,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut removed = 0;
        loop {
            let outcome = format!("permit: {why}; access records before {before} removed");
            match self
                .remove_accesses(before, entry(now, actor, "audit".into(), outcome))
                .await?
            {
                0 => return Ok(removed),
                some => removed += some,
            }
            tokio::task::yield_now().await;
        }
    }
}

fn entry(at: Timestamp, actor: &str, target: String, outcome: String) -> AuditEntry {
    AuditEntry {
        at,
        actor: actor.to_owned(),
        action: "PRUNE".into(),
        target,
        outcome,
        status: 200,
        ..AuditEntry::default()
    }
}

async fn walk_versions<S: Upkeep + ?Sized>(
    store: &S,
    asked: &Prune<'_>,
    remove: bool,
) -> Result<Vec<PruneCount>, StoreError> {
    let mut counts = Vec::new();
    if asked.policy.keeps_all() {
        return Ok(counts);
    }
    for rtype in store.stored_types().await? {
        let keep = asked.policy.of(&rtype);
        if keep.is_all() {
            continue;
        }
        let mut count = PruneCount {
            rtype,
            versions: 0,
            held: 0,
        };
        let mut from = Some((i64::MIN, i64::MIN));
        while let Some(place) = from {
            let chunk = store.old_versions(&count.rtype, keep, asked, place).await?;
            count.held += chunk.held;
            let found = chunk.places.len();
            count.versions += if remove && found > 0 {
                let told = format!("permit: history policy {keep}, {found} superseded versions removed");
                let entry = entry(asked.now, asked.actor, format!("{}/_history", count.rtype), told);
                store.remove_versions(chunk.places, entry).await?
            } else {
                found as u64
            };
            from = chunk.next;
            tokio::task::yield_now().await;
        }
        if count.versions + count.held > 0 {
            counts.push(count);
        }
    }
    Ok(counts)
}

async fn walk_instances<S: Upkeep + ?Sized>(
    store: &S,
    rules: &[Forget],
    remove: Option<(&str, Timestamp)>,
) -> Result<Vec<ForgetCount>, StoreError> {
    let mut counts = Vec::new();
    for rule in rules {
        let mut count = ForgetCount {
            definition: rule.definition.clone(),
            instances: 0,
            steps: 0,
        };
        for status in [InstanceStatus::Completed, InstanceStatus::Terminated] {
            let mut from = Some(String::new());
            while let Some(after) = from {
                let chunk = store.old_instances(rule, status, &after).await?;
                let (found, steps) = (chunk.ids.len(), chunk.steps);
                count.steps += steps;
                count.instances += match remove {
                    Some((actor, now)) if found > 0 => {
                        let (why, before) = (&rule.why, rule.ended_before);
                        let told = format!(
                            "permit: {why}; ended before {before}: {found} instances with {steps} steps removed"
                        );
                        let target = format!("/orchestrator/definitions/{}/history", rule.definition);
                        store
                            .remove_instances(chunk.ids, entry(now, actor, target, told))
                            .await?
                    }
                    _ => found as u64,
                };
                from = chunk.next;
                tokio::task::yield_now().await;
            }
        }
        if count.instances > 0 {
            counts.push(count);
        }
    }
    Ok(counts)
}
