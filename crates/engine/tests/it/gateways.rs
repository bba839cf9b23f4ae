//! Gateways and sequence flows.

use crate::world::{World, chain, flow, flow_if, service};
use serde_json::{Value, json};

/// `s -> split -> a|b|c -> join -> t -> e` with the given gateways; the conditions look at `a`, `b`, and `c` is the
/// default when asked.
fn diamond(split: &str, join: &str, conditions: bool, default: bool) -> String {
    let default_attribute = if default { r#" default="split--c""# } else { "" };
    let mut xml = format!(
        r#"<startEvent id="s"/><{split} id="split"{default_attribute}/><{join} id="join"/><endEvent id="e"/>{}{}{}{}"#,
        service("a"),
        service("b"),
        service("c"),
        service("t")
    );
    xml += &*flow("s", "split");
    for branch in ["a", "b", "c"] {
        let conditional = conditions && !(default && branch == "c");
        xml += &*if conditional {
            flow_if("split", branch, branch)
        } else {
            flow("split", branch)
        };
        xml += &*flow(branch, "join");
    }
    xml + &*chain("join t e")
}

fn with(a: bool, b: bool, c: bool) -> Value {
    json!({"a": a, "b": b, "c": c})
}

#[test]
fn exclusive_takes_the_first_true_or_the_default() {
    let model = diamond("exclusiveGateway", "exclusiveGateway", true, true);
    for (variables, taken) in [
        (with(true, true, false), "a"),
        (with(false, true, false), "b"),
        (with(false, false, false), "c"),
    ] {
        let world = World::started_with("", &model, variables);
        assert_eq!(world.at(), [taken]);
    }
}

#[test]
fn exclusive_without_a_way_out_waits_for_help() {
    let model = diamond("exclusiveGateway", "exclusiveGateway", true, false);
    let mut world = World::started_with("", &model, with(false, false, false));
    assert_eq!(world.incident(), "no-flow");
    world.run(engine::Command::SetVariables {
        variables: crate::world::object(json!({"b": true})),
    });
    let incident = world.state.incidents()[0].id.clone();
    world.run(engine::Command::Retry { incident });
    assert_eq!(world.at(), ["b"]);
    assert!(world.state.incidents().is_empty());
}

#[test]
fn a_condition_without_value_is_an_incident_not_a_no() {
    let model = diamond("exclusiveGateway", "exclusiveGateway", true, true);
    let world = World::started_with("", &model, json!({}));
    assert_eq!(world.incident(), "expression");
}

#[test]
fn parallel_waits_for_every_branch() {
    let mut world = World::started(&diamond("parallelGateway", "parallelGateway", false, false));
    assert_eq!(world.at(), ["a", "b", "c"]);
    world.done("b", json!(null));
    world.done("a", json!(null));
    assert_eq!(world.at(), ["c", "join", "join"]);
    world.done("c", json!(null));
    assert_eq!(world.at(), ["t"]);
    world.done("t", json!(null));
    assert!(world.completed());
    assert_eq!(world.entered("t"), 1);
}

#[test]
fn inclusive_waits_for_the_branches_that_run() {
    let model = diamond("inclusiveGateway", "inclusiveGateway", true, true);
    let mut world = World::started_with("", &model, with(true, true, false));
    assert_eq!(world.at(), ["a", "b"]);
    world.done("a", json!(null));
    assert_eq!(world.at(), ["b", "join"]);
    world.done("b", json!(null));
    assert_eq!(world.at(), ["t"]);
    let world = World::started_with("", &model, with(false, false, false));
    assert_eq!(world.at(), ["c"]);
}

#[test]
fn inclusive_join_sees_loops_and_boundary_events() {
    // b can be repeated before it reaches the join, and its boundary event leads there too
    let model = format!(
        r#"<startEvent id="s"/><parallelGateway id="fork"/><exclusiveGateway id="again" default="again--join"/><inclusiveGateway id="join"/><endEvent id="e"/>
        <boundaryEvent id="late" attachedToRef="b"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>{}{}{}{}{}"#,
        service("a"),
        service("b"),
        chain("s fork a join e"),
        chain("fork b again join"),
        flow_if("again", "b", "more") + &*flow("late", "join")
    );
    let mut world = World::started_with("", &model, json!({"more": true}));
    world.done("a", json!(null));
    world.done("b", json!({"more": true}));
    assert_eq!(world.at(), ["b", "join"]);
    world.advance(3600);
    assert!(world.completed());
    assert_eq!(world.entered("join"), 2);
}

#[test]
fn two_inclusive_joins_in_a_row_do_not_block_each_other() {
    let model = format!(
        r#"<startEvent id="s"/><inclusiveGateway id="split"/><inclusiveGateway id="j1"/><inclusiveGateway id="j2"/><endEvent id="e"/>{}{}{}{}{}{}"#,
        service("a"),
        service("b"),
        service("c"),
        flow("s", "split") + &*flow_if("split", "a", "a") + &*flow_if("split", "b", "b") + &*flow_if("split", "c", "c"),
        chain("a j1") + &*chain("b j1") + &*chain("j1 j2"),
        chain("c j2 e")
    );
    let mut world = World::started_with("", &model, with(true, true, true));
    for task in ["c", "a", "b"] {
        world.done(task, json!(null));
    }
    assert!(world.completed());
    assert_eq!(
        world
            .events
            .iter()
            .filter(|event| matches!(event, engine::Event::FlowTaken { flow } if flow == "j2--e"))
            .count(),
        1
    );
}

#[test]
fn complex_fires_once_and_resets() {
    let model = diamond("parallelGateway", "complexGateway", false, false).replace(
        r#"<complexGateway id="join"/>"#,
        r#"<complexGateway id="join"><activationCondition>activationCount >= 2</activationCondition></complexGateway>"#,
    );
    let mut world = World::started(&model);
    world.done("a", json!(null));
    assert_eq!(world.entered("t"), 0);
    world.done("b", json!(null));
    assert_eq!(world.at(), ["c", "t"]);
    world.done("c", json!(null));
    world.done("t", json!(null));
    assert!(
        world.completed(),
        "the third token is taken away in the reset: {:?}",
        world.at()
    );
    assert_eq!(world.entered("t"), 1);
}

#[test]
fn flows_of_a_task_are_taken_together() {
    let mut xml = format!(
        r#"<startEvent id="s"/>{}{}{}{}"#,
        service("t"),
        service("a"),
        service("b"),
        service("c")
    );
    xml = xml.replace(r#"<serviceTask id="t">"#, r#"<serviceTask id="t" default="t--c">"#);
    xml += &*(flow("s", "t") + &*flow_if("t", "a", "x > 1") + &*flow_if("t", "b", "x > 2") + &*flow("t", "c"));
    for (x, expected) in [(3, vec!["a", "b"]), (2, vec!["a"]), (0, vec!["c"])] {
        let mut world = World::started_with("", &xml, json!({"x": x}));
        world.done("t", json!(null));
        assert_eq!(world.at(), expected);
    }
}

#[test]
fn the_first_event_after_an_event_gateway_wins() {
    let root = r#"<message id="m" name="m"/>"#;
    let model = format!(
        r#"<startEvent id="s"/><eventBasedGateway id="g"/><endEvent id="e1"/><endEvent id="e2"/>
        <intermediateCatchEvent id="timer"><timerEventDefinition><timeDuration>PT1M</timeDuration></timerEventDefinition></intermediateCatchEvent>
        <receiveTask id="message" messageRef="m"/>{}{}"#,
        chain("s g timer e1"),
        chain("g message e2")
    );
    let mut world = World::started_with(root, &model, json!(null));
    world.deliver("message", json!({"x": 1}));
    assert!(world.completed());
    assert_eq!((world.entered("e1"), world.entered("e2")), (0, 1));
    assert!(world.state.timers().is_empty());
    let mut world = World::started_with(root, &model, json!(null));
    world.advance(60);
    assert_eq!((world.entered("e1"), world.entered("e2")), (1, 0));
}

#[test]
fn token_quantities_gather_and_multiply() {
    let model = format!(
        r#"<startEvent id="s"/><task id="a" completionQuantity="3"/>{}<endEvent id="e"/>{}"#,
        service("b").replace("<serviceTask", r#"<serviceTask startQuantity="3""#),
        chain("s a b e")
    );
    let mut world = World::started(&model);
    assert_eq!(world.at(), ["b"]);
    world.done("b", json!(null));
    assert!(world.completed());
}

#[test]
fn links_jump() {
    let model = format!(
        r#"<startEvent id="s"/><intermediateThrowEvent id="out"><linkEventDefinition name="L"/></intermediateThrowEvent>
        <intermediateCatchEvent id="in"><linkEventDefinition name="L"/></intermediateCatchEvent>{}<endEvent id="e"/>{}{}"#,
        service("t"),
        chain("s out"),
        chain("in t e")
    );
    assert_eq!(World::started(&model).at(), ["t"]);
}
