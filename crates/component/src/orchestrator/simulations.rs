//! Simulations.

use super::{Orchestrator, segment};
use crate::PeerError;
use orchestrator::api::{ProposeScenario, ProposedScenario, Simulate, SimulationInfo};
use serde_json::json;
use simulation::Comparison;

impl Orchestrator {
    /// Checks a scenario and puts it in the queue. A refused one is a [`PeerError::Status`] 422 with a line for each
    /// problem.
    pub async fn simulate(&self, request: &Simulate) -> Result<SimulationInfo, PeerError> {
        self.post("/orchestrator/simulations", request).await
    }

    /// The simulations that are kept, newest first, without results.
    pub async fn simulations(&self) -> Result<Vec<SimulationInfo>, PeerError> {
        self.list("/orchestrator/simulations").await
    }

    /// One simulation with its scenario and, when done, its result.
    pub async fn simulation(&self, id: &str) -> Result<SimulationInfo, PeerError> {
        self.get(&format!("/orchestrator/simulations/{}", segment(id))).await
    }

    /// Stops a simulation.
    pub async fn cancel_simulation(&self, id: &str) -> Result<SimulationInfo, PeerError> {
        let path = format!("/orchestrator/simulations/{}/cancel", segment(id));
        self.post(&path, &json!({})).await
    }

    /// Two results beside each other.
    pub async fn compare_simulations(&self, before: &str, after: &str) -> Result<Comparison, PeerError> {
        let (before, after) = (segment(before), segment(after));
        self.get(&format!("/orchestrator/simulations/{before}/compare/{after}"))
            .await
    }

    /// A scenario fitted from the history of a process.
    pub async fn propose_scenario(&self, request: &ProposeScenario) -> Result<ProposedScenario, PeerError> {
        self.post("/orchestrator/simulations/proposal", request).await
    }
}
