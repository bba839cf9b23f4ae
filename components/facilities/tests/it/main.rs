//! The registry through its routes, over a real hub and orchestrator.

mod lists;
mod mcsd;
mod registry;
mod system;
