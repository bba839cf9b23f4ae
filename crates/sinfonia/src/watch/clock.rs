//! The clock of this machine beside the database's, looked at while the program serves. Times that are recorded are those of the
//! nodes: one that goes wrong brings the order of what happened into disorder, and its own node cannot see it.

use super::Metrics;
use crate::backend::Backend;
use std::sync::Arc;
use std::time::Duration;
use store::Clock;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(10);
/// A difference that is more than the way to the database, in milliseconds.
pub const TOLERATED: i64 = 2_000;

/// Compares every ten seconds, notes it for all nodes, and says when it begins and when it ends to be too much. Over a file there is
/// nothing to compare with: it ends at once.
pub async fn compare(backend: Backend, clock: Arc<dyn Clock>, metrics: Arc<Metrics>) {
    let Backend::Postgres(store) = backend else { return };
    let mut off = false;
    loop {
        match store.note_clock(|| clock.now()).await {
            Ok(ahead) => {
                metrics.sampled.clock_ahead.set(ahead as f64 / 1000.0);
                let now_off = ahead.abs() > TOLERATED;
                match (off, now_off) {
                    (false, true) => tracing::warn!(
                        ahead_ms = ahead,
                        "this machine's clock is not the database's: turn on synchronisation (NTP) on both"
                    ),
                    (true, false) => tracing::info!(ahead_ms = ahead, "this machine's clock is the database's again"),
                    _ => {}
                }
                off = now_off;
            }
            Err(error) => tracing::debug!(%error, "the clock was not compared with the database's"),
        }
        tokio::time::sleep(EVERY).await;
    }
}
