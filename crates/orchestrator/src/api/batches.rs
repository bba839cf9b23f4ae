//! Operations on many instances at once. See `docs/operate-instances.md`.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Which instances; all that is given must hold. Ended instances only when `status` asks for them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct InstanceSelection {
    /// Definition key, or process id for every version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
    /// `active`, `incident`, `suspended`, `completed`, `terminated`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Business key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub business_key: Option<String>,
    /// Patient id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patient: Option<String>,
    /// Started at this moment or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_after: Option<Timestamp>,
    /// Started before this moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_before: Option<Timestamp>,
    /// Variables of the process that have exactly these values.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub variables: Map<String, Value>,
    /// A token stands at this element.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub element: Option<String>,
    /// Whether an incident is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incident: Option<bool>,
    /// An incident of this kind is open, e.g. `job`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incident_kind: Option<String>,
    /// An incident is open whose message holds this text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incident_message: Option<String>,
}

/// What is done with each instance: `{"cancel": {}}`, `{"migrate": {"to": "visita:2"}}`, …
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum BatchOperation {
    /// Ends it.
    Cancel {},
    /// Stops it.
    Suspend {},
    /// Lets it go on.
    Resume {},
    /// Cancels and starts elements, sets variables.
    Modify {
        /// As in [`super::ModifyInstance`].
        #[schemars(with = "Vec<serde_json::Value>")]
        instructions: Vec<engine::Instruction>,
    },
    /// Moves it to another version.
    Migrate {
        /// Definition key now; absent: the instance's own.
        #[serde(default)]
        from: Option<String>,
        /// Definition key wanted, or process id for the newest version.
        to: String,
        /// Elements that have another id there; absent: as proposed.
        #[serde(default)]
        mapping: Option<BTreeMap<String, String>>,
    },
    /// Tries again what opened incidents.
    Retry {
        /// Only incidents of this kind.
        #[serde(default)]
        kind: Option<String>,
        /// Only incidents whose message holds this text.
        #[serde(default)]
        message: Option<String>,
        /// Variables of the process set before.
        #[serde(default)]
        variables: Map<String, Value>,
        /// Tries that the job then has; absent: as the model says.
        #[serde(default)]
        retries: Option<u32>,
    },
    /// Sets variables of the process.
    SetVariables {
        /// New values.
        variables: Map<String, Value>,
    },
    /// Delivers a message, whatever its key, where it is waited for.
    Message {
        /// Message name.
        name: String,
        /// Payload.
        #[serde(default)]
        variables: Map<String, Value>,
    },
}

impl BatchOperation {
    /// Name as in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Cancel {} => "cancel",
            Self::Suspend {} => "suspend",
            Self::Resume {} => "resume",
            Self::Modify { .. } => "modify",
            Self::Migrate { .. } => "migrate",
            Self::Retry { .. } => "retry",
            Self::SetVariables { .. } => "setVariables",
            Self::Message { .. } => "message",
        }
    }
}

/// `POST /orchestrator/batches/preview` (nothing is changed), then `POST /orchestrator/batches` with its `confirmation`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BatchRequest {
    /// What is done.
    pub operation: BatchOperation,
    /// With which instances: these,
    #[serde(default)]
    pub instances: Option<Vec<String>>,
    /// or all of which this holds.
    #[serde(default)]
    pub filter: Option<InstanceSelection>,
    /// Why (required to start); kept in the history of each instance.
    #[serde(default)]
    pub reason: String,
    /// Instances worked on at the same time, 1 to 64; 8 when absent.
    #[serde(default)]
    pub concurrency: Option<usize>,
    /// Most instances a second, 1 to 10,000; no limit when absent.
    #[serde(default)]
    pub rate_per_second: Option<u32>,
    /// What the preview gave.
    #[serde(default)]
    pub confirmation: Option<String>,
}

/// What a batch would do.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BatchPreview {
    /// Instances that match.
    pub count: u64,
    /// Whether all were looked at; else `count` is a lower bound.
    pub complete: bool,
    /// How many were tried, without keeping anything of it.
    pub tried: u64,
    /// How many of those would be done.
    pub possible: u64,
    /// How many would be passed over: there is nothing to do.
    pub skipped: u64,
    /// How many would be refused.
    pub refused: u64,
    /// Why, the most frequent first; at most 20.
    pub reasons: Vec<BatchReason>,
    /// The first instances; at most 20.
    pub sample: Vec<BatchSample>,
    /// To be sent back to start; good for an hour, and only for the same request. Instances started later are left out.
    pub confirmation: String,
}

/// One reason for which instances would be refused or passed over.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BatchReason {
    /// In words.
    pub text: String,
    /// Of how many.
    pub count: u64,
    /// One of them.
    pub example: String,
}

/// One instance of a preview.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BatchSample {
    /// Instance id.
    pub instance: String,
    /// Definition key.
    pub definition: String,
    /// Business key.
    pub business_key: Option<String>,
    /// Patient id.
    pub patient: Option<String>,
    /// Where it stands.
    pub status: String,
    /// What stands in the way.
    pub problem: Option<String>,
}

/// Where a batch stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BatchState {
    /// Writes down which instances are part of it.
    Selecting,
    /// Works.
    Running,
    /// Held by someone.
    Paused,
    /// Stopped by someone; what was done stays done.
    Cancelled,
    /// Has been through all instances.
    Completed,
}

impl BatchState {
    /// Whether it will do nothing more.
    pub fn ended(self) -> bool {
        matches!(self, Self::Cancelled | Self::Completed)
    }

    /// Name as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Selecting => "selecting",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Cancelled => "cancelled",
            Self::Completed => "completed",
        }
    }
}

/// A batch: `GET /orchestrator/batches`, `GET /orchestrator/batches/{id}`, and the answer to the commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BatchInfo {
    /// Batch id.
    pub id: String,
    /// What is done.
    pub operation: BatchOperation,
    /// With which instances; absent: those listed by whoever began it.
    pub filter: Option<InstanceSelection>,
    /// Why.
    pub reason: String,
    /// Who began it.
    pub actor: String,
    /// Where it stands.
    pub state: BatchState,
    /// When it was begun.
    pub created: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Instances that are part of it; grows while `selecting`.
    pub total: u64,
    /// Done.
    pub done: u64,
    /// Refused or failed.
    pub failed: u64,
    /// Passed over: there was nothing to do.
    pub skipped: u64,
    /// Instances worked on at the same time.
    pub concurrency: usize,
    /// Most instances a second.
    pub rate_per_second: Option<u32>,
    /// Instances a second so far, while it worked.
    pub speed: Option<f64>,
    /// The batch whose failed instances this one takes up.
    pub retry_of: Option<String>,
    /// What there is to know about it.
    pub note: Option<String>,
}

impl BatchInfo {
    /// Instances that have their outcome.
    pub fn processed(&self) -> u64 {
        self.done + self.failed + self.skipped
    }
}

/// What became of one instance: `GET /orchestrator/batches/{id}/items?result=&after=&limit=`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BatchItem {
    /// Place in the batch, from 0.
    pub n: u64,
    /// Instance id.
    pub instance: String,
    /// `done`, `failed`, `skipped`.
    pub result: BatchResult,
    /// What was in the way.
    pub error: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// What became of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BatchResult {
    /// It was done, in the same commit as this outcome.
    Done,
    /// It was refused.
    Failed,
    /// There was nothing to do.
    Skipped,
}

impl BatchResult {
    /// Name as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// `POST /orchestrator/batches/{id}/retry`: a new batch of the failed instances.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RetryBatch {
    /// Why; absent: as before.
    pub reason: String,
}
