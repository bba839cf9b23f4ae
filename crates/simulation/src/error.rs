//! Why a scenario is refused, or a run stopped.

use serde::{Deserialize, Serialize};

/// One thing that is wrong with a scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Where, as a path in the document: `elements.visita.duration.normal.sd`.
    pub field: String,
    /// The rule that does not hold.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}; {}", self.field, self.message, self.remedy)
    }
}

/// Why there is no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SimulationError {
    /// The scenario cannot be played.
    #[error("the scenario cannot be simulated:\n{}", .0.iter().map(|p| format!("- {p}")).collect::<Vec<_>>().join("\n"))]
    Scenario(Vec<Problem>),
    /// A stated maximum was reached while running.
    #[error("{0}")]
    Limit(String),
    /// A value or a model failed while running.
    #[error("{0}")]
    Failed(String),
    /// Someone asked for it to stop.
    #[error("the simulation was cancelled")]
    Cancelled,
}
