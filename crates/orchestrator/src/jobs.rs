//! In-process workers: which job types they take, what is queued, what runs.
//!
//! The truth about open jobs is in the store (a wait row each); the queue here is only speed. A job may run again after
//! a crash: its id is the worker's idempotency key.

use crate::timers::JOB_TIMER;
use crate::{Orchestrator, OrchestratorError};
use engine::{JobKind, JobSpec, StepError, Variables};
use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use parking_lot::{Mutex, RwLock};
use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering as Order};
use std::time::Duration;
use store::{Lease, TimerWrite, Transaction, WaitKind};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Pause of a runner when the store refuses: it is overloaded or closing.
const AFTER_FAILURE: Duration = Duration::from_millis(50);

/// What a worker gives back: result variables, or why it failed (the job is tried again, then an incident opens).
pub type WorkerResult = Result<Variables, String>;

/// Does the work of a job type.
pub type WorkerFn = Arc<dyn Fn(JobSpec) -> BoxFuture<'static, WorkerResult> + Send + Sync>;

/// Queue and workers.
pub(crate) struct Jobs {
    workers: RwLock<HashMap<String, WorkerFn>>,
    queue: Mutex<Queue>,
    permits: Arc<Semaphore>,
    total: u32,
    /// Told whenever a runner stops.
    idle: Notify,
    /// Whether new jobs start by themselves.
    automatic: AtomicBool,
    capacity: usize,
}

/// A queued job: the greater priority first, then the one that came first.
struct Queued {
    priority: i32,
    came: Reverse<u64>,
    job: JobSpec,
}

impl Queued {
    fn rank(&self) -> (i32, Reverse<u64>) {
        (self.priority, self.came)
    }
}

impl PartialEq for Queued {
    fn eq(&self, other: &Self) -> bool {
        self.rank() == other.rank()
    }
}

impl Eq for Queued {}

impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Queued {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

#[derive(Default)]
struct Queue {
    waiting: BinaryHeap<Queued>,
    /// How many came so far.
    came: u64,
    /// Ids of jobs queued or running here.
    known: HashSet<String>,
    /// Something did not fit (or was never read): look into the store when the queue is empty.
    look_again: bool,
}

impl Jobs {
    pub(crate) fn new(concurrency: usize, capacity: usize) -> Self {
        let total = u32::try_from(concurrency.clamp(1, 4096)).expect("clamped");
        Self {
            workers: RwLock::new(HashMap::from([(bpmn::CONTINUE.to_owned(), continuation())])),
            queue: Mutex::new(Queue {
                look_again: true,
                ..Queue::default()
            }),
            permits: Arc::new(Semaphore::new(total as usize)),
            total,
            idle: Notify::new(),
            automatic: AtomicBool::new(false),
            capacity,
        }
    }

    /// Whether a worker in this process takes the type.
    pub(crate) fn takes(&self, job_type: &str) -> bool {
        self.workers.read().contains_key(job_type)
    }

    fn worker(&self, job_type: &str) -> Option<WorkerFn> {
        self.workers.read().get(job_type).cloned()
    }

    /// Queues jobs that a worker here takes.
    pub(crate) fn enqueue(&self, jobs: Vec<JobSpec>) {
        if jobs.is_empty() {
            return;
        }
        let workers = self.workers.read();
        let mut queue = self.queue.lock();
        for job in jobs {
            if !workers.contains_key(&job.job_type) || queue.known.contains(&job.id) {
                continue;
            }
            if queue.waiting.len() >= self.capacity {
                queue.look_again = true;
                continue;
            }
            queue.known.insert(job.id.clone());
            queue.came += 1;
            let (priority, came) = (job.priority, Reverse(queue.came));
            queue.waiting.push(Queued { priority, came, job });
        }
    }

    fn pop(&self) -> Option<JobSpec> {
        self.queue.lock().waiting.pop().map(|queued| queued.job)
    }

    fn done(&self, id: &str) {
        self.queue.lock().known.remove(id);
    }

    /// Whether anything is queued or running.
    fn busy(&self) -> bool {
        !self.queue.lock().known.is_empty() || self.permits.available_permits() < self.total as usize
    }
}

impl Orchestrator {
    /// Registers the in-process worker of a job type; a later one for the same type replaces it.
    pub fn register_worker<F>(&self, job_type: &str, worker: F)
    where
        F: Fn(JobSpec) -> BoxFuture<'static, WorkerResult> + Send + Sync + 'static,
    {
        self.jobs.workers.write().insert(job_type.to_owned(), Arc::new(worker));
        self.jobs.queue.lock().look_again = true;
        self.wake.notify_one();
    }

    /// Lets new jobs start by themselves (the background loop runs).
    pub(crate) fn start_jobs_automatically(&self) {
        self.jobs.automatic.store(true, Order::Release);
    }

    /// Has the open jobs of the store read again.
    pub(crate) fn jobs_look_again(&self) {
        self.jobs.queue.lock().look_again = true;
    }

    /// Another node runs jobs from now on: what runs here comes to its end.
    pub(crate) fn stop_jobs(&self) {
        self.jobs.automatic.store(false, Order::Release);
        let mut queue = self.jobs.queue.lock();
        for queued in std::mem::take(&mut queue.waiting) {
            queue.known.remove(&queued.job.id);
        }
        queue.look_again = true;
    }

    /// Queues new jobs, and starts them when the background loop runs.
    pub(crate) fn new_jobs(&self, jobs: Vec<JobSpec>) {
        if jobs.is_empty() || (self.duty.is_some() && !self.jobs.automatic.load(Order::Acquire) && !self.is_on_duty()) {
            return;
        }
        self.jobs.enqueue(jobs);
        if self.jobs.automatic.load(Order::Acquire) {
            self.kick_jobs();
        }
    }

    /// Starts as many runners as there is work and room for.
    fn kick_jobs(&self) {
        let Some(me) = self.me.upgrade() else { return };
        while !self.jobs.queue.lock().waiting.is_empty() {
            let Ok(permit) = self.jobs.permits.clone().try_acquire_owned() else {
                return;
            };
            tokio::spawn(me.clone().run_jobs(permit));
        }
    }

    /// One runner: works until the queue is empty.
    async fn run_jobs(self: Arc<Self>, permit: OwnedSemaphorePermit) {
        while let Some(job) = self.jobs.pop() {
            let id = job.id.clone();
            if let Err(error) = self.run_job(job).await {
                tracing::warn!(job = id, %error, "a job's outcome could not be stored; it will be tried again");
                self.jobs.queue.lock().look_again = true;
                tokio::time::sleep(AFTER_FAILURE).await;
            }
            self.jobs.done(&id);
        }
        drop(permit);
        self.jobs.idle.notify_waiters();
        // Between the last look into the queue and the end of this runner a job may have come in.
        if self.jobs.automatic.load(Order::Acquire) {
            self.kick_jobs();
        }
    }

    async fn run_job(&self, job: JobSpec) -> Result<(), OrchestratorError> {
        let Some(worker) = self.jobs.worker(&job.job_type) else {
            return Ok(());
        };
        if let Some((instance, _)) = job.id.rsplit_once('.')
            && self.is_suspended(instance).await
        {
            return Ok(()); // offered again when it is resumed
        }
        let actor = match job.kind {
            JobKind::Continuation => "continuation".to_owned(),
            JobKind::Work | JobKind::Listener => format!("worker:{}", job.job_type),
        };
        let limit = self.config.job_timeout;
        let (id, retries) = (job.id.clone(), job.retries);
        let work = AssertUnwindSafe(async move { worker(job).await }).catch_unwind();
        let result = match tokio::time::timeout(limit.unsigned_abs(), work).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err("the worker panicked".to_owned()),
            Err(_) => Err(format!("the worker took longer than {limit:#}")),
        };
        let message = match result {
            Ok(variables) => match self.job_completed(&id, variables, &actor).await {
                // A result that cannot be kept (too large, say) would be refused again and again.
                Err(OrchestratorError::Invalid(message)) => message,
                stored => return finished(stored),
            },
            Err(message) => message,
        };
        finished(self.job_failed(&id, message, retries.saturating_sub(1), &actor).await)
    }

    /// Whether an instance is suspended now: what is kept here may not know yet that another node has resumed it.
    async fn is_suspended(&self, instance: &str) -> bool {
        let suspended = |hot: &crate::instance::Hot| hot.state.suspended();
        match self.near(instance).await {
            Ok(hot) if suspended(&hot) => self.load(instance).await.is_ok_and(|hot| suspended(&hot)),
            _ => false,
        }
    }

    /// How long to wait before the try after `failures` failed ones.
    pub(crate) fn backoff(&self, failures: u32) -> SignedDuration {
        let factor = 1_i32 << failures.saturating_sub(1).min(20);
        let wait = self
            .config
            .job_backoff
            .checked_mul(factor)
            .unwrap_or(self.config.job_backoff_max);
        wait.min(self.config.job_backoff_max)
    }

    /// Runs every queued job and those of the store that nobody knows about, until none is left.
    /// Returns how many it found.
    pub(crate) async fn pump_jobs(&self) -> Result<usize, OrchestratorError> {
        let mut found = 0;
        loop {
            if std::mem::take(&mut self.jobs.queue.lock().look_again) {
                self.read_jobs().await?;
            }
            found += self.jobs.queue.lock().waiting.len();
            self.kick_jobs();
            // Registered before looking, so that a runner that ends in between is not missed.
            let mut idle = std::pin::pin!(self.jobs.idle.notified());
            idle.as_mut().enable();
            if self.jobs.busy() && !self.jobs.automatic.load(Order::Acquire) {
                idle.await;
                continue;
            }
            return Ok(found);
        }
    }

    /// Queues the open jobs of the store that have a worker here.
    async fn read_jobs(&self) -> Result<(), OrchestratorError> {
        let types: Vec<String> = self.jobs.workers.read().keys().cloned().collect();
        for job_type in types {
            let mut after = None;
            loop {
                let mut snapshot = self.store.snapshot().await?;
                let page = snapshot
                    .waits(WaitKind::Job, Some(&job_type), None, after.as_ref(), 500)
                    .await?;
                drop(snapshot);
                let Some(last) = page.last().cloned() else { break };
                for wait in page {
                    if self.jobs.queue.lock().waiting.len() >= self.jobs.capacity {
                        self.jobs.queue.lock().look_again = true;
                        return Ok(());
                    }
                    self.queue_job(&wait.instance, &wait.id).await?;
                }
                after = Some(last);
            }
            self.read_leased(&job_type).await?;
        }
        Ok(())
    }

    /// Jobs that workers outside have held, of a type that now has a worker here: taken over when their lease ends.
    async fn read_leased(&self, job_type: &str) -> Result<(), OrchestratorError> {
        let leases = self
            .store
            .snapshot()
            .await?
            .leases(job_type, Timestamp::MAX, self.jobs.capacity)
            .await?;
        let set = |lease: Lease| TimerWrite::Set {
            id: format!("{JOB_TIMER}{}", lease.id),
            instance: lease.instance,
            due: lease.until,
        };
        let timers: Vec<TimerWrite> = leases.into_iter().map(set).collect();
        let Some(due) = timers
            .iter()
            .filter_map(|timer| match timer {
                TimerWrite::Set { due, .. } => Some(*due),
                TimerWrite::Remove { .. } => None,
            })
            .min()
        else {
            return Ok(());
        };
        self.store
            .commit(Transaction {
                timers,
                ..Transaction::default()
            })
            .await?;
        self.timer_set(due);
        Ok(())
    }

    /// Queues a job if it is (still) open.
    pub(crate) async fn queue_job(&self, instance: &str, job: &str) -> Result<(), OrchestratorError> {
        if self.jobs.queue.lock().known.contains(job) {
            return Ok(());
        }
        match self.load(instance).await {
            Ok(hot) if hot.state.suspended() => {}
            Ok(hot) => self
                .jobs
                .enqueue(hot.state.job(job, &*self.registry().await?).into_iter().collect()),
            Err(OrchestratorError::NotFound { .. }) => {}
            Err(other) => return Err(other),
        }
        Ok(())
    }
}

