//! One replication: the discrete events of a plan, in the order of their moments.

mod arrive;
mod effects;
mod events;
mod gathered;
mod messages;
mod pools;
mod work;

pub(crate) use gathered::{ElementStats, Gathered, PoolStats};

use crate::SimulationError;
use crate::choices::{Choices, Visits};
use crate::openings::Openings;
use crate::plan::Plan;
use crate::random::mix;
use crate::run::Progress;
use arrive::SourceState;
use engine::{Command, Env, Limits, State};
use jiff::Timestamp;
use messages::Messages;
use pools::Pool;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use work::Works;

/// Events in a row without the clock moving: more is a circle in which nothing takes time.
const MAX_AT_ONCE: u64 = 5_000_000;
/// How often cancellation is looked at and progress told, in events.
const LOOK_EVERY: u64 = 256;

/// Names an instance: its place, and which of those that stood there it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Instance {
    slot: u32,
    generation: u32,
}

/// What happens at a moment.
#[derive(Debug, Clone, Copy)]
enum What {
    Arrive(usize),
    Timer(Instance, u64),
    Deliver(Instance, u64),
    Done(u32, u32),
    /// A listener's job or a continuation.
    Beside(Instance, u64),
    Open(usize),
}

#[derive(Debug)]
struct Due {
    at: i64,
    order: u64,
    what: What,
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.order) == (other.at, other.order)
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    /// The earliest is the greatest, for the heap.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

/// What an instance waits for, by number.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Open {
    Work(u32),
    Beside,
    Timer,
    Message(String, String),
    Signal(String),
}

/// One live instance.
struct Live {
    state: State,
    /// Names its random streams.
    base: u64,
    visits: Visits,
    started: i64,
    open: Vec<(u64, Open)>,
    /// Visits under way: token number, element, since when.
    tokens: Vec<(u64, u32, i64)>,
    waited: f64,
    served: f64,
    cost: f64,
    failed: bool,
}

#[derive(Default)]
struct Slot {
    generation: u32,
    live: Option<Box<Live>>,
}

/// A replication under way. Moments are microseconds from 1970.
pub(crate) struct World<'p> {
    plan: &'p Plan,
    choices: Choices<'p>,
    engine: Limits,
    openings: Vec<Openings>,
    base: u64,
    now: i64,
    start: i64,
    end: i64,
    heap: BinaryHeap<Due>,
    order: u64,
    slots: Vec<Slot>,
    free: Vec<u32>,
    live: usize,
    pools: Vec<Pool>,
    dirty: Vec<usize>,
    works: Works,
    sources: Vec<SourceState>,
    arrived: u64,
    messages: Messages,
    steps: u64,
    gathered: Gathered,
}

impl<'p> World<'p> {
    pub fn new(plan: &'p Plan, replication: u32) -> Self {
        let scenario = &plan.scenario;
        let from = scenario.warm_up.as_microsecond();
        let pools = scenario.resources.iter().zip(&plan.pool_openings);
        Self {
            choices: Choices::new(&*plan.evaluator, &plan.chances),
            engine: Limits::default(),
            openings: plan.openings.clone(),
            base: mix(scenario.seed ^ mix(u64::from(replication) + 1)),
            now: scenario.start.as_microsecond(),
            start: scenario.start.as_microsecond(),
            end: scenario.end.map_or(i64::MAX, Timestamp::as_microsecond),
            heap: BinaryHeap::new(),
            order: 0,
            slots: Vec::new(),
            free: Vec::new(),
            live: 0,
            pools: pools
                .map(|(resource, opening)| Pool::new(resource.capacity, *opening))
                .collect(),
            dirty: Vec::new(),
            works: Works::default(),
            sources: Vec::new(),
            arrived: 0,
            messages: Messages::default(),
            steps: 0,
            gathered: Gathered::new(plan, from),
            plan,
        }
    }

    /// Plays it to its end.
    pub fn run(mut self, progress: &Progress, place: usize) -> Result<Gathered, SimulationError> {
        self.begin()?;
        let mut at_once = 0_u64;
        let mut events = 0_u64;
        while let Some(due) = self.heap.pop() {
            if due.at > self.end {
                break;
            }
            at_once = if due.at > self.now { 0 } else { at_once + 1 };
            if at_once > MAX_AT_ONCE {
                return Err(SimulationError::Limit(format!(
                    "at {} more than {MAX_AT_ONCE} things happen at one moment: somewhere the process goes in a circle \
                     in which nothing takes time. Give one of its tasks a duration",
                    self.moment()
                )));
            }
            self.now = due.at;
            self.happen(due.what)?;
            events += 1;
            if events.is_multiple_of(LOOK_EVERY) {
                if progress.is_cancelled() {
                    return Err(SimulationError::Cancelled);
                }
                progress.tell(place, self.share());
            }
        }
        self.finish()
    }

