//! Sub-processes, call activities, ad-hoc, transactions, terminate.

use crate::world::{World, chain, file, line, service};
use serde_json::json;

fn sub(inside: &str) -> String {
    format!(r#"<subProcess id="sub"><startEvent id="si"/>{inside}</subProcess>"#)
}

#[test]
fn a_sub_process_has_its_own_variables() {
    let inside = format!("{}<endEvent id=\"ei\"/>{}", service("t"), chain("si t ei"));
    let model = line(&sub(&inside), "sub").replace(
        r#"<subProcess id="sub">"#,
        r#"<subProcess id="sub"><extensionElements><zeebe:ioMapping><zeebe:input source="=1" target="local"/><zeebe:output source="=local + 1" target="out"/></zeebe:ioMapping></extensionElements>"#,
    );
    let mut world = World::started(&model);
    assert_eq!(world.at(), ["sub", "t"]);
    world.done("t", json!({"local": 41, "other": true}));
    assert!(world.completed());
    assert_eq!(
        (world.variable("out"), world.variable("local")),
        (json!(42), json!(null))
    );
    assert_eq!(world.variable("other"), json!(true));
}

#[test]
fn an_interrupted_sub_process_leaves_nothing_behind() {
    let inside = format!(
        r#"<parallelGateway id="f"/>{}{}<intermediateCatchEvent id="c"><timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition></intermediateCatchEvent>{}"#,
        service("t"),
        r#"<userTask id="u"/>"#,
        chain("si f t") + &*chain("f u") + &*chain("f c")
    );
    let nodes = sub(&inside)
        + r#"<boundaryEvent id="b" attachedToRef="sub"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>"#;
    let mut world = World::started(&(line(&nodes, "sub") + &*chain("b e")));
    assert_eq!(world.at(), ["c", "sub", "t", "u"]);
    world.advance(3600);
    assert!(world.completed());
    assert!(world.state.timers().is_empty());
}

#[test]
fn terminate_ends_its_level_only() {
    let inside = format!(
        r#"<parallelGateway id="f"/>{}<endEvent id="stop"><terminateEventDefinition/></endEvent>{}"#,
        service("t") + &*service("u"),
        chain("si f t") + &*chain("f u stop")
    );
    let mut world = World::started(&line(&(sub(&inside) + &*service("after")), "sub after"));
    world.done("u", json!(null));
    assert_eq!(world.at(), ["after"]);
}

/// The inside of the called process.
fn called() -> String {
    format!(
        r#"<startEvent id="qs"/>{}<endEvent id="qe"/>{}"#,
        service("t"),
        chain("qs t qe")
    )
}

fn calling(called: &str, extension: &str) -> String {
    let caller = format!(
        r#"<callActivity id="call" calledElement="q"><extensionElements>{extension}</extensionElements></callActivity>{}"#,
        service("after")
    );
    file("", &line(&caller, "call after")).replace(
        "</definitions>",
        &format!(r#"<process id="q" isExecutable="true">{called}</process></definitions>"#),
    )
}

#[test]
fn a_called_process_runs_inside_with_its_own_variables() {
    let mut world = World::new(&calling(&called(), ""));
    world.start(json!({"x": 1, "y": 1}));
    assert_eq!(world.at(), ["call", "t"]);
    let active = world.state.active();
    assert_eq!(
        active.iter().find(|active| active.element == "t").unwrap().definition,
        "q"
    );
    assert_eq!(
        world.state.job(&world.id("t"), &world.models).unwrap().variables["x"],
        json!(1)
    );
    world.done("t", json!({"x": 2}));
    assert_eq!(world.at(), ["after"]);
    assert_eq!((world.variable("x"), world.variable("y")), (json!(2), json!(1)));
}

#[test]
fn only_mapped_variables_pass_when_asked() {
    let extension = r#"<zeebe:calledElement processId="q" propagateAllParentVariables="false" propagateAllChildVariables="false"/>
      <zeebe:ioMapping><zeebe:input source="=x + 1" target="in"/></zeebe:ioMapping>"#;
    let mut world = World::new(&calling(&called(), extension));
    world.start(json!({"x": 1}));
    let variables = world.state.job(&world.id("t"), &world.models).unwrap().variables;
    assert_eq!(serde_json::Value::Object(variables), json!({"in": 2}));
    world.done("t", json!({"out": 3}));
    assert_eq!(world.at(), ["after"]);
    assert_eq!(world.variable("out"), json!(null));
}

#[test]
fn a_process_that_calls_itself_stops_at_the_limit() {
    let model = line(r#"<callActivity id="call" calledElement="p"/>"#, "call");
    let world = World::started(&model);
    assert_eq!(world.incident(), "limit");
    let missing = World::started(&line(r#"<callActivity id="call" calledElement="nowhere"/>"#, "call"));
    assert_eq!(missing.incident(), "call");
}

fn ad_hoc(attributes: &str, condition: &str) -> String {
    let nodes = format!(
        r#"<adHocSubProcess id="ah" {attributes}>{}{}{}{condition}</adHocSubProcess>"#,
        service("a"),
        service("b"),
        service("c")
    );
    line(&nodes, "ah")
}

#[test]
fn ad_hoc_runs_all_together_or_in_turn() {
    let world = World::started(&ad_hoc("", ""));
    assert_eq!(world.at(), ["a", "ah", "b", "c"]);
    let mut world = World::started(&ad_hoc(r#"ordering="Sequential""#, ""));
    for (at, rest) in [("a", false), ("b", false), ("c", true)] {
        assert_eq!(world.state.jobs().len(), 1);
        assert!(world.at().contains(&at.to_owned()));
        world.done(at, json!(null));
        assert_eq!(world.completed(), rest);
    }
}

#[test]
fn ad_hoc_ends_when_its_condition_holds() {
    let condition = "<completionCondition>=enough</completionCondition>";
    let mut world = World::started_with("", &ad_hoc("", condition), json!({"enough": false}));
    world.done("a", json!(null));
    assert_eq!(world.at(), ["ah", "b", "c"]);
    world.done("b", json!({"enough": true}));
    assert!(world.completed());
    let keep = r#"cancelRemainingInstances="false""#;
    let mut world = World::started_with("", &ad_hoc(keep, condition), json!({"enough": true}));
    world.done("a", json!(null));
    assert_eq!(world.at(), ["ah", "b", "c"]);
}

#[test]
fn a_cancelled_transaction_compensates_and_goes_another_way() {
    let inside = format!(
        r#"{}<boundaryEvent id="undo" attachedToRef="book"><compensateEventDefinition/></boundaryEvent>
        <serviceTask id="unbook" isForCompensation="true"/><association id="as" sourceRef="undo" targetRef="unbook"/>
        <endEvent id="cancel"><cancelEventDefinition/></endEvent>{}"#,
        service("book"),
        chain("si book cancel")
    );
    let nodes = format!(
        r#"<transaction id="sub"><startEvent id="si"/>{inside}</transaction><boundaryEvent id="b" attachedToRef="sub"><cancelEventDefinition/></boundaryEvent>{}"#,
        service("sorry")
    );
    let mut world = World::started(&(line(&nodes, "sub") + &*chain("b sorry")));
    world.done("book", json!(null));
    assert_eq!(world.at(), ["cancel", "sub", "unbook"]);
    world.done("unbook", json!(null));
    assert_eq!(world.at(), ["sorry"]);
}
