//! Instances begin and end.

use super::{Instance, Live, Slot, What, World};
use crate::SimulationError;
use crate::choices::Visits;
use crate::draw::{Seen, draw_all};
use crate::plan::{Source, SourceKind};
use crate::random::{Purpose, Random, mix};
use dmn::Variables;
use engine::{Command, Schedule, StartBy, State};
use jiff::Timestamp;

/// Longest search for the next weighted hour, in hours: ten years.
const MAX_HOURS: u32 = 87_660;
const HOUR: i64 = 3_600_000_000;

/// How far a source has come.
#[derive(Debug, Default)]
pub(super) struct SourceState {
    /// Instances so far.
    count: u64,
    schedule: Option<Schedule>,
}

impl World<'_> {
    /// Puts the first arrivals on the clock.
    pub(super) fn begin(&mut self) -> Result<(), SimulationError> {
        for place in 0..self.plan.sources.len() {
            self.sources.push(SourceState::default());
            match &self.plan.sources[place].kind {
                SourceKind::Arrivals { arrivals, .. } => {
                    let from = arrivals
                        .from
                        .map_or(self.start, Timestamp::as_microsecond)
                        .max(self.start);
                    for _ in 0..arrivals.initial {
                        self.one_more(place)?;
                    }
                    self.next_arrival(place, from)?;
                }
                SourceKind::Timer(timer) => {
                    let env = engine::Env {
                        now: self.moment(),
                        evaluator: &self.choices,
                        models: self.plan,
                        limits: &self.engine,
                    };
                    let schedule = engine::start_timer(timer, &env)
                        .map_err(|error| SimulationError::Failed(format!("timer start event: {error}")))?;
                    self.next_timer(place, schedule);
                }
            }
        }
        self.settle()
    }

    fn next_timer(&mut self, place: usize, schedule: Option<Schedule>) {
        if let Some(schedule) = &schedule {
            self.at(schedule.due.as_microsecond(), What::Arrive(place));
        }
        self.sources[place].schedule = schedule;
    }

    /// Puts the next arrival of a source on the clock, unless there is none.
    fn next_arrival(&mut self, place: usize, from: i64) -> Result<(), SimulationError> {
        let plan = self.plan;
        let SourceKind::Arrivals {
            arrivals,
            interval: Some(interval),
            opening,
        } = &plan.sources[place].kind
        else {
            return Ok(());
        };
        let count = self.sources[place].count;
        if arrivals.count.is_some_and(|most| count >= most)
            || plan.scenario.instances.is_some_and(|n| self.arrived >= n)
        {
            return Ok(());
        }
        let mut random = Random::at(self.base, place as u64, Purpose::Arrival, count);
        let gap = (interval.sample(&mut random) * 1e6).max(0.0) as i64;
        let due = if arrivals.weights.is_empty() {
            self.after(*opening, from, gap)?
        } else {
            self.weighted(*opening, &arrivals.weights, from, gap)?
        };
        if arrivals.until.is_none_or(|until| due <= until.as_microsecond()) {
            self.at(due, What::Arrive(place));
        }
        Ok(())
    }

    /// The moment when so much open time has passed, where an hour counts by its weight.
    fn weighted(&mut self, opening: usize, weights: &[f64], from: i64, gap: i64) -> Result<i64, SimulationError> {
        let (mut at, mut left) = (from, gap as f64);
        for _ in 0..MAX_HOURS {
            let zone = &self.plan.scenario.zone;
            let local = Timestamp::from_microsecond(at)
                .unwrap_or(Timestamp::MAX)
                .to_zoned(zone.clone());
            let day = local.weekday().to_monday_zero_offset() as usize;
            let weight = weights[day * 24 + local.hour() as usize];
            let into = i64::from(local.minute()) * 60_000_000
                + i64::from(local.second()) * 1_000_000
                + i64::from(local.subsec_nanosecond()) / 1000;
            let next = at - into + HOUR;
            let open = self.between(opening, at, next)? as f64 * weight;
            if left <= open && weight > 0.0 {
                return self.after(opening, at, (left / weight) as i64);
            }
            left -= open;
            at = next;
            if at > self.end {
                return Ok(i64::MAX);
            }
        }
        Err(SimulationError::Limit(
            "no arrival within ten years: the hours with a weight and those of the calendar hardly overlap. \
             Correct weekly, hourly or calendar"
                .into(),
        ))
    }

    pub(super) fn after(&mut self, opening: usize, at: i64, time: i64) -> Result<i64, SimulationError> {
        let found = self.openings[opening].after(at, time, &self.plan.scenario.calendars);
        found.map_err(SimulationError::Failed)
    }

    pub(super) fn between(&mut self, opening: usize, from: i64, to: i64) -> Result<i64, SimulationError> {
        let found = self.openings[opening].between(from, to, &self.plan.scenario.calendars);
        found.map_err(SimulationError::Failed)
    }

    /// An instance arrives, and the next one is put on the clock.
    pub(super) fn arrive(&mut self, place: usize) -> Result<(), SimulationError> {
        if self.plan.scenario.instances.is_some_and(|most| self.arrived >= most) {
            return Ok(());
        }
        self.one_more(place)?;
        if matches!(self.plan.sources[place].kind, SourceKind::Timer(_)) {
            let now = self.moment();
            let next = self.sources[place]
                .schedule
                .as_ref()
                .and_then(|schedule| schedule.after(now));
            self.next_timer(place, next);
            return Ok(());
        }
        self.next_arrival(place, self.now)
    }

    fn one_more(&mut self, place: usize) -> Result<(), SimulationError> {
        let plan = self.plan;
        let Source { key, by, kind } = &plan.sources[place];
        let count = self.sources[place].count;
        self.sources[place].count += 1;
        self.arrived += 1;
        let base = mix(self.base ^ mix(((place as u64 + 1) << 40) | count));
        let variables = match kind {
            SourceKind::Arrivals { arrivals, .. } if !arrivals.variables.is_empty() => {
                let seen = Seen {
                    evaluator: &*plan.evaluator,
                    now: self.moment(),
                };
                let mut random = Random::at(base, 0, Purpose::Variables, 0);
                draw_all(&arrivals.variables, &seen, Variables::new(), &mut random)
                    .map_err(|error| SimulationError::Failed(format!("arrivals[{place}].variables: {error}")))?
            }
            _ => Variables::new(),
        };
        self.start(key, by.clone(), variables, base)
    }

    /// Starts an instance.
    pub(super) fn start(
        &mut self,
        key: &str,
        by: StartBy,
        variables: Variables,
        base: u64,
    ) -> Result<(), SimulationError> {
        if self.live >= self.plan.scenario.max_live {
            return Err(self.too_many());
        }
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            self.slots.len() as u32 - 1
        });
        let place = &mut self.slots[slot as usize];
        place.generation += 1;
        let generation = place.generation;
        let name = format!("{slot}-{generation}");
        place.live = Some(Box::new(Live {
            state: State::new(name.as_str(), key, Some(name.clone())),
            base,
            visits: Visits::default(),
            started: self.now,
            open: Vec::new(),
            tokens: Vec::new(),
            waited: 0.0,
            served: 0.0,
            cost: 0.0,
            failed: false,
        }));
        self.live += 1;
        self.gathered.begun(self.now);
        self.command(Instance { slot, generation }, Command::Start { by, variables })
    }

    fn too_many(&self) -> SimulationError {
        let longest = (0..self.pools.len()).max_by_key(|place| self.pools[*place].queue.len());
        let queue = longest.map(|place| {
            let resource = &self.plan.scenario.resources[place];
            format!("; {} works wait for '{}'", self.pools[place].queue.len(), resource.id)
        });
        SimulationError::Limit(format!(
            "more than {} instances are alive at {}{}: more arrive than can be done. Lower the arrivals, raise a \
             capacity, or raise limits.live (at most {})",
            self.plan.scenario.max_live,
            self.moment(),
            queue.unwrap_or_default(),
            crate::MAX_LIVE
        ))
    }

    /// An instance is over: it is counted and forgotten.
    pub(super) fn end(&mut self, instance: Instance, how: super::gathered::Ending) -> Result<(), SimulationError> {
        let Some(live) = self.slots[instance.slot as usize].live.take() else {
            return Ok(());
        };
        for (n, open) in &live.open {
            match open {
                super::Open::Work(work) => {
                    self.abandon(*work)?;
                }
                super::Open::Timer => {}
                other => self.messages.forget(instance, *n, other),
            }
        }
        self.live -= 1;
        self.free.push(instance.slot);
        let took = (self.now - live.started) as f64 / 1e6;
        self.gathered
            .ended(self.now, live.started, how, took, (live.waited, live.served, live.cost));
        Ok(())
    }
}
