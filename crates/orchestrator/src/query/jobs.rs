//! Open jobs of a type: `GET /orchestrator/jobs?type=&limit=`.

use super::page_size;
use crate::api::{JobInfo, List};
use crate::leases::Holding;
use crate::plumbing::Params;
use crate::{Orchestrator, OrchestratorError};
use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::Deserialize;
use std::sync::Arc;
use store::WaitKind;

/// Which jobs.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct JobsQuery {
    /// Job type (required).
    #[serde(rename = "type")]
    pub job_type: String,
    /// Most jobs.
    pub limit: Option<usize>,
}

impl Orchestrator {
    /// Open jobs of a type, without locking them: first those nobody has touched, next one first, then those taken.
    pub async fn jobs(&self, query: JobsQuery) -> Result<List<JobInfo>, OrchestratorError> {
        if query.job_type.is_empty() {
            return Err(OrchestratorError::BadRequest("type: which job type?".into()));
        }
        let limit = page_size(&self.config, query.limit)?;
        let mut snapshot = self.store.snapshot().await?;
        let waits = snapshot
            .waits(WaitKind::Job, Some(&query.job_type), None, None, limit)
            .await?;
        let left = limit - waits.len();
        let leases = snapshot.leases(&query.job_type, Timestamp::MAX, left).await?;
        drop(snapshot);
        let registry = self.registry().await?;
        let mut items = Vec::with_capacity(waits.len() + leases.len());
        let ready = waits.into_iter().map(|wait| (wait.id, wait.instance, None));
        let leased = leases
            .into_iter()
            .map(|lease| (lease.id.clone(), lease.instance.clone(), Some(lease)));
        for (id, instance, lease) in ready.chain(leased) {
            let hot = self.load(&instance).await?;
            // Done between the two reads: left out.
            let Some(job) = hot.state.job(&id, &*registry) else {
                continue;
            };
            items.push(JobInfo {
                id: job.id,
                instance,
                worker: lease.as_ref().and_then(|lease| Holding::of(lease).ok()?.worker),
                locked_until: lease.map(|lease| lease.until),
                priority: job.priority,
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
