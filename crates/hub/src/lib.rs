//! The clinical data hub: FHIR R4 over the store.
//!
//! [`Hub`]'s methods are the interactions, one file each (`create.rs`, `read.rs`, `search.rs`, …); [`routes`] puts HTTP
//! around them, [`load`] imports files. What is stored goes out as the bytes it came in with (plus `id` and `meta`):
//! reading and searching parse nothing. `parse` turns search URLs into [`store::Query`] and is pure.

mod access_log;
mod batch;
mod binary;
mod bulk;
mod bundle;
mod capabilities;
mod code_sets;
mod condition;
mod config;
mod create;
mod delete;
mod erase;
mod error;
mod history;
mod http;
mod hub;
pub mod load;
mod operations;
mod outcome;
pub mod package;
pub mod parse;
mod patch;
mod policy;
mod profiles;
mod read;
mod reindex;
mod routes;
mod scope;
mod search;
mod search_parameter;
mod search_system;
pub mod subscriptions;
mod terminology;
mod transaction;
mod turns;
mod update;
mod validate;
mod vread;
mod withheld;

pub use bulk::{BulkConfig, ImportPolicy, MAX_ATTEMPTS};
pub use config::{HubConfig, Limits, SecurityEndpoints};
pub use error::HubError;
pub use http::{Origins, cross_origin};
pub use hub::{Effect, Hub, Written};
pub use outcome::Issue;
pub use patch::Patch;
pub use policy::{PolicyError, TypePolicy, Validation, ValidationPolicy};
pub use routes::routes;

pub(crate) use fhir::is_id;
