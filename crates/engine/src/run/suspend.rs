//! Suspending an instance: nothing moves; timers, messages, signals and workers' results that come meanwhile are held,
//! in order, and happen on resume.

use super::Run;
use super::arm::unawaited;
use super::trigger::catch_of;
use crate::state::{At, On, Wait};
use crate::{Command, Effect, Event, InstanceState, StepError};
use bpmn::NodeKind;

/// Most commands held for one suspended instance.
pub(crate) const MAX_HELD: usize = 1_000;

impl Run<'_> {
    /// Stops the instance. Jobs nobody holds yet are withdrawn; people may still hand tasks on and write beside them.
    pub(super) fn suspend(&mut self, reason: String) {
        for place in 0..self.state.tokens.len() {
            let token = &self.state.tokens[place];
            let At::Job(job) = &token.at else { continue };
            let (job_type, priority) = (job.job_type.clone(), job.priority);
            let id = self.id(token.n);
            self.effect(Effect::JobWithdrawn { id, job_type, priority });
        }
        self.state.held = Some(Vec::new());
        self.events.push(Event::Suspended { reason });
    }

    /// What a command does while the instance is suspended.
    pub(super) fn while_suspended(&mut self, command: Command) -> Result<(), StepError> {
        match &command {
            Command::Resume => {
                self.resume();
                Ok(())
            }
            Command::FireTimer { timer: id } | Command::Deliver { wait: id, .. } => {
                let id = id.clone();
                self.hold_event(&id, command)
            }
            Command::CompleteJob { job: id, .. } => {
                let id = id.clone();
                self.hold_job(&id, command)
            }
            Command::ThrowError { at: id, .. } if self.job_token(id).is_ok() => {
                let id = id.clone();
                self.hold_job(&id, command)
            }
            // These move no token; variables count when it goes on.
            Command::Cancel { .. }
            | Command::SetVariables { .. }
            | Command::FailJob { .. }
            | Command::SetRetries { .. }
            | Command::Migrate { .. }
            | Command::Assign { .. }
            | Command::Delegate { .. }
            | Command::Resolve { .. }
            | Command::ChangeTask { .. }
            | Command::Comment { .. } => self.act(command),
            _ => Err(StepError::Suspended),
        }
    }

    fn hold(&mut self, id: String, command: Command) -> Result<(), StepError> {
        let held = self.state.held.get_or_insert_default();
        if held.len() >= MAX_HELD {
            return Err(StepError::HeldFull { limit: MAX_HELD });
        }
        held.push(command);
        self.events.push(Event::Held { id });
        Ok(())
    }

    /// A worker's result waits; the job is done as far as workers are concerned.
    fn hold_job(&mut self, id: &str, command: Command) -> Result<(), StepError> {
        let (_, removed) = self.job_token(id)?;
        let mut held = self.state.held.iter().flatten();
        let twice = held.any(|held| match held {
            Command::CompleteJob { job, .. } => job == id,
            Command::ThrowError { at, .. } => at == id,
            _ => false,
        });
        if twice {
            return Err(StepError::NotOpen {
                what: "job",
                id: id.to_owned(),
            });
        }
        self.hold(id.to_owned(), command)?;
        self.effect(removed);
        Ok(())
    }

    /// An event waits; what it will end is no longer offered to others.
    fn hold_event(&mut self, id: &str, command: Command) -> Result<(), StepError> {
        let timer = matches!(command, Command::FireTimer { .. });
        let missing = || StepError::NotOpen {
            what: if timer { "timer" } else { "wait" },
            id: id.to_owned(),
        };
        let wait = self.state.number(id).and_then(|n| self.state.wait(n));
        let fits = |wait: &&Wait| match wait.on {
            On::Timer { .. } => timer,
            On::Message { .. } | On::Signal { .. } => !timer,
            On::Condition { .. } => false,
        };
        let wait = wait.filter(fits).cloned().ok_or_else(missing)?;
        let before: Vec<u64> = self
            .state
            .held
            .iter()
            .flatten()
            .filter_map(|held| self.held_wait(held))
            .collect();
        let over = before
            .into_iter()
            .filter_map(|n| self.state.wait(n))
            .any(|earlier| self.ended_by(earlier).contains(&wait.n));
        if over {
            return Err(missing());
        }
        self.hold(id.to_owned(), command)?;
        for n in self.ended_by(&wait) {
            let effect = self.state.wait(n).and_then(|wait| unawaited(&self.state.id, wait));
            self.effects.extend(effect);
        }
        Ok(())
    }

    fn held_wait(&self, held: &Command) -> Option<u64> {
        match held {
            Command::FireTimer { timer: id } | Command::Deliver { wait: id, .. } => self.state.number(id),
            _ => None,
        }
    }

    /// The waits that are over once this one happens.
    fn ended_by(&self, wait: &Wait) -> Vec<u64> {
        if wait.listener.is_some() {
            return vec![wait.n];
        }
        let process = self.process(wait.scope);
        let Some(target) = process.node_id(&wait.target) else {
            return Vec::new();
        };
        let catch = catch_of(&process, target);
        if catch.is_some_and(|catch| catch.all && catch.definitions.len() > 1) {
            return vec![wait.n];
        }
        let attached = matches!(
            process.node(target).kind,
            NodeKind::Boundary { .. } | NodeKind::SubProcess { .. }
        );
        if attached && catch.is_some_and(|catch| !catch.interrupting) {
            return match wait.on {
                On::Timer { .. } => vec![wait.n],
                _ => Vec::new(),
            };
        }
        let together = |other: &&Wait| match wait.token {
            Some(_) => other.token == wait.token,
            None => other.token.is_none() && other.scope == wait.scope,
        };
        self.state.waits.iter().filter(together).map(|wait| wait.n).collect()
    }

    /// Goes on: what was held happens in the order it came, then the jobs that stayed are offered again.
    fn resume(&mut self) {
        let held = self.state.held.take().unwrap_or_default();
        let last = self.state.next;
        self.events.push(Event::Resumed);
        for command in held {
            if self.state.status != InstanceState::Active {
                return;
            }
            let id = self.held_id(&command);
            match self.act(command) {
                Ok(()) => {
                    self.entered = 0;
                    self.work();
                }
                Err(error) => self.events.push(Event::HeldDropped {
                    id,
                    why: error.to_string(),
                }),
            }
        }
        self.conditions_due = true;
        self.work();
        let open: Vec<Effect> = self
            .state
            .tokens
            .iter()
            .filter(|token| token.n <= last)
            .filter_map(|token| self.state.job_spec(token, &self.process(token.scope)))
            .map(|spec| Effect::JobOffered(Box::new(spec)))
            .collect();
        self.effects.extend(open);
    }

    fn held_id(&self, command: &Command) -> String {
        match command {
            Command::FireTimer { timer: id }
            | Command::Deliver { wait: id, .. }
            | Command::CompleteJob { job: id, .. }
            | Command::ThrowError { at: id, .. } => id.clone(),
            _ => self.state.id.clone(),
        }
    }
}
