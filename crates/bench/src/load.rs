//! Clients that do the same thing again and again, side by side, and how long each time took.

use anyhow::Result;
use parking_lot::Mutex;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Time before counting, for caches and files to get warm.
const WARM_UP: Duration = Duration::from_millis(700);

/// What one client sees of the measurement.
#[derive(Clone, Default)]
pub struct Times(Arc<Inner>);

#[derive(Default)]
struct Inner {
    stop: AtomicBool,
    counting: AtomicBool,
    taken: Mutex<Vec<Duration>>,
}

impl Times {
    /// Whether to do it once more.
    pub fn go_on(&self) -> bool {
        !self.0.stop.load(Ordering::Relaxed)
    }

    /// It is done; counts when it ended within the measurement.
    pub fn note(&self, since: Instant) {
        if self.0.counting.load(Ordering::Relaxed) {
            self.0.taken.lock().push(since.elapsed());
        }
    }
}

/// Runs `clients` of them; gives how long each thing took that was done within `seconds` after the warm-up.
///
/// # Errors
/// The first error of a client.
pub async fn drive<F, W>(clients: usize, seconds: u64, client: F) -> Result<(Vec<Duration>, Duration)>
where
    F: Fn(Times) -> W,
    W: Future<Output = Result<()>> + Send + 'static,
{
    let times = Times::default();
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..clients {
        running.spawn(client(times.clone()));
    }
    work_for(&mut running, WARM_UP, &times).await?;
    times.0.counting.store(true, Ordering::Relaxed);
    let since = Instant::now();
    work_for(&mut running, Duration::from_secs(seconds), &times).await?;
    times.0.counting.store(false, Ordering::Relaxed);
    let elapsed = since.elapsed();
    times.0.stop.store(true, Ordering::Relaxed);
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    let taken = std::mem::take(&mut *times.0.taken.lock());
    Ok((taken, elapsed))
}

/// Lets the clients work for a time; nobody ends before being told to, but by an error.
async fn work_for(running: &mut tokio::task::JoinSet<Result<()>>, time: Duration, times: &Times) -> Result<()> {
    tokio::select! {
        () = tokio::time::sleep(time) => Ok(()),
        Some(ended) = running.join_next() => {
            times.0.stop.store(true, Ordering::Relaxed);
            ended?
        }
    }
}
