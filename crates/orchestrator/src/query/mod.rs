//! What can be asked, one question a file.

pub(crate) mod batches;
pub(crate) mod calendars;
pub(crate) mod definitions;
pub(crate) mod history;
pub(crate) mod incidents;
pub(crate) mod instances;
pub(crate) mod jobs;
pub(crate) mod selection;
pub(crate) mod start_parts;
pub(crate) mod tasks;

pub(crate) use history::without_values;

use crate::{Config, OrchestratorError};

/// Page size: what is asked, up to the maximum; 50 when nothing is said.
pub(crate) fn page_size(config: &Config, asked: Option<usize>) -> Result<usize, OrchestratorError> {
    match asked {
        Some(0) => Err(OrchestratorError::BadRequest("limit: at least 1".into())),
        Some(n) => Ok(n.min(config.max_page)),
        None => Ok(50),
    }
}
