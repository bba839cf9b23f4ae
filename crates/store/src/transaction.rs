//! The unit of writing, and the two traits a backend implements.

use crate::{
    AuditEntry, AuditFilter, AuditPage, AuditPlace, AuditRecord, Change, CursorWrite, DefinitionRecord,
    DefinitionWrite, DeliveryCount, DeliveryRecord, DeliveryState, DeliveryWrite, FeedPage, HistoryRecord,
    HistoryScope, HistoryWrite, InstanceFilter, InstanceRecord, InstanceWrite, Lease, LeaseWrite, Others, Outbox,
    OutboxWrite, Query, RecordWrite, ReindexProgress, ResourceWrite, SearchPage, SearchParamState, StoreError,
    StoredResource, TimerRecord, TimerWrite, VersionPage, WaitKey, WaitKind, WaitRecord, WaitWrite,
};
use async_trait::async_trait;
use jiff::Timestamp;
use std::sync::Arc;

/// Everything that must happen together. Applied whole in one commit, or not at all.
///
/// Besides `preconditions`, each write carries its own expectation (resource version, instance revision, cursor).
#[derive(Debug, Clone, Default)]
pub struct Transaction {
    /// Checked first, in order, against the state just before this transaction.
    pub preconditions: Vec<Precondition>,
    /// FHIR resource versions; the same (type, id) at most once.
    pub resources: Vec<ResourceWrite>,
    /// Process definitions.
    pub definitions: Vec<DefinitionWrite>,
    /// Process states.
    pub instances: Vec<InstanceWrite>,
    /// Process history.
    pub history: Vec<HistoryWrite>,
    /// Timers.
    pub timers: Vec<TimerWrite>,
    /// Message, signal, job and incident waits.
    pub waits: Vec<WaitWrite>,
    /// Jobs in the hands of workers outside.
    pub leases: Vec<LeaseWrite>,
    /// Outgoing events.
    pub outbox: Vec<OutboxWrite>,
    /// Notifications of FHIR subscriptions.
    pub deliveries: Vec<DeliveryWrite>,
    /// Named positions.
    pub cursors: Vec<CursorWrite>,
    /// Small values of the system itself.
    pub records: Vec<RecordWrite>,
    /// Access records.
    pub audit: Vec<AuditEntry>,
}

impl Transaction {
    /// Whether it writes nothing but access records.
    pub fn only_records_access(&self) -> bool {
        let Self {
            preconditions: _,
            resources,
            definitions,
            instances,
            history,
            timers,
            waits,
            leases,
            outbox,
            deliveries,
            cursors,
            records,
            audit: _,
        } = self;
        let processes = definitions.is_empty() && instances.is_empty() && history.is_empty() && timers.is_empty();
        let work = waits.is_empty() && leases.is_empty() && outbox.is_empty() && deliveries.is_empty();
        resources.is_empty() && processes && work && cursors.is_empty() && records.is_empty()
    }
}

/// A condition on what is stored.
#[derive(Debug, Clone, PartialEq)]
pub enum Precondition {
    /// The current version of the resource is this (0: never existed). A deleted resource still has its version.
    Version {
        /// Resource type.
        rtype: String,
        /// Logical id.
        id: String,
        /// Version number.
        version: u64,
    },
    /// The resource exists and is not deleted.
    Exists {
        /// Resource type.
        rtype: String,
        /// Logical id.
        id: String,
    },
    /// No resource matches (conditional create).
    NoMatch(Query),
    /// The wait is there.
    Waits(WaitKey),
}

/// What an erasure did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Erased {
    /// Versions that went.
    pub versions: u64,
    /// Whether their bytes are gone from the medium, too; otherwise they go when the store is compacted.
    pub compacted: bool,
}

/// What a commit gave back.
#[derive(Debug, Clone, Default)]
pub struct Committed {
    /// Highest position of the change feed after this transaction (unchanged when no resource was written).
    pub seq: u64,
}

/// A storage backend.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Applies a transaction durably: when this returns `Ok`, a power cut cannot undo it.
    async fn commit(&self, transaction: Transaction) -> Result<Committed, StoreError>;

    /// A consistent view of everything committed so far. Short-lived: open, ask, drop.
    async fn snapshot(&self) -> Result<Box<dyn Snapshot>, StoreError>;

    /// The current version of one resource as of the last commit (also when it is a deletion), or `None` if it never
    /// existed. Where nothing else must be seen at the same moment this may be cheaper than a snapshot.
    async fn read(&self, rtype: &str, id: &str) -> Result<Option<Arc<StoredResource>>, StoreError> {
        Ok(self.snapshot().await?.read(rtype, id).await?.map(Arc::new))
    }

    /// Extracts the search values of everything stored of these types again, beside other work; progress is in
    /// [`Snapshot::reindexing`].
    async fn reindex(&self, types: &[String]) -> Result<(), StoreError>;

    /// Removes for good what was deleted: every version that is kept of these resources (type and id), and what the search
    /// remembers. That there was something under the id, and that it is deleted, stays; a resource that is not deleted is
    /// left alone. `entry` goes into the record of accesses with the same commit.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] from a backend that cannot, [`StoreError::Overloaded`] when the writer is behind.
    async fn erase(&self, resources: &[(String, String)], entry: AuditEntry) -> Result<Erased, StoreError> {
        let _ = (resources, entry);
        Err(StoreError::Invalid("this backend cannot erase for good".into()))
    }

    /// R4 with the search parameters that users of this store defined (by writing SearchParameter resources, which come
    /// into force with their commit).
    fn definitions(&self) -> &'static fhir::Definitions;

    /// Fires when the change feed grows; the value is the highest committed position.
    fn changes(&self) -> tokio::sync::watch::Receiver<u64>;

    /// Fires when another node has committed something; `None` from a store that one process has for itself.
    fn others(&self) -> Option<tokio::sync::watch::Receiver<Others>> {
        None
    }
}

