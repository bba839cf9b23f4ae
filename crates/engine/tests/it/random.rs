//! Property tests: random block-structured models under random commands.

use crate::world::{World, file, flow, flow_if, object};
use engine::{ActiveKind, Command, Event, InstanceState, StartBy};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;
use std::collections::{BTreeMap, HashSet};

/// A piece of a process with one way in and one way out.
#[derive(Debug, Clone)]
enum Block {
    Job,
    User,
    Pass,
    Timer,
    Message,
    Sequence(Vec<Block>),
    Exclusive(Vec<Block>),
    Parallel(Vec<Block>),
    Inclusive(Vec<Block>),
    Circle(Box<Block>),
    Sub(Box<Block>, Boundary),
    Each(bool),
    Choice(Box<Block>, Box<Block>),
    Undo,
}

/// What sits on a sub-process.
#[derive(Debug, Clone, Copy)]
enum Boundary {
    None,
    Timer(bool),
    Error,
    Condition(bool),
    EventSub(bool),
}

fn block() -> impl Strategy<Value = Block> {
    let leaf = prop_oneof![
        4 => Just(Block::Job),
        2 => Just(Block::User),
        1 => Just(Block::Pass),
        1 => Just(Block::Timer),
        1 => Just(Block::Message),
        1 => any::<bool>().prop_map(Block::Each),
        1 => Just(Block::Undo),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let some = || prop::collection::vec(inner.clone(), 2..4);
        let boundary = prop_oneof![
            Just(Boundary::None),
            any::<bool>().prop_map(Boundary::Timer),
            Just(Boundary::Error),
            any::<bool>().prop_map(Boundary::Condition),
            any::<bool>().prop_map(Boundary::EventSub),
        ];
        prop_oneof![
            some().prop_map(Block::Sequence),
            some().prop_map(Block::Exclusive),
            some().prop_map(Block::Parallel),
            some().prop_map(Block::Inclusive),
            inner.clone().prop_map(|block| Block::Circle(Box::new(block))),
            (inner.clone(), boundary).prop_map(|(block, boundary)| Block::Sub(Box::new(block), boundary)),
            (inner.clone(), inner).prop_map(|(a, b)| Block::Choice(Box::new(a), Box::new(b))),
        ]
    })
}

/// Writes blocks as XML.
#[derive(Default)]
struct Writer {
    xml: String,
    count: u32,
}

impl Writer {
    fn node(&mut self, render: impl Fn(&str) -> String) -> String {
        self.count += 1;
        let id = format!("n{}", self.count);
        self.xml += render(&id).as_str();
        id
    }

