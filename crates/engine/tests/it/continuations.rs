//! Commits in between: `asyncBefore`, `asyncAfter`, their tries and incidents.

use crate::world::{World, chain, file, line, service};
use engine::{Command, Effect, Event, JobKind};
use serde_json::{Value, json};

/// The kinds of the jobs that are open, by element.
fn jobs(world: &World) -> Vec<(String, JobKind)> {
    let open = world.state.jobs().into_iter();
    let mut found: Vec<_> = open
        .filter_map(|id| world.state.job(&id, &world.models))
        .map(|job| (job.element, job.kind))
        .collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

#[test]
fn a_step_stops_before_and_after_an_element() {
    let nodes = r#"<serviceTask id="a" camunda:asyncBefore="true" camunda:exclusive="true" camunda:asyncAfter="true"
        camunda:topic="work" camunda:type="external"/>"#;
    let mut world = World::started(&line(nodes, "a"));
    assert_eq!(jobs(&world), [("a".to_owned(), JobKind::Continuation)]);
    world.done("a", json!({"ignored": 1}));
    assert_eq!(jobs(&world), [("a".to_owned(), JobKind::Work)]);
    world.done("a", json!({"x": 1}));
    assert_eq!(
        (jobs(&world), world.variable("x")),
        (vec![("a".to_owned(), JobKind::Continuation)], json!(1))
    );
    world.done("a", Value::Null);
    assert!(world.completed());
    assert_eq!((world.variable("ignored"), world.entered("a")), (Value::Null, 1));
}

#[test]
fn gateways_events_sub_processes_and_calls_stop_too() {
    let nodes = r#"<startEvent id="s" camunda:asyncBefore="true"/><parallelGateway id="g" camunda:asyncAfter="true"/>
        <task id="a"/><task id="b"/><parallelGateway id="j" camunda:asyncBefore="true"/>
        <subProcess id="sub" camunda:async="true"><startEvent id="i" camunda:asyncAfter="true"/><endEvent id="o" camunda:asyncBefore="true"/><sequenceFlow id="io" sourceRef="i" targetRef="o"/></subProcess>
        <intermediateThrowEvent id="t" camunda:asyncBefore="true"/><endEvent id="e" camunda:asyncBefore="true"/>"#;
    let flows = chain("s g a j sub t e") + chain("g b j").as_str();
    let mut world = World::started(&format!("{nodes}{flows}"));
    for at in ["s", "g"] {
        assert_eq!(world.at(), [at]);
        world.done(at, Value::Null);
    }
    assert_eq!(world.at(), ["j", "j"], "both arrive, each in its own time");
    world.done("j", Value::Null);
    assert_eq!(world.at(), ["j", "j"], "one has arrived, the other not yet");
    world.done("j", Value::Null);
    for at in ["sub", "i", "o", "t", "e"] {
        world.done(at, Value::Null);
    }
    assert!(world.completed());
}

#[test]
fn an_inclusive_join_waits_for_who_is_on_the_way() {
    let nodes = r#"<startEvent id="s"/><inclusiveGateway id="g"/><task id="a"/><inclusiveGateway id="j" camunda:asyncBefore="true"/><endEvent id="e"/>"#;
    let condition = |from: &str, to: &str| crate::world::flow_if(from, to, "true");
    let flows = chain("s g") + condition("g", "a").as_str() + condition("g", "j").as_str() + chain("a j e").as_str();
    let mut world = World::started(&format!("{nodes}{flows}"));
    world.done("j", Value::Null);
    assert_eq!(world.at(), ["j", "j"]);
    world.done("j", Value::Null);
    assert!(world.completed());
    assert_eq!(world.entered("e"), 1);
}

#[test]
fn rounds_stop_one_by_one_and_the_loop_as_a_whole() {
    let nodes = r#"<userTask id="u" camunda:asyncBefore="true" camunda:asyncAfter="true"><multiInstanceLoopCharacteristics
        camunda:asyncBefore="true" camunda:asyncAfter="true"><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics></userTask>"#;
    let mut world = World::started(&line(nodes, "u"));
    assert_eq!(jobs(&world).len(), 1, "before the loop");
    world.done("u", Value::Null);
    assert_eq!(jobs(&world).len(), 2, "before each round");
    let before = world.state.jobs();
    for job in before {
        let variables = engine::Variables::new();
        world.run(Command::CompleteJob { job, variables });
    }
    for task in world.state.tasks() {
        let variables = engine::Variables::new();
        world.run(Command::CompleteTask { task, variables });
    }
    assert_eq!(jobs(&world).len(), 2, "after each round");
    for job in world.state.jobs() {
        let variables = engine::Variables::new();
        world.run(Command::CompleteJob { job, variables });
    }
    assert_eq!(jobs(&world).len(), 1, "after the loop");
    world.done("u", Value::Null);
    assert!(world.completed());
}

#[test]
fn what_fails_is_tried_again_as_a_whole_then_stands_with_an_incident() {
    let nodes = r#"<scriptTask id="a" camunda:asyncBefore="true"><extensionElements><zeebe:script expression="=1" resultVariable="first"/>
        <camunda:failedJobRetryTimeCycle>PT10M,PT1H</camunda:failedJobRetryTimeCycle></extensionElements></scriptTask>
        <businessRuleTask id="b" camunda:decisionRef="missing"/>"#;
    let mut world = World::started(&line(nodes, "a b"));
    let job = world.id("a");
    let spec = world.state.job(&job, &world.models).unwrap();
    assert_eq!(
        (spec.retries, spec.pauses),
        (3, vec!["PT10M".to_owned(), "PT1H".to_owned()])
    );
    for left in [2, 1] {
        world.done("a", Value::Null);
        assert_eq!(
            (world.at(), world.variable("first")),
            (vec!["a".to_owned()], Value::Null),
            "nothing is kept"
        );
        assert!(matches!(world.effects.last(), Some(Effect::JobPaused(job)) if job.retries == left));
        assert!(
            matches!(world.events.last(), Some(Event::JobFailed { retries, message, .. })
            if *retries == left && message.contains("missing"))
        );
    }
    world.done("a", Value::Null);
    assert_eq!((world.at(), world.variable("first")), (vec!["b".to_owned()], json!(1)));
    assert_eq!(world.incident(), "decision");
}

#[test]
fn a_continuation_given_up_is_retried_in_one_click() {
    let mut world = World::started(&line(r#"<task id="a" camunda:asyncBefore="true"/>"#, "a"));
    let (job, message) = (world.id("a"), "the disk is full".to_owned());
    world.run(Command::FailJob {
        job,
        message,
        retries: 0,
    });
    assert_eq!(world.incident(), "job");
    let incident = world.id("a");
    world.run(Command::Retry { incident });
    assert_eq!(jobs(&world), [("a".to_owned(), JobKind::Continuation)]);
    world.done("a", Value::Null);
    assert!(world.completed());
}

#[test]
fn boundary_events_are_armed_after_the_continuation_and_stop_themselves() {
    let nodes = r#"<userTask id="u" camunda:asyncBefore="true"/><boundaryEvent id="late" attachedToRef="u" camunda:asyncBefore="true">
        <timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent><endEvent id="gone"/>"#;
    let mut world = World::started(&(line(nodes, "u") + chain("late gone").as_str()));
    assert!(world.state.timers().is_empty());
    world.done("u", Value::Null);
    world.advance(3600);
    assert_eq!(world.at(), ["late"]);
    world.done("late", Value::Null);
    assert!(world.completed());
}

#[test]
fn continuations_migrate_and_are_modified() {
    let version = |id: &str, before: &str| {
        let nodes = service("a") + format!(r#"<task id="b" {before}/>"#).as_str();
        file("", &line(&nodes, "a b")).replace(r#"<process id="p""#, &format!(r#"<process id="{id}""#))
    };
    let mut world = World::new(&version("p", r#"camunda:asyncBefore="true""#));
    let next = bpmn::parse(&version("q", "")).unwrap();
    world.models.0.extend(next.processes);
    world.start(Value::Null);
    world.done("a", Value::Null);
    let (from, to, mapping) = ("p".to_owned(), "q".to_owned(), std::collections::BTreeMap::new());
    world.run(Command::Migrate { from, to, mapping });
    assert_eq!(jobs(&world), [("b".to_owned(), JobKind::Continuation)]);
    let at = "b".to_owned();
    let before = engine::Instruction::StartBefore {
        element: "a".into(),
        scope: None,
        variables: engine::Variables::new(),
    };
    let instructions = vec![engine::Instruction::Cancel { at }, before];
    let reason = "look".to_owned();
    world.run(Command::Modify { instructions, reason });
    world.done("a", Value::Null);
    assert!(world.completed());
}
