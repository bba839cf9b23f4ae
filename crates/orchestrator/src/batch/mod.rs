//! Operations on many instances, in the background: durable, a piece at a time.
//!
//! A batch is a head record (where it stands), chunks (which instances), and one outcome for each instance, written in
//! the same commit as what was done to it: a crash in between is not possible, and a batch that goes on after a restart
//! passes over what has its outcome. Records by kind:
//!
//! | kind | key | value |
//! |---|---|---|
//! | `batch` | id | [`Head`] |
//! | `batch-newest` | id, newest first | id |
//! | `batch-open` | id | empty: it has not ended |
//! | `batch-chunk/<id>` | place of the first | instance ids |
//! | `batch-item/<id>` | place | outcome |
//! | `batch-failed/<id>`, `batch-skipped/<id>` | place | the same outcome again, to find them |

pub(crate) mod commands;
pub(crate) mod item;
mod run;
pub(crate) mod select;

use crate::access_rules::administers;
use crate::api::{BatchInfo, BatchItem, BatchResult, BatchState};
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use jiff::Timestamp;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use store::{RecordWrite, Transaction};
use tokio::sync::Notify;

pub(crate) const HEAD: &str = "batch";
pub(crate) const NEWEST: &str = "batch-newest";
pub(crate) const OPEN: &str = "batch-open";
/// Instances in a chunk of those that were listed.
pub(crate) const CHUNK: usize = 200;
/// Most batches that have not ended.
pub(crate) const MAX_OPEN: usize = 100;
/// Most instances in one batch.
pub(crate) const MAX_INSTANCES: u64 = 1_000_000;

/// Where the instances of a batch come from.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Source {
    /// They were listed.
    Listed,
    /// They are searched, among those started up to a moment.
    Search { before: Timestamp },
    /// The failed ones of another batch.
    FailedOf(String),
}

/// Where a batch stands, as stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Head {
    pub info: BatchInfo,
    /// Who began it, in the roles of then: an instance is done when they work for its patient at that moment. One that
    /// was begun before this was kept does nothing to patients' instances.
    #[serde(default)]
    pub by: Actor,
    pub source: Source,
    /// All instances are written down.
    pub selected: bool,
    /// How far the search has come.
    pub cursor: Option<String>,
    /// First place of the chunk in work.
    pub chunk: u64,
    /// Next place.
    pub next: u64,
    /// Milliseconds spent working.
    pub worked_ms: i64,
}

impl Head {
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, OrchestratorError> {
        serde_json::from_slice(bytes).map_err(|e| OrchestratorError::Damaged(format!("batch: {e}")))
    }

    pub(crate) fn write(&self) -> RecordWrite {
        record(
            HEAD,
            &self.info.id,
            Some(serde_json::to_vec(self).expect("JSON serialises")),
        )
    }

    /// Ended, with the records that say so.
    pub(crate) fn end(&mut self, state: BatchState, now: Timestamp) -> RecordWrite {
        self.info.state = state;
        self.info.ended = Some(now);
        record(OPEN, &self.info.id, None)
    }

    pub(crate) fn count(&mut self, result: BatchResult) {
        match result {
            BatchResult::Done => self.info.done += 1,
            BatchResult::Failed => self.info.failed += 1,
            BatchResult::Skipped => self.info.skipped += 1,
        }
    }
}

/// The key under which a batch is listed: keys sort with the newest first.
pub(crate) fn newest_key(head: &Head) -> String {
    let age = u64::MAX - head.info.created.as_microsecond().unsigned_abs();
    format!("{age:020}~{}", head.info.id)
}

pub(crate) fn record(kind: &str, key: &str, value: Option<Vec<u8>>) -> RecordWrite {
    RecordWrite {
        kind: kind.to_owned(),
        key: key.to_owned(),
        must_be_new: false,
        value,
    }
}

/// The key of a place; keys sort as places do.
pub(crate) fn place(n: u64) -> String {
    format!("{n:08}")
}

pub(crate) fn chunk_kind(id: &str) -> String {
    format!("batch-chunk/{id}")
}

