//! Stated maximums and waiting times of the orchestrator.

use jiff::SignedDuration;

/// How much, how often, how long. The defaults suit one process on a small machine.
#[derive(Clone)]
pub struct Config {
    /// Instances kept in memory between commands.
    pub hot_instances: usize,
    /// How often a command is recomputed after losing a race before the caller hears of the conflict.
    pub conflict_retries: u32,
    /// In-process jobs running at the same time.
    pub job_concurrency: usize,
    /// In-process jobs queued in memory; more wait in the store and are read again when the queue is empty.
    pub job_queue: usize,
    /// Longest time a worker may take for one job.
    pub job_timeout: SignedDuration,
    /// How long a worker outside holds a job when it does not say.
    pub job_lock: SignedDuration,
    /// Longest time a worker outside may hold a job without extending its lock.
    pub job_lock_max: SignedDuration,
    /// Longest a worker outside may wait for jobs in one request.
    pub fetch_wait_max: SignedDuration,
    /// Workers outside that wait for jobs at the same time.
    pub fetch_waiting: usize,
    /// Bytes of variables in one answer to a worker outside.
    pub max_fetch_bytes: usize,
    /// Wait before the first retry of a failed job; doubles with each further one.
    pub job_backoff: SignedDuration,
    /// Longest wait between two tries of a job.
    pub job_backoff_max: SignedDuration,
    /// How long a message thrown by a process waits for a receiver.
    pub message_ttl: SignedDuration,
    /// Receivers of one signal or message.
    pub max_receivers: usize,
    /// Timers fired per batch.
    pub timer_batch: usize,
    /// Commands the background work has in flight at the same time.
    pub concurrency: usize,
    /// Changes read from the feed at a time.
    pub feed_batch: usize,
    /// FHIR resources that one start or completion may carry.
    pub max_resources: usize,
    /// Serialised size of one instance, in bytes.
    pub max_state_bytes: usize,
    /// Files in one deployment.
    pub max_deploy_files: usize,
    /// Bytes of one deployed file.
    pub max_file_bytes: usize,
    /// Most items of a list answer.
    pub max_page: usize,
    /// Most events of an event log made of own history; it is held in memory, some 100 bytes each.
    pub max_log_events: usize,
    /// Objects of one OCEL export: instances, patients, tasks, roles, resources.
    pub max_export_objects: usize,
    /// Says which patients' processes somebody may see; without it, the staff sees everybody's.
    pub authorizer: Option<access::Authorizer>,
    /// Makes the pseudonyms of exports; without it only exports with the real ids are given.
    pub pseudonyms: Option<access::SigningKey>,
    /// Rounds of [`crate::Orchestrator::settle`] before it says that work never ends.
    pub settle_rounds: usize,
    /// How long a batch that has ended is kept, with its outcomes.
    pub batch_keep: SignedDuration,
    /// Limits inside one engine step.
    pub engine: engine::Limits,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            hot_instances: 20_000,
            conflict_retries: 8,
            job_concurrency: 128,
            job_queue: 20_000,
            job_timeout: SignedDuration::from_secs(300),
            job_lock: SignedDuration::from_mins(5),
            job_lock_max: SignedDuration::from_hours(24),
            fetch_wait_max: SignedDuration::from_secs(60),
            fetch_waiting: 1_000,
            max_fetch_bytes: 16 << 20,
            job_backoff: SignedDuration::from_secs(10),
            job_backoff_max: SignedDuration::from_secs(3600),
            message_ttl: SignedDuration::from_hours(24),
            max_receivers: 10_000,
            timer_batch: 2_000,
            concurrency: 256,
            feed_batch: 1_000,
            max_resources: 100,
            max_state_bytes: 4 << 20,
            max_deploy_files: 200,
            max_file_bytes: 8 << 20,
            max_page: 1_000,
            max_log_events: 1_000_000,
            max_export_objects: 5_000_000,
            authorizer: None,
            pseudonyms: None,
            settle_rounds: 10_000,
            batch_keep: SignedDuration::from_hours(24 * 90),
            engine: engine::Limits::default(),
        }
    }
}
