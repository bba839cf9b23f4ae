//! Compensation.

use crate::world::{World, chain, line, service};
use engine::Event;
use serde_json::json;

/// An activity with a compensation handler `<id>-undo`.
fn undoable(id: &str) -> String {
    format!(
        r#"{}<boundaryEvent id="{id}-b" attachedToRef="{id}"><compensateEventDefinition/></boundaryEvent>{}<association id="{id}-as" sourceRef="{id}-b" targetRef="{id}-undo"/>"#,
        service(id),
        service(&format!("{id}-undo")).replace("<serviceTask", r#"<serviceTask isForCompensation="true""#)
    )
}

fn throwing(attributes: &str) -> String {
    format!(r#"<intermediateThrowEvent id="undo"><compensateEventDefinition {attributes}/></intermediateThrowEvent>"#)
}

#[test]
fn handlers_run_in_reverse_order_then_the_thrower_goes_on() {
    let mut world = World::started(&line(
        &(undoable("a") + &*undoable("b") + &*throwing("") + &*service("after")),
        "a b undo after",
    ));
    world.done("a", json!(null));
    world.done("b", json!(null));
    assert_eq!(world.at(), ["b-undo", "undo"]);
    world.done("b-undo", json!(null));
    assert_eq!(world.at(), ["a-undo", "undo"]);
    world.done("a-undo", json!(null));
    assert_eq!(world.at(), ["after"]);
    let undone = |event: &&Event| matches!(event, Event::Compensated { .. });
    assert_eq!(world.events.iter().filter(undone).count(), 2);
}

#[test]
fn one_activity_can_be_named() {
    let mut world = World::started(&line(
        &(undoable("a") + &*undoable("b") + &*throwing(r#"activityRef="a""#) + &*service("after")),
        "a b undo after",
    ));
    world.done("a", json!(null));
    world.done("b", json!(null));
    world.done("a-undo", json!(null));
    assert_eq!(world.at(), ["after"]);
}

#[test]
fn what_never_ran_is_not_undone() {
    let mut world = World::started(&line(
        &(undoable("a") + &*throwing("") + &*service("after")),
        "undo a after",
    ));
    assert_eq!(world.at(), ["a"]);
    world.done("a", json!(null));
    assert_eq!(world.at(), ["after"]);
}

#[test]
fn the_thrower_need_not_wait() {
    let model = line(
        &(undoable("a") + &*throwing(r#"waitForCompletion="false""#) + &*service("after")),
        "a undo after",
    );
    let mut world = World::started(&model);
    world.done("a", json!(null));
    assert_eq!(world.at(), ["a-undo", "after"]);
    world.done("after", json!(null));
    world.done("a-undo", json!(null));
    assert!(world.completed());
}

#[test]
fn a_completed_sub_process_is_undone_from_inside_with_its_variables() {
    let inside = undoable("a") + &*undoable("b") + &*chain("si a b");
    let sub = format!(
        r#"<subProcess id="sub"><extensionElements><zeebe:ioMapping><zeebe:input source="=1" target="place"/></zeebe:ioMapping></extensionElements><startEvent id="si"/>{inside}</subProcess>"#
    );
    let mut world = World::started(&line(&(sub + &*throwing("") + &*service("after")), "sub undo after"));
    world.done("a", json!({"place": 7}));
    world.done("b", json!(null));
    assert_eq!(world.at(), ["b-undo", "sub", "sub", "undo"]);
    assert_eq!(
        world.state.job(&world.id("b-undo"), &world.models).unwrap().variables["place"],
        json!(7)
    );
    world.done("b-undo", json!(null));
    world.done("a-undo", json!(null));
    assert_eq!(world.at(), ["after"]);
    world.done("after", json!(null));
    assert!(world.completed());
}

#[test]
fn every_instance_of_a_loop_is_undone_with_its_element() {
    let looped = undoable("a").replacen(
        "</serviceTask>",
        r#"<multiInstanceLoopCharacteristics isSequential="true"><extensionElements><zeebe:loopCharacteristics inputCollection="=[1, 2]" inputElement="x"/></extensionElements></multiInstanceLoopCharacteristics></serviceTask>"#,
        1,
    );
    let mut world = World::started(&line(&(looped + &*throwing("")), "a undo"));
    world.done("a", json!(null));
    world.done("a", json!(null));
    for x in [2, 1] {
        assert_eq!(
            world.state.job(&world.id("a-undo"), &world.models).unwrap().variables["x"],
            json!(x)
        );
        world.done("a-undo", json!(null));
    }
    assert!(world.completed());
}
