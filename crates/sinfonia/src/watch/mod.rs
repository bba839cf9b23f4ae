//! What can be seen of a running program from outside: metrics, health. Numbers only, never anybody's data.

mod clock;
mod door;
mod metrics;
mod otlp;
mod sample;

pub use clock::{TOLERATED, compare};
pub use door::{Shared, health_routes, operations_router};
pub use metrics::{Meter, Metrics};
pub use otlp::{Answered, Counts, Exporter, Parts};
pub use sample::{Health, Sampler};
