//! The metrics, in Prometheus's words.

use crate::server::Class;
use parking_lot::Mutex;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};
use store::CommitWatch;

type Labels = Vec<(&'static str, String)>;

/// Bounds of latencies, in seconds.
const LATENCIES: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
/// Bounds of the flush to the medium, in seconds.
const FLUSHES: [f64; 11] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.0,
];
/// Bounds of how many transactions a commit has.
const BATCHES: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// Classes that are shown from the beginning.
const COUNTED: [Class; 9] = [
    Class::Page,
    Class::SignIn,
    Class::FhirRead,
    Class::FhirSearch,
    Class::FhirWrite,
    Class::ProcessRead,
    Class::ProcessWrite,
    Class::Poll,
    Class::Background,
];

fn latencies() -> Histogram {
    Histogram::new(LATENCIES)
}

/// Everything that is counted.
pub struct Metrics {
    registry: Registry,
    requests: Family<Labels, Counter>,
    durations: Family<Labels, Histogram, fn() -> Histogram>,
    in_hand: Family<Labels, Gauge>,
    refused: Family<Labels, Counter>,
    /// Of the store's commits.
    pub commits: Arc<Meter>,
    /// What is read off the store now and then.
    pub sampled: Sampled,
    /// Spans sent to who gathers traces.
    pub spans: super::Counts,
}

/// Gauges that are read off the store now and then.
#[derive(Default, Clone)]
pub struct Sampled {
    /// Transactions that wait for the writer.
    pub store_queue: Gauge,
    /// Requests that wait for a place.
    pub admission_queue: Gauge,
    /// Outgoing events that are due.
    pub outbox_due: Gauge,
    /// How late the oldest of them is, in seconds.
    pub outbox_lag: Gauge<f64, AtomicU64>,
    /// Timers that are due.
    pub timers_late: Gauge,
    /// How late the oldest of them is, in seconds.
    pub timers_lag: Gauge<f64, AtomicU64>,
    /// Open incidents.
    pub incidents: Gauge,
    /// Jobs that wait for a worker.
    pub jobs_waiting: Gauge,
    /// Notifications that are still to go out.
    pub notifications_waiting: Gauge,
    /// Notifications that were given up.
    pub notifications_dead: Gauge,
    /// Free bytes where the data lie.
    pub disk_free: Gauge<f64, AtomicU64>,
    /// How far this machine's clock is ahead of the database's, in seconds.
    pub clock_ahead: Gauge<f64, AtomicU64>,
    /// Whether a part is ready: 1 or 0.
    pub ready: Family<Labels, Gauge>,
    /// How many of the looks at the store failed.
    pub failed_samples: Counter,
}

/// Measures commits.
pub struct Meter {
    moments: Mutex<(Instant, Instant)>,
    transactions: Counter,
    failed: Counter,
    batches: Histogram,
    flushes: Histogram,
    durations: Histogram,
}

impl CommitWatch for Meter {
    fn begins(&self) {
        let now = crate::stopwatch::start();
        *self.moments.lock() = (now, now);
    }

    fn flushing(&self) {
        self.moments.lock().1 = crate::stopwatch::start();
    }

