//! Jobs under way: how they begin, end, and begin again after a restart.

use super::job::{self, Job, MAX_ATTEMPTS, State, Task};
use super::{export, files, import};
use crate::{Hub, HubError};
use jiff::SignedDuration;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::{Notify, Semaphore};

/// A job in memory.
#[derive(Debug, Default)]
pub(crate) struct Live {
    cancel: Notify,
    progress: Mutex<String>,
}

impl Live {
    /// Says how far it is.
    pub(crate) fn tell(&self, progress: String) {
        *self.progress.lock() = progress;
    }

    /// How far it is, in words.
    pub(crate) fn progress(&self) -> String {
        self.progress.lock().clone()
    }
}

/// The jobs of this process.
#[derive(Debug)]
pub(crate) struct Bulk {
    live: Mutex<HashMap<String, Arc<Live>>>,
    permits: Arc<Semaphore>,
    ended: Notify,
}

impl Bulk {
    /// None yet; at most `parallel` at once.
    pub(crate) fn new(parallel: usize) -> Self {
        Self {
            live: Mutex::default(),
            permits: Arc::new(Semaphore::new(parallel)),
            ended: Notify::new(),
        }
    }

    /// A job in memory.
    pub(crate) fn live(&self, id: &str) -> Option<Arc<Live>> {
        self.live.lock().get(id).cloned()
    }

    /// Ends a job where it stands.
    pub(crate) fn cancel(&self, id: &str) {
        if let Some(live) = self.live(id) {
            live.cancel.notify_one();
        }
    }

    fn count(&self) -> usize {
        self.live.lock().len()
    }
}

impl Hub {
    /// Begins again what a restart interrupted, and removes what has expired: call it once, when the store is open.
    pub async fn resume_bulk(self: &Arc<Self>) -> Result<usize, HubError> {
        sweep(self).await?;
        let mut begun = 0;
        for job in job::all(self).await? {
            if job.is_open() && self.bulk.live(&job.id).is_none() {
                spawn(self, job);
                begun += 1;
            }
        }
        Ok(begun)
    }

    /// Waits until no bulk job of this process is under way.
    pub async fn bulk_ended(&self) {
        loop {
            let ended = self.bulk.ended.notified();
            if self.bulk.count() == 0 {
                return;
            }
            ended.await;
        }
    }
}

/// Records a job and begins it; too many at once are refused.
pub(crate) async fn start(hub: &Arc<Hub>, job: Job) -> Result<(), HubError> {
    sweep(hub).await?;
    let max = hub.config.bulk.waiting;
    if hub.bulk.count() >= max {
        return Err(HubError::TooMany {
            what: "bulk jobs under way",
            max,
        });
    }
    job::save(hub, &job).await?;
    spawn(hub, job);
    Ok(())
}

fn spawn(hub: &Arc<Hub>, job: Job) {
    let live = Arc::new(Live::default());
    live.tell("waiting for its turn".to_owned());
    hub.bulk.live.lock().insert(job.id.clone(), live.clone());
    let hub = hub.clone();
    tokio::spawn(async move {
        let id = job.id.clone();
        let done = tokio::select! {
            biased;
            () = live.cancel.notified() => remove(&hub, &id).await,
            done = take_turn(&hub, job, &live) => done,
        };
        if let Err(error) = done {
            tracing::error!(job = id, %error, "the end of a bulk job could not be recorded");
        }
        hub.bulk.live.lock().remove(&id);
        hub.bulk.ended.notify_waiters();
    });
}

async fn take_turn(hub: &Arc<Hub>, mut job: Job, live: &Live) -> Result<(), HubError> {
    let permits = hub.bulk.permits.clone();
    // The semaphore is never closed.
    let Ok(_permit) = permits.acquire_owned().await else {
        return Ok(());
    };
    job.attempts += 1;
    job.state = State::Running;
    job::save(hub, &job).await?;
    let outcome = if job.attempts > MAX_ATTEMPTS {
        let message = format!("it was begun {MAX_ATTEMPTS} times and interrupted each time: ask again");
        Err(HubError::Unavailable(message))
    } else {
        match job.task.clone() {
            Task::Export(task) => export::run(hub, &mut job, &task, live).await,
            Task::Import(task) => import::run(hub, &mut job, &task, live).await,
        }
    };
    match outcome {
        Ok(()) => job.state = State::Complete,
        Err(error) => {
            tracing::warn!(job = job.id, %error, "a bulk job failed");
            job.state = State::Failed;
            job.message = Some(
                error
                    .issues()
                    .first()
                    .map_or_else(String::new, |issue| issue.diagnostics.clone()),
            );
            files::remove(hub, &job.id).await?;
        }
    }
    job.finished = Some(hub.clock.now());
    job::save(hub, &job).await
}

/// Removes a job with its files.
pub(crate) async fn remove(hub: &Hub, id: &str) -> Result<(), HubError> {
    files::remove(hub, id).await?;
    job::forget(hub, id).await
}

/// When a finished job goes away.
pub(crate) fn expiry(hub: &Hub, job: &Job) -> Option<jiff::Timestamp> {
    let keep = SignedDuration::from_hours(hub.config.bulk.keep_hours);
    job.finished.and_then(|finished| finished.checked_add(keep).ok())
}

/// Removes what has expired.
pub(crate) async fn sweep(hub: &Hub) -> Result<(), HubError> {
    let now = hub.clock.now();
    for job in job::all(hub).await? {
        if expiry(hub, &job).is_some_and(|expiry| expiry <= now) {
            remove(hub, &job.id).await?;
        }
    }
    Ok(())
}
