//! One instance of a random model, on a virtual clock.

use super::model::Model;
use super::write::{Version, write};
use crate::judge::Ledger;
use bpmn::Process;
use engine::{Command, Effect, Env, Event, Limits, Models, State};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Processes by `id:version`.
#[derive(Debug, Clone, Default)]
pub struct Deployed(BTreeMap<String, Arc<Process>>);

impl Models for Deployed {
    fn by_key(&self, key: &str) -> Option<Arc<Process>> {
        self.0.get(key).cloned()
    }

    fn latest(&self, process_id: &str) -> Option<String> {
        let key = format!("{process_id}:1");
        self.0.contains_key(&key).then_some(key)
    }
}

/// An instance, what it did, and what is said of it outside.
pub struct World {
    /// The models.
    pub models: Deployed,
    /// The instance.
    pub state: State,
    /// The clock.
    pub now: Timestamp,
    /// What the effects so far leave outside.
    pub ledger: Ledger,
    /// All effects.
    pub effects: Vec<Effect>,
    /// All events.
    pub events: Vec<Event>,
    /// Commands that were accepted, with their moment.
    pub accepted: Vec<(Timestamp, Command)>,
    evaluator: Arc<dmn::Feel>,
    limits: Limits,
}

/// Small maximums, so that models that run away are soon stopped.
const LIMITS: Limits = Limits {
    nodes_per_step: 300,
    tokens: 120,
    multi_instance: 20,
    call_depth: 3,
};

impl World {
    /// Both versions of a model, and an instance of its main process that has not begun.
    ///
    /// # Errors
    /// What the parser says when it refuses it.
    pub fn new(model: &Model, evaluator: &Arc<dmn::Feel>) -> Result<Self, String> {
        let mut found = BTreeMap::new();
        for (version, number) in [(Version::First, 1), (Version::Second, 2)] {
            let xml = write(model, version);
            let parsed = bpmn::parse(&xml).map_err(|issues| format!("refused: {issues:?}\n{xml}"))?;
            found.extend(
                parsed
                    .processes
                    .into_iter()
                    .map(|process| (format!("{}:{number}", process.id), process)),
            );
        }
        Ok(Self::of(Deployed(found), evaluator))
    }

    /// One file with a process `p`.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn of_xml(xml: &str, evaluator: &Arc<dmn::Feel>) -> Result<Self, String> {
        let parsed = bpmn::parse(xml).map_err(|issues| format!("refused: {issues:?}\n{xml}"))?;
        let found = parsed
            .processes
            .into_iter()
            .map(|process| (format!("{}:1", process.id), process))
            .collect();
        Ok(Self::of(Deployed(found), evaluator))
    }

    /// One of the processes of a file.
    #[must_use]
    pub fn of_process(processes: &[Arc<Process>], id: &str, evaluator: &Arc<dmn::Feel>) -> Self {
        let found = processes
            .iter()
            .map(|process| (format!("{}:1", process.id), process.clone()));
        let mut world = Self::of(Deployed(found.collect()), evaluator);
        world.state = State::new("i", format!("{id}:1"), Some("key".into()));
        world
    }

    fn of(models: Deployed, evaluator: &Arc<dmn::Feel>) -> Self {
        Self {
            models,
            state: State::new("i", "p:1", Some("key".into())),
            now: "2026-01-01T00:00:00Z".parse().unwrap_or_default(),
            ledger: Ledger::default(),
            effects: Vec::new(),
            events: Vec::new(),
            accepted: Vec::new(),
            evaluator: evaluator.clone(),
            limits: LIMITS,
        }
    }

    /// A new instance of the same models.
    #[must_use]
    pub fn again(&self) -> Self {
        let mut world = Self::of(self.models.clone(), &self.evaluator);
        world.now = self.accepted.first().map_or(self.now, |(now, _)| *now);
        world
    }

    /// The model of the instance.
    #[must_use]
    pub fn process(&self) -> Arc<Process> {
        self.models.by_key(&self.state.definition).unwrap_or_default()
    }

    /// An element of any of the processes.
    #[must_use]
    pub fn element(&self, number: usize) -> String {
        let ids: Vec<&str> = self
            .models
            .0
            .values()
            .flat_map(|process| process.nodes.iter().map(|node| &*node.id))
            .collect();
        ids[number % ids.len()].to_owned()
    }

    /// Whether an element is a task that does nothing by itself.
    #[must_use]
    pub fn is_plain_task(&self, element: &str) -> bool {
        let plain = |node: &bpmn::Node| node.kind == bpmn::NodeKind::AbstractTask;
        self.models
            .0
            .values()
            .any(|process| process.node_by_id(element).is_some_and(plain))
    }

    /// Applies a command. Whether it was accepted; a refused one must change nothing.
    ///
    /// # Errors
    /// What does not hold.
    pub fn run(&mut self, command: Command) -> Result<bool, String> {
        let env = Env {
            now: self.now,
            evaluator: &*self.evaluator,
            models: &self.models,
            limits: &self.limits,
        };
        let mut after = self.state.clone();
        let (effects, events) = match engine::apply(&self.process(), &mut after, command.clone(), &env) {
            Ok(done) => done,
            Err(_) if after == self.state => return Ok(false),
            Err(error) => return Err(format!("refused ({error}), and the state changed")),
        };
        let text = serde_json::to_string(&after).map_err(|error| error.to_string())?;
        let read: State = serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
        if read != after {
            return Err(format!("the state changed on its way through JSON: {text}"));
        }
        engine::prove_history(&self.state, &after, &events)?;
        self.state = read;
        self.state
            .check_against(&self.models)
            .map_err(|error| format!("{error}\n{text}"))?;
        self.ledger.record(&effects, &events)?;
        self.ledger
            .compare(&self.state)
            .map_err(|error| format!("{error}\n{text}"))?;
        self.effects.extend(effects);
        self.events.extend(events);
        self.accepted.push((self.now, command));
        Ok(true)
    }
}