    fn ends(&self, transactions: usize, durable: bool) {
        let (began, flushing) = *self.moments.lock();
        if !durable {
            self.failed.inc();
            return;
        }
        self.transactions.inc_by(transactions as u64);
        self.batches.observe(transactions as f64);
        self.flushes.observe(flushing.elapsed().as_secs_f64());
        self.durations.observe(began.elapsed().as_secs_f64());
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All at nothing.
    pub fn new() -> Self {
        let now = crate::stopwatch::start();
        let commits = Arc::new(Meter {
            moments: Mutex::new((now, now)),
            transactions: Counter::default(),
            failed: Counter::default(),
            batches: Histogram::new(BATCHES),
            flushes: Histogram::new(FLUSHES),
            durations: latencies(),
        });
        let mut metrics = Self {
            registry: Registry::with_prefix("sinfonia"),
            requests: Family::default(),
            durations: Family::new_with_constructor(latencies),
            in_hand: Family::default(),
            refused: Family::default(),
            commits,
            sampled: Sampled::default(),
            spans: super::Counts::default(),
        };
        // A rule on what never happened must find a 0, not nothing.
        for class in COUNTED {
            let label = vec![("class", class.name().to_owned())];
            drop(metrics.refused.get_or_create(&label));
            drop(metrics.in_hand.get_or_create(&label));
        }
        metrics.register_requests();
        metrics.register_store();
        metrics.register_work();
        metrics
    }

    fn register_requests(&mut self) {
        let registry = &mut self.registry;
        registry.register("spans_sent", "Spans of traces that were sent", self.spans.sent.clone());
        registry.register(
            "spans_dropped",
            "Spans of traces that found no room, or were not taken",
            self.spans.dropped.clone(),
        );
        registry.register(
            "requests",
            "Requests answered, by class and kind of status",
            self.requests.clone(),
        );
        registry.register(
            "request_duration_seconds",
            "Time to the beginning of the answer, by class",
            self.durations.clone(),
        );
        registry.register(
            "requests_in_hand",
            "Requests that are worked on, by class",
            self.in_hand.clone(),
        );
        registry.register(
            "requests_refused",
            "Requests that found no place, by class",
            self.refused.clone(),
        );
        registry.register(
            "admission_queue",
            "Requests that wait for a place",
            self.sampled.admission_queue.clone(),
        );
    }

    fn register_store(&mut self) {
        let (registry, commits) = (&mut self.registry, &self.commits);
        registry.register(
            "commit_transactions",
            "Transactions made durable",
            commits.transactions.clone(),
        );
        registry.register("commit_failures", "Group commits that failed", commits.failed.clone());
        registry.register(
            "commit_batch_size",
            "Transactions in a group commit",
            commits.batches.clone(),
        );
        registry.register(
            "commit_flush_seconds",
            "The flush of a commit to the medium (PostgreSQL: its last trip)",
            commits.flushes.clone(),
        );
        registry.register(
            "commit_duration_seconds",
            "A group commit as a whole",
            commits.durations.clone(),
        );
        let sampled = &self.sampled;
        registry.register(
            "store_queue",
            "Transactions that wait for the writer",
            sampled.store_queue.clone(),
        );
        registry.register(
            "disk_free_bytes",
            "Free bytes where the data lie",
            sampled.disk_free.clone(),
        );
        registry.register(
            "clock_ahead_seconds",
            "How far this machine's clock is ahead of the database's (0 over a file)",
            sampled.clock_ahead.clone(),
        );
        registry.register("ready", "Whether a part is ready (1) or not (0)", sampled.ready.clone());
        registry.register(
            "samples_failed",
            "Looks at the store that failed",
            sampled.failed_samples.clone(),
        );
    }

    fn register_work(&mut self) {
        let (registry, sampled) = (&mut self.registry, &self.sampled);
        registry.register(
            "outbox_due",
            "Outgoing events that are due (1000: or more)",
            sampled.outbox_due.clone(),
        );
        registry.register(
            "outbox_lag_seconds",
            "At least so late is the oldest due event: 0, 1, 10, 30, 60, 600, 3600",
            sampled.outbox_lag.clone(),
        );
        registry.register(
            "timers_late",
            "Timers that are due (1000: or more)",
            sampled.timers_late.clone(),
        );
        registry.register(
            "timers_lag_seconds",
            "How late the oldest due timer is",
            sampled.timers_lag.clone(),
        );
        registry.register("incidents", "Open incidents (1000: or more)", sampled.incidents.clone());
        registry.register(
            "jobs_waiting",
            "Jobs that no worker has taken (1000: or more)",
            sampled.jobs_waiting.clone(),
        );
        registry.register(
            "notifications_waiting",
            "Notifications of subscriptions still to go out",
            sampled.notifications_waiting.clone(),
        );
        registry.register(
            "notifications_dead",
            "Notifications of subscriptions that were given up",
            sampled.notifications_dead.clone(),
        );
    }

    /// A request was answered.
    pub fn request(&self, class: Class, status: http::StatusCode, took: Duration) {
        let class = ("class", class.name().to_owned());
        let kind = format!("{}xx", status.as_u16() / 100);
        self.durations
            .get_or_create(&vec![class.clone()])
            .observe(took.as_secs_f64());
        self.requests.get_or_create(&vec![class, ("status", kind)]).inc();
    }

    /// A request found no place.
    pub fn refused(&self, class: Class) {
        self.refused
            .get_or_create(&vec![("class", class.name().to_owned())])
            .inc();
    }

    /// A request is worked on until what this gives is dropped.
    pub fn in_hand(&self, class: Class) -> InHand {
        let gauge = self
            .in_hand
            .get_or_create(&vec![("class", class.name().to_owned())])
            .clone();
        gauge.inc();
        InHand(gauge)
    }

    /// Everything, in the text form of OpenMetrics.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a text cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// A request that is worked on.
pub struct InHand(Gauge);

impl Drop for InHand {
    fn drop(&mut self) {
        self.0.dec();
    }
}
