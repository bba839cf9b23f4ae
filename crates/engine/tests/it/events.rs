//! Timers, messages, signals, conditions; boundary events and event sub-processes.

use crate::world::{World, chain, line, object, service};
use engine::{Command, Effect, Event};
use serde_json::json;

fn timer(kind: &str, text: &str) -> String {
    format!("<timerEventDefinition><{kind}>{text}</{kind}></timerEventDefinition>")
}

#[test]
fn an_intermediate_timer_waits() {
    let catch = format!(
        r#"<intermediateCatchEvent id="c">{}</intermediateCatchEvent>"#,
        timer("timeDuration", "=wait")
    );
    let mut world = World::started_with("", &line(&catch, "c"), json!({"wait": "PT90S"}));
    world.advance(89);
    assert_eq!(world.at(), ["c"]);
    world.advance(1);
    assert!(world.completed());
    assert!(
        world
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::TimerRemoved { .. }))
    );
}

#[test]
fn a_date_in_the_past_is_due_at_once() {
    let catch = format!(
        r#"<intermediateCatchEvent id="c">{}</intermediateCatchEvent>"#,
        timer("timeDate", "2020-01-01")
    );
    let mut world = World::started(&line(&catch, "c"));
    world.advance(0);
    assert!(world.completed());
}

#[test]
fn a_bad_computed_timer_is_an_incident() {
    let catch = format!(
        r#"<intermediateCatchEvent id="c">{}</intermediateCatchEvent>"#,
        timer("timeDuration", "=wait")
    );
    let mut world = World::started_with("", &line(&catch, "c"), json!({"wait": "soon"}));
    assert_eq!(world.incident(), "timer");
    world.run(Command::SetVariables {
        variables: object(json!({"wait": "PT1S"})),
    });
    let incident = world.state.incidents()[0].id.clone();
    world.run(Command::Retry { incident });
    world.advance(1);
    assert!(world.completed());
}

fn boundary(event: &str, interrupting: bool) -> String {
    let nodes = format!(
        r#"{}<boundaryEvent id="b" attachedToRef="t" cancelActivity="{interrupting}">{event}</boundaryEvent>{}<endEvent id="e2"/>"#,
        service("t"),
        service("late")
    );
    line(&nodes, "t") + &*chain("b late e2")
}

#[test]
fn an_interrupting_boundary_timer_cancels_the_job() {
    let mut world = World::started(&boundary(&timer("timeDuration", "PT1H"), true));
    let job = world.id("t");
    world.advance(3600);
    assert_eq!(world.at(), ["late"]);
    assert!(world.effects.contains(&Effect::JobRemoved {
        id: job,
        job_type: "t".into(),
        priority: 0,
    }));
    world.done("late", json!(null));
    assert!(world.completed());
}

#[test]
fn a_boundary_cycle_repeats_beside_the_task() {
    let mut world = World::started(&boundary(&timer("timeCycle", "R3/PT10M"), false));
    world.advance(86_400);
    assert_eq!(world.at(), ["late", "late", "late", "t"]);
    assert!(world.state.timers().is_empty());
}

#[test]
fn a_task_done_in_time_takes_its_timers_along() {
    let mut world = World::started(&boundary(&timer("timeDuration", "PT1H"), true));
    world.done("t", json!(null));
    assert!(world.completed());
    assert!(world.state.timers().is_empty());
}

