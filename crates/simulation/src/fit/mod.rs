//! A scenario proposed from what has happened: from the history of our own instances, or from an event log.

mod distribution;
mod log;
mod propose;

pub use propose::Proposal;

use engine::{Event, JobKind};
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap};

/// Most values kept of one thing; of more, every second, fourth, … is kept.
const MAX_VALUES: usize = 2_000;
/// Most arrivals kept, and most elements and flows told apart.
const MAX_KEPT: usize = 200_000;

/// A sample of bounded size.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    values: Vec<f64>,
    stride: u64,
    seen: u64,
}

impl Default for Sample {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            stride: 1,
            seen: 0,
        }
    }
}

impl Sample {
    fn add(&mut self, value: f64) {
        if self.seen.is_multiple_of(self.stride) {
            self.values.push(value);
        }
        self.seen += 1;
        if self.values.len() > MAX_VALUES {
            let mut place = 0;
            self.values.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            self.stride *= 2;
        }
    }
}

/// What was seen of one element. Seconds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    /// Times entered.
    entered: u64,
    /// From being there to being done.
    elapsed: Sample,
    /// From being taken by someone to being done.
    service: Sample,
    /// Message and signal events: how often they came.
    came: u64,
    /// Time in which it was open, in all; with visits that were broken off.
    open: f64,
}

/// What has happened, as far as a scenario needs it. Bounded, whatever the length of the history.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// Begin of each instance, microseconds.
    arrivals: Vec<i64>,
    instances: u64,
    elements: BTreeMap<String, Seen>,
    flows: BTreeMap<String, u64>,
    last: i64,
}

impl Observed {
    /// Nothing seen yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many instances were seen.
    pub fn instances(&self) -> u64 {
        self.instances
    }

    fn seen(&mut self, element: &str) -> Option<&mut Seen> {
        if self.elements.len() >= MAX_KEPT && !self.elements.contains_key(element) {
            return None;
        }
        if !self.elements.contains_key(element) {
            self.elements.insert(element.to_owned(), Seen::default());
        }
        self.elements.get_mut(element)
    }

    fn arrived(&mut self, at: Timestamp) {
        self.instances += 1;
        if self.arrivals.len() < MAX_KEPT {
            self.arrivals.push(at.as_microsecond());
        }
    }

    fn took(&mut self, flow: &str) {
        if self.flows.len() < MAX_KEPT || self.flows.contains_key(flow) {
            *self.flows.entry(flow.to_owned()).or_default() += 1;
        }
    }

    /// Takes in the history of one instance: its events with their moments, oldest first.
    pub fn instance<'a>(&mut self, history: impl IntoIterator<Item = (Timestamp, &'a Event)>) {
        // by task or job: element, begin, when someone took it
        let mut open: HashMap<String, (String, Timestamp, Option<Timestamp>)> = HashMap::new();
        let mut tokens: HashMap<String, Timestamp> = HashMap::new();
        for (at, event) in history {
            self.last = self.last.max(at.as_microsecond());
            match event {
                Event::Started { .. } => self.arrived(at),
                Event::Entered { element, token, .. } => {
                    tokens.insert(token.clone(), at);
                    if let Some(seen) = self.seen(element) {
                        seen.entered += 1;
                    }
                }
                Event::Left { element, token } => {
                    let is_work = open.remove(token).is_some();
                    if let (Some(since), Some(seen)) = (tokens.remove(token), self.seen(element)) {
                        let took = seconds(since, at);
                        seen.open += took;
                        if !is_work {
                            seen.elapsed.add(took);
                        }
                    }
                }
                Event::Cancelled { element, token } => {
                    open.remove(token);
                    if let (Some(since), Some(seen)) = (tokens.remove(token), self.seen(element)) {
                        seen.open += seconds(since, at);
                    }
                }
                Event::FlowTaken { flow } => self.took(flow),
                Event::JobCreated { kind, .. } if *kind != JobKind::Work => {}
                Event::TaskCreated { element, task: id, .. } | Event::JobCreated { element, job: id, .. } => {
                    open.insert(id.clone(), (element.clone(), at, None));
                }
                Event::TaskAssigned { task, assignee, .. } => {
                    if let Some((_, _, taken)) = open.get_mut(task) {
                        *taken = assignee.as_ref().map(|_| at);
                    }
                }
                Event::TaskCompleted { task: id, .. } | Event::JobCompleted { job: id, .. } => {
                    if let Some((element, since, taken)) = open.get(id).cloned()
                        && let Some(seen) = self.seen(&element)
                    {
                        seen.elapsed.add(seconds(since, at));
                        if let Some(taken) = taken {
                            seen.service.add(seconds(taken, at));
                        }
                    }
                }
                Event::MessageReceived { element, .. } | Event::SignalReceived { element, .. } => {
                    if let Some(seen) = self.seen(element) {
                        seen.came += 1;
                    }
                }
                _ => {}
            }
        }
    }
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    (to.as_microsecond() - from.as_microsecond()).max(0) as f64 / 1e6
}
