//! The result of a run, to be read by people and programs. All times are seconds.

mod assemble;

use serde::{Deserialize, Serialize};

/// A number estimated from the replications.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Estimate {
    /// Mean over the replications.
    pub mean: f64,
    /// Lower end of the 95 % confidence interval (Student's t); absent with one replication.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub low: Option<f64>,
    /// Upper end.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub high: Option<f64>,
}

impl Estimate {
    /// The estimate of independent values.
    pub fn of(values: &[f64]) -> Self {
        let mean = if values.is_empty() {
            0.0
        } else {
            values.iter().sum::<f64>() / values.len() as f64
        };
        let half = crate::student::half_width(values);
        Self {
            mean,
            low: half.map(|half| mean - half),
            high: half.map(|half| mean + half),
        }
    }
}

/// The distribution of something observed many times. Intervals are over the replications; spread and extremes over
/// all observations.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metric {
    /// Observations in all replications.
    pub count: u64,
    /// Mean.
    pub mean: Estimate,
    /// Standard deviation of the observations.
    pub sd: f64,
    /// Smallest.
    pub min: f64,
    /// Largest.
    pub max: f64,
    /// Median.
    pub p50: Estimate,
    /// 90th percentile.
    pub p90: Estimate,
    /// 95th percentile.
    pub p95: Estimate,
}

/// One element of a process.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ElementReport {
    /// BPMN id.
    pub element: String,
    /// Name shown.
    pub name: String,
    /// BPMN local name.
    pub kind: String,
    /// Process id.
    pub process: String,
    /// Times it was entered, for each replication.
    pub entered: Estimate,
    /// Times it was broken off.
    pub cancelled: Estimate,
    /// BPMN errors raised.
    pub errors: Estimate,
    /// From entering to leaving.
    pub time: Metric,
    /// From being there to being begun.
    pub waiting: Metric,
    /// Work itself, without pauses.
    pub service: Metric,
    /// Mean number that waits.
    pub queue: Estimate,
    /// Most that waited.
    pub queue_max: u64,
    /// Cost, for each replication.
    pub cost: Estimate,
}

/// One sequence flow.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FlowReport {
    /// BPMN id.
    pub flow: String,
    /// Name shown.
    pub name: String,
    /// From.
    pub source: String,
    /// To.
    pub target: String,
    /// Times taken, for each replication.
    pub taken: Estimate,
    /// Per cent of the times its source was left.
    pub percent: Estimate,
}

/// One resource.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceReport {
    /// Its id.
    pub resource: String,
    /// Name shown.
    pub name: String,
    /// Units.
    pub capacity: u32,
    /// Works begun.
    pub works: Estimate,
    /// Share of the open time it is busy, 0 to 1.
    pub utilisation: Estimate,
    /// Time works waited for it.
    pub waiting: Metric,
    /// Mean number that waits.
    pub queue: Estimate,
    /// Most that waited.
    pub queue_max: u64,
    /// Cost, for each replication.
    pub cost: Estimate,
}

/// Where time is lost.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bottleneck {
    /// BPMN id.
    pub element: String,
    /// Name shown.
    pub name: String,
    /// Waiting in all, for each replication.
    pub waiting: Estimate,
    /// Share of all waiting, 0 to 1.
    pub share: f64,
    /// Resources it needs.
    pub resources: Vec<String>,
}

/// Something that could not be evaluated; a person would have to look at it. The instance ends there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IncidentReport {
    /// BPMN id.
    pub element: String,
    /// What happened.
    pub message: String,
    /// How often, in all replications.
    pub count: u64,
}

/// The result of a run. Counts are for each replication, after the warm-up.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Name of the scenario.
    pub scenario: String,
    /// Definition key.
    pub process: String,
    /// Name shown.
    pub process_name: String,
    /// Replications.
    pub replications: u32,
    /// Seed.
    pub seed: u64,
    /// Symbol of the costs.
    pub currency: String,
    /// Begin of what is measured.
    pub from: jiff::Timestamp,
    /// End of the (longest) replication.
    pub until: jiff::Timestamp,
    /// Instances begun.
    pub started: Estimate,
    /// Ended well.
    pub completed: Estimate,
    /// Ended by an error that nobody caught.
    pub terminated: Estimate,
    /// Ended by an incident.
    pub failed: Estimate,
    /// Alive at the end, with those from the warm-up.
    pub live: Estimate,
    /// Mean number alive.
    pub alive: Estimate,
    /// Most alive at once.
    pub alive_max: u64,
    /// From begin to end of an instance.
    pub throughput: Metric,
    /// Waiting for resources, of an instance.
    pub waiting: Metric,
    /// Work, of an instance.
    pub service: Metric,
    /// Cost of an instance.
    pub cost: Metric,
    /// Elements, in the order of the models.
    pub elements: Vec<ElementReport>,
    /// Flows.
    pub flows: Vec<FlowReport>,
    /// End events: how many per cent of the times an end was reached it was this one.
    pub ends: Vec<FlowReport>,
    /// Resources.
    pub resources: Vec<ResourceReport>,
    /// The worst first.
    pub bottlenecks: Vec<Bottleneck>,
    /// Incidents.
    pub incidents: Vec<IncidentReport>,
    /// What someone should look at before they believe the result.
    pub warnings: Vec<crate::Note>,
    /// Instances begun in all replications, with the warm-up.
    pub instances_simulated: u64,
    /// Engine steps in all replications.
    pub steps: u64,
    /// The mean of each replication, for the comparison with another run: by what and where.
    pub series: Vec<Series>,
}

/// One figure, replication by replication.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Series {
    /// `throughput`, `waiting`, `utilisation`, …
    pub what: String,
    /// Element or resource; empty for the process.
    pub at: String,
    /// Name shown.
    pub name: String,
    /// One value for each replication.
    pub values: Vec<f64>,
}
