//! BPMN errors and escalations.

use crate::world::{World, chain, line, object, service};
use engine::{Command, Event, InstanceState};
use serde_json::json;

const ROOT: &str = r#"<error id="E1" errorCode="NO_SLOT"/><error id="E2" errorCode="OTHER"/><escalation id="X" escalationCode="LATE"/>"#;

fn throw(world: &mut World, element: &str, code: &str) {
    let (at, code) = (world.id(element), code.to_owned());
    world.run(Command::ThrowError {
        at,
        code,
        message: "no".into(),
        variables: object(json!({"why": "full"})),
    });
}

fn caught_by(definition: &str) -> String {
    let nodes = format!(
        r#"{}<boundaryEvent id="b" attachedToRef="t">{definition}</boundaryEvent>{}"#,
        service("t"),
        service("fix")
    );
    line(&nodes, "t") + &*chain("b fix")
}

#[test]
fn a_worker_error_goes_to_the_boundary_event_of_its_code() {
    let model = caught_by(
        r#"<errorEventDefinition errorRef="E1" camunda:errorCodeVariable="code" camunda:errorMessageVariable="text"/>"#,
    );
    let mut world = World::started_with(ROOT, &model, json!(null));
    throw(&mut world, "t", "NO_SLOT");
    assert_eq!(world.at(), ["fix"]);
    assert_eq!(
        (world.variable("code"), world.variable("text"), world.variable("why")),
        (json!("NO_SLOT"), json!("no"), json!("full"))
    );
    assert!(world.events.contains(&Event::ErrorCaught {
        element: "b".into(),
        code: "NO_SLOT".into()
    }));
}

#[test]
fn an_error_of_another_code_is_an_incident() {
    let mut world = World::started_with(
        ROOT,
        &caught_by(r#"<errorEventDefinition errorRef="E2"/>"#),
        json!(null),
    );
    throw(&mut world, "t", "NO_SLOT");
    assert_eq!(world.incident(), "unhandled-error");
    let incident = world.state.incidents()[0].id.clone();
    world.run(Command::Retry { incident });
    world.done("t", json!(null));
    assert!(world.completed());
    let mut any = World::started_with(ROOT, &caught_by("<errorEventDefinition/>"), json!(null));
    throw(&mut any, "t", "NO_SLOT");
    assert_eq!(any.at(), ["fix"], "an event without code catches every error");
}

fn nested(end: &str, boundary: &str) -> String {
    let nodes = format!(
        r#"<subProcess id="outer"><startEvent id="os"/><subProcess id="inner"><startEvent id="is"/>{}<endEvent id="ie">{end}</endEvent>{}</subProcess>{}<endEvent id="oe"/>{}</subProcess>{boundary}{}"#,
        service("t"),
        chain("is t ie"),
        service("more"),
        chain("os inner more oe"),
        service("fix")
    );
    line(&nodes, "outer") + &*chain("b fix")
}

#[test]
fn an_error_end_event_is_caught_further_out() {
    let boundary =
        r#"<boundaryEvent id="b" attachedToRef="outer"><errorEventDefinition errorRef="E1"/></boundaryEvent>"#;
    let mut world = World::started_with(
        ROOT,
        &nested(r#"<errorEventDefinition errorRef="E1"/>"#, boundary),
        json!(null),
    );
    world.done("t", json!(null));
    assert_eq!(world.at(), ["fix"]);
}

#[test]
fn an_uncaught_error_end_event_ends_the_instance() {
    let model = line(&service("t"), "t").replace(
        r#"<endEvent id="e"/>"#,
        r#"<endEvent id="e"><errorEventDefinition errorRef="E1"/></endEvent>"#,
    );
    let mut world = World::started_with(ROOT, &model, json!(null));
    world.done("t", json!(null));
    assert_eq!(world.state.status(), InstanceState::Terminated);
    assert!(matches!(world.events.last(), Some(Event::Terminated { reason }) if reason.contains("NO_SLOT")));
}

#[test]
fn an_escalation_may_leave_what_runs_alone() {
    for interrupting in [false, true] {
        let boundary = format!(
            r#"<boundaryEvent id="b" attachedToRef="outer" cancelActivity="{interrupting}"><escalationEventDefinition escalationRef="X"/></boundaryEvent>"#
        );
        let mut world = World::started_with(
            ROOT,
            &nested(r#"<escalationEventDefinition escalationRef="X"/>"#, &boundary),
            json!(null),
        );
        world.done("t", json!(null));
        assert_eq!(
            world.at(),
            if interrupting {
                vec!["fix"]
            } else {
                vec!["fix", "more", "outer"]
            }
        );
    }
    let mut nobody = World::started_with(
        ROOT,
        &nested(r#"<escalationEventDefinition escalationRef="X"/>"#, "").replace(&chain("b fix"), ""),
        json!(null),
    );
    nobody.done("t", json!(null));
    assert_eq!(nobody.at(), ["more", "outer"], "nobody need catch an escalation");
}

#[test]
fn an_error_event_sub_process_takes_over() {
    let nodes = format!(
        r#"{}<subProcess id="es" triggeredByEvent="true"><startEvent id="es-s"><errorEventDefinition/></startEvent>{}{}</subProcess>"#,
        service("t") + &*service("u"),
        service("fix"),
        chain("es-s fix")
    );
    let model = line(&format!(r#"<parallelGateway id="f"/>{nodes}"#), "f t") + &*chain("f u e");
    let mut world = World::started_with(ROOT, &model, json!(null));
    throw(&mut world, "t", "ANY");
    assert_eq!(world.at(), ["es", "fix"]);
    throw(&mut world, "fix", "AGAIN");
    assert_eq!(world.incident(), "unhandled-error", "it does not catch its own errors");
}
