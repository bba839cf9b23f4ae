//! A job as the store remembers it.

use crate::scope::Scope;
use crate::{Hub, HubError};
use access::Actor;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How often a job is begun before it counts as failed.
pub const MAX_ATTEMPTS: u32 = 3;

/// Kind of the records.
const KIND: &str = "hub.bulk";

/// Jobs looked at together: more than can wait and be kept.
const MAX_JOBS: usize = 10_000;

/// What is to be done.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Task {
    Export(ExportTask),
    Import(ImportTask),
}

/// Whose data an export takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Level {
    /// Everything.
    System,
    /// What is in some patient's compartment.
    Patient,
    /// What is in the compartments of a Group's members.
    Group(String),
}

/// An export.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ExportTask {
    pub level: Level,
    /// Empty: all.
    pub types: Vec<String>,
    /// `Type?search`.
    pub filters: Vec<String>,
    /// `element` or `Type.element`.
    pub elements: Vec<String>,
    pub since: Option<Timestamp>,
    /// Ids; empty: all of the level.
    pub patients: Vec<String>,
}

/// An import.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ImportTask {
    pub inputs: Vec<Input>,
    /// One commit for everything, or nothing.
    pub whole: bool,
}

/// One file to import.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Input {
    pub rtype: String,
    pub url: String,
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum State {
    Waiting,
    Running,
    Complete,
    Failed,
}

/// A file that a job made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Made {
    pub rtype: String,
    pub name: String,
    pub count: u64,
    /// The input it speaks of, for imports.
    pub input: Option<String>,
}

/// What a job left.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Left {
    pub output: Vec<Made>,
    pub deleted: Vec<Made>,
    pub error: Vec<Made>,
}

/// A job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Job {
    pub id: String,
    pub task: Task,
    /// Who asked.
    pub owner: String,
    /// The same, whole: what goes out is what this actor may export. `None`: the program itself.
    #[serde(default)]
    pub actor: Option<Actor>,
    /// The URL that was asked.
    pub request: String,
    pub created: Timestamp,
    pub state: State,
    pub attempts: u32,
    /// The moment whose state an export holds.
    pub time: Option<Timestamp>,
    pub finished: Option<Timestamp>,
    pub left: Left,
    /// Why it failed.
    pub message: Option<String>,
}

impl Job {
    /// What the job may reach. Asked when it runs: a right that was taken away since then is gone.
    pub(crate) async fn scope(&self, hub: &Hub) -> Result<Scope, HubError> {
        let Some(actor) = &self.actor else {
            return Ok(Scope::All);
        };
        let Some(authorizer) = &hub.config.authorizer else {
            return Ok(Scope::Nothing);
        };
        let view = authorizer.view(actor, None).await.map_err(|error| {
            HubError::Store(store::StoreError::Backend(format!(
                "what the job may reach cannot be found out: {error}"
            )))
        })?;
        Ok(Scope::of(&view))
    }

    /// Whether it may still do something.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Waiting | State::Running)
    }
}

fn backend(error: impl std::fmt::Display) -> HubError {
    HubError::Store(store::StoreError::Backend(format!("a bulk job's record: {error}")))
}

/// Writes a job's record.
pub(crate) async fn save(hub: &Hub, job: &Job) -> Result<(), HubError> {
    let value = serde_json::to_vec(job).map_err(backend)?;
    hub.write_record(KIND, &job.id, Some(value)).await
}

/// Forgets a job.
pub(crate) async fn forget(hub: &Hub, id: &str) -> Result<(), HubError> {
    hub.write_record(KIND, id, None).await
}

/// A job by id.
pub(crate) async fn load(hub: &Hub, id: &str) -> Result<Option<Job>, HubError> {
    let value = hub.snapshot().await?.record(KIND, id).await?;
    value
        .map(|bytes| serde_json::from_slice(&bytes).map_err(backend))
        .transpose()
}

/// Every job.
pub(crate) async fn all(hub: &Hub) -> Result<Vec<Job>, HubError> {
    let records = hub.snapshot().await?.records(KIND, "", MAX_JOBS).await?;
    let jobs = records
        .iter()
        .map(|(_, bytes)| serde_json::from_slice(bytes).map_err(backend));
    jobs.collect()
}
