//! What happened in instances: how it is written with each step, read as cases, and turned into event logs.

pub(crate) mod analysis;
mod cases;
pub(crate) mod export;
mod log;
pub(crate) mod moment;
pub(crate) mod record;
mod retention;
pub(crate) mod state_at;

pub use analysis::AnalysisQuery;
pub use cases::{Case, Outcome, Visit};
pub use export::ExportQuery;
pub use log::{Label, LogQuery, OwnLog};
pub use retention::{Kept, Retention, RetentionRule};
pub use state_at::AtQuery;
