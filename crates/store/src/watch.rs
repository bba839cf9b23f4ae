//! Watching the commits of a store, for its metrics.

/// Told of each group commit by the one who writes. It measures by its own clock: a store has none.
///
/// All calls of one commit come from the same writer, one commit after the other.
pub trait CommitWatch: Send + Sync {
    /// A group begins to be checked and written.
    fn begins(&self);
    /// Everything is written but not durable yet: what comes now is the flush to the medium (with PostgreSQL the last trip to
    /// the server, which writes, flushes and answers).
    fn flushing(&self);
    /// The group is over.
    fn ends(&self, transactions: usize, durable: bool);
}
