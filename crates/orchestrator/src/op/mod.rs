//! What can be done, one operation a file: the method, its route handler, who may, its errors.

pub(crate) mod assign_task;
pub(crate) mod cancel;
pub(crate) mod change_lock;
pub(crate) mod change_task;
pub(crate) mod comment_task;
pub(crate) mod complete_job;
pub(crate) mod complete_jobs;
pub(crate) mod complete_task;
pub(crate) mod delegate_task;
pub(crate) mod deploy;
pub(crate) mod fail_job;
pub(crate) mod fetch_jobs;
mod fire_start_timer;
pub(crate) mod migrate;
pub(crate) mod modify;
pub(crate) mod preview_batch;
pub(crate) mod retire_definition;
pub(crate) mod retry_incident;
pub(crate) mod send_message;
pub(crate) mod send_signal;
pub(crate) mod set_variables;
pub(crate) mod start;
pub(crate) mod start_batch;
pub(crate) mod steer_batch;
pub(crate) mod suspend;
pub(crate) mod suspend_definition;
pub(crate) mod throw_error;
