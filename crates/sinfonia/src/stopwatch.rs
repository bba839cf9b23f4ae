//! How long something takes: for metrics and for the doctor. Nothing that is stored or decided comes from here.

use std::time::Instant;

/// Now, to be measured from.
#[allow(clippy::disallowed_methods, reason = "what is measured is the machine")]
pub fn start() -> Instant {
    Instant::now()
}
