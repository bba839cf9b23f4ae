//! Suspended instances: what comes meanwhile is held and happens on resume, in order.

use crate::world::{World, line, service};
use engine::{Command, Effect, Event, StepError};
use serde_json::{Value, json};

fn suspend(world: &mut World) {
    world.run(Command::Suspend { reason: "audit".into() });
}

#[test]
fn a_workers_result_waits_and_a_second_one_is_refused() {
    let mut world = World::started(&line(&(service("a") + service("b").as_str()), "a b"));
    let job = world.id("a");
    suspend(&mut world);
    assert!(matches!(world.effects.last(), Some(Effect::JobWithdrawn { .. })));
    let complete = Command::CompleteJob {
        job,
        variables: crate::world::object(json!({"x": 1})),
    };
    world.run(complete.clone());
    assert_eq!((world.at(), world.state.held()), (vec!["a".to_owned()], 1));
    assert!(matches!(world.try_run(complete), Err(StepError::NotOpen { .. })));
    world.run(Command::Resume);
    assert_eq!((world.at(), world.variable("x")), (vec!["b".to_owned()], json!(1)));
    assert_eq!(world.try_run(Command::Resume), Err(StepError::NotSuspended));
}

#[test]
fn a_job_nobody_did_is_offered_again() {
    let mut world = World::started(&line(&service("a"), "a"));
    suspend(&mut world);
    world.run(Command::Resume);
    assert!(matches!(world.effects.last(), Some(Effect::JobOffered(job)) if job.element == "a"));
}

#[test]
fn tasks_cannot_be_completed_but_handed_on() {
    let mut world = World::started(&line(r#"<userTask id="t"/>"#, "t"));
    let task = world.id("t");
    suspend(&mut world);
    let complete = Command::CompleteTask {
        task: task.clone(),
        variables: engine::Variables::new(),
    };
    assert_eq!(world.try_run(complete.clone()), Err(StepError::Suspended));
    world.run(Command::Assign {
        task,
        assignee: Some("x".into()),
        reason: None,
    });
    world.run(Command::Resume);
    world.run(complete);
    assert!(world.completed());
}

#[test]
fn the_first_of_two_events_wins_though_both_came_while_suspended() {
    let nodes = r#"<userTask id="t"/><boundaryEvent id="late" attachedToRef="t"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>
        <boundaryEvent id="stop" attachedToRef="t"><messageEventDefinition messageRef="m"/></boundaryEvent><userTask id="after"/><userTask id="stopped"/>"#;
    let body = line(nodes, "t")
        + crate::world::flow("late", "after").as_str()
        + crate::world::flow("stop", "stopped").as_str();
    let mut world = World::started_with(r#"<message id="m" name="m"/>"#, &body, Value::Null);
    let wait = world.state.waits()[0].id.clone();
    suspend(&mut world);
    let (timer, _) = world.state.timers()[0].clone();
    world.run(Command::FireTimer { timer });
    assert_eq!(world.at(), ["t"]);
    let late = world.try_run(Command::Deliver {
        wait,
        variables: engine::Variables::new(),
    });
    assert!(matches!(late, Err(StepError::NotOpen { .. })), "the timer has ended it");
    world.run(Command::Resume);
    assert_eq!(world.at(), ["after"]);
}

#[test]
fn conditions_are_looked_at_on_resume_and_a_cancelled_instance_forgets_what_was_held() {
    let nodes = r#"<intermediateCatchEvent id="c"><conditionalEventDefinition><condition>=x = 1</condition></conditionalEventDefinition></intermediateCatchEvent><userTask id="t"/>"#;
    let mut world = World::started(&line(nodes, "c t"));
    suspend(&mut world);
    world.run(Command::SetVariables {
        variables: crate::world::object(json!({"x": 1})),
    });
    assert_eq!(world.at(), ["c"]);
    world.run(Command::Resume);
    assert_eq!(world.at(), ["t"]);
    suspend(&mut world);
    world.run(Command::Cancel { reason: "over".into() });
    assert!(!world.state.suspended());
    assert!(matches!(world.events.last(), Some(Event::Terminated { .. })));
}
