//! What the effects and events of an instance add up to, beside what its state says.
//!
//! The world outside knows an instance by its effects alone: timers set and not taken away, messages awaited, jobs
//! offered. If the two ever differ, a timer fires for nothing or a job is never done.

use engine::{Effect, Event, InstanceState, State};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// The books of one instance.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    timers: BTreeMap<String, Timestamp>,
    waits: BTreeMap<String, (String, Option<String>)>,
    jobs: BTreeSet<String>,
    /// Jobs of listeners whose token visits nothing: of an open task, of a process that ends.
    beside: BTreeSet<String>,
    tasks: BTreeSet<String>,
    incidents: BTreeSet<String>,
    /// Visits that began and have not ended.
    visits: BTreeSet<String>,
    ended: u32,
}

impl Ledger {
    /// Enters what a step asked for and told.
    ///
    /// # Errors
    /// A thing that was made twice, or a visit that ended without having begun.
    pub fn record(&mut self, effects: &[Effect], events: &[Event]) -> Result<(), String> {
        effects.iter().try_for_each(|effect| self.effect(effect))?;
        events.iter().try_for_each(|event| self.event(event))?;
        for effect in effects {
            if let Effect::JobCreated(spec) = effect
                && spec.kind == engine::JobKind::Listener
                && !self.visits.contains(&spec.id)
            {
                self.beside.insert(spec.id.clone());
            }
        }
        Ok(())
    }

    fn effect(&mut self, effect: &Effect) -> Result<(), String> {
        let new = match effect {
            Effect::TaskCreated(spec) => self.tasks.insert(spec.id.clone()),
            Effect::JobCreated(spec) => self.jobs.insert(spec.id.clone()),
            Effect::TimerSet { id, due } => self.timers.insert(id.clone(), *due).is_none(),
            Effect::MessageAwaited { id, name, key } => self
                .waits
                .insert(id.clone(), (name.clone(), Some(key.clone())))
                .is_none(),
            Effect::SignalAwaited { id, name } => self.waits.insert(id.clone(), (name.clone(), None)).is_none(),
            Effect::IncidentOpened { id, .. } => self.incidents.insert(id.clone()),
            Effect::TaskCompleted { id } | Effect::TaskCancelled { id } => self.tasks.remove(id),
            Effect::IncidentClosed { id, .. } => self.incidents.remove(id),
            Effect::TimerRemoved { id, due } => {
                let known = self.timers.remove(id);
                known.is_none_or(|known| known == *due)
            }
            Effect::MessageUnawaited { id, name, key } => {
                let known = self.waits.remove(id);
                known.is_none_or(|known| known == (name.clone(), Some(key.clone())))
            }
            Effect::SignalUnawaited { id, name } => {
                let known = self.waits.remove(id);
                known.is_none_or(|known| known == (name.clone(), None))
            }
            Effect::JobRemoved { id, .. } | Effect::JobWithdrawn { id, .. } => {
                self.jobs.remove(id);
                true
            }
            Effect::JobOffered(spec) => {
                self.jobs.insert(spec.id.clone());
                true
            }
            Effect::Completed | Effect::Terminated { .. } => {
                self.ended += 1;
                self.ended == 1
            }
            _ => true,
        };
        if new {
            Ok(())
        } else {
            Err(format!("done twice, or undone without having been done: {effect:?}"))
        }
    }

    fn event(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::Entered { token, .. } => {
                self.visits.insert(token.clone());
                Ok(())
            }
            Event::Left { token, element } if !self.visits.remove(token) => {
                Err(format!("token {token} leaves '{element}' without having entered it"))
            }
            Event::Cancelled { token, .. } => {
                self.visits.remove(token);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The books against the state.
    ///
    /// # Errors
    /// Where they differ.
    pub fn compare(&self, state: &State) -> Result<(), String> {
        let active = state.active();
        let alive: BTreeSet<String> = active.iter().map(|active| active.token.clone()).collect();
        same("visits that have not ended", &self.visits, &(&self.visits & &alive))?;
        let waiting = active.iter().filter(|active| {
            matches!(
                active.kind,
                engine::ActiveKind::Task | engine::ActiveKind::Job | engine::ActiveKind::Event
            )
        });
        let waiting = waiting.map(|active| active.token.clone());
        let waiting: BTreeSet<String> = waiting.filter(|token| !self.beside.contains(token)).collect();
        same("visits that wait", &(&self.visits & &waiting), &waiting)?;
        same("tasks", &self.tasks, &state.tasks().into_iter().collect())?;
        same(
            "incidents",
            &self.incidents,
            &state.incidents().into_iter().map(|open| open.id).collect(),
        )?;
        let ended = matches!(state.status(), InstanceState::Completed | InstanceState::Terminated);
        same("ends", &self.ended, &u32::from(ended))?;
        // while it is suspended, what will happen on resume is already off the books
        if state.suspended() {
            return Ok(());
        }
        same("timers", &self.timers, &state.timers().into_iter().collect())?;
        let waits = state
            .waits()
            .into_iter()
            .map(|wait| (wait.id, (wait.name, wait.key)))
            .collect();
        same("messages and signals", &self.waits, &waits)?;
        same("jobs", &self.jobs, &state.jobs().into_iter().collect())
    }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, books: &T, state: &T) -> Result<(), String> {
    if books == state {
        return Ok(());
    }
    Err(format!("{what}: by what was told {books:?}, by the state {state:?}"))
}
