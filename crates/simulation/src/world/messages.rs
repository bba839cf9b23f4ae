//! Messages and signals: between instances, and from outside as the scenario says.

use super::{Instance, Open, What, World};
use crate::SimulationError;
use crate::draw::{Seen, draw_all};
use crate::random::{Purpose, Random, mix};
use bpmn::{StartTrigger, Text};
use dmn::Variables;
use engine::{Command, StartBy};
use std::collections::{BTreeSet, HashMap, VecDeque};

/// How long a message waits for its receiver, microseconds: as in the orchestrator, a day.
const TTL: i64 = 86_400_000_000;
/// Most messages that wait for a receiver.
const MAX_PARKED: usize = 100_000;

/// Something thrown by an instance.
#[derive(Debug)]
pub(super) enum Thrown {
    Message {
        name: String,
        key: String,
        variables: Variables,
    },
    Signal {
        name: String,
        variables: Variables,
        from: Instance,
    },
}

type Key = (String, String);

/// Who waits for what.
#[derive(Debug, Default)]
pub(super) struct Messages {
    pub thrown: VecDeque<Thrown>,
    by_message: HashMap<Key, VecDeque<(Instance, u64)>>,
    by_signal: HashMap<String, BTreeSet<(Instance, u64)>>,
    /// Messages that nobody waited for yet, and until when they are kept.
    parked: HashMap<Key, VecDeque<(i64, Variables)>>,
    parked_count: usize,
    /// Receivers that came after the message.
    late: VecDeque<(Instance, u64, Variables)>,
    /// Instances started by messages and signals so far.
    started: u64,
}

impl Messages {
    pub fn remember(&mut self, instance: Instance, n: u64, open: &Open) {
        match open {
            Open::Message(name, key) => {
                let key = (name.clone(), key.clone());
                if let Some(parked) = self.parked.get_mut(&key)
                    && let Some((_, variables)) = parked.pop_front()
                {
                    self.parked_count -= 1;
                    self.late.push_back((instance, n, variables));
                }
                self.by_message.entry(key).or_default().push_back((instance, n));
            }
            Open::Signal(name) => {
                self.by_signal.entry(name.clone()).or_default().insert((instance, n));
            }
            _ => {}
        }
    }

    pub fn forget(&mut self, instance: Instance, n: u64, open: &Open) {
        match open {
            Open::Message(name, key) => {
                let key = (name.clone(), key.clone());
                if let Some(list) = self.by_message.get_mut(&key) {
                    list.retain(|other| *other != (instance, n));
                    if list.is_empty() {
                        self.by_message.remove(&key);
                    }
                }
            }
            Open::Signal(name) => {
                if let Some(list) = self.by_signal.get_mut(name) {
                    list.remove(&(instance, n));
                }
            }
            _ => {}
        }
    }

    fn park(&mut self, key: Key, until: i64, now: i64, variables: Variables) {
        if self.parked_count >= MAX_PARKED {
            for list in self.parked.values_mut() {
                list.retain(|(until, _)| *until > now);
            }
            self.parked.retain(|_, list| !list.is_empty());
            self.parked_count = self.parked.values().map(VecDeque::len).sum();
        }
        if self.parked_count < MAX_PARKED {
            self.parked_count += 1;
            self.parked.entry(key).or_default().push_back((until, variables));
        }
    }
}

