//! Modifications of instances in flight.

use crate::world::{World, flow, line, object, service};
use engine::{Command, InstanceState, Instruction, StepError};
use serde_json::json;

fn modify(world: &mut World, instructions: Vec<Instruction>) -> Result<(), StepError> {
    world.try_run(Command::Modify {
        instructions,
        reason: "mistake".into(),
    })
}

fn cancel(at: &str) -> Instruction {
    Instruction::Cancel { at: at.into() }
}

fn before(element: &str) -> Instruction {
    Instruction::StartBefore {
        element: element.into(),
        scope: None,
        variables: object(json!({"again": true})),
    }
}

#[test]
fn a_token_is_moved_back_and_another_forward() {
    let nodes = service("a") + service("b").as_str();
    let mut world = World::started(&line(&nodes, "a b"));
    world.done("a", json!({}));
    modify(&mut world, vec![cancel("b"), before("a")]).unwrap();
    assert_eq!(
        (world.at(), world.variable("again")),
        (vec!["a".to_owned()], json!(true))
    );
    let after = Instruction::StartAfter {
        element: "a".into(),
        scope: None,
        variables: engine::Variables::new(),
    };
    modify(&mut world, vec![cancel("a"), after]).unwrap();
    assert_eq!(world.at(), ["b"]);
}

#[test]
fn all_or_nothing() {
    let mut world = World::started(&line(&service("a"), "a"));
    let state = world.state.clone();
    let refused = modify(&mut world, vec![cancel("a"), before("nowhere")]);
    assert!(matches!(refused, Err(StepError::Refused(_))), "{refused:?}");
    assert_eq!(world.state, state);
}

#[test]
fn an_instance_without_work_ends() {
    let mut world = World::started(&line(&service("a"), "a"));
    modify(&mut world, vec![cancel("a")]).unwrap();
    assert_eq!(world.state.status(), InstanceState::Terminated);
}

#[test]
fn a_sub_process_is_opened_to_start_inside_it_and_ends_when_emptied() {
    let inside = format!(r#"<startEvent id="is"/>{}{}"#, service("x"), flow("is", "x"));
    let nodes = service("a") + format!(r#"<subProcess id="sub">{inside}</subProcess>"#).as_str();
    let mut world = World::started(&line(&nodes, "a sub"));
    modify(&mut world, vec![before("x")]).unwrap();
    assert_eq!(world.at(), ["a", "sub", "x"]);
    modify(&mut world, vec![cancel("x")]).unwrap();
    assert_eq!(world.at(), ["a"]);
    modify(&mut world, vec![before("x"), cancel("a")]).unwrap();
    world.done("x", json!({}));
    assert!(world.completed());
}

#[test]
fn rounds_of_a_multi_instance_activity_are_cancelled_one_by_one() {
    let loop_of = |sequential: bool| {
        let each = format!(
            r#"<multiInstanceLoopCharacteristics isSequential="{sequential}"><loopCardinality>3</loopCardinality></multiInstanceLoopCharacteristics></serviceTask>"#
        );
        line(&service("a").replace("</serviceTask>", &each), "a")
    };
    let mut world = World::started(&loop_of(false));
    let first = world.state.jobs()[0].clone();
    modify(&mut world, vec![cancel(&first)]).unwrap();
    assert_eq!(world.state.jobs().len(), 2);
    for _ in 0..2 {
        let job = world.state.jobs()[0].clone();
        world.run(Command::CompleteJob {
            job,
            variables: engine::Variables::new(),
        });
    }
    assert!(world.completed());
    let mut world = World::started(&loop_of(true));
    let job = world.state.jobs()[0].clone();
    assert!(matches!(
        modify(&mut world, vec![cancel(&job)]),
        Err(StepError::Refused(_))
    ));
    modify(&mut world, vec![cancel("a")]).unwrap();
    assert_eq!(world.state.status(), InstanceState::Terminated);
}
