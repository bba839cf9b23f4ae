//! The store through its public API, on a throw-away cluster.

mod contract;
mod nodes;
mod overlap;
mod tls;
mod upgrade;
