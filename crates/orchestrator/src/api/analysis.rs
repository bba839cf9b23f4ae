//! What the mining of own history says: `GET /orchestrator/history/analysis?definition=&from=&to=&ended=&variants=`.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A distribution of durations, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Spread {
    /// How many were measured.
    pub count: u64,
    /// Median.
    pub median_ms: i64,
    /// Ninetieth percentile.
    pub p90_ms: i64,
    /// Sum.
    pub total_ms: i64,
}

/// One kind of work.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActivityFigures {
    /// Element id; after `process/` when a called process holds it.
    pub label: String,
    /// Name shown.
    pub name: String,
    /// Definition key of the process that holds it, in the version last seen.
    pub definition: String,
    /// Element id.
    pub element: String,
    /// How often it was done.
    pub count: u64,
    /// In how many cases.
    pub cases: u64,
    /// How often it was done again in the same case.
    pub repeats: u64,
    /// In how many cases it was done more than once.
    pub repeated_cases: u64,
    /// From the moment it could be done until it was.
    pub duration: Spread,
}

/// What directly followed what.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EdgeFigures {
    /// Label of the work before.
    pub from: String,
    /// Label of the work after.
    pub to: String,
    /// How often.
    pub count: u64,
    /// From the end of the one to the beginning of the other; 0 where they overlap.
    pub waiting: Spread,
}

/// A way that cases went.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VariantFigures {
    /// Labels in the order in which the work was done.
    pub activities: Vec<String>,
    /// How many cases.
    pub cases: u64,
    /// How long they took, of those that have ended.
    pub duration: Option<Spread>,
    /// How well it replays on the model, 0 to 1.
    pub fitness: Option<f64>,
    /// Whether it replays without a token missing or left over.
    pub fits: Option<bool>,
}

/// How well the cases replay on the deployed model, by token replay; only cases that were completed count.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Conformance {
    /// Definition key of the model.
    pub model: String,
    /// Cases replayed.
    pub cases: u64,
    /// Cases without a token missing or left over, per cent.
    pub fitting_percent: f64,
    /// Mean fitness of the cases, 0 to 1.
    pub average_fitness: f64,
    /// Fitness of all tokens together, 0 to 1.
    pub log_fitness: f64,
    /// How much of what the model allows was seen, 0 to 1.
    pub precision: f64,
    /// Elements of which the net allows more than the model: what the figures cannot judge.
    pub approximated: Vec<ApproximatedElement>,
    /// Labels of the log that the model does not have: passed over.
    pub unknown: Vec<String>,
}

/// An element that a Petri net cannot say exactly.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApproximatedElement {
    /// Element id.
    pub element: String,
    /// `inclusive`, `loop`, `ad-hoc`, `event-sub-process`, `compensation`, `terminate`, `boundary-of-inside`,
    /// `called-by-expression`, `called-unknown`.
    pub why: String,
}

/// Everything about a definition in a period.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Analysis {
    /// What was asked for: definition key or process id.
    pub definition: String,
    /// Cases.
    pub cases: u64,
    /// Cases that have ended.
    pub ended: u64,
    /// Pieces of work done.
    pub events: u64,
    /// First start of a case.
    pub first: Option<Timestamp>,
    /// Last start of a case.
    pub last: Option<Timestamp>,
    /// How long cases take, of those that have ended.
    pub throughput: Option<Spread>,
    /// Kinds of work, the one that takes most time in all first.
    pub activities: Vec<ActivityFigures>,
    /// What follows what, the one that is waited for longest in all first.
    pub edges: Vec<EdgeFigures>,
    /// The most frequent ways.
    pub variants: Vec<VariantFigures>,
    /// How many different ways there are.
    pub variants_in_all: u64,
    /// Cases in which something was done more than once.
    pub reworked_cases: u64,
    /// Replay on the model; absent when no case was completed or the model is too large for a net.
    pub conformance: Option<Conformance>,
}
