//! What the engine asks the world to do.

use super::gathered::Ending;
use super::messages::Thrown;
use super::{Instance, Open, What, World};
use crate::SimulationError;
use engine::{Effect, JobKind, JobSpec};

fn number(id: &str) -> u64 {
    id.rsplit_once('.').and_then(|(_, n)| n.parse().ok()).unwrap_or(0)
}

/// Microseconds before the next try of a continuation.
fn pause(job: &JobSpec) -> i64 {
    let last = job.pauses.len().checked_sub(1);
    let place = last.map(|last| job.pauses.len().saturating_sub(job.retries as usize).min(last));
    let span = place.and_then(|place| bpmn::parse_duration(&job.pauses[place]).ok());
    let day = jiff::SpanRelativeTo::days_are_24_hours();
    let seconds = span.and_then(|span| span.total((jiff::Unit::Second, day)).ok());
    (seconds.unwrap_or_default() * 1e6) as i64
}

impl World<'_> {
    pub(super) fn put_into_effect(&mut self, instance: Instance, effects: Vec<Effect>) -> Result<(), SimulationError> {
        let mut over = None;
        for effect in effects {
            match effect {
                Effect::TaskCreated(task) => {
                    self.begin_work(
                        instance,
                        number(&task.id),
                        &task.element,
                        i64::from(task.priority),
                        true,
                    )?;
                }
                // listeners and continuations take no time and nobody's hands
                Effect::JobCreated(job) if job.kind != JobKind::Work => self.goes_on(instance, &job, 0),
                Effect::JobPaused(job) => self.goes_on(instance, &job, pause(&job)),
                Effect::JobCreated(job) => {
                    self.begin_work(instance, number(&job.id), &job.element, i64::from(job.priority), false)?;
                }
                Effect::TaskCancelled { id } | Effect::JobRemoved { id, .. } => {
                    if let Some(Open::Work(work)) = self.let_go(instance, number(&id)) {
                        self.abandon(work)?;
                    }
                }
                Effect::TimerSet { id, due } => {
                    let n = number(&id);
                    self.waits_for(instance, n, Open::Timer);
                    self.at(due.as_microsecond().max(self.now), What::Timer(instance, n));
                }
                Effect::TimerRemoved { id, .. } => {
                    self.let_go(instance, number(&id));
                }
                Effect::MessageAwaited { id, name, key } => {
                    self.awaits(instance, &id, number(&id), Open::Message(name, key));
                }
                Effect::SignalAwaited { id, name } => self.awaits(instance, &id, number(&id), Open::Signal(name)),
                Effect::MessageUnawaited { id, .. } | Effect::SignalUnawaited { id, .. } => {
                    let n = number(&id);
                    if let Some(open) = self.let_go(instance, n) {
                        self.messages.forget(instance, n, &open);
                    }
                }
                Effect::MessageThrown { name, key, variables } => {
                    self.messages.thrown.push_back(Thrown::Message { name, key, variables });
                }
                Effect::SignalThrown { name, variables } => {
                    let from = instance;
                    self.messages.thrown.push_back(Thrown::Signal { name, variables, from });
                }
                Effect::IncidentOpened { .. } => {
                    if let Some(live) = self.live_mut(instance) {
                        live.failed = true;
                    }
                }
                Effect::Completed => over = Some(Ending::Completed),
                Effect::Terminated { .. } => over = Some(Ending::Terminated),
                _ => {}
            }
        }
        let failed = self.live(instance).is_some_and(|live| live.failed);
        match over {
            _ if failed => self.end(instance, Ending::Incident),
            Some(how) => self.end(instance, how),
            None => Ok(()),
        }
    }

    fn goes_on(&mut self, instance: Instance, job: &JobSpec, after: i64) {
        let n = number(&job.id);
        self.waits_for(instance, n, Open::Beside);
        self.at(self.now.saturating_add(after), What::Beside(instance, n));
    }

    fn waits_for(&mut self, instance: Instance, n: u64, open: Open) {
        if let Some(live) = self.live_mut(instance) {
            live.open.push((n, open));
        }
    }

    fn let_go(&mut self, instance: Instance, n: u64) -> Option<Open> {
        let live = self.live_mut(instance)?;
        let place = live.open.iter().position(|(number, _)| *number == n)?;
        Some(live.open.swap_remove(place).1)
    }

    /// An instance waits for a message or signal; the scenario may let it come from outside.
    fn awaits(&mut self, instance: Instance, id: &str, n: u64, open: Open) {
        self.messages.remember(instance, n, &open);
        self.waits_for(instance, n, open);
        let element = self.live(instance).and_then(|live| live.state.element_of(id));
        let place = element
            .and_then(|element| self.plan.element_index.get(element))
            .copied();
        if let Some(place) = place {
            self.let_it_come(instance, n, place);
        }
    }
}
