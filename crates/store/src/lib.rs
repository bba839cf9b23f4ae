//! The storage contract of Sinfonia: facts (FHIR resources), process state, history, timers, waits and
//! outgoing events, all written by **one** [`Transaction`] and so by one commit.
//!
//! This crate holds no SQL: `store-sqlite` is the embedded implementation, PostgreSQL comes beside it.
//! Nothing above this floor knows which one runs.

mod audit;
mod check;
mod clock;
mod delivery;
mod duty;
mod error;
mod lease;
mod others;
mod prepare;
mod process;
mod reindex;
mod resource;
mod search;
mod sight;
mod transaction;
pub mod transfer;
mod upkeep;
mod watch;

pub use audit::{AuditEntry, AuditFilter, AuditPage, AuditPlace, AuditRecord};
pub use check::Stored;
pub use clock::{Clock, Ids, ManualClock, Random, SeededRandom, SequentialIds, SystemClock, SystemRandom, UuidIds};
pub use delivery::{DeliveryCount, DeliveryRecord, DeliveryState, DeliveryWrite};
pub use duty::Duty;
pub use error::StoreError;
pub use lease::{Lease, LeaseWrite};
pub use others::{LOST, Others};
pub use prepare::{PreparedResource, prepare_delete, prepare_write};
pub use process::{
    CursorWrite, DefinitionRecord, DefinitionWrite, HistoryRecord, HistoryWrite, InstanceFilter, InstanceRecord,
    InstanceStatus, InstanceWrite, Outbox, OutboxWrite, RecordWrite, TimerRecord, TimerWrite, WaitKey, WaitKind,
    WaitRecord, WaitWrite,
};
pub use reindex::{ReindexProgress, SearchParamState};
pub use resource::{Change, FeedPage, HistoryScope, Method, ResourceWrite, StoredResource, VersionPage};
pub use search::{Clause, CodeSet, Include, Page, Query, SearchPage, Sort, SortKey, Texts, ValueTest, Words};
pub use sight::{Patients, SecurityLabel, Seen, Sight, SightGroup, TypeSight};
pub use transaction::{Committed, Erased, Precondition, Snapshot, Store, Transaction};
pub use upkeep::{
    Forget, ForgetCount, HISTORY_AT_ONCE, HistoryPolicy, HistoryPolicyError, INSTANCES_AT_ONCE, Keep, OldInstances,
    OldVersions, Prune, PruneCount, Upkeep, VERSIONS_AT_ONCE, VersionPlace,
};
pub use watch::CommitWatch;
