//! What travels about simulations.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `POST /orchestrator/simulations`: plays a scenario on a deployed process, or on the models given.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Simulate {
    /// Process id (newest version) or key; with `files` the process in them, needed when there are several.
    pub definition: Option<String>,
    /// BPMN, DMN and calendar files in the place of what is deployed.
    pub files: Vec<super::DeployFile>,
    /// The scenario, see `docs/simulation.md`.
    pub scenario: Value,
}

/// A simulation: `GET /orchestrator/simulations` (newest first), `GET /orchestrator/simulations/{id}`,
/// `POST /orchestrator/simulations/{id}/cancel`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SimulationInfo {
    /// Its id.
    pub id: String,
    /// Name of the scenario.
    pub name: String,
    /// Definition key.
    pub definition: String,
    /// `waiting`, `running`, `done`, `failed`, `cancelled`.
    pub status: String,
    /// Share done, 0 to 1.
    pub progress: f64,
    /// Replications done.
    pub replications: u32,
    /// When it was asked for.
    pub created: Timestamp,
    /// By whom.
    pub actor: String,
    /// Why it failed.
    pub error: Option<String>,
    /// What someone should look at before they believe the result.
    #[schemars(with = "Vec<serde_json::Value>")]
    pub warnings: Vec<simulation::Note>,
    /// The scenario (only on the single read).
    pub scenario: Option<Value>,
    /// The result (only on the single read, when done).
    #[schemars(with = "serde_json::Value")]
    pub report: Option<Box<simulation::Report>>,
}

/// `POST /orchestrator/simulations/proposal`: a scenario fitted from the history of a process.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ProposeScenario {
    /// Process id (every version counts) or key.
    pub definition: String,
    /// Most instances looked at, the first ones by start; 500 when absent, at most 5000.
    pub instances: Option<usize>,
}

/// Answer to it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProposedScenario {
    /// The scenario.
    pub scenario: Value,
    /// How many instances were looked at.
    pub instances: u64,
    /// How it came about, and what it does not tell.
    #[schemars(with = "Vec<serde_json::Value>")]
    pub notes: Vec<simulation::Note>,
}
