//! Work on tasks and jobs.

use super::{Instance, Open, What, World};
use crate::SimulationError;
use crate::draw::{Seen, draw_all};
use crate::random::{Purpose, Random};
use dmn::Variables;
use engine::Command;

/// One piece of work, waiting or under way.
#[derive(Debug, Clone)]
pub(super) struct Work {
    pub instance: Instance,
    /// Number of the task or job.
    pub n: u64,
    pub element: u32,
    pub visit: u64,
    pub task: bool,
    pub priority: i64,
    pub order: u64,
    pub created: i64,
    pub started: Option<i64>,
    /// Microseconds of open time.
    pub duration: i64,
}

/// All pieces of work, by number.
#[derive(Debug, Default)]
pub(super) struct Works {
    list: Vec<(u32, Option<Work>)>,
    free: Vec<u32>,
}

impl Works {
    fn add(&mut self, work: Work) -> u32 {
        let place = self.free.pop().unwrap_or_else(|| {
            self.list.push((0, None));
            self.list.len() as u32 - 1
        });
        let slot = &mut self.list[place as usize];
        *slot = (slot.0 + 1, Some(work));
        place
    }

    pub fn get(&self, place: u32) -> Option<&Work> {
        self.list[place as usize].1.as_ref()
    }

    fn take(&mut self, place: u32) -> Option<Work> {
        let work = self.list[place as usize].1.take();
        if work.is_some() {
            self.free.push(place);
        }
        work
    }

    /// What is under way.
    pub fn started(&self) -> Vec<Work> {
        let all = self.list.iter().filter_map(|(_, work)| work.clone());
        all.filter(|work| work.started.is_some()).collect()
    }
}

impl World<'_> {
    /// A task or job is there to be done.
    pub(super) fn begin_work(
        &mut self,
        instance: Instance,
        n: u64,
        element: &str,
        priority: i64,
        task: bool,
    ) -> Result<(), SimulationError> {
        let plan = self.plan;
        let Some(place) = plan.element_index.get(element).copied() else {
            return Err(SimulationError::Failed(format!(
                "the element '{element}' is in no model"
            )));
        };
        let info = &plan.elements[place as usize];
        let (order, created) = (self.order, self.now);
        self.order += 1;
        let Some(live) = self.live_mut(instance) else {
            return Ok(());
        };
        let visit = live.visits.next(place);
        let duration = info
            .spec
            .as_ref()
            .and_then(|spec| spec.duration.as_ref())
            .map_or(0.0, |duration| {
                duration.sample(&mut Random::at(live.base, info.hash, Purpose::Duration, visit))
            });
        let work = Work {
            instance,
            n,
            element: place,
            visit,
            task,
            priority: info.spec.as_ref().and_then(|spec| spec.priority).unwrap_or(priority),
            order,
            created,
            started: None,
            duration: (duration * 1e6).round() as i64,
        };
        let key = self.works.add(work);
        if let Some(live) = self.live_mut(instance) {
            live.open.push((n, Open::Work(key)));
        }
        if info.spec.as_ref().is_none_or(|spec| spec.resources.is_empty()) {
            return self.start_work(key);
        }
        self.enqueue(key);
        Ok(())
    }

    /// The work begins now: its resources are there.
    pub(super) fn start_work(&mut self, key: u32) -> Result<(), SimulationError> {
        let Some(work) = self.works.get(key).cloned() else {
            return Ok(());
        };
        let opening = self.plan.elements[work.element as usize].opening;
        let until = self.after(opening, self.now, work.duration)?;
        let (generation, slot) = &mut self.works.list[key as usize];
        if let Some(work) = slot {
            work.started = Some(self.now);
        }
        let generation = *generation;
        self.at(until, What::Done(key, generation));
        let waited = (self.now - work.created) as f64 / 1e6;
        if let Some(live) = self.live_mut(work.instance) {
            live.waited += waited;
        }
        if self.gathered.counts(work.created) {
            self.gathered.elements[work.element as usize].waiting.add(waited);
            for (pool, _) in self.needs(work.element) {
                self.gathered.pools[*pool].waiting.add(waited);
            }
        }
        Ok(())
    }

    /// The work is done: the token moves on.
    pub(super) fn work_done(&mut self, key: u32, generation: u32) -> Result<(), SimulationError> {
        if self.works.list[key as usize].0 != generation {
            return Ok(());
        }
        let Some(work) = self.works.take(key) else {
            return Ok(());
        };
        self.stop(&work)?;
        let plan = self.plan;
        let info = &plan.elements[work.element as usize];
        if !self.takes(work.instance, work.n, |open| *open == Open::Work(key)) {
            return Ok(());
        }
        if self.gathered.counts(work.created) {
            let stats = &mut self.gathered.elements[work.element as usize];
            stats.service.add(work.duration as f64 / 1e6);
            stats.done += 1;
        }
        // those who have waited come before what this leads to
        while let Some(pool) = self.dirty.pop() {
            self.serve(pool)?;
        }
        let id = self.id(work.instance, work.n);
        let variables = self.results(&work, &id)?;
        let Some(live) = self.live(work.instance) else {
            return Ok(());
        };
        let errors = info.spec.as_ref().map_or(&[][..], |spec| &spec.errors);
        let mut u = 1.0;
        if !errors.is_empty() {
            u = Random::at(live.base, info.hash, Purpose::Outcome, work.visit).uniform();
        }
        for (code, probability) in errors {
            u -= probability;
            if u < 0.0 {
                let (code, message) = (code.clone(), "drawn by the simulation".to_owned());
                let error = Command::ThrowError {
                    at: id,
                    code,
                    message,
                    variables,
                };
                return self.command(work.instance, error);
            }
        }
        let done = if work.task {
            Command::CompleteTask { task: id, variables }
        } else {
            Command::CompleteJob { job: id, variables }
        };
        self.command(work.instance, done)
    }

    fn results(&self, work: &Work, id: &str) -> Result<Variables, SimulationError> {
        let plan = self.plan;
        let info = &plan.elements[work.element as usize];
        let Some(spec) = info.spec.as_ref().filter(|spec| !spec.results.is_empty()) else {
            return Ok(Variables::new());
        };
        let Some(live) = self.live(work.instance) else {
            return Ok(Variables::new());
        };
        let mut context = Variables::new();
        if spec.results.iter().any(|(_, draw)| draw.looks_at_variables()) {
            let seen = if work.task {
                live.state.task(id, plan).map(|task| task.variables)
            } else {
                live.state.job(id, plan).map(|job| job.variables)
            };
            context = seen.unwrap_or_default();
        }
        let seen = Seen {
            evaluator: &*plan.evaluator,
            now: self.moment(),
        };
        let mut random = Random::at(live.base, info.hash, Purpose::Results, work.visit);
        draw_all(&spec.results, &seen, context, &mut random)
            .map_err(|error| SimulationError::Failed(format!("elements.{}.results: {error}", info.id)))
    }

    /// The work is no longer wanted.
    pub(super) fn abandon(&mut self, key: u32) -> Result<(), SimulationError> {
        let Some(work) = self.works.take(key) else {
            return Ok(());
        };
        if work.started.is_some() {
            return self.stop(&work);
        }
        self.dequeue(key, &work);
        Ok(())
    }
}
