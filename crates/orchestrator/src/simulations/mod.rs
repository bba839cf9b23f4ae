//! Simulations asked for over the API: jobs in memory, run off the async threads, so many at a time; kept as records, so
//! that a restart forgets none that was over.

mod kept;
mod models;
mod propose;
pub(crate) mod routes;

use crate::api::{Simulate, SimulationInfo};
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use jiff::Timestamp;
use parking_lot::Mutex;
use serde_json::Value;
use simulation::{Comparison, Note, Plan, Progress, Report, Scenario, SimulationError, compare};
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::{OnceCell, Semaphore};

/// Simulations that run at the same time, each on one thread.
const RUNNING: usize = 1;
/// Simulations that wait or run.
const MAX_WAITING: usize = 20;
/// Simulations kept with their results; the oldest one that is over goes first.
const MAX_KEPT: usize = 50;
/// Instances and steps that a simulation over the API may have; the command line has the crate's own maximums.
const MAX_LIVE: u64 = 100_000;
/// Longest a scenario may be, in bytes.
const MAX_SCENARIO_BYTES: usize = 4 << 20;

/// How far one has come.
#[derive(Debug, Clone)]
enum Status {
    Waiting,
    Running,
    Done(Arc<Report>),
    Failed(String),
    Cancelled,
}

/// One simulation.
struct Job {
    id: String,
    name: String,
    definition: String,
    created: Timestamp,
    actor: String,
    scenario: Value,
    warnings: Vec<Note>,
    progress: Progress,
    /// How far one had come that was played before the last start.
    past: Option<Past>,
    status: Mutex<Status>,
}

/// How far a simulation of the past had come.
#[derive(Debug, Clone, Copy)]
struct Past {
    progress: f64,
    replications: u32,
}

/// All simulations.
pub(crate) struct Simulations {
    jobs: Mutex<VecDeque<Arc<Job>>>,
    permits: Arc<Semaphore>,
    /// Those of before the start are among the jobs.
    loaded: OnceCell<()>,
}

impl Default for Simulations {
    fn default() -> Self {
        Self {
            jobs: Mutex::default(),
            permits: Arc::new(Semaphore::new(RUNNING)),
            loaded: OnceCell::new(),
        }
    }
}

impl Job {
    fn over(&self) -> bool {
        !matches!(*self.status.lock(), Status::Waiting | Status::Running)
    }

    fn info(&self, whole: bool) -> SimulationInfo {
        let status = self.status.lock().clone();
        let (told, error, report) = match status {
            Status::Waiting => ("waiting", None, None),
            Status::Running => ("running", None, None),
            Status::Done(report) => ("done", None, Some(report)),
            Status::Failed(error) => ("failed", Some(error), None),
            Status::Cancelled => ("cancelled", None, None),
        };
        SimulationInfo {
            id: self.id.clone(),
            name: self.name.clone(),
            definition: self.definition.clone(),
            status: told.to_owned(),
            progress: self.past.map_or_else(|| self.progress.share(), |past| past.progress),
            replications: self
                .past
                .map_or_else(|| self.progress.replications(), |past| past.replications),
            created: self.created,
            actor: self.actor.clone(),
            error,
            warnings: self.warnings.clone(),
            scenario: whole.then(|| self.scenario.clone()),
            report: report.filter(|_| whole).map(|report| Box::new((*report).clone())),
        }
    }

    /// Runs on a thread of its own.
    fn play(&self, plan: &Plan) {
        {
            let mut status = self.status.lock();
            if !matches!(*status, Status::Waiting) {
                return;
            }
            *status = Status::Running;
        }
        let result = simulation::run(plan, &self.progress, 1);
        *self.status.lock() = match result {
            Ok(report) => Status::Done(Arc::new(report)),
            Err(SimulationError::Cancelled) => Status::Cancelled,
            Err(error) => Status::Failed(error.to_string()),
        };
    }
}

impl Simulations {
    fn find(&self, id: &str) -> Result<Arc<Job>, OrchestratorError> {
        let jobs = self.jobs.lock();
        let found = jobs.iter().find(|job| job.id == id).cloned();
        found.ok_or_else(|| OrchestratorError::NotFound {
            what: "simulation",
            id: id.to_owned(),
        })
    }

    /// Takes one in; gives the ids of those that had to make room.
    fn keep(&self, job: Arc<Job>) -> Result<Vec<String>, OrchestratorError> {
        let mut jobs = self.jobs.lock();
        if jobs.iter().filter(|job| !job.over()).count() >= MAX_WAITING {
            return Err(OrchestratorError::Busy {
                what: "simulations",
                limit: MAX_WAITING,
            });
        }
        let mut gone = Vec::new();
        while jobs.len() >= MAX_KEPT
            && let Some(place) = jobs.iter().position(|job| job.over())
        {
            gone.extend(jobs.remove(place).map(|job| job.id.clone()));
        }
        jobs.push_back(job);
        Ok(gone)
    }
}

