//! A read transaction as [`store::Snapshot`].

mod delivery;
mod feed;
mod history;
mod process;
mod record;
mod reindex;
mod resource;
mod waits;

use crate::audit;
use crate::error::Outcome;
use crate::pool::{Db, Lease};
use crate::source::SqliteSource;
use async_trait::async_trait;
use jiff::Timestamp;
use search::Rules;
use std::sync::Arc;
use store::{
    AuditFilter, AuditPage, AuditPlace, AuditRecord, Change, DefinitionRecord, DeliveryCount, DeliveryRecord,
    DeliveryState, FeedPage, HistoryRecord, HistoryScope, InstanceFilter, InstanceRecord, Lease as JobLease, Outbox,
    Query, ReindexProgress, SearchPage, SearchParamState, Snapshot, StoreError, StoredResource, TimerRecord,
    VersionPage, WaitKind, WaitRecord,
};
use tokio::runtime::{Handle, RuntimeFlavor};

/// Candidates of a search that runs where it is called (a millisecond or two).
const QUICK: u64 = 2_000;

/// A consistent view. Point reads run where they are called (microseconds), short searches too; long ones tell the
/// runtime that they block.
pub(crate) struct SqliteSnapshot {
    lease: Lease,
    rules: Arc<Rules>,
}

impl SqliteSnapshot {
    /// A view on a begun read transaction.
    pub fn new(lease: Lease, rules: Arc<Rules>) -> Self {
        Self { lease, rules }
    }

    fn db(&mut self) -> Outcome<&mut Db> {
        self.lease.db()
    }
}

/// Lets other tasks of a multi-threaded runtime go on meanwhile.
fn blocking<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

#[async_trait]
impl Snapshot for SqliteSnapshot {
    async fn read(&mut self, rtype: &str, id: &str) -> Result<Option<StoredResource>, StoreError> {
        resource::read(self.db()?, rtype, id)
    }

    async fn vread(&mut self, rtype: &str, id: &str, version: u64) -> Result<Option<StoredResource>, StoreError> {
        resource::vread(self.db()?, rtype, id, version)
    }

    async fn history(
        &mut self,
        scope: &HistoryScope,
        since: Option<Timestamp>,
        count: usize,
        after: Option<&str>,
    ) -> Result<VersionPage, StoreError> {
        let db = self.db()?;
        blocking(|| history::history(db, scope, since, count, after))
    }

    async fn search(&mut self, query: &Query) -> Result<SearchPage, StoreError> {
        let rules = self.rules.clone();
        let db = self.db()?;
        let mut search = |scan| {
            let source = SqliteSource::new(&db.connection, &db.view, &mut db.types);
            search::search(&source, query, &rules, scan)
        };
        if rules.limits.scan > QUICK {
            // Telling the runtime costs more than most searches: only those that turn out long do.
            match search(QUICK) {
                Err(StoreError::Limit(_)) => {}
                done => return done,
            }
        }
        blocking(|| search(rules.limits.scan))
    }

    async fn mark(&mut self) -> Result<String, StoreError> {
        let db = self.db()?;
        search::mark_here(&SqliteSource::new(&db.connection, &db.view, &mut db.types))
    }

    async fn reindexing(&mut self) -> Result<Vec<ReindexProgress>, StoreError> {
        reindex::passes(&self.db()?.connection)
    }

    async fn search_params(&mut self) -> Result<Vec<SearchParamState>, StoreError> {
        reindex::params(&self.db()?.connection)
    }

    async fn changes_after(&mut self, seq: u64, limit: usize) -> Result<Vec<Change>, StoreError> {
        resource::changes_after(self.db()?, seq, limit)
    }

    async fn feed(&mut self, seq: u64, limit: usize, types: &[String]) -> Result<FeedPage, StoreError> {
        let db = self.db()?;
        blocking(|| feed::feed(db, seq, limit, types))
    }

    async fn counts(&mut self) -> Result<Vec<(String, u64)>, StoreError> {
        resource::counts(self.db()?)
    }

    async fn instance(&mut self, id: &str) -> Result<Option<InstanceRecord>, StoreError> {
        process::instance(&self.db()?.connection, id)
    }

    async fn instances(&mut self, filter: &InstanceFilter) -> Result<Vec<InstanceRecord>, StoreError> {
        let db = self.db()?;
        blocking(|| process::instances(&db.connection, filter))
    }

    async fn instance_history(
        &mut self,
        instance: &str,
        from: u64,
        limit: usize,
    ) -> Result<Vec<HistoryRecord>, StoreError> {
        process::history(&self.db()?.connection, instance, from, limit)
    }

    async fn timers_due(&mut self, now: Timestamp, limit: usize) -> Result<Vec<TimerRecord>, StoreError> {
        waits::timers_due(&self.db()?.connection, now, limit)
    }

    async fn next_timer(&mut self) -> Result<Option<TimerRecord>, StoreError> {
        Ok(waits::timers_due(&self.db()?.connection, Timestamp::MAX, 1)?.pop())
    }

    async fn waits(
        &mut self,
        kind: WaitKind,
        name: Option<&str>,
        key: Option<&str>,
        after: Option<&WaitRecord>,
        limit: usize,
    ) -> Result<Vec<WaitRecord>, StoreError> {
        waits::waits(&self.db()?.connection, kind, name, key, after, limit)
    }

    async fn lease(&mut self, job: &str) -> Result<Option<JobLease>, StoreError> {
        waits::lease(&self.db()?.connection, job)
    }

    async fn leases(&mut self, job_type: &str, until: Timestamp, limit: usize) -> Result<Vec<JobLease>, StoreError> {
        waits::leases(&self.db()?.connection, job_type, until, limit)
    }

    async fn definitions(&mut self) -> Result<Vec<DefinitionRecord>, StoreError> {
        process::definitions(&self.db()?.connection)
    }

    async fn outbox(&mut self, topic: &str, now: Timestamp, limit: usize) -> Result<Vec<Outbox>, StoreError> {
        waits::outbox(&self.db()?.connection, topic, now, limit)
    }

    async fn deliveries(
        &mut self,
        subscription: &str,
        state: DeliveryState,
        until: Timestamp,
        after: Option<(Timestamp, u64)>,
        limit: usize,
    ) -> Result<Vec<DeliveryRecord>, StoreError> {
        delivery::deliveries(&self.db()?.connection, subscription, state, until, after, limit)
    }

    async fn delivery_counts(&mut self, subscription: Option<&str>) -> Result<Vec<DeliveryCount>, StoreError> {
        let db = self.db()?;
        blocking(|| delivery::counts(&db.connection, subscription))
    }

    async fn cursor(&mut self, name: &str) -> Result<u64, StoreError> {
        waits::cursor(&self.db()?.connection, name)
    }

    async fn record(&mut self, kind: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        record::record(&self.db()?.connection, kind, key)
    }

    async fn records(&mut self, kind: &str, prefix: &str, limit: usize) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        record::records(&self.db()?.connection, kind, prefix, limit)
    }

    async fn records_after(
        &mut self,
        kind: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        record::records_after(&self.db()?.connection, kind, after, limit)
    }

    async fn audit(&mut self, filter: &AuditFilter) -> Result<AuditPage, StoreError> {
        self.lease.renew()?;
        let db = self.db()?;
        blocking(|| audit::page(&db.connection, filter))
    }

    async fn audit_at(&mut self, place: AuditPlace) -> Result<Option<AuditRecord>, StoreError> {
        self.lease.renew()?;
        audit::at(&self.db()?.connection, place)
    }
}