/// The worker of continuations: there is nothing to do but to go on.
fn continuation() -> WorkerFn {
    Arc::new(|_| Box::pin(async { Ok(Variables::new()) }))
}

/// Cancelled meanwhile, or done by an earlier run of the same job: nothing is left to do.
fn finished(outcome: Result<(), OrchestratorError>) -> Result<(), OrchestratorError> {
    match outcome {
        Err(OrchestratorError::Step(StepError::NotOpen { .. } | StepError::Ended)) => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_urgent_comes_first_then_the_older() {
        let jobs = Jobs::new(1, 10);
        jobs.workers
            .write()
            .insert("t".into(), Arc::new(|_| Box::pin(async { Ok(Variables::new()) })));
        let job = |id: &str, priority: i32| JobSpec {
            id: id.into(),
            element: "e".into(),
            job_type: "t".into(),
            headers: Variables::new(),
            retries: 3,
            priority,
            pauses: Vec::new(),
            variables: Variables::new(),
            kind: engine::JobKind::Work,
        };
        jobs.enqueue(vec![job("a", 0), job("b", 5), job("c", -1), job("d", 5), job("b", 9)]);
        let order: Vec<String> = std::iter::from_fn(|| jobs.pop()).map(|job| job.id).collect();
        assert_eq!(order, ["b", "d", "a", "c"]);
    }
}
