//! History as it travels: the state of an instance at a moment.

use super::{InstanceInfo, TaskInfo};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// `GET /orchestrator/instances/{id}/at?revision=|time=`: an instance as it was after one step.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InstanceAt {
    /// The step, from 1.
    pub revision: u64,
    /// The last step there is.
    pub last_revision: u64,
    /// When it was done.
    pub at: Timestamp,
    /// Who or what caused it.
    pub actor: String,
    /// What happened in it, see `engine::Event`.
    #[schemars(with = "Vec<serde_json::Value>")]
    pub events: Vec<engine::Event>,
    /// Tokens, variables of the process, incidents.
    pub instance: InstanceInfo,
    /// Tasks that were open.
    pub tasks: Vec<TaskInfo>,
    /// Timers that were set.
    pub timers: Vec<OpenTimer>,
    /// Messages and signals waited for.
    pub waits: Vec<OpenWait>,
    /// Ids of open jobs.
    pub jobs: Vec<String>,
    /// Variables of inner scopes and local ones of tokens.
    pub locals: Vec<LocalVariables>,
}

/// A timer of an instance.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpenTimer {
    /// Timer id.
    pub id: String,
    /// BPMN element.
    pub element: String,
    /// When it fires.
    pub due: Timestamp,
}

/// A message or signal that an instance waits for.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpenWait {
    /// Wait id.
    pub id: String,
    /// BPMN element.
    pub element: String,
    /// Message or signal name.
    pub name: String,
    /// Correlation key; absent for signals.
    pub key: Option<String>,
}

/// Variables that are not those of the process as a whole.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LocalVariables {
    /// Scope or token id.
    pub id: String,
    /// The activity.
    pub element: Option<String>,
    /// The variables.
    pub variables: Map<String, Value>,
}
