//! The store through its public API.

mod basics;
mod brute;
mod common;
mod deliveries;
mod kill;
mod online;
mod oracle;
mod paging;
mod reindex;
mod serial;
