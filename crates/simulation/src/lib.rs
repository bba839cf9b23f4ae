//! Simulation: the engine that runs the real instances, on a virtual clock.
//!
//! A [`Scenario`] (a JSON document, `docs/simulation.md`) says who arrives, how long work takes, who does it and when
//! they are there. [`Plan`] joins it with the models, [`run`] plays the replications and gives a [`Report`] with
//! confidence intervals, [`compare()`] holds two of them beside each other. [`fit`] proposes a scenario from what has
//! happened. Nothing here reads a clock, a file or the network: the same plan gives the same report, to the last bit.

mod choices;
mod compare;
mod distribution;
mod draw;
mod error;
pub mod fit;
mod note;
mod openings;
mod plan;
mod random;
mod read;
mod report;
mod run;
mod scenario;
mod special;
mod stats;
mod student;
mod world;

pub use compare::{Comparison, Difference, compare};
pub use error::{Problem, SimulationError};
pub use note::Note;
pub use plan::{Models, Plan};
pub use report::{Bottleneck, ElementReport, Estimate, FlowReport, IncidentReport, Metric, Report, ResourceReport};
pub use run::{Progress, run};
pub use scenario::{MAX_LIVE, MAX_REPLICATIONS, MAX_STEPS, Scenario};
