//! The store through its public API.

mod basics;
mod brute;
mod common;
mod deliveries;
mod doctor;
mod kill;
mod online;
mod oracle;
mod paging;
mod prune;
mod recent;
mod reindex;
mod serial;
mod visits;
