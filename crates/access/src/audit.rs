//! The audit trail of requests, written in the background in batches: a request adds microseconds, a batch one commit.
//!
//! Entries are written within [`FLUSH_MS`] and at [`Audit::flush`] (called at shutdown). The queue is bounded: when the
//! store is slower than the requests, requests wait. Entries never hold query values, only the path.

use crate::Identity;
use std::sync::Arc;
use std::time::Duration;
use store::AuditEntry;
use tokio::sync::{mpsc, oneshot};

/// Longest time an entry waits for company, ms.
pub const FLUSH_MS: u64 = 25;
/// Entries that may wait; beyond it requests wait.
const QUEUE: usize = 16_384;
/// Entries per commit.
const BATCH: usize = 2_048;
/// Tries before a batch is given up (and said loudly in the log).
const TRIES: u32 = 8;

enum Item {
    Entry(Box<AuditEntry>),
    Flush(oneshot::Sender<()>),
}

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

    /// Adds an entry; waits when the queue is full.
    pub async fn record(&self, entry: AuditEntry) {
        if self.queue.send(Item::Entry(Box::new(entry))).await.is_err() {
            tracing::error!("the audit writer has stopped: an entry is lost");
        }
    }

    /// Adds an entry without waiting, for a request whose caller went away.
    pub(crate) fn record_now(&self, entry: AuditEntry) {
        if self.queue.try_send(Item::Entry(Box::new(entry))).is_err() {
            tracing::error!("the audit queue is full: the entry of an abandoned request is lost");
        }
    }

    /// Returns when everything recorded before is written (or was given up).
    pub async fn flush(&self) {
        let (done, wait) = oneshot::channel();
        if self.queue.send(Item::Flush(done)).await.is_ok() {
            let _ = wait.await;
        }
    }
}

async fn write(identity: Arc<dyn Identity>, mut items: mpsc::Receiver<Item>) {
    let mut open = true;
    while open {
        let (mut entries, mut waiting) = (Vec::new(), Vec::new());
        let first = items.recv().await;
        open = take(first, &mut entries, &mut waiting);
        let deadline = tokio::time::sleep(Duration::from_millis(FLUSH_MS));
        tokio::pin!(deadline);
        while open && waiting.is_empty() && entries.len() < BATCH {
            tokio::select! {
                item = items.recv() => open = take(item, &mut entries, &mut waiting),
                () = &mut deadline => break,
            }
        }
        append(identity.as_ref(), entries).await;
        for done in waiting {
            let _ = done.send(());
        }
    }
}

fn take(item: Option<Item>, entries: &mut Vec<AuditEntry>, waiting: &mut Vec<oneshot::Sender<()>>) -> bool {
    match item {
        Some(Item::Entry(entry)) => entries.push(*entry),
        Some(Item::Flush(done)) => waiting.push(done),
        None => return false,
    }
    true
}

async fn append(identity: &dyn Identity, entries: Vec<AuditEntry>) {
    if entries.is_empty() {
        return;
    }
    for attempt in 1..=TRIES {
        match identity.record(entries.clone()).await {
            Ok(()) => return,
            Err(error) if attempt == TRIES => {
                tracing::error!(lost = entries.len(), %error, "audit entries could not be written");
            }
            Err(error) => {
                tracing::warn!(attempt, %error, "audit entries not written yet");
                tokio::time::sleep(Duration::from_millis(20 << attempt)).await;
            }
        }
    }
}
