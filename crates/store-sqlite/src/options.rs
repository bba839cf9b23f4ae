//! How a store is opened.

use search::{Extractor, Progress};
use std::sync::Arc;
use store::CommitWatch;

/// Settings of a [`crate::SqliteStore`]; the defaults suit a server.
#[derive(Clone)]
pub struct Options {
    /// Transactions that may wait for the writer; one more is refused with [`store::StoreError::Overloaded`].
    pub queue: usize,
    /// Transactions in one SQLite commit at most.
    pub batch: usize,
    /// Payload bytes after which a batch takes no further transaction.
    pub batch_bytes: usize,
    /// Snapshots open at the same time; one more is refused with [`store::StoreError::Overloaded`].
    pub snapshots: usize,
    /// Candidates one search may look at before it is refused with [`store::StoreError::Limit`].
    pub scan_limit: u64,
    /// Candidates up to which a condition counts as selective: it then drives the search and `_sort` is done in memory.
    pub probe_limit: u64,
    /// Included resources of one search page at most.
    pub include_limit: usize,
    /// Bytes of current versions kept in memory for reading; 0 for none.
    pub cache_bytes: u64,
    /// Index rows that may wait in memory (some 50 bytes each) to be written together, twice as many while they are.
    pub index_rows: usize,
    /// Search-value extraction for a reindex; `None` means [`Extractor::r4`].
    pub extractor: Option<Extractor>,
    /// Resources of one commit of a reindex beside other work.
    pub reindex_chunk: usize,
    /// Whether a thread does that reindex, and the writer completes the index when it has nothing else to do; if not,
    /// [`crate::SqliteStore::reindex_step`] does the one and closing the other (tests).
    pub background: bool,
    /// Told how far a reindex at open has come.
    pub progress: Option<Progress>,
    /// Told of each group commit.
    pub watch: Option<Arc<dyn CommitWatch>>,
}

/// An index row in memory, bytes, as it is on average.
const INDEX_ROW: u64 = 50;

impl Options {
    /// How many index rows ([`Options::index_rows`]) fit into so many bytes.
    pub fn rows_in(bytes: u64) -> usize {
        usize::try_from(bytes / INDEX_ROW).unwrap_or(usize::MAX)
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            queue: 4096,
            batch: 512,
            batch_bytes: 16 << 20,
            snapshots: 256,
            scan_limit: 5_000_000,
            probe_limit: 4096,
            include_limit: 10_000,
            cache_bytes: 64 << 20,
            index_rows: 200_000,
            reindex_chunk: 500,
            background: true,
            extractor: None,
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
            .field("batch_bytes", &self.batch_bytes)
            .field("snapshots", &self.snapshots)
            .field("scan_limit", &self.scan_limit)
            .field("probe_limit", &self.probe_limit)
            .field("include_limit", &self.include_limit)
            .field("cache_bytes", &self.cache_bytes)
            .field("index_rows", &self.index_rows)
            .field("extractor", &self.extractor)
            .field("reindex_chunk", &self.reindex_chunk)
            .field("background", &self.background)
            .finish_non_exhaustive()
    }
}
