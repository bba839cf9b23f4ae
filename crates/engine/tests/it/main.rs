//! The engine through its public API, on a virtual clock and with the real FEEL.

mod compensation;
mod continuations;
mod data;
mod errors;
mod events;
mod gateways;
mod incidents;
mod listeners;
mod loops;
mod migrate;
mod modify;
mod random;
mod subprocesses;
mod suspend;
mod tasks;
mod world;
