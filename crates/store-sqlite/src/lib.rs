//! The embedded store: one SQLite file, one process, one writer thread.
//!
//! * **Writing**: transactions queue up (bounded), the writer drains the queue into one SQLite commit (group commit,
//!   WAL, `synchronous=FULL`) and answers only once that commit is on disk. A conflict touches only its own transaction.
//! * **Reading**: a [`store::Snapshot`] is a read transaction on a pooled connection; readers and writer never wait for
//!   each other.
//! * **Searching**: one narrow index tree `idx(param, key, rid)` whose keys sort as the values do ([`search::keys`]); the most
//!   selective condition is walked, the others are tested in memory on the packed keys of each candidate.

mod audit;
mod cache;
mod codes;
mod custom;
mod doctor;
mod erase;
mod error;
mod lock;
mod online;
mod options;
mod pool;
mod recent;
mod reindex;
mod schema;
mod shrunk;
mod snapshot;
mod source;
mod sqlite_store;
mod transfer;
mod upkeep;
mod writer;

pub use doctor::{Depth, Doctor};
pub use options::Options;
pub use search::accesses::AuditChain;
pub use search::{Extractor, Progress};
pub use shrunk::legible;
pub use sqlite_store::SqliteStore;
pub use transfer::{SqliteImage, SqliteSource, SqliteTarget};
