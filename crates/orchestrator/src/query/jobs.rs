//! Open jobs of a type: `GET /orchestrator/jobs?type=&limit=`.

use super::page_size;
use crate::api::{JobInfo, List};
use crate::plumbing::Params;
use crate::{Orchestrator, OrchestratorError};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use std::sync::Arc;
use store::WaitKind;

/// Which jobs.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct JobsQuery {
    /// Job type (required).
    #[serde(rename = "type")]
    pub job_type: String,
    /// Most jobs.
    pub limit: Option<usize>,
}

impl Orchestrator {
    /// Open jobs of a type, without locking them.
    pub async fn jobs(&self, query: JobsQuery) -> Result<List<JobInfo>, OrchestratorError> {
        if query.job_type.is_empty() {
            return Err(OrchestratorError::BadRequest("type: which job type?".into()));
        }
        let limit = page_size(&self.config, query.limit)?;
        let mut snapshot = self.store.snapshot().await?;
        let waits = snapshot
            .waits(WaitKind::Job, Some(&query.job_type), None, None, limit)
            .await?;
        drop(snapshot);
        let registry = self.registry().await?;
        let mut items = Vec::with_capacity(waits.len());
        for wait in waits {
            let hot = self.load(&wait.instance).await?;
            // Done between the two reads: left out.
            let Some(job) = hot.state.job(&wait.id, &*registry) else {
                continue;
            };
            items.push(JobInfo {
                id: job.id,
                instance: wait.instance,
                element: job.element,
                job_type: job.job_type,
                retries: job.retries,
                headers: job.headers,
                variables: job.variables,
            });
        }
        Ok(List { items, next: None })
    }
}

pub(crate) async fn handler(
    State(orchestrator): State<Arc<Orchestrator>>,
    Params(query): Params<JobsQuery>,
) -> Result<Json<List<JobInfo>>, OrchestratorError> {
    orchestrator.jobs(query).await.map(Json)
}
