//! What a component is, and how components reach their peers.

mod contract;
mod peers;

pub use contract::{Component, Context, DeploymentFile, DemoContext, Worker, WorkerResult};
pub use peers::{Peer, PeerError, Peers};