/// A consistent read view.
#[async_trait]
pub trait Snapshot: Send {
    /// The current version (also when it is a deletion), or `None` if it never existed.
    async fn read(&mut self, rtype: &str, id: &str) -> Result<Option<StoredResource>, StoreError>;
    /// A given version.
    async fn vread(&mut self, rtype: &str, id: &str, version: u64) -> Result<Option<StoredResource>, StoreError>;
    /// Versions, newest first; `since` inclusive.
    async fn history(
        &mut self,
        scope: &HistoryScope,
        since: Option<Timestamp>,
        count: usize,
        after: Option<&str>,
    ) -> Result<VersionPage, StoreError>;
    /// Search.
    async fn search(&mut self, query: &Query) -> Result<SearchPage, StoreError>;
    /// A page mark that starts any search at its first page, in the state of this snapshot: for answers that are made
    /// of several searches.
    async fn mark(&mut self) -> Result<String, StoreError>;
    /// Passes that index again what is stored, with their progress; empty when there is nothing to do.
    async fn reindexing(&mut self) -> Result<Vec<ReindexProgress>, StoreError>;
    /// User-defined search parameters in force, by type and name.
    async fn search_params(&mut self) -> Result<Vec<SearchParamState>, StoreError>;
    /// The change feed after a position, oldest first, at most `limit`.
    async fn changes_after(&mut self, seq: u64, limit: usize) -> Result<Vec<Change>, StoreError>;
    /// Every version after a position, superseded ones and deletions included, oldest first; at most `limit` are looked
    /// at, and those of `types` are given. Versions pruned from the history are not there any more.
    async fn feed(&mut self, seq: u64, limit: usize, types: &[String]) -> Result<FeedPage, StoreError>;
    /// How many current resources there are of each type.
    async fn counts(&mut self) -> Result<Vec<(String, u64)>, StoreError>;

    /// One instance.
    async fn instance(&mut self, id: &str) -> Result<Option<InstanceRecord>, StoreError>;
    /// Several instances.
    async fn instances(&mut self, filter: &InstanceFilter) -> Result<Vec<InstanceRecord>, StoreError>;
    /// History of an instance, oldest first, from revision `from` on, at most `limit`.
    async fn instance_history(
        &mut self,
        instance: &str,
        from: u64,
        limit: usize,
    ) -> Result<Vec<HistoryRecord>, StoreError>;
    /// Timers due at `now` or before, earliest first.
    async fn timers_due(&mut self, now: Timestamp, limit: usize) -> Result<Vec<TimerRecord>, StoreError>;
    /// The earliest timer.
    async fn next_timer(&mut self) -> Result<Option<TimerRecord>, StoreError>;
    /// Waits by kind; `name` and `key` narrow; `after` continues after that wait (by key order).
    async fn waits(
        &mut self,
        kind: WaitKind,
        name: Option<&str>,
        key: Option<&str>,
        after: Option<&WaitRecord>,
        limit: usize,
    ) -> Result<Vec<WaitRecord>, StoreError>;
    /// The lease of a job.
    async fn lease(&mut self, job: &str) -> Result<Option<Lease>, StoreError>;
    /// Leases of a job type that end at `until` or before, earliest first.
    async fn leases(&mut self, job_type: &str, until: Timestamp, limit: usize) -> Result<Vec<Lease>, StoreError>;
    /// Every definition, oldest first.
    async fn definitions(&mut self) -> Result<Vec<DefinitionRecord>, StoreError>;
    /// Outbox entries of a topic that may go out at `now`.
    async fn outbox(&mut self, topic: &str, now: Timestamp, limit: usize) -> Result<Vec<Outbox>, StoreError>;
    /// Notifications of a subscription in a state, those due at `until` or before, by due moment and number; `after`
    /// continues after that moment and number.
    async fn deliveries(
        &mut self,
        subscription: &str,
        state: DeliveryState,
        until: Timestamp,
        after: Option<(Timestamp, u64)>,
        limit: usize,
    ) -> Result<Vec<DeliveryRecord>, StoreError>;
    /// How many notifications are kept, of one subscription or of each.
    async fn delivery_counts(&mut self, subscription: Option<&str>) -> Result<Vec<DeliveryCount>, StoreError>;
    /// A cursor's value; 0 when never set.
    async fn cursor(&mut self, name: &str) -> Result<u64, StoreError>;
    /// One small value.
    async fn record(&mut self, kind: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError>;
    /// The small value of this key under the first of several kinds that has one: one question where a server is asked.
    async fn record_of_any(&mut self, kinds: &[String], key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        for kind in kinds {
            if let Some(value) = self.record(kind, key).await? {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }
    /// Small values of a kind whose key starts with `prefix`, by key.
    async fn records(&mut self, kind: &str, prefix: &str, limit: usize) -> Result<Vec<(String, Vec<u8>)>, StoreError>;
    /// Small values of a kind whose key comes after `after`, by key: for those of which there are many.
    async fn records_after(
        &mut self,
        kind: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError>;
    /// Access records, newest first.
    async fn audit(&mut self, filter: &AuditFilter) -> Result<AuditPage, StoreError>;
    /// One access record.
    async fn audit_at(&mut self, place: AuditPlace) -> Result<Option<AuditRecord>, StoreError>;
}
