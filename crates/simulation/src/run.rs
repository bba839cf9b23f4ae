//! Playing the replications.

use crate::SimulationError;
use crate::plan::Plan;
use crate::report::Report;
use crate::world::{Gathered, World};
use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

/// How far a run has come, and whether it is still wanted. Shared between who runs and who looks.
#[derive(Debug, Default)]
pub struct Progress {
    cancelled: AtomicBool,
    /// By replication, in millionths.
    shares: Mutex<Vec<u32>>,
    done: AtomicU32,
}

impl Progress {
    /// Asks the run to stop; it does within a few hundred events.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether it was asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// The share done, 0 to 1.
    pub fn share(&self) -> f64 {
        let shares = self.shares.lock();
        let sum: u64 = shares.iter().map(|share| u64::from(*share)).sum();
        if shares.is_empty() {
            return 0.0;
        }
        sum as f64 / (shares.len() as f64 * 1e6)
    }

    /// Replications done.
    pub fn replications(&self) -> u32 {
        self.done.load(Ordering::Relaxed)
    }

    pub(crate) fn tell(&self, place: usize, share: f64) {
        if let Some(own) = self.shares.lock().get_mut(place) {
            *own = (share.clamp(0.0, 1.0) * 1e6) as u32;
        }
    }

    fn begin(&self, replications: usize) {
        *self.shares.lock() = vec![0; replications];
    }
}

/// Plays every replication of a plan, on so many threads (at least one). What comes out does not depend on how many.
///
/// # Errors
/// A stated maximum is reached, an expression of the scenario fails, or `progress` was told to cancel.
pub fn run(plan: &Plan, progress: &Progress, threads: usize) -> Result<Report, SimulationError> {
    let gathered = play(plan, progress, threads)?;
    Ok(Report::of(plan, &gathered))
}

fn play(plan: &Plan, progress: &Progress, threads: usize) -> Result<Vec<Gathered>, SimulationError> {
    let count = plan.scenario.replications as usize;
    progress.begin(count);
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Option<Result<Gathered, SimulationError>>>> = Mutex::new((0..count).map(|_| None).collect());
    let work = || {
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            if place >= count {
                return;
            }
            let result = World::new(plan, place as u32).run(progress, place);
            progress.tell(place, 1.0);
            progress.done.fetch_add(1, Ordering::Relaxed);
            let failed = result.is_err();
            results.lock()[place] = Some(result);
            if failed {
                next.store(count, Ordering::Relaxed);
            }
        }
    };
    if threads.min(count) <= 1 {
        work();
    } else {
        std::thread::scope(|scope| {
            for _ in 0..threads.min(count) {
                scope.spawn(work);
            }
        });
    }
    let results = results.into_inner();
    let failed = results.iter().flatten().find_map(|result| result.as_ref().err());
    match failed {
        Some(error) => Err(error.clone()),
        None => Ok(results.into_iter().flatten().filter_map(Result::ok).collect()),
    }
}
