//! The store through its public API.

mod basics;
mod brute;
mod common;
mod deliveries;
mod kill;
mod oracle;
mod reindex;
mod serial;
