//! A worker is done with many jobs: `POST /orchestrator/jobs/complete`. Each is accepted or refused by itself, and those
//! accepted share commits; the jobs they lead to can come back in the same answer.

use crate::api::{CompleteJobs, CompletedJobs, DoneJob, FetchedJob, JobOutcome};
use crate::idempotency::Idempotency;
use crate::leases::Take;
use crate::plumbing::{Body, to_the_end};
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use axum::Json;
use axum::extract::State;
use futures::{StreamExt as _, stream};
use http::{HeaderMap, StatusCode};
use std::collections::HashSet;
use std::sync::Arc;

/// Most jobs in one request.
const MAX_JOBS: usize = 1_000;
/// Jobs of one request on their way to the store at the same time: they share its commits.
const TOGETHER: usize = 256;

impl Orchestrator {
    /// Completes jobs, each by itself. What is reported as done is durable, and so are the locks on the jobs that follow.
    ///
    /// # Errors
    /// Only where the request as a whole makes no sense (422) or asks for types the worker may not take (403).
    pub async fn complete_jobs(
        &self,
        actor: &Actor,
        request: CompleteJobs,
        keyed: impl Fn(&DoneJob) -> Option<Idempotency>,
    ) -> Result<CompletedJobs, OrchestratorError> {
        if request.jobs.len() > MAX_JOBS {
            let text = format!(
                "jobs: at most {MAX_JOBS} in one request, here are {}",
                request.jobs.len()
            );
            return Err(OrchestratorError::Invalid(text));
        }
        let mut seen = HashSet::new();
        if let Some(twice) = request.jobs.iter().find(|job| !seen.insert(job.id.as_str())) {
            return Err(OrchestratorError::Invalid(format!(
                "jobs: '{}' is named twice",
                twice.id
            )));
        }
        self.registry().await?;
        let take = match request.next {
            Some(next) => Some(self.taking(actor, request.worker.clone(), next.topics, next.lock_ms)?),
            None => None,
        };
        let worker = request.worker.as_str();
        let done: Vec<(JobOutcome, Vec<FetchedJob>)> = stream::iter(request.jobs)
            .map(|job| {
                let keyed = keyed(&job);
                let take = take.as_ref();
                async move { self.complete_one(actor, worker, job, keyed.as_ref(), take).await }
            })
            .buffered(TOGETHER)
            .collect()
            .await;
        let (outcomes, next): (Vec<_>, Vec<_>) = done.into_iter().unzip();
        Ok(CompletedJobs {
            outcomes,
            next: next.into_iter().flatten().collect(),
        })
    }

    async fn complete_one(
        &self,
        actor: &Actor,
        worker: &str,
        job: DoneJob,
        keyed: Option<&Idempotency>,
        take: Option<&Take>,
    ) -> (JobOutcome, Vec<FetchedJob>) {
        let id = job.id.clone();
        let worker = (!worker.is_empty()).then_some(worker);
        let refused = |status: StatusCode, problem| JobOutcome {
            id: id.clone(),
            status: status.as_u16(),
            moved: None,
            problem: Some(problem),
        };
        match self.job_done(actor, &job.id, worker, job.variables, keyed, take).await {
            Ok((moved, next)) => {
                let outcome = JobOutcome {
                    status: StatusCode::OK.as_u16(),
                    moved: Some(moved),
                    id,
                    problem: None,
                };
                (outcome, next)
            }
            // The first answer again; what followed then went to whoever asked then.
            Err(OrchestratorError::Repeated(first)) => {
                let outcome = JobOutcome {
                    status: first.status,
                    moved: serde_json::from_value(first.body).ok(),
                    id,
                    problem: None,
                };
                (outcome, Vec::new())
            }
            Err(error) => (refused(error.status(), error.problem()), Vec::new()),
        }
    }
}

pub(crate) async fn handler(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    headers: HeaderMap,
    Body(request): Body<CompleteJobs>,
) -> Result<Json<CompletedJobs>, OrchestratorError> {
    // Malformed keys are refused before anything is done.
    Idempotency::from_headers(&headers, &actor, "", &())?;
    let done = to_the_end(async move {
        let keyed = |job: &DoneJob| {
            let operation = format!("complete-jobs/{}", job.id);
            Idempotency::from_headers(&headers, &actor, &operation, job)
                .ok()
                .flatten()
        };
        orchestrator.complete_jobs(&actor, request, keyed).await
    });
    Ok(Json(done.await?))
}
