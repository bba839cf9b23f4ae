//! A random model under random commands, and what must hold after each of them.

use super::choice::{Choice, choices, onwards, variables};
use super::model::Model;
use super::strategy::model;
use super::world::World;
use super::write::{Version, write};
use engine::{Command, InstanceState, StartBy};
use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// How often each kind of command was accepted, and each kind of event told.
pub type Tally = BTreeMap<String, u64>;

/// A model and what happens to an instance of it.
#[derive(Debug, Clone)]
pub struct Case {
    /// The model.
    pub model: Model,
    /// How it begins, and with which variables.
    pub start: (u8, u8),
    /// What happens then.
    pub choices: Vec<Choice>,
}

/// Commands tried to bring an instance on after the random ones.
const ONWARDS: usize = 40;

/// Random cases.
pub fn case() -> impl Strategy<Value = Case> {
    (model(), any::<(u8, u8)>(), choices(40)).prop_map(|(model, start, choices)| Case { model, start, choices })
}

/// Runs a case. After every command: the state is whole ([`engine::State::check_against`]), survives JSON, and agrees
/// with the effects and events told so far; a refused command changes nothing. At the end: the same commands give the
/// same state, effects and events; a cancelled instance holds nothing.
///
/// # Errors
/// What does not hold, with the model and the commands.
pub fn check_case(case: &Case, evaluator: &Arc<dmn::Feel>) -> Result<Tally, String> {
    let mut world = World::new(&case.model, evaluator)?;
    let done = run(case, &mut world).map(|()| tally(&world));
    done.map_err(|error| {
        let commands: Vec<String> = world
            .accepted
            .iter()
            .map(|(now, command)| format!("{now} {command:?}"))
            .collect();
        format!(
            "{error}\nafter\n{}\nof\n{}",
            commands.join("\n"),
            write(&case.model, Version::First)
        )
    })
}

fn tally(world: &World) -> Tally {
    let commands = world.accepted.iter().map(|(_, command)| format!("{command:?}"));
    let mut tally = Tally::new();
    for told in commands.chain(world.events.iter().map(|event| format!("{event:?}"))) {
        let kind = told.split([' ', '{']).next().unwrap_or_default();
        *tally.entry(kind.to_owned()).or_default() += 1;
    }
    tally
}

fn run(case: &Case, world: &mut World) -> Result<(), String> {
    let process = world.process();
    let starts = process.start_events();
    let start = &starts[usize::from(case.start.0) % starts.len()];
    let by = match start.trigger {
        bpmn::StartTrigger::None => StartBy::None,
        _ => StartBy::Element(start.element.to_owned()),
    };
    if !world.run(Command::Start {
        by,
        variables: variables(case.start.1),
    })? {
        return Err("the start was refused".into());
    }
    for choice in &case.choices {
        world.now += SignedDuration::from_secs(i64::from(choice.which));
        if let Some(command) = choice.command(world) {
            world.run(command)?;
        }
    }
    same_again(world)?;
    for turn in 0..ONWARDS {
        let Some(command) = onwards(world, turn) else { break };
        world.run(command)?;
    }
    if world.state.status() == InstanceState::Active && !world.run(Command::Cancel { reason: "end".into() })? {
        return Err("the cancel was refused".into());
    }
    match world.state.status() {
        InstanceState::Completed | InstanceState::Terminated => Ok(()),
        other => Err(format!("it is {other:?} at the end")),
    }
}

/// The same commands at the same moments, once more.
fn same_again(world: &World) -> Result<(), String> {
    let mut again = world.again();
    for (now, command) in &world.accepted {
        again.now = *now;
        if !again.run(command.clone())? {
            return Err(format!("refused the second time: {command:?}"));
        }
    }
    let same = again.state == world.state && again.effects == world.effects && again.events == world.events;
    if same {
        Ok(())
    } else {
        Err("the same commands gave something else".into())
    }
}

/// Runs many cases of a seed; stops at the first that fails, and makes it small.
///
/// # Errors
/// The smallest failing case found.
pub fn campaign(cases: u32, seed: u64) -> Result<Tally, String> {
    let evaluator = Arc::new(dmn::Feel::new());
    let all = Mutex::new(Tally::new());
    of_seed(cases, seed, case, |case| {
        let tally = check_case(case, &evaluator)?;
        let mut all = all.lock().map_err(|error| error.to_string())?;
        for (kind, count) in tally {
            *all.entry(kind).or_default() += count;
        }
        Ok(())
    })?;
    all.into_inner().map_err(|error| error.to_string())
}

/// Room for drawing values: strategies lie deep inside one another.
const DRAWING_STACK: usize = 256 << 20;
/// Room for a case: what a server's thread has.
const CASE_STACK: usize = 2 << 20;

/// Runs a strategy's values from a seed through a check; stops at the first that fails, and makes it small.
///
/// # Errors
/// What the check says of the smallest failing value found, and that value.
pub fn of_seed<S: Strategy>(
    cases: u32,
    seed: u64,
    strategy: impl FnOnce() -> S + Send,
    check: impl Fn(&S::Value) -> Result<(), String> + Send + Sync,
) -> Result<(), String>
where
    S::Value: Sync,
{
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 1_500,
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let check = &check;
    on_stack(DRAWING_STACK, move || {
        let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
        let done = runner.run(&strategy(), |value| {
            on_stack(CASE_STACK, || check(&value)).map_err(TestCaseError::fail)
        });
        done.map_err(|error| match error {
            TestError::Fail(why, value) => format!("{why}\n{value:?}"),
            TestError::Abort(why) => why.to_string(),
        })
    })
}

/// Runs something on a thread with this much stack; a panic is an error like others.
fn on_stack(bytes: usize, work: impl FnOnce() -> Result<(), String> + Send) -> Result<(), String> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(bytes).spawn_scoped(scope, work);
        let done = thread.map_err(|error| format!("no thread: {error}"))?.join();
        done.unwrap_or_else(|_| Err("it panicked".into()))
    })
}
