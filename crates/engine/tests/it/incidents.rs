//! What goes wrong inside a process.

use crate::world::{World, chain, file, flow, flow_if, line, object, service};
use engine::{Command, Effect};
use serde_json::json;

fn retry(world: &mut World) {
    let incident = world.state.incidents()[0].id.clone();
    world.run(Command::Retry { incident });
}

#[test]
fn a_job_without_retries_waits_for_help() {
    let mut world = World::started(&line(&service("t"), "t"));
    let job = world.id("t");
    world.run(Command::FailJob {
        job: job.clone(),
        message: "timeout".into(),
        retries: 2,
    });
    assert!(world.state.incidents().is_empty());
    assert_eq!(world.state.job(&job, &world.models).unwrap().retries, 2);
    world.run(Command::FailJob {
        job: job.clone(),
        message: "timeout".into(),
        retries: 0,
    });
    assert_eq!(world.incident(), "job");
    assert!(world.effects.contains(&Effect::JobRemoved {
        id: job.clone(),
        job_type: "t".into(),
        priority: 0,
    }));
    retry(&mut world);
    assert_eq!(world.id("t"), job, "the same work keeps its idempotency key");
    world.done("t", json!(null));
    assert!(world.completed());
}

#[test]
fn a_failed_output_mapping_keeps_the_result() {
    let task = service("t").replace(
        "</extensionElements>",
        r#"<zeebe:ioMapping><zeebe:output source="=decide(result)" target="x"/></zeebe:ioMapping></extensionElements>"#,
    );
    let mut world = World::started(&line(&task, "t"));
    world.done("t", json!({"result": 1}));
    if world.state.incidents().is_empty() {
        // an unknown function may also be null in FEEL: then the mapping gives null
        assert_eq!(world.variable("x"), json!(null));
        return;
    }
    assert_eq!(world.incident(), "expression");
    retry(&mut world);
    assert_eq!(world.incident(), "expression", "nothing was corrected");
}

#[test]
fn a_circle_without_wait_is_stopped() {
    let model = format!(
        r#"<startEvent id="s"/><exclusiveGateway id="g" default="g--e"/><task id="t"/><endEvent id="e"/>{}{}"#,
        chain("s g") + &*flow("t", "g") + &*flow("g", "e"),
        flow_if("g", "t", "go")
    );
    let mut world = World::new(&file("", &model));
    world.limits.nodes_per_step = 100;
    world.start(json!({"go": true}));
    assert_eq!(world.incident(), "limit");
    world.run(Command::SetVariables {
        variables: object(json!({"go": false})),
    });
    retry(&mut world);
    assert!(world.completed());
}

#[test]
fn tokens_that_multiply_are_stopped() {
    let model = format!(
        r#"<startEvent id="s"/><task id="a" completionQuantity="10"/>{}<endEvent id="e"/>{}"#,
        r#"<task id="b" completionQuantity="10"/>"#.to_owned() + &*service("t"),
        chain("s a b t e")
    );
    let mut world = World::new(&file("", &model));
    world.limits.tokens = 50;
    world.start(json!(null));
    assert!(world.state.incidents().iter().all(|incident| incident.kind == "limit"));
    assert!(!world.state.incidents().is_empty());
    assert!(world.state.active().len() <= 50);
}

#[test]
fn an_incident_goes_with_its_token() {
    let nodes = format!(
        r#"<serviceTask id="t"><extensionElements><zeebe:taskDefinition type="=unknown"/></extensionElements></serviceTask><boundaryEvent id="b" attachedToRef="t"><timerEventDefinition><timeDuration>PT1S</timeDuration></timerEventDefinition></boundaryEvent>{}"#,
        service("other")
    );
    let mut world = World::started(&(line(&nodes, "t") + &*chain("b other")));
    assert_eq!(world.incident(), "expression");
    world.advance(1);
    assert_eq!(world.at(), ["other"]);
    assert!(world.state.incidents().is_empty());
    assert!(
        world
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::IncidentClosed { .. }))
    );
}
