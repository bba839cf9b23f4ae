//! Time and identity as parameters. Only this file (and the binary) may ask the operating system for either.

use jiff::{SignedDuration, Timestamp};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Where "now" comes from.
pub trait Clock: Send + Sync + 'static {
    /// The present moment, UTC.
    fn now(&self) -> Timestamp;
}

/// Where new identifiers come from. A result is a valid FHIR id: `[A-Za-z0-9\-\.]{1,64}`.
pub trait Ids: Send + Sync + 'static {
    /// A new identifier, never given before.
    fn next(&self) -> String;
}

/// Where unpredictable bytes come from (session ids, CSRF tokens, password salts).
pub trait Random: Send + Sync + 'static {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's generator.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        #[allow(clippy::disallowed_methods, reason = "the one place that draws random bytes")]
        rand::TryRngCore::try_fill_bytes(&mut rand::rngs::OsRng, bytes)
            .expect("the operating system gives random bytes");
    }
}

/// Repeatable bytes for tests: never use it where a secret is wanted.
#[derive(Debug)]
pub struct SeededRandom(Mutex<rand::rngs::StdRng>);

impl SeededRandom {
    /// The same seed gives the same bytes.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(rand::SeedableRng::seed_from_u64(seed)))
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        rand::RngCore::fill_bytes(&mut *self.0.lock().expect("random lock"), bytes);
    }
}

/// The machine's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[allow(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
        Timestamp::now()
    }
}

/// A clock that moves only when told: tests, simulation, the demo's two years.
#[derive(Debug)]
pub struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    /// A clock standing at `start`.
    pub fn new(start: Timestamp) -> Self {
        Self(Mutex::new(start))
    }

    /// Puts the clock at `to`.
    pub fn set(&self, to: Timestamp) {
        *self.0.lock().expect("clock lock") = to;
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: SignedDuration) {
        let mut now = self.0.lock().expect("clock lock");
        *now += by;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("clock lock")
    }
}

/// UUID version 7: sorted by creation time, so that new rows land at the end of the index.
#[derive(Debug, Default, Clone, Copy)]
pub struct UuidIds;

impl Ids for UuidIds {
    fn next(&self) -> String {
        #[allow(clippy::disallowed_methods, reason = "the one place that draws random ids")]
        uuid::Uuid::now_v7().to_string()
    }
}

/// `prefix-1`, `prefix-2`, …: repeatable ids for tests and the demo.
#[derive(Debug)]
pub struct SequentialIds {
    prefix: String,
    next: AtomicU64,
}

impl SequentialIds {
    /// Ids that start with `prefix`.
    pub fn new(prefix: impl Into<String>) -> Self {
        Self {
            prefix: prefix.into(),
            next: AtomicU64::new(1),
        }
    }
}

impl Ids for SequentialIds {
    fn next(&self) -> String {
        format!("{}-{}", self.prefix, self.next.fetch_add(1, Ordering::Relaxed))
    }
}
