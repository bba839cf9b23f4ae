//! Work of workers.

use super::{Orchestrator, segment, with_query};
use crate::PeerError;
use orchestrator::api::{CompleteJob, FailJob, JobInfo, Moved, ThrowError};

impl Orchestrator {
    /// Open jobs of a type, at most `limit`.
    pub async fn jobs(&self, job_type: &str, limit: usize) -> Result<Vec<JobInfo>, PeerError> {
        let limit = limit.to_string();
        self.list(&with_query(
            "/orchestrator/jobs",
            &[("type", job_type), ("limit", &limit)],
        )?)
        .await
    }

    /// A job is done.
    pub async fn complete_job(&self, job: &str, result: &CompleteJob) -> Result<Moved, PeerError> {
        self.post(&act(job, "complete"), result).await
    }

    /// A job failed; with no retries left an incident opens.
    pub async fn fail_job(&self, job: &str, failure: &FailJob) -> Result<Moved, PeerError> {
        self.post(&act(job, "fail"), failure).await
    }

    /// Ends a job by a BPMN error, caught in the process by its code.
    pub async fn throw_job_error(&self, job: &str, error: &ThrowError) -> Result<Moved, PeerError> {
        self.post(&act(job, "error"), error).await
    }
}

fn act(job: &str, act: &str) -> String {
    format!("/orchestrator/jobs/{}/{act}", segment(job))
}
