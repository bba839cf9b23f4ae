//! The change feed for programs inside: what matches criteria, from a durable position that moves with the effect.
//!
//! ```no_run
//! # async fn example(hub: std::sync::Arc<hub::Hub>) -> Result<(), hub::HubError> {
//! let mut feed = hub::subscriptions::Feed::open(&hub, "recalls", &["Immunization?status=completed"]).await?;
//! loop {
//!     let batch = feed.next(100).await?;
//!     let mut transaction = store::Transaction::default();
//!     for change in &batch.changes {
//!         println!("{}/{} version {}", change.resource.rtype, change.resource.id, change.resource.version);
//!         // … add what follows from it to the transaction …
//!     }
//!     feed.commit(&batch, transaction).await?; // the effect and the position, in one commit
//!     if batch.is_last() {
//!         feed.changed().await?;
//!     }
//! }
//! # }
//! ```

use super::criteria::{Candidate, Criteria};
use crate::{Hub, HubError};
use std::sync::Arc;
use store::{Change, CursorWrite, StoreError, Transaction};
use tokio::sync::watch;

/// Longest name.
const MAX_NAME: usize = 100;

/// A reader of the change feed with a name, whose position outlives the program.
pub struct Feed {
    hub: Arc<Hub>,
    cursor: String,
    criteria: Vec<Criteria>,
    position: u64,
    durable: u64,
    changes: watch::Receiver<u64>,
}

/// A stretch of the feed.
#[derive(Debug, Clone)]
pub struct FeedBatch {
    /// Versions that match, oldest first; every version, superseded ones too. Deletions are not among them.
    pub changes: Vec<Change>,
    /// Where this stretch ends.
    position: u64,
    last: bool,
}

impl FeedBatch {
    /// Whether the feed was read to its end.
    pub fn is_last(&self) -> bool {
        self.last
    }
}

impl Feed {
    /// Opens the feed of `name`, which only one reader may use at a time. A name never used before starts now: what was
    /// written earlier is not in it.
    ///
    /// # Errors
    /// Criteria that are no search the hub supports; the store failed.
    pub async fn open(hub: &Arc<Hub>, name: &str, criteria: &[&str]) -> Result<Self, HubError> {
        if name.is_empty() || name.len() > MAX_NAME {
            return Err(HubError::bad(format!("the name of a feed has 1 to {MAX_NAME} bytes")));
        }
        let context = hub.parse_context();
        let criteria = criteria
            .iter()
            .map(|text| Criteria::parse(&context, text))
            .collect::<Result<_, _>>()?;
        let cursor = format!("feed/{name}");
        let mut durable = hub.snapshot().await?.cursor(&cursor).await?;
        let mut changes = hub.store.changes();
        let head = *changes.borrow_and_update();
        if durable == 0 && head > 0 {
            let start = CursorWrite {
                name: cursor.clone(),
                expected: 0,
                value: head,
            };
            let transaction = Transaction {
                cursors: vec![start],
                ..Transaction::default()
            };
            hub.store.commit(transaction).await?;
            durable = head;
        }
        Ok(Self {
            hub: hub.clone(),
            cursor,
            criteria,
            position: durable,
            durable,
            changes,
        })
    }

    /// The next stretch of at most `limit` versions looked at. Nothing moves until [`Feed::commit`]: asked again, it
    /// gives the same.
    pub async fn next(&mut self, limit: usize) -> Result<FeedBatch, HubError> {
        let mut types: Vec<String> = self.criteria.iter().map(|one| one.rtype.clone()).collect();
        types.sort_unstable();
        types.dedup();
        self.changes.borrow_and_update();
        let mut snapshot = self.hub.snapshot().await?;
        let page = snapshot.feed(self.position, limit.max(1), &types).await?;
        let mut changes = Vec::new();
        for change in page.changes {
            let Some(body) = change.resource.body.as_deref() else {
                continue;
            };
            let value = serde_json::from_slice(body).map_err(|error| HubError::json(&error))?;
            let entries = fhir::extract(self.hub.definitions, &value)?.entries;
            let candidate = Candidate {
                resource: &change.resource,
                entries: &entries,
            };
            for criteria in self.criteria.iter().filter(|one| one.rtype == change.resource.rtype) {
                if criteria.matches(candidate, snapshot.as_mut()).await? {
                    changes.push(change);
                    break;
                }
            }
        }
        Ok(FeedBatch {
            last: page.position == self.position,
            changes,
            position: page.position,
        })
    }

    /// Commits what follows from a batch together with the position after it. A conflict (another reader of the same
    /// name, or a precondition of the transaction) writes nothing.
    pub async fn commit(&mut self, batch: &FeedBatch, mut transaction: Transaction) -> Result<(), HubError> {
        transaction.cursors.push(CursorWrite {
            name: self.cursor.clone(),
            expected: self.durable,
            value: batch.position,
        });
        self.hub.store.commit(transaction).await?;
        (self.position, self.durable) = (batch.position, batch.position);
        Ok(())
    }

    /// Waits until there may be something new.
    pub async fn changed(&mut self) -> Result<(), HubError> {
        self.changes
            .changed()
            .await
            .map_err(|_| HubError::Store(StoreError::Closed))
    }
}