    /// How far it has come, 0 to 1: by time or by instances, whichever is further.
    fn share(&self) -> f64 {
        let by_time = if self.end == i64::MAX {
            0.0
        } else {
            (self.now - self.start) as f64 / (self.end - self.start).max(1) as f64
        };
        let by_count = self
            .plan
            .scenario
            .instances
            .map_or(0.0, |all| self.arrived as f64 / all.max(1) as f64);
        by_time.max(by_count).clamp(0.0, 1.0)
    }

    fn moment(&self) -> Timestamp {
        Timestamp::from_microsecond(self.now).unwrap_or(Timestamp::MAX)
    }

    fn at(&mut self, at: i64, what: What) {
        if at > self.end {
            return; // it would never be looked at
        }
        self.order += 1;
        let order = self.order;
        self.heap.push(Due { at, order, what });
    }

    fn happen(&mut self, what: What) -> Result<(), SimulationError> {
        match what {
            What::Arrive(source) => self.arrive(source)?,
            What::Timer(instance, n) => {
                if self.takes(instance, n, |open| *open == Open::Timer) {
                    let timer = self.id(instance, n);
                    self.command(instance, Command::FireTimer { timer })?;
                }
            }
            What::Deliver(instance, n) => self.come(instance, n)?,
            What::Beside(instance, n) => {
                if self.takes(instance, n, |open| *open == Open::Beside) {
                    let (job, variables) = (self.id(instance, n), dmn::Variables::new());
                    self.command(instance, Command::CompleteJob { job, variables })?;
                }
            }
            What::Done(work, generation) => self.work_done(work, generation)?,
            What::Open(pool) => {
                self.pools[pool].wake = None;
                self.dirty.push(pool);
            }
        }
        self.settle()
    }

    /// Lets resources that became free begin, and messages reach whom they are for, until nothing moves.
    fn settle(&mut self) -> Result<(), SimulationError> {
        loop {
            if let Some(pool) = self.dirty.pop() {
                self.serve(pool)?;
            } else if !self.carry_on()? {
                return Ok(());
            }
        }
    }

    fn live(&self, instance: Instance) -> Option<&Live> {
        let slot = self.slots.get(instance.slot as usize)?;
        slot.live.as_deref().filter(|_| slot.generation == instance.generation)
    }

    fn live_mut(&mut self, instance: Instance) -> Option<&mut Live> {
        let slot = self.slots.get_mut(instance.slot as usize)?;
        slot.live
            .as_deref_mut()
            .filter(|_| slot.generation == instance.generation)
    }

    fn id(&self, instance: Instance, n: u64) -> String {
        self.live(instance)
            .map_or_else(String::new, |live| format!("{}.{n}", live.state.id))
    }

    /// Whether an instance still waits for something, which is taken away.
    fn takes(&mut self, instance: Instance, n: u64, is: impl Fn(&Open) -> bool) -> bool {
        let Some(live) = self.live_mut(instance) else {
            return false;
        };
        let place = live.open.iter().position(|(number, open)| *number == n && is(open));
        place.is_some_and(|place| {
            live.open.swap_remove(place);
            true
        })
    }

    /// One step of an instance, with all that follows from it here.
    fn command(&mut self, instance: Instance, command: Command) -> Result<(), SimulationError> {
        self.steps += 1;
        if self.steps > self.plan.scenario.max_steps {
            return Err(SimulationError::Limit(format!(
                "more than {} steps in one replication, at {}: shorten the horizon, or raise limits.steps",
                self.plan.scenario.max_steps,
                self.moment()
            )));
        }
        let slot = self.slots.get_mut(instance.slot as usize);
        let Some(mut live) = slot
            .filter(|slot| slot.generation == instance.generation)
            .and_then(|s| s.live.take())
        else {
            return Ok(());
        };
        let env = Env {
            now: self.moment(),
            evaluator: &self.choices,
            models: self.plan,
            limits: &self.engine,
        };
        let Live {
            state, visits, base, ..
        } = &mut *live;
        let process = &self.plan.by_key[&state.definition];
        let stepped = self
            .choices
            .during(*base, visits, || engine::apply(process, state, command, &env));
        self.slots[instance.slot as usize].live = Some(live);
        let (effects, happened) = stepped.map_err(|error| SimulationError::Failed(error.to_string()))?;
        self.note(instance, &happened);
        self.put_into_effect(instance, effects)
    }
}
