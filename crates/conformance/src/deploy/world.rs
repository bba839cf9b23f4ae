//! A small world for one instance: everything it waits for comes, on a virtual clock.

use super::guess;
use bpmn::{Process, StartTrigger};
use dmn::Feel;
use engine::{Command, Env, InstanceState, Limits, Models, StartBy, State, Variables};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Most commands to one instance: a model that loops for ever is stopped here, and that is no mistake of it.
const MAX_COMMANDS: usize = 120;
/// Largest state that is driven further, in bytes.
const MAX_STATE: usize = 400_000;

struct Deployed<'a> {
    own: &'a [Arc<Process>],
    beside: &'a [Arc<Process>],
}

impl Models for Deployed<'_> {
    fn by_key(&self, key: &str) -> Option<Arc<Process>> {
        let id = key.rsplit_once(':').map_or(key, |(id, _)| id);
        let mut all = self.own.iter().chain(self.beside);
        all.find(|process| process.id == id).cloned()
    }

    fn latest(&self, process_id: &str) -> Option<String> {
        self.by_key(process_id).map(|process| format!("{}:1", process.id))
    }
}

/// Runs every process at every start event. Gives what should be known; an error is a run that neither ends nor waits.
pub fn run(own: &[Arc<Process>], beside: &[Arc<Process>], feel: &Feel) -> Result<Vec<String>, String> {
    let models = Deployed { own, beside };
    let mut notes = BTreeSet::new();
    for process in own {
        let guessed = guess::variables(process);
        let mut ways: Vec<StartBy> = Vec::new();
        for start in process.start_events() {
            let way = match start.trigger {
                StartTrigger::None => StartBy::None,
                _ => StartBy::Element(start.element.to_owned()),
            };
            if !ways.contains(&way) {
                ways.push(way);
            }
        }
        for way in ways {
            let place = |message: String| format!("process '{}': {message}", process.id);
            let mut empty = World::new(process, &models, feel);
            empty.begin(way.clone(), &Variables::new()).map_err(place)?;
            let mut full = World::new(process, &models, feel);
            full.begin(way, &guessed).map_err(place)?;
            notes.extend(full.incidents().into_iter().map(place));
        }
    }
    Ok(notes.into_iter().take(6).collect())
}

struct World<'a> {
    process: &'a Arc<Process>,
    models: &'a Deployed<'a>,
    feel: &'a Feel,
    limits: Limits,
    state: State,
    now: Timestamp,
    commands: usize,
}

impl<'a> World<'a> {
    fn new(process: &'a Arc<Process>, models: &'a Deployed<'a>, feel: &'a Feel) -> Self {
        let key = format!("{}:1", process.id);
        Self {
            process,
            models,
            feel,
            limits: Limits {
                nodes_per_step: 500,
                tokens: 300,
                multi_instance: 100,
                ..Limits::default()
            },
            state: State::new("i".to_owned(), key, Some("key".to_owned())),
            now: Timestamp::UNIX_EPOCH,
            commands: 0,
        }
    }

    fn begin(&mut self, by: StartBy, variables: &Variables) -> Result<(), String> {
        let start = Command::Start {
            by,
            variables: variables.clone(),
        };
        self.command(start)?;
        while self.state.status() == InstanceState::Active && self.commands < MAX_COMMANDS && !self.large() {
            let Some(command) = self.next(variables) else { break };
            self.command(command)?;
        }
        Ok(())
    }

    /// The next thing that can come: a task or job is done, a timer is due, a message arrives.
    fn next(&mut self, variables: &Variables) -> Option<Command> {
        let variables = variables.clone();
        if let Some(task) = self.state.tasks().into_iter().next() {
            return Some(Command::CompleteTask { task, variables });
        }
        if let Some(job) = self.state.jobs().into_iter().next() {
            return Some(Command::CompleteJob { job, variables });
        }
        if let Some(wait) = self.state.waits().into_iter().next() {
            return Some(Command::Deliver {
                wait: wait.id,
                variables,
            });
        }
        let (timer, due) = self.state.timers().into_iter().min_by_key(|(_, due)| *due)?;
        self.now = self.now.max(due);
        Some(Command::FireTimer { timer })
    }

    fn command(&mut self, command: Command) -> Result<(), String> {
        self.commands += 1;
        let env = Env {
            now: self.now,
            evaluator: self.feel,
            models: self.models,
            limits: &self.limits,
        };
        engine::apply(self.process, &mut self.state, command, &env).map_err(|error| error.to_string())?;
        self.state.check()
    }

    fn large(&self) -> bool {
        serde_json::to_vec(&self.state).map_or(0, |bytes| bytes.len()) > MAX_STATE
    }

    fn incidents(&self) -> Vec<String> {
        let open = self.state.incidents().into_iter();
        open.map(|incident| format!("incident at '{}': {}", incident.element, short(&incident.message)))
            .collect()
    }
}

fn short(message: &str) -> String {
    message.chars().take(240).collect()
}
