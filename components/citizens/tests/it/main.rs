//! The registry's pages and API over a real hub and orchestrator.

mod choice;
mod events;
mod exemptions;
mod import;
mod matching;
mod merging;
mod person;
mod search;
mod system;
