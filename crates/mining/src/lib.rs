//! Process mining, pure: event logs, what follows what, models discovered from a log, and how well a log replays on
//! a model.
//!
//! The figures are those that the public project pm4py computes, so that a region can check ours with its own tools:
//! [`discovery`] is the Inductive Miner (S. Leemans, *Robust Process Mining with Guarantees*, 2017), [`petri`] holds
//! accepting Petri nets, token-based replay (Berti and van der Aalst, *Reviving Token-based Replay*, 2019) and
//! precision by escaping edges (Muñoz-Gama and Carmona, *A Fresh Look at Precision in Process Conformance*, 2010).

pub mod discovery;
pub mod error;
pub mod graph;
pub mod log;
pub mod ocel;
pub mod petri;
pub mod times;
pub mod xes;

pub use error::MiningError;
pub use graph::DirectlyFollows;
pub use log::{Event, EventLog, Trace, Variant};