    fn plain(&mut self, tag: &str) -> String {
        self.node(|id| format!(r#"<{tag} id="{id}"/>"#))
    }

    fn flow(&mut self, from: &str, to: &str) {
        self.xml += flow(from, to).as_str();
    }

    /// Writes a block after the node `from`; gives its last node.
    fn block(&mut self, block: &Block, from: &str) -> String {
        let single = |this: &mut Self, text: &str| {
            let id = this.node(|id| text.replace("ID", id));
            this.flow(from, &id);
            id
        };
        match block {
            Block::Job => single(self, JOB),
            Block::User => single(self, r#"<userTask id="ID"/>"#),
            Block::Pass => single(self, r#"<task id="ID"/>"#),
            Block::Timer => single(
                self,
                r#"<intermediateCatchEvent id="ID"><timerEventDefinition><timeDuration>PT5M</timeDuration></timerEventDefinition></intermediateCatchEvent>"#,
            ),
            Block::Message => single(self, r#"<receiveTask id="ID" messageRef="m"/>"#),
            Block::Each(sequential) => single(
                self,
                &JOB.replace(
                    "</serviceTask>",
                    &format!(r#"<multiInstanceLoopCharacteristics isSequential="{sequential}"><loopCardinality>3</loopCardinality><completionCondition>=stop</completionCondition></multiInstanceLoopCharacteristics></serviceTask>"#),
                ),
            ),
            Block::Undo => {
                let done = single(self, JOB);
                self.xml += format!(
                    r#"<boundaryEvent id="{done}b" attachedToRef="{done}"><compensateEventDefinition/></boundaryEvent><userTask id="{done}u" isForCompensation="true"/><association id="{done}a" sourceRef="{done}b" targetRef="{done}u"/>"#
                )
                .as_str();
                let id = self.node(|id| format!(r#"<intermediateThrowEvent id="{id}"><compensateEventDefinition/></intermediateThrowEvent>"#));
                self.flow(&done, &id);
                id
            }
            Block::Sequence(blocks) => blocks.iter().fold(from.to_owned(), |from, block| self.block(block, &from)),
            Block::Exclusive(blocks) => self.branches("exclusiveGateway", blocks, from, true),
            Block::Inclusive(blocks) => self.branches("inclusiveGateway", blocks, from, true),
            Block::Parallel(blocks) => self.branches("parallelGateway", blocks, from, false),
            Block::Circle(inner) => {
                let merge = self.plain("exclusiveGateway");
                self.flow(from, &merge);
                let last = self.block(inner, &merge);
                let out = self.plain("task");
                let split = self.node(|id| format!(r#"<exclusiveGateway id="{id}" default="{id}--{out}"/>"#));
                self.flow(&last, &split);
                self.flow(&split, &out);
                self.xml += flow_if(&split, &merge, "again").as_str();
                out
            }
            Block::Sub(inner, boundary) => self.sub(inner, *boundary, from),
            Block::Choice(a, b) => {
                let gateway = self.plain("eventBasedGateway");
                self.flow(from, &gateway);
                let merge = self.plain("exclusiveGateway");
                let timer = self.block(&Block::Timer, &gateway);
                let message = self.block(&Block::Message, &gateway);
                for (event, block) in [(timer, a), (message, b)] {
                    let last = self.block(block, &event);
                    self.flow(&last, &merge);
                }
                merge
            }
        }
    }

    fn branches(&mut self, tag: &str, blocks: &[Block], from: &str, conditions: bool) -> String {
        let join = self.plain(tag);
        let first = format!("n{}", self.count + 2);
        let split = self.node(|id| match conditions {
            true => format!(r#"<{tag} id="{id}" default="{id}--{first}"/>"#),
            false => format!(r#"<{tag} id="{id}"/>"#),
        });
        self.flow(from, &split);
        for (number, block) in blocks.iter().enumerate() {
            let entry = self.plain("task");
            self.xml += match conditions && number > 0 {
                true => flow_if(&split, &entry, &format!("c{number}")),
                false => flow(&split, &entry),
            }
            .as_str();
            let last = self.block(block, &entry);
            self.flow(&last, &join);
        }
        join
    }

    fn sub(&mut self, inner: &Block, boundary: Boundary, from: &str) -> String {
        self.count += 1;
        let id = format!("n{}", self.count);
        self.xml += format!(r#"<subProcess id="{id}"><startEvent id="{id}s"/>"#).as_str();
        self.block(inner, &format!("{id}s"));
        if let Boundary::EventSub(interrupting) = boundary {
            self.xml += format!(
                r#"<subProcess id="{id}e" triggeredByEvent="true"><startEvent id="{id}es" isInterrupting="{interrupting}"><messageEventDefinition messageRef="m"/></startEvent><userTask id="{id}eu"/>{}</subProcess>"#,
                flow(&format!("{id}es"), &format!("{id}eu"))
            )
            .as_str();
        }
        self.xml += "</subProcess>";
        self.flow(from, &id);
        let definition = match boundary {
            Boundary::Timer(_) => "<timerEventDefinition><timeCycle>R2/PT3M</timeCycle></timerEventDefinition>",
            Boundary::Error => "<errorEventDefinition/>",
            Boundary::Condition(_) => {
                "<conditionalEventDefinition><condition>=c1</condition></conditionalEventDefinition>"
            }
            Boundary::None | Boundary::EventSub(_) => return id,
        };
        let interrupting = matches!(
            boundary,
            Boundary::Timer(true) | Boundary::Error | Boundary::Condition(true)
        );
        // an interrupted sub-process goes on too: a parallel join further on waits for it
        let merge = self.plain("exclusiveGateway");
        self.flow(&id, &merge);
        if interrupting {
            self.flow(&format!("{id}bu"), &merge);
        }
        self.xml += format!(
            r#"<boundaryEvent id="{id}b" attachedToRef="{id}" cancelActivity="{interrupting}">{definition}</boundaryEvent><userTask id="{id}bu"/>{}"#,
            flow(&format!("{id}b"), &format!("{id}bu"))
        )
        .as_str();
        merge
    }
}

const JOB: &str =
    r#"<serviceTask id="ID"><extensionElements><zeebe:taskDefinition type="work"/></extensionElements></serviceTask>"#;

fn model(block: &Block) -> String {
    let mut writer = Writer::default();
    writer.xml += r#"<startEvent id="s"/><endEvent id="e"/>"#;
    let last = writer.block(block, "s");
    writer.flow(&last, "e");
    file(r#"<message id="m" name="m"/>"#, &writer.xml)
}

/// What a person, worker or clock may do next: which kind, and to which of the open things.
type Choice = (u8, u8, bool, bool);

/// The command a choice means now.
fn command(world: &World, (kind, which, flag, other): Choice) -> Option<Command> {
    let variables = object(json!({"again": flag && other, "stop": flag, "c1": flag, "c2": other, "c3": true}));
    let pick = |list: Vec<String>| (!list.is_empty()).then(|| list[which as usize % list.len()].clone());
    Some(match kind {
        0..=3 => Command::CompleteJob {
            job: pick(world.state.jobs())?,
            variables,
        },
        4..=6 => Command::CompleteTask {
            task: pick(world.state.tasks())?,
            variables,
        },
        7 => Command::FireTimer {
            timer: pick(world.state.timers().into_iter().map(|(id, _)| id).collect())?,
        },
        8 => Command::Deliver {
            wait: pick(world.state.waits().into_iter().map(|wait| wait.id).collect())?,
            variables,
        },
        9 => Command::SetVariables { variables },
        10 => Command::FailJob {
            job: pick(world.state.jobs())?,
            message: "no".into(),
            retries: u32::from(flag),
        },
        11 => Command::ThrowError {
            at: pick(world.state.jobs())?,
            code: "E".into(),
            message: "no".into(),
            variables,
        },
        12 => Command::Retry {
            incident: pick(world.state.incidents().into_iter().map(|open| open.id).collect())?,
        },
        13 => Command::Suspend { reason: "look".into() },
        14 => Command::Resume,
        _ => Command::Assign {
            task: pick(world.state.tasks())?,
            assignee: Some("x".into()),
            reason: None,
        },
    })
}

/// Every visit that began has ended or is alive.
fn visits_are_accounted_for(world: &World) {
    let mut open: HashSet<&str> = HashSet::new();
    for event in &world.events {
        match event {
            Event::Entered { token, .. } => {
                open.insert(token);
            }
            Event::Left { token, .. } | Event::Cancelled { token, .. } => {
                open.remove(token.as_str());
            }
            _ => {}
        }
    }
    let alive: HashSet<String> = world.state.active().into_iter().map(|active| active.token).collect();
    let lost: Vec<&&str> = open.iter().filter(|token| !alive.contains(**token)).collect();
    assert!(lost.is_empty(), "lost {lost:?}");
}

/// Completes whatever is open until nothing is.
fn finish(world: &mut World) {
    let variables = || object(json!({"again": false, "stop": false, "c1": false, "c2": true, "c3": true}));
    if world.state.suspended() {
        world.run(Command::Resume);
    }
    if world.state.status() == InstanceState::Active {
        world.run(Command::SetVariables { variables: variables() });
    }
    for _ in 0..500 {
        let Some(active) = world.state.active().into_iter().find(|active| {
            matches!(
                active.kind,
                ActiveKind::Job | ActiveKind::Task | ActiveKind::Event | ActiveKind::Incident
            )
        }) else {
            return;
        };
        let Some(id) = active.id else { panic!("{active:?}") };
        world.run(match active.kind {
            ActiveKind::Job => Command::CompleteJob {
                job: id,
                variables: variables(),
            },
            ActiveKind::Task => Command::CompleteTask {
                task: id,
                variables: variables(),
            },
            ActiveKind::Incident => Command::Retry { incident: id },
            _ if world.state.timers().iter().any(|(timer, _)| *timer == id) => Command::FireTimer { timer: id },
            _ => Command::Deliver {
                wait: id,
                variables: variables(),
            },
        });
    }
    panic!("it goes on and on: {:?}", world.at());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_model_under_any_commands_stays_whole(
        block in block(),
        choices in prop::collection::vec((0u8..16, any::<u8>(), any::<bool>(), any::<bool>()), 0..40),
    ) {
        let xml = model(&block);
        let mut world = World::new(&xml);
        let mut accepted: Vec<(Timestamp, Command)> = Vec::new();
        let start = json!({"again": false, "stop": false, "c1": true, "c2": false, "c3": true});
        let first = Command::Start { by: StartBy::None, variables: object(start) };
        world.run(first.clone());
        accepted.push((world.now, first));
        for choice in choices {
            world.now += jiff::SignedDuration::from_secs(i64::from(choice.1));
            let Some(command) = command(&world, choice) else { continue };
            if world.try_run(command.clone()).is_ok() {
                accepted.push((world.now, command));
            }
            visits_are_accounted_for(&world);
            // moving to the same model changes nothing, wherever the instance stands
            if world.state.status() == InstanceState::Active {
                let before = world.state.clone();
                let same = Command::Migrate { from: "p".into(), to: "p".into(), mapping: BTreeMap::new() };
                world.run(same.clone());
                prop_assert_eq!(&before, &world.state);
                accepted.push((world.now, same));
            }
        }
        // the same commands give the same state, effects and events
        let mut again = World::new(&xml);
        for (now, command) in accepted {
            again.now = now;
            again.run(command);
        }
        prop_assert_eq!(&again.state, &world.state);
        prop_assert_eq!(&again.effects, &world.effects);
        prop_assert_eq!(&again.events, &world.events);
        // and it can always be brought to its end
        finish(&mut world);
        visits_are_accounted_for(&world);
        prop_assert_eq!(world.state.status(), InstanceState::Completed);
    }
}
