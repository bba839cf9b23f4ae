//! The store through its public API.

mod basics;
mod common;
mod contract;
mod doctor;
mod duty;
mod erase;
mod kept;
mod kill;
mod online;
mod recent;
mod reindex;
mod visits;
