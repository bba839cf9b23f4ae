//! The registry's pages and API over a real hub and orchestrator.

mod choice;
mod matching;
mod events;
mod exemptions;
mod system;
