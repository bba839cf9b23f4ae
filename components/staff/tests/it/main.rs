//! The component over a real hub and orchestrator: what the office writes, what follows for access.

mod assignments;
mod people;
mod second;
mod system;
mod takeover;
mod work;