/// Kind of the outcomes; `None`: all of them.
pub(crate) fn items_kind(id: &str, result: Option<BatchResult>) -> String {
    match result {
        Some(BatchResult::Failed) => format!("batch-failed/{id}"),
        Some(BatchResult::Skipped) => format!("batch-skipped/{id}"),
        Some(BatchResult::Done) | None => format!("batch-item/{id}"),
    }
}

/// A chunk of instances that begins at a place.
pub(crate) fn chunk(id: &str, first: u64, instances: &[impl AsRef<str>]) -> RecordWrite {
    let list: Vec<Value> = instances.iter().map(|id| id.as_ref().into()).collect();
    record(
        &chunk_kind(id),
        &place(first),
        Some(Value::Array(list).to_string().into_bytes()),
    )
}

/// The records of an outcome; the first one keeps it from being written twice.
pub(crate) fn outcome(id: &str, item: &BatchItem) -> Vec<RecordWrite> {
    let value = serde_json::to_vec(item).expect("JSON serialises");
    let mut first = record(&items_kind(id, None), &place(item.n), Some(value.clone()));
    first.must_be_new = true;
    let mut records = vec![first];
    if item.result != BatchResult::Done {
        records.push(record(&items_kind(id, Some(item.result)), &place(item.n), Some(value)));
    }
    records
}

/// What is in memory of batches: which are open, and when each may go on.
#[derive(Default)]
pub(crate) struct Batches {
    /// `None`: not read yet.
    pub(crate) open: Mutex<Option<BTreeMap<String, Timestamp>>>,
    /// Held by whoever changes heads.
    pub heads: tokio::sync::Mutex<()>,
    /// One works at a time.
    working: tokio::sync::Mutex<()>,
    pub wake: Notify,
}

impl Batches {
    /// A batch was begun or goes on.
    pub(crate) fn opened(&self, id: &str) {
        if let Some(open) = self.open.lock().as_mut() {
            open.insert(id.to_owned(), Timestamp::MIN);
        }
        self.wake.notify_one();
    }

    fn closed(&self, id: &str) {
        if let Some(open) = self.open.lock().as_mut() {
            open.remove(id);
        }
    }

    fn put_off(&self, id: &str, until: Timestamp) {
        if let Some(at) = self.open.lock().as_mut().and_then(|open| open.get_mut(id)) {
            *at = until;
        }
    }

    /// Those that may go on now.
    fn ready(&self, now: Timestamp) -> Vec<String> {
        let open = self.open.lock();
        let ready = open.iter().flatten().filter(|(_, at)| **at <= now);
        ready.map(|(id, _)| id.clone()).collect()
    }

    /// When the next one may go on.
    fn next(&self) -> Option<Timestamp> {
        self.open.lock().iter().flatten().map(|(_, at)| *at).min()
    }
}

impl Orchestrator {
    /// The head of a batch.
    pub(crate) async fn batch_head(&self, id: &str) -> Result<Head, OrchestratorError> {
        let found = self.store.snapshot().await?.record(HEAD, id).await?;
        let found = found.ok_or_else(|| OrchestratorError::NotFound {
            what: "batch",
            id: id.to_owned(),
        })?;
        Head::read(&found)
    }

    /// The head of a batch that the actor may see and steer: their own, and any for who runs the installation. Another's
    /// is not there: what it is about may be patients the actor has nothing to do with.
    pub(crate) async fn batch_of_actor(&self, actor: &Actor, id: &str) -> Result<Head, OrchestratorError> {
        let head = self.batch_head(id).await?;
        if self.may_see_batch(actor, &head) {
            return Ok(head);
        }
        Err(OrchestratorError::NotFound {
            what: "batch",
            id: id.to_owned(),
        })
    }

    pub(crate) fn may_see_batch(&self, actor: &Actor, head: &Head) -> bool {
        self.config.authorizer.is_none() || administers(actor) || head.info.actor == actor.subject
    }

    pub(crate) async fn write_records(&self, records: Vec<RecordWrite>) -> Result<(), OrchestratorError> {
        let transaction = Transaction {
            records,
            ..Transaction::default()
        };
        self.store.commit(transaction).await?;
        Ok(())
    }
}
