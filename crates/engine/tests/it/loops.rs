//! Standard loops and multi-instance.

use crate::world::{World, line, object, service};
use engine::Command;
use serde_json::json;

fn repeated(inside: &str) -> String {
    line(
        &service("t").replace("</serviceTask>", &format!("{inside}</serviceTask>")),
        "t",
    )
}

fn multi(attributes: &str, zeebe: &str, inside: &str) -> String {
    repeated(&format!(
        r#"<multiInstanceLoopCharacteristics {attributes}><extensionElements><zeebe:loopCharacteristics {zeebe}/></extensionElements>{inside}</multiInstanceLoopCharacteristics>"#
    ))
}

const EACH: &str =
    r#"inputCollection="=drugs" inputElement="drug" outputCollection="given" outputElement="=drug + answer""#;

#[test]
fn parallel_instances_collect_results_by_place() {
    let mut world = World::started_with("", &multi("", EACH, ""), json!({"drugs": ["a", "b", "c"]}));
    let jobs = world.state.jobs();
    assert_eq!(jobs.len(), 3);
    let second = world.state.job(&jobs[1], &world.models).unwrap().variables;
    assert_eq!((&second["drug"], &second["loopCounter"]), (&json!("b"), &json!(2)));
    for (job, answer) in jobs.iter().zip(["1", "2", "3"]).rev() {
        world.run(Command::CompleteJob {
            job: job.clone(),
            variables: object(json!({"answer": answer})),
        });
    }
    assert!(world.completed());
    assert_eq!(world.variable("given"), json!(["a1", "b2", "c3"]));
    assert_eq!(world.variable("drug"), json!(null));
}

#[test]
fn sequential_instances_come_one_by_one() {
    let mut world = World::started_with(
        "",
        &multi(r#"isSequential="true""#, EACH, ""),
        json!({"drugs": ["a", "b"]}),
    );
    for answer in ["1", "2"] {
        assert_eq!(world.state.jobs().len(), 1);
        world.done("t", json!({"answer": answer}));
    }
    assert!(world.completed());
    assert_eq!(world.variable("given"), json!(["a1", "b2"]));
}

#[test]
fn an_empty_collection_is_done_at_once_and_no_collection_is_an_incident() {
    let world = World::started_with("", &multi("", EACH, ""), json!({"drugs": []}));
    assert!(world.completed());
    assert_eq!(world.variable("given"), json!([]));
    for bad in [json!({}), json!({"drugs": "a"}), json!({"drugs": 3})] {
        assert_eq!(
            World::started_with("", &multi("", EACH, ""), bad).incident(),
            "expression"
        );
    }
}

#[test]
fn a_completion_condition_cancels_the_rest() {
    let condition = "<completionCondition>=numberOfCompletedInstances >= 2</completionCondition>";
    let mut world = World::started_with("", &multi("", EACH, condition), json!({"drugs": ["a", "b", "c"]}));
    world.done("t", json!({"answer": ""}));
    assert_eq!(world.state.jobs().len(), 2);
    world.done("t", json!({"answer": ""}));
    assert!(world.completed());
}

#[test]
fn a_failed_round_is_looked_at_again() {
    let condition = "<completionCondition>=stop</completionCondition>";
    let mut world = World::started_with("", &multi("", EACH, condition), json!({"drugs": ["a", "b"]}));
    world.done("t", json!({"answer": "1"}));
    assert_eq!(world.incident(), "expression");
    let incident = world.state.incidents()[0].id.clone();
    world.run(Command::SetVariables {
        variables: object(json!({"stop": false})),
    });
    world.run(Command::Retry { incident });
    world.done("t", json!({"answer": "2"}));
    assert!(world.completed());
    assert_eq!(world.variable("given"), json!(["a1", "b2"]));
}

#[test]
fn too_many_instances_are_refused() {
    let model = repeated(
        "<multiInstanceLoopCharacteristics><loopCardinality>n</loopCardinality></multiInstanceLoopCharacteristics>",
    );
    for (n, kind) in [
        (json!(1_000_000), "limit"),
        (json!(-1), "expression"),
        (json!(1.5), "expression"),
        (json!("x"), "expression"),
    ] {
        assert_eq!(World::started_with("", &model, json!({"n": n})).incident(), kind);
    }
}

#[test]
fn a_boundary_event_ends_the_whole_loop() {
    let nodes = service("t").replace(
        "</serviceTask>",
        "<multiInstanceLoopCharacteristics><loopCardinality>3</loopCardinality></multiInstanceLoopCharacteristics></serviceTask>",
    ) + r#"<boundaryEvent id="b" attachedToRef="t"><timerEventDefinition><timeDuration>PT1S</timeDuration></timerEventDefinition></boundaryEvent>"#;
    let mut world = World::started(&(line(&nodes, "t") + &*crate::world::flow("b", "e")));
    assert_eq!(
        world.state.timers().len(),
        1,
        "one timer for the activity, not one an instance"
    );
    world.advance(1);
    assert!(world.completed());
}

#[test]
fn standard_loops_test_before_or_after() {
    let model = |attributes: &str| {
        repeated(&format!(
            r#"<standardLoopCharacteristics {attributes}><loopCondition>=again</loopCondition></standardLoopCharacteristics>"#
        ))
    };
    assert!(World::started_with("", &model(r#"testBefore="true""#), json!({"again": false})).completed());
    let mut world = World::started_with("", &model(""), json!({"again": true}));
    world.done("t", json!(null));
    world.done("t", json!({"again": false}));
    assert!(world.completed());
    let mut world = World::started_with("", &model(r#"loopMaximum="2""#), json!({"again": true}));
    world.done("t", json!(null));
    assert_eq!(
        world.state.job(&world.id("t"), &world.models).unwrap().variables["loopCounter"],
        json!(2)
    );
    world.done("t", json!(null));
    assert!(world.completed());
}