/// A refused scenario with its problems, as the API says it.
fn refused(error: SimulationError) -> OrchestratorError {
    match error {
        SimulationError::Scenario(problems) => OrchestratorError::Scenario(problems),
        other => OrchestratorError::Invalid(other.to_string()),
    }
}

impl Orchestrator {
    /// Checks a scenario and puts it in the queue.
    ///
    /// # Errors
    /// 422 with everything that is wrong, 503 when too many wait.
    pub async fn simulate(
        self: &Arc<Self>,
        actor: &Actor,
        request: Simulate,
    ) -> Result<SimulationInfo, OrchestratorError> {
        if request.scenario.to_string().len() > MAX_SCENARIO_BYTES {
            return Err(OrchestratorError::Invalid(format!(
                "scenario: larger than {MAX_SCENARIO_BYTES} bytes; thin out its lists"
            )));
        }
        self.load_simulations().await?;
        let mut value = request.scenario.clone();
        if let (Some(definition), Some(members)) = (&request.definition, value.as_object_mut()) {
            members.insert("process".into(), Value::from(definition.as_str()));
        }
        let registry = self.registry().await?;
        let live = value.pointer("/limits/live").and_then(Value::as_u64).unwrap_or(0);
        if live > MAX_LIVE {
            return Err(OrchestratorError::Invalid(format!(
                "limits.live: at most {MAX_LIVE} over the API; the command line allows more"
            )));
        }
        let files = request.files;
        // reading models and decisions takes a while: not on an async thread
        let made = tokio::task::spawn_blocking(move || {
            let (models, calendars, evaluator) = models::gather(registry, &files)?;
            let scenario = Scenario::read(&value, &calendars).map_err(refused)?;
            Plan::new(scenario, &models, evaluator).map_err(refused)
        });
        let plan = made.await.map_err(|e| OrchestratorError::Damaged(e.to_string()))??;
        let job = Arc::new(Job {
            id: self.ids.next(),
            name: plan.scenario().name.clone(),
            definition: plan.process().to_owned(),
            created: self.clock.now(),
            actor: actor.subject.clone(),
            scenario: request.scenario,
            warnings: plan.warnings().to_vec(),
            progress: Progress::default(),
            past: None,
            status: Mutex::new(Status::Waiting),
        });
        let gone = self.simulations.keep(job.clone())?;
        self.keep_simulation(&job, &gone).await?;
        let me = self.clone();
        let permits = self.simulations.permits.clone();
        let queued = job.clone();
        tokio::spawn(async move {
            let Ok(_permit) = permits.acquire_owned().await else {
                return;
            };
            let running = queued.clone();
            if tokio::task::spawn_blocking(move || running.play(&plan)).await.is_err() {
                *queued.status.lock() = Status::Failed("the simulation stopped on an internal error".into());
            }
            if let Err(error) = me.keep_simulation(&queued, &[]).await {
                tracing::warn!(%error, "a simulation is over and could not be written down");
            }
        });
        Ok(job.info(false))
    }

    /// Every simulation that is kept, newest first.
    ///
    /// # Errors
    /// Those of before the last start cannot be read.
    pub async fn simulation_list(&self) -> Result<Vec<SimulationInfo>, OrchestratorError> {
        self.load_simulations().await?;
        let jobs = self.simulations.jobs.lock();
        Ok(jobs.iter().rev().map(|job| job.info(false)).collect())
    }

    /// One simulation with its result.
    ///
    /// # Errors
    /// Not there (any more).
    pub async fn simulation(&self, id: &str) -> Result<SimulationInfo, OrchestratorError> {
        self.load_simulations().await?;
        Ok(self.simulations.find(id)?.info(true))
    }

    /// Stops one that waits or runs; one that is over stays as it is.
    ///
    /// # Errors
    /// Not there (any more).
    pub async fn cancel_simulation(&self, id: &str) -> Result<SimulationInfo, OrchestratorError> {
        self.load_simulations().await?;
        let job = self.simulations.find(id)?;
        job.progress.cancel();
        {
            let mut status = job.status.lock();
            if matches!(*status, Status::Waiting) {
                *status = Status::Cancelled;
            }
        }
        Ok(job.info(false))
    }

    /// Two results beside each other.
    ///
    /// # Errors
    /// One is not there (any more), or has no result.
    pub async fn compare_simulations(&self, before: &str, after: &str) -> Result<Comparison, OrchestratorError> {
        self.load_simulations().await?;
        let report = |id: &str| match &*self.simulations.find(id)?.status.lock() {
            Status::Done(report) => Ok(report.clone()),
            _ => Err(OrchestratorError::Invalid(format!(
                "simulation '{id}' has no result: wait until it is done"
            ))),
        };
        Ok(compare(&*report(before)?, &*report(after)?))
    }
}
