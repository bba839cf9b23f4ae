//! The component's pages over a real hub and orchestrator: what a citizen decides holds with the next request.

mod accesses;
mod consents;
mod hiding;
mod proof;
mod requests;
mod system;
