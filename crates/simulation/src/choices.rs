//! Sequence flows taken by chance: the plan writes a mark in the place of their conditions, and the evaluator that the
//! engine asks throws the dice when it meets one. Everything else goes on to FEEL and DMN.

use crate::random::{Purpose, Random};
use dmn::{Decided, EvalError, Evaluator, Variables};
use jiff::Timestamp;
use parking_lot::Mutex;
use serde_json::Value;

/// Begins the text of a condition that is left to chance; the number of its flow follows.
pub(crate) const MARK: &str = "simulation chance ";

/// How often each thing was drawn for an instance.
#[derive(Debug, Clone, Default)]
pub(crate) struct Visits(Vec<(u32, u32)>);

impl Visits {
    /// The number of the next visit, from 0.
    pub fn next(&mut self, place: u32) -> u64 {
        match self.0.binary_search_by_key(&place, |(key, _)| *key) {
            Ok(found) => {
                self.0[found].1 += 1;
                u64::from(self.0[found].1)
            }
            Err(here) => {
                self.0.insert(here, (place, 0));
                0
            }
        }
    }
}

/// The instance that steps now.
#[derive(Debug, Default)]
struct Current {
    base: u64,
    visits: Visits,
}

/// The evaluator of a simulation.
pub(crate) struct Choices<'a> {
    inner: &'a dyn Evaluator,
    /// By flow: place in the visits, number of the flow's name, and the probability given that the flows before were
    /// not taken.
    chances: &'a [(u32, u64, f64)],
    current: Mutex<Current>,
}

impl<'a> Choices<'a> {
    pub fn new(inner: &'a dyn Evaluator, chances: &'a [(u32, u64, f64)]) -> Self {
        Self {
            inner,
            chances,
            current: Mutex::default(),
        }
    }

    /// Runs a step of an instance with its own dice.
    pub fn during<T>(&self, base: u64, visits: &mut Visits, step: impl FnOnce() -> T) -> T {
        *self.current.lock() = Current {
            base,
            visits: std::mem::take(visits),
        };
        let result = step();
        *visits = std::mem::take(&mut self.current.lock().visits);
        result
    }

    fn chance(&self, flow: &str) -> Option<bool> {
        let (place, name, probability) = *self.chances.get(flow.parse::<usize>().ok()?)?;
        let mut current = self.current.lock();
        let visit = current.visits.next(place);
        let u = Random::at(current.base, name, Purpose::Flow, visit).uniform();
        Some(u < probability)
    }
}

impl Evaluator for Choices<'_> {
    fn evaluate(&self, expression: &str, context: &Variables, now: Timestamp) -> Result<Value, EvalError> {
        if let Some(taken) = expression.strip_prefix(MARK).and_then(|flow| self.chance(flow)) {
            return Ok(Value::Bool(taken));
        }
        self.inner.evaluate(expression, context, now)
    }

    fn decide(&self, decision: &str, context: &Variables, now: Timestamp) -> Result<Decided, EvalError> {
        self.inner.decide(decision, context, now)
    }
}
