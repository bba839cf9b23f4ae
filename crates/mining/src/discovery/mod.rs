//! The Inductive Miner: a log is cut in parts by how its activities follow each other, and each part again, into a
//! process tree that every case of the log can be replayed on (IM), or, when rare behaviour is set aside, most of them
//! (IMf). S. Leemans, *Robust Process Mining with Guarantees*, 2017, chapters 6.1 and 6.2.

mod concurrency;
mod cuts;
mod fall_through;
mod fold;
mod miner;
mod order;
mod redo;
mod sequence;
mod sublog;
mod tree;

pub use miner::discover;
pub use tree::{Operator, ProcessTree};