#[test]
fn messages_come_to_boundary_events_again_and_again() {
    let root = r#"<message id="m" name="m"/>"#;
    let mut world = World::started_with(
        root,
        &boundary(r#"<messageEventDefinition messageRef="m"/>"#, false),
        json!(null),
    );
    assert_eq!(
        world.state.waits()[0].key.as_deref(),
        Some("key"),
        "the business key correlates"
    );
    world.deliver("b", json!({"n": 1}));
    world.deliver("b", json!({"n": 2}));
    assert_eq!(world.at(), ["late", "late", "t"]);
    assert_eq!(world.variable("n"), json!(2));
}

#[test]
fn a_signal_reaches_its_own_instance_at_once_and_others_by_effect() {
    let root = r#"<signal id="g" name="Go"/>"#;
    let nodes = format!(
        r#"<parallelGateway id="fork"/><intermediateCatchEvent id="c"><signalEventDefinition signalRef="g"/></intermediateCatchEvent>
        {}<intermediateThrowEvent id="th"><signalEventDefinition signalRef="g"/></intermediateThrowEvent><endEvent id="e2"/>{}"#,
        service("t"),
        service("after")
    );
    let model = line(&nodes, "fork c after") + &*chain("fork t th e2");
    let mut world = World::started_with(root, &model, json!(null));
    world.done("t", json!(null));
    assert_eq!(world.at(), ["after"]);
    assert!(world.effects.contains(&Effect::SignalThrown {
        name: "Go".into(),
        variables: object(json!(null))
    }));
    assert!(world.events.contains(&Event::SignalReceived {
        element: "c".into(),
        name: "Go".into()
    }));
}

#[test]
fn conditions_fire_when_they_become_true() {
    let event = "<conditionalEventDefinition><condition>=level > 3</condition></conditionalEventDefinition>";
    let mut world = World::started(&boundary(event, false));
    assert_eq!(world.at(), ["t"], "an unknown variable is not yet true");
    let set = |world: &mut World, level: i32| {
        world.run(Command::SetVariables {
            variables: object(json!({"level": level})),
        });
    };
    set(&mut world, 1);
    set(&mut world, 5);
    set(&mut world, 6);
    assert_eq!(world.at(), ["late", "t"], "it fires on the edge");
    set(&mut world, 0);
    set(&mut world, 9);
    assert_eq!(world.at(), ["late", "late", "t"]);
}

#[test]
fn conditions_that_drive_each_other_end_in_bounded_time() {
    let boundary = |id: &str, condition: &str, value: &str| {
        format!(
            r#"<boundaryEvent id="{id}" attachedToRef="t" cancelActivity="false"><extensionElements><zeebe:ioMapping><zeebe:output source="={value}" target="x"/></zeebe:ioMapping></extensionElements>
            <conditionalEventDefinition><condition>={condition}</condition></conditionalEventDefinition></boundaryEvent>"#
        )
    };
    let nodes = service("t") + &*boundary("up", "x = 0", "1") + &*boundary("down", "x = 1", "0");
    let mut world = World::new(&crate::world::file("", &line(&nodes, "t")));
    world.limits.nodes_per_step = 50;
    world.start(json!({"x": 0}));
    assert!(world.at().contains(&"t".to_owned()));
}

#[test]
fn multiple_events_need_one_or_all() {
    let root = r#"<message id="m1" name="m1"/><message id="m2" name="m2"/>"#;
    for all in [false, true] {
        let catch = format!(
            r#"<intermediateCatchEvent id="c" parallelMultiple="{all}"><messageEventDefinition messageRef="m1"/><messageEventDefinition messageRef="m2"/></intermediateCatchEvent>"#
        );
        let mut world = World::started_with(root, &line(&catch, "c"), json!(null));
        assert_eq!(world.state.waits().len(), 2);
        world.deliver("c", json!({"a": 1}));
        assert_eq!(world.completed(), !all);
        if all {
            world.deliver("c", json!({"b": 2}));
            assert!(world.completed());
            assert_eq!((world.variable("a"), world.variable("b")), (json!(1), json!(2)));
        }
    }
}

fn event_sub(interrupting: bool) -> String {
    let nodes = format!(
        r#"{}<subProcess id="es" triggeredByEvent="true"><startEvent id="es-s" isInterrupting="{interrupting}"><messageEventDefinition messageRef="m"/></startEvent>{}<endEvent id="es-e"/>{}</subProcess>"#,
        service("t"),
        service("inner"),
        chain("es-s inner es-e")
    );
    line(&nodes, "t")
}

#[test]
fn an_event_sub_process_runs_beside_or_instead() {
    let root = r#"<message id="m" name="m"/>"#;
    let mut world = World::started_with(root, &event_sub(false), json!(null));
    world.deliver("es", json!({"x": 1}));
    world.deliver("es", json!({"x": 2}));
    assert_eq!(world.at(), ["es", "es", "inner", "inner", "t"]);
    world.done("t", json!(null));
    world.done("inner", json!(null));
    assert!(!world.completed());
    world.done("inner", json!(null));
    assert!(world.completed());

    let mut world = World::started_with(root, &event_sub(true), json!(null));
    world.deliver("es", json!({"x": 1}));
    assert_eq!(world.at(), ["es", "inner"]);
    assert!(world.state.waits().is_empty());
    world.done("inner", json!(null));
    assert!(world.completed());
    assert_eq!(world.variable("x"), json!(1));
}
