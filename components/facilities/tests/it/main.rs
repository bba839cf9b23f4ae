//! The registry through its routes, over a real hub and orchestrator.

mod registry;
mod system;
