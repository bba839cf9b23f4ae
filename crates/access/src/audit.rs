//! The writer of access records: each waits for the commit that is running, and goes with the next, together with all that
//! came meanwhile. So a request waits for one commit, and many requests share it.
//!
//! The queue is bounded: when the store is slower than the requests, requests wait. Entries never hold query values, only
//! the path.

use crate::Identity;
use std::sync::Arc;
use std::time::Duration;
use store::AuditEntry;
use tokio::sync::{mpsc, oneshot};

/// Entries that may wait; beyond it requests wait.
const QUEUE: usize = 16_384;
/// Entries per commit.
const BATCH: usize = 2_048;
/// Tries before a batch is given up (and said loudly in the log).
const TRIES: u32 = 8;

struct Item {
    /// `None`: only whoever waits is to be told.
    entry: Option<Box<AuditEntry>>,
    /// Told `true` when everything up to here is durable, `false` when it was given up.
    done: Option<oneshot::Sender<bool>>,
}

/// An access record could not be made durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotRecorded;

/// Put this into a response's extensions to say which patient the request was about.
#[derive(Debug, Clone)]
pub struct AuditPatient(pub String);

/// The background writer's entrance; cheap to clone.
#[derive(Clone)]
pub struct Audit {
    queue: mpsc::Sender<Item>,
}

impl Audit {
    /// Starts the writer on the current tokio runtime.
    pub(crate) fn start(identity: Arc<dyn Identity>) -> Self {
        let (queue, items) = mpsc::channel(QUEUE);
        tokio::spawn(write(identity, items));
        Self { queue }
    }

    /// Adds an entry, and returns when it is durable.
    pub async fn record(&self, entry: AuditEntry) -> Result<(), NotRecorded> {
        self.put(Some(Box::new(entry))).await
    }

    /// Adds an entry that somebody else will wait for; waits only when the queue is full.
    pub async fn queue(&self, entry: AuditEntry) {
        let item = Item {
            entry: Some(Box::new(entry)),
            done: None,
        };
        if self.queue.send(item).await.is_err() {
            tracing::error!("the audit writer has stopped: an entry is lost");
        }
    }

    /// Adds an entry without waiting, for a request whose caller went away.
    pub(crate) fn record_now(&self, entry: AuditEntry) {
        let item = Item {
            entry: Some(Box::new(entry)),
            done: None,
        };
        if self.queue.try_send(item).is_err() {
            tracing::error!("the audit queue is full: the entry of an abandoned request is lost");
        }
    }

    /// Returns when everything recorded before is written (or was given up).
    pub async fn flush(&self) {
        let _ = self.put(None).await;
    }

    async fn put(&self, entry: Option<Box<AuditEntry>>) -> Result<(), NotRecorded> {
        let (done, wait) = oneshot::channel();
        let item = Item {
            entry,
            done: Some(done),
        };
        self.queue.send(item).await.map_err(|_| NotRecorded)?;
        match wait.await {
            Ok(true) => Ok(()),
            _ => Err(NotRecorded),
        }
    }
}

async fn write(identity: Arc<dyn Identity>, mut items: mpsc::Receiver<Item>) {
    let mut batch = Vec::new();
    while items.recv_many(&mut batch, BATCH).await > 0 {
        let (mut entries, mut waiting) = (Vec::with_capacity(batch.len()), Vec::new());
        for item in batch.drain(..) {
            entries.extend(item.entry.map(|entry| *entry));
            waiting.extend(item.done);
        }
        let written = append(identity.as_ref(), entries).await;
        for done in waiting {
            let _ = done.send(written);
        }
    }
}

async fn append(identity: &dyn Identity, entries: Vec<AuditEntry>) -> bool {
    if entries.is_empty() {
        return true;
    }
    for attempt in 1..=TRIES {
        match identity.record(entries.clone()).await {
            Ok(()) => return true,
            Err(error) if attempt == TRIES => {
                tracing::error!(lost = entries.len(), %error, "audit entries could not be written");
            }
            Err(error) => {
                tracing::warn!(attempt, %error, "audit entries not written yet");
                tokio::time::sleep(Duration::from_millis(20 << attempt)).await;
            }
        }
    }
    false
}
