//! Workers outside: what they ask for and what they get. See `docs/workers.md`.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// `POST /orchestrator/jobs/fetch`: takes jobs and locks them.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct FetchJobs {
    /// The worker's own name, different for each running copy.
    pub worker: String,
    /// What it can do.
    pub topics: Vec<FetchTopic>,
    /// Most jobs; 1 when absent.
    pub max_jobs: Option<usize>,
    /// How long each is locked, in milliseconds; 5 minutes when absent.
    pub lock_ms: Option<u64>,
    /// How long to wait when there is nothing, in milliseconds; 0: answer at once.
    pub wait_ms: u32,
}

/// One job type to fetch.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct FetchTopic {
    /// Job type (Camunda 7: topic).
    #[serde(rename = "type")]
    pub job_type: String,
    /// Only these variables; all when absent.
    pub variables: Option<Vec<String>>,
    /// Lock time of this type, instead of the request's.
    pub lock_ms: Option<u64>,
}

/// A job in the hands of the worker that fetched it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FetchedJob {
    /// Job id; the same for each try.
    pub id: String,
    /// The same for as long as this lock lasts, never given again: what a worker did under it, it did for this try.
    pub idempotency_key: String,
    /// Which try it is, from 1.
    pub attempt: u32,
    /// When the lock ends.
    pub locked_until: Timestamp,
    /// Instance id.
    pub instance: String,
    /// Definition key of the instance.
    pub definition: String,
    /// Business key.
    pub business_key: Option<String>,
    /// Patient id.
    pub patient: Option<String>,
    /// BPMN element.
    pub element: String,
    /// Job type.
    #[serde(rename = "type")]
    pub job_type: String,
    /// Retries left.
    pub retries: u32,
    /// Priority.
    pub priority: i32,
    /// Static headers.
    pub headers: Map<String, Value>,
    /// Variables.
    pub variables: Map<String, Value>,
}

/// `POST /orchestrator/jobs/complete`: many jobs done, each accepted or refused by itself.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct CompleteJobs {
    /// The name they were fetched with.
    pub worker: String,
    /// What was done; at most 1,000.
    pub jobs: Vec<DoneJob>,
    /// Jobs that the completed ones lead to come back in the same answer, locked by the same commit, when they are of
    /// these types.
    pub next: Option<NextJobs>,
}

/// One job done.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct DoneJob {
    /// Job id.
    pub id: String,
    /// What it gives.
    pub variables: Map<String, Value>,
}

/// Which following jobs a worker takes at once.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct NextJobs {
    /// What it can do.
    pub topics: Vec<FetchTopic>,
    /// How long each is locked, in milliseconds; 5 minutes when absent.
    pub lock_ms: Option<u64>,
}

/// Answer to [`CompleteJobs`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CompletedJobs {
    /// One for each job, in the order of the request.
    pub outcomes: Vec<JobOutcome>,
    /// The following jobs, now in the worker's hands.
    pub next: Vec<FetchedJob>,
}

/// How it went with one job.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobOutcome {
    /// Job id.
    pub id: String,
    /// The HTTP status that the job alone would have got: 200 when it is done, durably.
    pub status: u16,
    /// Its instance, as it stands now, when it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<super::Moved>,
    /// Why it was refused: a problem as the job alone would have got.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Value>,
}

/// `POST /orchestrator/jobs/{id}/extend`, `/unlock`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ChangeLock {
    /// The name it was fetched with.
    pub worker: String,
    /// `extend`: from now on for this long, in milliseconds; 5 minutes when absent.
    pub lock_ms: Option<u64>,
}

/// How a lock stands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobLock {
    /// Job id.
    pub id: String,
    /// Who holds it.
    pub worker: Option<String>,
    /// Until when.
    pub locked_until: Timestamp,
}
