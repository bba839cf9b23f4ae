//! Who may do what: identity, the one authorisation and audit wrapper, accounts, sessions.

mod actor;
mod policy;
mod routes;

pub use actor::Actor;
pub use policy::{Decision, Policy};
pub use routes::{RouteInfo, Routes};
