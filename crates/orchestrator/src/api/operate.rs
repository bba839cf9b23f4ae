//! What those who keep the running of things do with instances and definitions. See `docs/operate-instances.md`.

use serde::{Deserialize, Serialize};

/// `POST /orchestrator/instances/{id}/suspend`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SuspendInstance {
    /// Why (required).
    pub reason: String,
}

/// `POST /orchestrator/instances/{id}/resume`: `{}`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResumeInstance {}

/// `POST /orchestrator/definitions/{key}/suspend` (`.../resume` with `{}`): no new instances start.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SuspendDefinition {
    /// Why (required to suspend).
    pub reason: String,
}
