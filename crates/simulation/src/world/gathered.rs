//! What one replication has counted.

use super::World;
use crate::SimulationError;
use crate::plan::Plan;
use crate::stats::{Level, Tally};
use std::collections::BTreeMap;

/// Most different incidents told.
const MAX_INCIDENTS: usize = 50;

/// How an instance ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Completed,
    Terminated,
    /// Something could not be evaluated: a person would have to look at it.
    Incident,
}

/// Of one element. Seconds.
#[derive(Debug, Clone, Default)]
pub(crate) struct ElementStats {
    pub entered: u64,
    pub left: u64,
    pub cancelled: u64,
    pub done: u64,
    pub errors: u64,
    pub time: Tally,
    pub waiting: Tally,
    pub service: Tally,
    pub queue: Level,
    pub queue_mean: f64,
    pub cost: f64,
}

/// Of one resource. `used` and `available` are unit-microseconds inside the window.
#[derive(Debug, Clone, Default)]
pub(crate) struct PoolStats {
    pub waiting: Tally,
    pub queue: Level,
    pub busy: Level,
    pub queue_mean: f64,
    pub used: f64,
    pub available: f64,
    pub cost: f64,
    pub done: u64,
}

/// Everything of one replication.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gathered {
    /// Begin of the window, after the warm-up.
    pub from: i64,
    pub until: i64,
    /// All instances, with those of the warm-up.
    pub all_started: u64,
    pub all_ended: u64,
    pub started: u64,
    pub completed: u64,
    pub terminated: u64,
    pub failed: u64,
    pub live: u64,
    pub throughput: Tally,
    pub waiting: Tally,
    pub service: Tally,
    pub cost: Tally,
    pub alive: Level,
    pub alive_mean: f64,
    pub elements: Vec<ElementStats>,
    pub flows: Vec<u64>,
    pub pools: Vec<PoolStats>,
    pub incidents: BTreeMap<(String, String), u64>,
    pub steps: u64,
}

impl Gathered {
    pub fn new(plan: &Plan, from: i64) -> Self {
        let element = ElementStats {
            queue: Level::new(from),
            ..ElementStats::default()
        };
        let pool = PoolStats {
            queue: Level::new(from),
            busy: Level::new(from),
            ..PoolStats::default()
        };
        Self {
            from,
            elements: vec![element; plan.elements.len()],
            flows: vec![0; plan.flows.len()],
            pools: vec![pool; plan.scenario.resources.len()],
            alive: Level::new(from),
            ..Self::default()
        }
    }

    /// Whether what began at a moment counts: the warm-up does not.
    pub fn counts(&self, began: i64) -> bool {
        began >= self.from
    }

    pub fn begun(&mut self, now: i64) {
        self.all_started += 1;
        self.started += u64::from(self.counts(now));
        self.alive.change(now, 1);
    }

    pub(super) fn ended(&mut self, now: i64, began: i64, how: Ending, took: f64, sums: (f64, f64, f64)) {
        self.all_ended += 1;
        self.alive.change(now, -1);
        if !self.counts(began) {
            return;
        }
        match how {
            Ending::Completed => self.completed += 1,
            Ending::Terminated => self.terminated += 1,
            Ending::Incident => self.failed += 1,
        }
        if how != Ending::Incident {
            self.throughput.add(took);
            self.waiting.add(sums.0);
            self.service.add(sums.1);
            self.cost.add(sums.2);
        }
    }

    pub fn incident(&mut self, element: &str, message: &str) {
        let key = (element.to_owned(), message.to_owned());
        if self.incidents.len() < MAX_INCIDENTS || self.incidents.contains_key(&key) {
            *self.incidents.entry(key).or_default() += 1;
        }
    }
}

impl World<'_> {
    /// Closes the books: what is still under way counts as far as it came.
    pub(super) fn finish(mut self) -> Result<Gathered, SimulationError> {
        let until = if self.end == i64::MAX { self.now } else { self.end };
        let until = until.max(self.gathered.from);
        self.now = until;
        for work in self.works.started() {
            self.used(&work, until)?;
        }
        for pool in 0..self.pools.len() {
            self.gathered.pools[pool].available = self.available(pool, until)?;
        }
        let mut gathered = self.gathered;
        for pool in &mut gathered.pools {
            pool.queue_mean = pool.queue.mean(until);
        }
        for element in &mut gathered.elements {
            element.queue_mean = element.queue.mean(until);
        }
        gathered.alive_mean = gathered.alive.mean(until);
        gathered.until = until;
        gathered.live = self.live as u64;
        gathered.steps = self.steps;
        Ok(gathered)
    }
}
