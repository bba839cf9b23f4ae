//! The server store: one PostgreSQL database, any number of nodes of this program.
//!
//! * **Writing**: transactions queue up in each node (bounded); one task drains the queue into one database transaction
//!   (group commit). That transaction first locks the one row of `position`, so groups of all nodes follow each other: what is
//!   checked still holds when it is written, and places of the change feed are given out in the order of commits, without a gap
//!   that a reader could see. The cost: one group commit at a time in the whole system, some 1–2 ms with a local disk; many
//!   transactions share it. A node that stops while it holds the lock loses it after [`Options::stuck`].
//!   A group is two trips to the server: lock and read all that is checked, write with `UNNEST` and commit. Where everything
//!   that is checked was left by this node and no other has committed since, it is one: the lock is taken and the belief verified
//!   with the writing (`writer/known.rs`). The rows of such a group are written while the one before it is being committed
//!   (`writer/line.rs`).
//! * **Reading**: a [`store::Snapshot`] is a `REPEATABLE READ` transaction on a pooled connection. No copies are kept in the node:
//!   other nodes write.
//! * **Searching**: the same plans, walks and marks as the embedded store, see [`search`]; candidates are fetched by the chunk.
//! * **Waking**: each commit tells its place in the feed by `NOTIFY`; a look at the table every second makes it certain.

mod address;
mod audit;
mod batch;
mod clocks;
mod connect;
mod custom;
mod error;
mod listen;
mod online;
mod options;
mod place;
mod postgres_store;
mod reindex;
mod schema;
mod session;
mod snapshot;
mod source;
mod tls;
mod transfer;
mod types;
pub mod upgrade;
mod upkeep;
mod writer;

pub use address::with_tls;
pub use clocks::NodeClock;
pub use options::Options;
pub use postgres_store::PostgresStore;
pub use transfer::{PostgresSource, PostgresTarget};