impl World<'_> {
    /// Carries one message or signal to its receivers; `false` when there is none.
    pub(super) fn carry_on(&mut self) -> Result<bool, SimulationError> {
        if let Some((instance, n, variables)) = self.messages.late.pop_front() {
            self.deliver(instance, n, variables)?;
            return Ok(true);
        }
        let Some(thrown) = self.messages.thrown.pop_front() else {
            return Ok(false);
        };
        match thrown {
            Thrown::Message { name, key, variables } => self.message(name, key, variables)?,
            Thrown::Signal { name, variables, from } => {
                let waits = self.messages.by_signal.get(&name);
                let waits: Vec<_> = waits
                    .into_iter()
                    .flatten()
                    .filter(|(other, _)| *other != from)
                    .copied()
                    .collect();
                for (instance, n) in waits {
                    self.deliver(instance, n, variables.clone())?;
                }
                self.start_by(&name, true, &variables)?;
            }
        }
        Ok(true)
    }

    fn message(&mut self, name: String, key: String, variables: Variables) -> Result<(), SimulationError> {
        let known = (name, key);
        let first = self.messages.by_message.get(&known).and_then(VecDeque::front).copied();
        if let Some((instance, n)) = first {
            return self.deliver(instance, n, variables);
        }
        if self.start_by(&known.0, false, &variables)? {
            return Ok(());
        }
        self.messages
            .park(known, self.now.saturating_add(TTL), self.now, variables);
        Ok(())
    }

    /// Starts instances of the processes that begin with this message or signal.
    fn start_by(&mut self, name: &str, signal: bool, variables: &Variables) -> Result<bool, SimulationError> {
        let plan = self.plan;
        let mut found: Vec<(&str, &str)> = Vec::new();
        for (key, process) in &plan.by_key {
            for start in process.start_events() {
                let matches = match start.trigger {
                    StartTrigger::Message(message) => !signal && message.name.literal() == Some(name),
                    StartTrigger::Signal(Text::Literal(other)) => signal && other == name,
                    _ => false,
                };
                if matches {
                    found.push((key, start.element));
                }
            }
        }
        found.sort_unstable();
        found.truncate(if signal { usize::MAX } else { 1 });
        for (key, element) in &found {
            self.messages.started += 1;
            let base = mix(self.base ^ mix((0xffff << 40) | self.messages.started));
            self.start(key, StartBy::Element((*element).to_owned()), variables.clone(), base)?;
        }
        Ok(!found.is_empty())
    }

    fn deliver(&mut self, instance: Instance, n: u64, variables: Variables) -> Result<(), SimulationError> {
        let waits = self
            .live(instance)
            .is_some_and(|live| live.open.iter().any(|(number, _)| *number == n));
        if !waits {
            return Ok(());
        }
        let wait = self.id(instance, n);
        self.command(instance, Command::Deliver { wait, variables })
    }

    /// Lets what an element waits for come from outside, if the scenario says so.
    pub(super) fn let_it_come(&mut self, instance: Instance, n: u64, place: u32) {
        let plan = self.plan;
        let element = &plan.elements[place as usize];
        let Some(spec) = &element.spec else { return };
        let Some(waiting) = &spec.waiting else { return };
        let Some(live) = self.live_mut(instance) else { return };
        let visit = live.visits.next(place);
        let mut random = Random::at(live.base, element.hash, Purpose::Waiting, visit);
        // both are drawn whatever comes out, so that the streams stay in step
        let (comes, time) = (random.uniform() < spec.probability, waiting.sample(&mut random));
        if comes {
            self.at(self.now.saturating_add((time * 1e6) as i64), What::Deliver(instance, n));
        }
    }

    /// It comes; what waits on may come again.
    pub(super) fn come(&mut self, instance: Instance, n: u64) -> Result<(), SimulationError> {
        let plan = self.plan;
        let wait = self.id(instance, n);
        let Some(live) = self.live(instance) else { return Ok(()) };
        if !live.open.iter().any(|(number, _)| *number == n) {
            return Ok(());
        }
        let place = live
            .state
            .element_of(&wait)
            .and_then(|id| plan.element_index.get(id))
            .copied();
        let Some(place) = place else { return Ok(()) };
        let element = &plan.elements[place as usize];
        let variables = match &element.spec {
            Some(spec) if !spec.results.is_empty() => {
                let seen = Seen {
                    evaluator: &*plan.evaluator,
                    now: self.moment(),
                };
                let mut random = Random::at(live.base, element.hash, Purpose::Results, n);
                draw_all(&spec.results, &seen, live.state.variables().clone(), &mut random)
                    .map_err(|error| SimulationError::Failed(format!("elements.{}.results: {error}", element.id)))?
            }
            _ => Variables::new(),
        };
        self.command(instance, Command::Deliver { wait, variables })?;
        let still = self
            .live(instance)
            .is_some_and(|live| live.open.iter().any(|(number, _)| *number == n));
        if still {
            self.let_it_come(instance, n, place);
        }
        Ok(())
    }
}
