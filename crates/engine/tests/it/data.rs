//! Variables, mappings and data objects.

use crate::world::{World, chain, line, service};
use serde_json::json;

#[test]
fn mappings_reach_into_contexts() {
    let task = service("t").replace(
        "</extensionElements>",
        r#"<zeebe:ioMapping><zeebe:input source="=p.name" target="q.who"/><zeebe:input source="fixed" target="kind"/>
        <zeebe:output source="=r" target="p.result"/></zeebe:ioMapping></extensionElements>"#,
    );
    let mut world = World::started_with("", &line(&task, "t"), json!({"p": {"name": "Ada"}}));
    let variables = world.state.job(&world.id("t"), &world.models).unwrap().variables;
    assert_eq!(
        (&variables["q"], &variables["kind"]),
        (&json!({"who": "Ada"}), &json!("fixed"))
    );
    world.done("t", json!({"r": 7}));
    assert_eq!(world.variable("p"), json!({"name": "Ada", "result": 7}));
    assert_eq!(world.variable("q"), json!(null));
}

#[test]
fn data_objects_of_a_sub_process_stay_inside() {
    let nodes = format!(
        r#"<subProcess id="sub"><dataObject id="d" name="note"/><startEvent id="si"/>{}{}</subProcess>{}"#,
        service("t"),
        chain("si t"),
        service("u")
    );
    let mut world = World::started(&line(&nodes, "sub u"));
    world.done("t", json!({"note": "secret", "open": 1}));
    assert_eq!(
        (world.variable("note"), world.variable("open")),
        (json!(null), json!(1))
    );
}

#[test]
fn data_associations_feed_and_store() {
    let nodes = r#"<dataObject id="do" name="order"/><dataObjectReference id="dr" dataObjectRef="do"/>
      <serviceTask id="t"><extensionElements><zeebe:taskDefinition type="t"/></extensionElements>
        <ioSpecification><dataInput id="di" name="in"/><dataOutput id="dout" name="out"/><inputSet/><outputSet/></ioSpecification>
        <dataInputAssociation><sourceRef>dr</sourceRef><targetRef>di</targetRef></dataInputAssociation>
        <dataOutputAssociation><sourceRef>dout</sourceRef><targetRef>dr</targetRef></dataOutputAssociation>
      </serviceTask>"#;
    let mut world = World::started_with("", &line(nodes, "t"), json!({"order": 5}));
    assert_eq!(
        world.state.job(&world.id("t"), &world.models).unwrap().variables["in"],
        json!(5)
    );
    world.done("t", json!({"out": 6}));
    assert_eq!(world.variable("order"), json!(6));
    assert!(world.completed());
}
