//! Our engine, driven by the policy that the other side follows too (`crates/conformance/spiff/run.py`).

use crate::random::World;
use engine::{Command, Event, InstanceState, StartBy, Variables};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Most things done to one instance.
const MAX_STEPS: usize = 60;

/// What a model does under the policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    /// What is open before each step, by element; the first of it is done.
    pub steps: Vec<Vec<String>>,
    /// How often each task that does nothing was passed.
    pub passed: BTreeMap<String, u64>,
    /// It came to its end.
    pub completed: bool,
}

impl Trace {
    /// A trace from JSON.
    ///
    /// # Errors
    /// What the other engine says when it cannot run the model.
    pub fn read(value: &Value) -> Result<Self, String> {
        if let Some(error) = value["error"].as_str() {
            return Err(error.to_owned());
        }
        let text = |one: &Value| one.as_str().unwrap_or_default().to_owned();
        let steps = value["steps"].as_array().into_iter().flatten();
        let passed = value["passed"].as_object().into_iter().flatten();
        Ok(Self {
            steps: steps
                .map(|step| step.as_array().into_iter().flatten().map(text).collect())
                .collect(),
            passed: passed
                .map(|(element, times)| (element.clone(), times.as_u64().unwrap_or(0)))
                .collect(),
            completed: value["completed"].as_bool().unwrap_or(false),
        })
    }
}

/// Something open: its element, and its id; a task or a wait.
struct Open {
    element: String,
    id: String,
    task: bool,
}

/// Runs the process `p` of a file.
///
/// # Errors
/// A model that is refused, or a broken invariant.
pub fn drive(xml: &str, data: Variables, evaluator: &Arc<dmn::Feel>) -> Result<Trace, String> {
    let mut world = World::of_xml(xml, evaluator)?;
    world.run(Command::Start {
        by: StartBy::None,
        variables: data,
    })?;
    let (mut trace, mut times, mut triggered) = (Trace::default(), BTreeMap::new(), BTreeSet::new());
    while trace.steps.len() < MAX_STEPS {
        let open = open_now(&world, &triggered);
        trace.steps.push(open.iter().map(|one| one.element.clone()).collect());
        let Some(first) = open.into_iter().next() else { break };
        let command = if first.task {
            let count: &mut u32 = times.entry(first.element.clone()).or_default();
            *count += 1;
            let again = Variables::from_iter([(format!("r{}", first.element), Value::Bool(*count < 2))]);
            Command::CompleteTask {
                task: first.id,
                variables: again,
            }
        } else {
            if first.element.starts_with('b') {
                triggered.insert(first.element);
            }
            Command::Deliver {
                wait: first.id,
                variables: Variables::new(),
            }
        };
        if !world.run(command)? {
            return Err("a command was refused".into());
        }
    }
    trace.completed = world.state.status() == InstanceState::Completed;
    for event in &world.events {
        if let Event::Left { element, .. } = event
            && world.is_plain_task(element)
        {
            *trace.passed.entry(element.clone()).or_default() += 1;
        }
    }
    Ok(trace)
}

fn open_now(world: &World, triggered: &BTreeSet<String>) -> Vec<Open> {
    let element = |id: &str| world.state.element_of(id).unwrap_or_default().to_owned();
    let tasks = world.state.tasks().into_iter().map(|id| Open {
        element: element(&id),
        id,
        task: true,
    });
    let waits = world.state.waits().into_iter().map(|wait| Open {
        element: wait.element,
        id: wait.id,
        task: false,
    });
    let mut open: Vec<Open> = tasks
        .chain(waits)
        .filter(|one| !triggered.contains(&one.element))
        .collect();
    open.sort_by_key(|one| one.element[1..].parse::<u32>().unwrap_or(0));
    open
}
