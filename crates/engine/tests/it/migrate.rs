//! Moving instances between versions.

use crate::world::{World, file, flow, line, object, service};
use engine::{Command, Models, StepError, propose};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const MESSAGE: &str = r#"<message id="m" name="m"/><message id="n" name="n"/>"#;

/// An instance of the first process, with the second deployed as `q`.
fn two(first: &str, second: &str) -> World {
    let mut world = World::started_with(MESSAGE, first, Value::Null);
    let xml = file(MESSAGE, second).replace(r#"<process id="p""#, r#"<process id="q""#);
    world.models.0.extend(bpmn::parse(&xml).unwrap().processes);
    world
}

fn migrate(world: &mut World, mapping: &[(&str, &str)]) -> Result<(), StepError> {
    let mapping = mapping
        .iter()
        .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
        .collect();
    world.try_run(Command::Migrate {
        from: "p".into(),
        to: "q".into(),
        mapping,
    })
}

#[test]
fn a_job_is_kept_under_its_new_name_and_the_new_steps_follow() {
    let second = line(&(service("b") + service("c").as_str()), "b c");
    let mut world = two(&line(&service("a"), "a"), &second);
    let job = world.id("a");
    let state = world.state.clone();
    let Err(StepError::NotMigratable { problems }) = migrate(&mut world, &[]) else {
        panic!("accepted")
    };
    assert!(problems[0].contains("'a'"), "{problems:?}");
    assert_eq!(world.state, state);
    migrate(&mut world, &[("a", "b")]).unwrap();
    world.run(Command::CompleteJob {
        job,
        variables: engine::Variables::new(),
    });
    assert_eq!(world.at(), ["c"]);
}

fn timed(id: &str, after: &str, message: bool) -> String {
    let mut body = line(&format!(r#"<userTask id="{id}" name="Visit"/><userTask id="x"/>"#), id);
    body += format!(r#"<boundaryEvent id="late" attachedToRef="{id}"><timerEventDefinition><timeDuration>{after}</timeDuration></timerEventDefinition></boundaryEvent>"#).as_str();
    body += flow("late", "x").as_str();
    if message {
        body += format!(
            r#"<boundaryEvent id="stop" attachedToRef="{id}"><messageEventDefinition messageRef="m"/></boundaryEvent>"#
        )
        .as_str();
        body += flow("stop", "x").as_str();
    }
    body
}

#[test]
fn a_timer_of_the_same_definition_keeps_its_moment_and_added_events_are_armed() {
    let mut world = two(&timed("t", "PT1H", false), &timed("u", "PT1H", true));
    let due = world.state.timers()[0].clone();
    world.now += jiff::SignedDuration::from_mins(30);
    migrate(&mut world, &[("t", "u")]).unwrap();
    assert_eq!(world.state.timers(), [due]);
    world.deliver("stop", json!({}));
    assert_eq!(world.at(), ["x"]);
}

#[test]
fn a_timer_of_another_definition_is_armed_anew_and_removed_events_go() {
    let mut world = two(&timed("t", "PT1H", true), &timed("t", "PT2H", false));
    world.now += jiff::SignedDuration::from_mins(30);
    migrate(&mut world, &[]).unwrap();
    assert!(world.state.waits().is_empty());
    assert_eq!(
        world.state.timers()[0].1,
        world.now + jiff::SignedDuration::from_hours(2)
    );
}

#[test]
fn an_instance_in_a_round_with_an_incident_moves_and_goes_on() {
    let each = |id: &str| {
        let rounds = r#"<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics></serviceTask>"#;
        line(&service(id).replace("</serviceTask>", rounds), id)
    };
    let mut world = two(&each("a"), &each("b"));
    let job = world.state.jobs()[0].clone();
    world.run(Command::FailJob {
        job,
        message: "no".into(),
        retries: 0,
    });
    migrate(&mut world, &[("a", "b")]).unwrap();
    let incident = world.state.incidents()[0].clone();
    assert_eq!(incident.element, "b");
    world.run(Command::Retry { incident: incident.id });
    while let Some(job) = world.state.jobs().first().cloned() {
        world.run(Command::CompleteJob {
            job,
            variables: object(json!({})),
        });
    }
    assert!(world.completed());
}

#[test]
fn the_plan_guesses_by_name_and_kind_and_lists_the_rest() {
    let world = two(&timed("t", "PT1H", true), &timed("u", "PT1H", false));
    let models: Vec<_> = ["p", "q"].map(|key| world.models.by_key(key).unwrap()).into();
    let plan = propose(&models[0], &models[1]);
    assert_eq!(plan.mapping, BTreeMap::from([("t".to_owned(), "u".to_owned())]));
    let unmapped: Vec<&str> = plan.unmapped.iter().map(|element| element.element.as_str()).collect();
    assert_eq!(unmapped, ["stop"]);
}
