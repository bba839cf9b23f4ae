//! How a store is opened.

use search::{Extractor, Progress};
use std::sync::Arc;
use std::time::Duration;
use store::CommitWatch;

/// Settings of a [`crate::PostgresStore`]; the defaults suit a server.
#[derive(Clone)]
pub struct Options {
    /// Transactions of this node that may wait for the writer; one more is refused with [`store::StoreError::Overloaded`].
    pub queue: usize,
    /// Transactions in one group commit at most.
    pub batch: usize,
    /// Payload bytes after which a group takes no further transaction.
    pub batch_bytes: usize,
    /// Connections for reading.
    pub readers: usize,
    /// How long a reader waits for a connection before it is refused with [`store::StoreError::Overloaded`].
    pub patience: Duration,
    /// How long the database lets a silent writer hold the lock of all writers.
    pub stuck: Duration,
    /// How often the change feed is looked at where nothing was heard of it.
    pub poll: Duration,
    /// Candidates one search may look at before it is refused with [`store::StoreError::Limit`].
    pub scan_limit: u64,
    /// Candidates up to which a condition counts as selective: it then drives the search and `_sort` is done in memory.
    pub probe_limit: u64,
    /// Included resources of one search page at most.
    pub include_limit: usize,
    /// Search-value extraction for a reindex; `None` means [`Extractor::r4`].
    pub extractor: Option<Extractor>,
    /// Resources of one commit of a reindex beside other work.
    pub reindex_chunk: usize,
    /// Whether a task does that reindex; if not, [`crate::PostgresStore::reindex_step`] does (tests).
    pub background: bool,
    /// Told how far a reindex at open has come.
    pub progress: Option<Progress>,
    /// Told of each group commit of this node.
    pub watch: Option<Arc<dyn CommitWatch>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            queue: 4096,
            batch: 512,
            batch_bytes: 16 << 20,
            readers: 32,
            patience: Duration::from_secs(5),
            stuck: Duration::from_secs(5),
            poll: Duration::from_secs(1),
            scan_limit: 5_000_000,
            probe_limit: 4096,
            include_limit: 10_000,
            extractor: None,
            reindex_chunk: 500,
            background: true,
            progress: None,
            watch: None,
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("queue", &self.queue)
            .field("batch", &self.batch)
            .field("readers", &self.readers)
            .field("stuck", &self.stuck)
            .finish_non_exhaustive()
    }
}
