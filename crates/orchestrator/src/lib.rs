//! Durable execution of the engine: each command is one transaction of state, history, timers, waits, outbox and
//! FHIR mirrors (Task, CarePlan).
//!
//! A command loads the instance, runs the pure [`engine::step`], turns its effects into rows and commits them together
//! with the new state; the store refuses the commit when someone else was faster, and the command is computed again.
//! What a commit leads to elsewhere (messages to other instances, jobs, timers, hub writes that become messages) is
//! durable in that same commit and carried on by [`Orchestrator::run`] in the background, or by
//! [`Orchestrator::settle`] at a virtual moment.

mod access_rules;
pub mod api;
mod batch;
mod cache;
mod command;
mod commit;
mod config;
mod criteria;
mod delivery;
mod ended;
mod error;
mod eyes;
mod feed;
mod filing;
mod held;
mod history;
mod idempotency;
mod instance;
mod jobs;
mod leases;
mod locks;
mod mirror;
mod op;
mod orchestrator;
mod parts;
mod plumbing;
mod pollers;
mod query;
mod registry;
mod relay;
mod routes;
mod shared;
mod simulations;
mod timers;
mod view;

pub use config::Config;
pub use delivery::TOPIC as OUTBOX_TOPIC;
pub use error::OrchestratorError;
pub use history::{
    AnalysisQuery, AtQuery, Case, ExportQuery, Kept, Label, LogQuery, Outcome, OwnLog, Retention, RetentionRule, Visit,
};
pub use idempotency::{Idempotency, StoredAnswer};
pub use jobs::{WorkerFn, WorkerResult};
pub use mirror::{
    BUSINESS_KEY_SYSTEM, CANDIDATE_SYSTEM, ELEMENT_SYSTEM, INSTANCE_SYSTEM, PRIORITY_EXTENSION, ROLE_SYSTEM,
};
pub use op::assign_task::Assigning;
pub use op::change_lock::LockChange;
pub use op::deploy::{Checked, FileIssue, check_files};
pub use op::steer_batch::Steer;
pub use op::throw_error::Thrower;
pub use orchestrator::Orchestrator;
pub use query::batches::{BatchItemsQuery, BatchesQuery};
pub use query::calendars::CalendarQuery;
pub use query::definitions::DefinitionsQuery;
pub use query::history::HistoryQuery;
pub use query::incidents::IncidentsQuery;
pub use query::instances::InstancesQuery;
pub use query::jobs::JobsQuery;
pub use query::tasks::TasksQuery;
pub use routes::routes;
