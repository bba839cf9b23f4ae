//! What a person, worker, clock or operator may do next.

use super::world::World;
use super::write::renames;
use engine::{ActiveKind, Command, Instruction, TaskChange, Variables};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A random wish: what kind, which of the things that fit, and bits for variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// Which kind of command.
    pub kind: u8,
    /// To which of the open things.
    pub which: u8,
    /// Bits: `c0`…`c3`, `again`, `stop`, …
    pub bits: u8,
}

/// Random wishes.
pub fn choices(most: usize) -> impl Strategy<Value = Vec<Choice>> {
    let choice = (0u8..32, any::<u8>(), any::<u8>()).prop_map(|(kind, which, bits)| Choice { kind, which, bits });
    prop::collection::vec(choice, 0..most)
}

/// The variables of a set of bits. Now and then one of them is not what the model expects.
#[must_use]
pub fn variables(bits: u8) -> Variables {
    let bit = |n: u8| Value::Bool(bits >> n & 1 == 1);
    let odd = |case: u8, usual: Value| if bits % 32 == case { Value::Null } else { usual };
    let Value::Object(found) = json!({
        "c0": bit(0), "c1": odd(3, bit(1)), "c2": bit(2), "c3": odd(10, bit(3)),
        "again": odd(21, bit(4)), "stop": odd(9, bit(5)), "list": odd(5, json!([1, 2, 3])),
        "date": odd(17, json!("2026-01-01T01:00:00Z")),
    }) else {
        return Variables::new();
    };
    found
}

impl Choice {
    /// The command that the wish means now; `None` when there is nothing of the kind.
    #[must_use]
    pub fn command(self, world: &World) -> Option<Command> {
        let state = &world.state;
        let variables = || variables(self.bits);
        let pick = |list: Vec<String>| (!list.is_empty()).then(|| list[self.which as usize % list.len()].clone());
        let flag = self.bits & 1 == 1;
        Some(match self.kind {
            0..=5 => Command::CompleteJob {
                job: pick(state.jobs())?,
                variables: variables(),
            },
            6..=11 => Command::CompleteTask {
                task: pick(state.tasks())?,
                variables: variables(),
            },
            12..=14 => Command::FireTimer {
                timer: pick(state.timers().into_iter().map(|(id, _)| id).collect())?,
            },
            15..=17 => Command::Deliver {
                wait: pick(state.waits().into_iter().map(|wait| wait.id).collect())?,
                variables: if flag { variables() } else { Variables::new() },
            },
            18 => Command::SetVariables { variables: variables() },
            19 => Command::FailJob {
                job: pick(state.jobs())?,
                message: "no".into(),
                retries: u32::from(flag),
            },
            20 | 21 => Command::ThrowError {
                at: pick(if flag { state.jobs() } else { state.tasks() })?,
                code: format!("E{}", self.bits >> 1 & 1),
                message: "no".into(),
                variables: variables(),
            },
            22..=24 => Command::Retry {
                incident: pick(state.incidents().into_iter().map(|open| open.id).collect())?,
            },
            25 => Command::Suspend { reason: "look".into() },
            26 => Command::Resume,
            27 | 28 => self.modify(world)?,
            29 => self.migrate(world),
            30 => self.desk(world)?,
            _ if self.which < 32 => Command::Cancel {
                reason: "enough".into(),
            },
            _ => return None,
        })
    }

    fn modify(self, world: &World) -> Option<Command> {
        let active = world.state.active();
        let here = (!active.is_empty()).then(|| &active[self.which as usize % active.len()]);
        let element = world.element(usize::from(self.which) * 7 + usize::from(self.bits >> 3));
        let cancel = || {
            Some(Instruction::Cancel {
                at: if self.bits & 1 == 1 {
                    here?.token.clone()
                } else {
                    here?.element.clone()
                },
            })
        };
        let scope = if self.bits & 4 == 4 {
            here.map(|here| here.token.clone())
        } else {
            None
        };
        let before = |scope: Option<String>| Instruction::StartBefore {
            element: element.clone(),
            scope,
            variables: Variables::new(),
        };
        let instructions = match self.bits >> 1 & 7 {
            0 | 1 => vec![cancel()?],
            2 => vec![cancel()?, before(None)],
            3 => vec![before(None), cancel()?],
            4 | 5 => vec![before(scope)],
            6 => vec![Instruction::StartAfter {
                element,
                scope,
                variables: variables(self.bits),
            }],
            _ => vec![Instruction::SetVariables {
                at: here.map(|here| here.token.clone()),
                variables: variables(self.bits),
            }],
        };
        Some(Command::Modify {
            instructions,
            reason: "right it".into(),
        })
    }

    fn migrate(self, world: &World) -> Command {
        let (process, forth) = (["p", "q0", "q1"][self.which as usize % 3], self.bits & 1 == 1);
        let own = world.state.definition.ends_with(":1");
        let (from, to) = if (process == "p" && own) || (process != "p" && forth) {
            (1, 2)
        } else {
            (2, 1)
        };
        let mut mapping = renames();
        if from == 2 {
            mapping = mapping.into_iter().map(|(old, new)| (new, old)).collect();
        }
        Command::Migrate {
            from: format!("{process}:{from}"),
            to: format!("{process}:{to}"),
            mapping,
        }
    }

    fn desk(self, world: &World) -> Option<Command> {
        let tasks = world.state.tasks();
        let task = tasks.get(self.which as usize % tasks.len().max(1))?.clone();
        Some(match self.bits % 5 {
            0 => Command::Assign {
                task,
                assignee: Some("a".into()),
                reason: None,
            },
            1 => Command::Delegate {
                task,
                to: "b".into(),
                reason: None,
            },
            2 => Command::Resolve { task, reason: None },
            3 => Command::ChangeTask {
                task,
                change: TaskChange {
                    due: Some(world.now),
                    follow_up: None,
                    priority: Some(70),
                },
            },
            _ => Command::Comment {
                task,
                text: "hm".into(),
                attachment: None,
            },
        })
    }
}

/// What brings an instance on: the first thing that is open, with variables that end loops.
#[must_use]
pub fn onwards(world: &World, turn: usize) -> Option<Command> {
    let state = &world.state;
    if state.suspended() {
        return Some(Command::Resume);
    }
    let open = state.active().into_iter().filter(|active| {
        matches!(
            active.kind,
            ActiveKind::Job | ActiveKind::Task | ActiveKind::Event | ActiveKind::Incident
        )
    });
    let open: Vec<_> = open.collect();
    let active = open.get(turn % open.len().max(1))?;
    let id = active.id.clone()?;
    let variables = variables(0b0010_1110);
    Some(match active.kind {
        ActiveKind::Job => Command::CompleteJob { job: id, variables },
        ActiveKind::Task => Command::CompleteTask { task: id, variables },
        ActiveKind::Incident => Command::Retry { incident: id },
        _ if state.timers().iter().any(|(timer, _)| *timer == id) => Command::FireTimer { timer: id },
        _ if state.waits().iter().any(|wait| wait.id == id) => Command::Deliver { wait: id, variables },
        _ => Command::SetVariables { variables },
    })
}
