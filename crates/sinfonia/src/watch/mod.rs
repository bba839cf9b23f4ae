//! What can be seen of a running program from outside: metrics, health. Numbers only, never anybody's data.

mod door;
mod metrics;
mod otlp;
mod sample;

pub use door::{Shared, health_routes, operations_router};
pub use metrics::{Meter, Metrics};
pub use otlp::{Counts, Exporter, Span};
pub use sample::{Health, Sampler};
