//! What those who keep the running of things do with instances and definitions. See `docs/operate-instances.md`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `POST /orchestrator/instances/{id}/suspend`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct SuspendInstance {
    /// Why (required).
    pub reason: String,
}

/// `POST /orchestrator/instances/{id}/resume`: `{}`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ResumeInstance {
    /// Why; kept in history when given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `POST /orchestrator/incidents/{id}/retry`: `{}`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RetryIncident {
    /// Why; kept in history when given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Variables of the process set before, in the same commit.
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    pub variables: serde_json::Map<String, serde_json::Value>,
    /// Tries that the job then has; absent: as the model says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<u32>,
}

/// `POST /orchestrator/definitions/{key}/suspend` (`.../resume` with `{}`): no new instances start.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct SuspendDefinition {
    /// Why (required to suspend).
    pub reason: String,
    /// Suspends (or resumes) the running instances of this version as well, by a batch that begins in the same commit.
    pub instances: bool,
}

/// `POST /orchestrator/definitions/{key}/retire`: a version that is not wanted any more. It stays readable for history.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RetireDefinition {
    /// Why (required).
    pub reason: String,
}

/// `POST /orchestrator/instances/{id}/modify`: all of it or nothing, in this order.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ModifyInstance {
    /// What: `{"cancel": {"at": …}}`, `{"startBefore": {"element": …}}`, `{"startAfter": …}`, `{"setVariables": …}`.
    #[schemars(with = "Vec<serde_json::Value>")]
    pub instructions: Vec<engine::Instruction>,
    /// Why (required).
    pub reason: String,
}

/// `POST /orchestrator/migrations/plan`: proposes what becomes of each element. The answer is [`engine::Plan`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct PlanMigration {
    /// Definition key now.
    pub from: String,
    /// Definition key wanted.
    pub to: String,
}

/// `POST /orchestrator/migrations/dry-run`: what a migration would do to each running instance. Nothing is changed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct DryRunMigration {
    /// Definition key now.
    pub from: String,
    /// Definition key wanted.
    pub to: String,
    /// Elements that have another id there; absent: as proposed.
    pub mapping: Option<BTreeMap<String, String>>,
    /// Mark of the page before.
    pub after: Option<String>,
    /// Page size.
    pub limit: Option<usize>,
}

/// What a migration would do to an instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MigrationOutcome {
    /// Instance id.
    pub instance: String,
    /// Patient id.
    pub patient: Option<String>,
    /// Whether it can be moved.
    pub possible: bool,
    /// What stands in the way.
    pub problems: Vec<String>,
    /// Timers, messages and signals that would be armed anew, or armed because they were added.
    pub armed: usize,
    /// Those that would be taken away.
    pub disarmed: usize,
}

/// `POST /orchestrator/instances/{id}/migrate`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct MigrateInstance {
    /// Definition key now; absent: the instance's own. A called process is moved by naming its key.
    pub from: Option<String>,
    /// Definition key wanted.
    pub to: String,
    /// Elements that have another id there; absent: as proposed.
    pub mapping: Option<BTreeMap<String, String>>,
    /// Why; kept in history when given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
