//! The store: integrity, record of accesses, clock against what is recorded and against the database, work that does not come on.

use super::Finding;
use super::Severity::{Good, Warning, Wrong};
use crate::backend::Backend;
use crate::watch::TOLERATED;
use jiff::{SignedDuration, Timestamp};
use store::{AuditFilter, DeliveryState, StoreError, WaitKind};
use store_sqlite::Depth;

/// Resources and versions of a sample.
const SAMPLE: u64 = 10_000;
/// Things counted at most.
const MOST: usize = 1_000;
/// Work is stuck when it is this late.
const STUCK: SignedDuration = SignedDuration::from_mins(10);
/// A node that has not said its time for so long is gone.
const NODE_SECONDS: i64 = 60;
/// No time is before this: the program was not written then.
const EARLIEST: i64 = 1_767_225_600;

/// Looks at it.
pub async fn all(backend: &Backend, full: bool, now: Timestamp) -> Result<Vec<Finding>, StoreError> {
    let mut findings = integrity(backend, full).await?;
    findings.extend(clocks(backend, now).await?);
    findings.extend(work(backend, now).await?);
    Ok(findings)
}

async fn integrity(backend: &Backend, full: bool) -> Result<Vec<Finding>, StoreError> {
    let depth = if full { Depth::Full } else { Depth::Sample(SAMPLE) };
    let (good, problems, chain) = match backend {
        Backend::Sqlite(store) => {
            let found = store.examine(depth)?;
            let good = Finding::new("store", Good, "store-sound")
                .with("resources", found.resources)
                .with("rows", found.index_rows)
                .with("versions", found.versions);
            (good, found.problems, store.verify_audit()?)
        }
        Backend::Postgres(store) => {
            let good = Finding::new("store", Good, "store-database");
            (good, store.examine().await?, store.verify_audit().await?)
        }
    };
    let wrong = |part, what, error: String| Finding::new(part, Wrong, what).with("error", error);
    let mut findings: Vec<Finding> = problems
        .into_iter()
        .map(|problem| wrong("store", "store-problem", problem))
        .collect();
    if findings.is_empty() {
        findings.push(good);
    }
    match chain.broken.into_iter().next() {
        Some(broken) => findings.push(wrong("audit", "audit-broken", broken)),
        None => findings.push(Finding::new("audit", Good, "audit-whole").with("records", chain.records)),
    }
    Ok(findings)
}

/// Against what is recorded; over a database also its clock, and what its nodes said of theirs.
async fn clocks(backend: &Backend, now: Timestamp) -> Result<Vec<Finding>, StoreError> {
    let mut findings = vec![clock(backend, now).await?];
    let Backend::Postgres(store) = backend else {
        return Ok(findings);
    };
    let seconds = |ahead_ms: i64| ahead_ms / 1000;
    let ahead = store.clock_ahead(crate::commands::now).await?;
    if ahead.abs() > TOLERATED {
        findings.push(Finding::new("clock", Wrong, "clock-database").with("seconds", seconds(ahead)));
    }
    for node in store.clocks(NODE_SECONDS).await? {
        if node.ahead_ms.abs() > TOLERATED {
            let finding = Finding::new("clock", Wrong, "clock-node").with("address", node.address);
            findings.push(finding.with("seconds", seconds(node.ahead_ms)));
        }
    }
    if findings.len() > 1 {
        findings.retain(|finding| finding.severity != Good);
    }
    Ok(findings)
}

async fn clock(backend: &Backend, now: Timestamp) -> Result<Finding, StoreError> {
    if now.as_second() < EARLIEST {
        return Ok(Finding::new("clock", Wrong, "clock-unset"));
    }
    let last = backend
        .store()
        .snapshot()
        .await?
        .audit(&AuditFilter::newest(None, 1))
        .await?;
    let behind = last
        .entries()
        .first()
        .map_or(0, |entry| entry.at.as_second() - now.as_second());
    Ok(if behind > 5 {
        Finding::new("clock", Wrong, "clock-behind").with("seconds", behind)
    } else {
        Finding::new("clock", Good, "clock-fits")
    })
}

async fn work(backend: &Backend, now: Timestamp) -> Result<Vec<Finding>, StoreError> {
    let mut findings = Vec::new();
    let mut snapshot = backend.store().snapshot().await?;
    let early = now - STUCK;
    let timers = snapshot.timers_due(early, MOST).await?;
    if let Some(first) = timers.first() {
        let minutes = (now.as_second() - first.due.as_second()) / 60;
        let finding = Finding::new("work", Warning, "work-timers").with("n", timers.len());
        findings.push(finding.with("minutes", minutes));
    }
    let outbox = snapshot.outbox(orchestrator::OUTBOX_TOPIC, early, MOST).await?;
    if !outbox.is_empty() {
        findings.push(Finding::new("work", Warning, "work-outbox").with("n", outbox.len()));
    }
    let incidents = snapshot.waits(WaitKind::Incident, None, None, None, MOST).await?;
    if !incidents.is_empty() {
        findings.push(Finding::new("work", Warning, "work-incidents").with("n", incidents.len()));
    }
    let counts = snapshot.delivery_counts(None).await?;
    let dead: u64 = counts
        .iter()
        .filter(|c| c.state == DeliveryState::Dead)
        .map(|c| c.count)
        .sum();
    if dead > 0 {
        findings.push(Finding::new("work", Warning, "work-dead").with("n", dead));
    }
    if findings.is_empty() {
        findings.push(Finding::new("work", Good, "work-none"));
    }
    Ok(findings)
}
