//! What can go wrong in the store.

/// A storage failure, in terms its caller can act on.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// A precondition of the transaction did not hold: nothing was written; recompute and try again.
    #[error("precondition {index} failed: {detail}")]
    Conflict {
        /// Position in [`crate::Transaction::preconditions`], or of the write that carries its own expectation,
        /// counted after them: the lists of a transaction one after the other, in the order of its fields.
        index: usize,
        /// What was expected and what was found.
        detail: String,
    },
    /// The queue of the writer is full; the caller should answer "try later" (HTTP 503 with Retry-After).
    #[error("the store is overloaded: {waiting} transactions are waiting; try again shortly")]
    Overloaded {
        /// Transactions in the queue.
        waiting: usize,
    },
    /// A stated limit was reached.
    #[error("limit reached: {0}")]
    Limit(String),
    /// The database answered with an error.
    #[error("storage error: {0}")]
    Backend(String),
    /// The file was written by a newer program, or a migration failed.
    #[error("schema error: {0}")]
    Schema(String),
    /// There is no space left where the store lies; nothing of what was asked was written. When there is space again it goes on.
    #[error("no space left: {0}")]
    Full(String),
    /// Another process uses the store.
    #[error("{0}")]
    InUse(String),
    /// The server of the database does not answer.
    #[error("cannot reach the database: {0}")]
    Unreachable(String),
    /// A page mark whose state of the store can no longer be shown; start again from the first page.
    #[error("{0}")]
    Expired(String),
    /// A search parameter whose index is still being built; try again when it is.
    #[error("{0}")]
    NotReady(String),
    /// The question is malformed, e.g. a page mark that no earlier page of this search gave out.
    #[error("invalid request to the store: {0}")]
    Invalid(String),
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}
