//! Listeners, in every position.

use crate::world::{World, chain, file, line};
use engine::{Command, JobKind, TaskChange};
use serde_json::{Value, json};

fn zeebe(event: &str, job_type: &str) -> String {
    format!(
        r#"<zeebe:executionListeners><zeebe:executionListener eventType="{event}" type="{job_type}"/></zeebe:executionListeners>"#
    )
}

/// The type of the only open job of a listener, and the name of what happened.
fn listening(world: &World) -> (String, String) {
    let jobs = world.state.jobs();
    let specs: Vec<_> = jobs
        .iter()
        .filter_map(|id| world.state.job(id, &world.models))
        .collect();
    let listeners: Vec<_> = specs.iter().filter(|job| job.kind == JobKind::Listener).collect();
    assert_eq!(listeners.len(), 1, "{specs:?}");
    let event = listeners[0].headers["listenerEventType"].as_str().unwrap_or_default();
    (listeners[0].job_type.clone(), event.to_owned())
}

fn answer(world: &mut World, variables: Value) {
    let job = world.state.jobs().into_iter().find(|id| {
        let spec = world.state.job(id, &world.models);
        spec.is_some_and(|spec| spec.kind == JobKind::Listener)
    });
    let (job, variables) = (job.expect("a listener's job"), crate::world::object(variables));
    world.run(Command::CompleteJob { job, variables });
}

#[test]
fn workers_stand_beside_events_gateways_and_flows() {
    let process = format!(
        r#"<startEvent id="s"><extensionElements>{}</extensionElements></startEvent>
        <exclusiveGateway id="g" default="g--e"><extensionElements>{}</extensionElements></exclusiveGateway>
        <endEvent id="e"><extensionElements>{}</extensionElements></endEvent><endEvent id="f"/>
        <sequenceFlow id="s--g" sourceRef="s" targetRef="g"><extensionElements>
        <camunda:executionListener event="take" class="org.x.Note"/>
        <camunda:executionListener event="take" expression="${{execution.setVariable('taken', true)}}"/></extensionElements></sequenceFlow>{}{}"#,
        zeebe("end", "ended"),
        zeebe("start", "decides"),
        zeebe("end", "over"),
        chain("g e"),
        crate::world::flow_if("g", "f", "other = 1"),
    );
    let mut world = World::started(&process);
    for (job_type, event) in [("ended", "end"), ("org.x.Note", "take"), ("decides", "start")] {
        assert_eq!(listening(&world), (job_type.to_owned(), event.to_owned()));
        let decides = job_type == "decides";
        assert_eq!(world.variable("taken"), if decides { json!(true) } else { Value::Null });
        // what a worker says counts for the decision
        answer(&mut world, json!({"other": 2}));
    }
    assert_eq!(
        (world.variable("other"), listening(&world).0),
        (json!(2), "over".to_owned())
    );
    answer(&mut world, Value::Null);
    assert!(world.completed());
}

#[test]
fn a_process_waits_for_the_listeners_of_its_start_and_end() {
    let xml = file(
        "",
        &format!(
            r#"<extensionElements>{}{}</extensionElements>{}"#,
            zeebe("start", "begins"),
            zeebe("end", "ends"),
            line(r#"<task id="t"/>"#, "t")
        ),
    );
    let mut world = World::new(&xml);
    world.start(Value::Null);
    let job = world.state.jobs().remove(0);
    assert_eq!(world.state.job(&job, &world.models).unwrap().element, "p");
    assert_eq!(world.entered("t"), 0);
    answer(&mut world, json!({"x": 1}));
    assert_eq!(
        (listening(&world).0, world.variable("x")),
        ("ends".to_owned(), json!(1))
    );
    let message = "no answer".to_owned();
    world.run(Command::FailJob {
        job: world.state.jobs().remove(0),
        message,
        retries: 0,
    });
    let incident = world.state.incidents().remove(0).id;
    world.run(Command::Retry { incident });
    answer(&mut world, Value::Null);
    assert!(world.completed());
    assert_eq!(world.entered("s"), 1);
}

#[test]
fn called_processes_have_listeners_too() {
    let called = format!(
        r#"</process><process id="c" isExecutable="true"><extensionElements>{}</extensionElements><startEvent id="cs"/><endEvent id="ce"/><sequenceFlow id="cf" sourceRef="cs" targetRef="ce"/>"#,
        zeebe("end", "ends")
    );
    let mut world = World::started(&(line(r#"<callActivity id="k" calledElement="c"/>"#, "k") + called.as_str()));
    assert_eq!(listening(&world).0, "ends");
    answer(&mut world, Value::Null);
    assert!(world.completed());
}

fn task(listeners: &str) -> String {
    line(
        &format!(
            r#"<userTask id="t" camunda:assignee="anna"><extensionElements>{listeners}</extensionElements></userTask>
        <boundaryEvent id="b" attachedToRef="t"><timerEventDefinition><timeDuration>PT9H</timeDuration></timerEventDefinition></boundaryEvent><userTask id="after"/>"#
        ),
        "t",
    ) + chain("b after").as_str()
}

#[test]
fn what_happens_to_a_task_is_told_beside_it() {
    let set = |event: &str| {
        format!(
            r#"<camunda:taskListener event="{event}" expression="${{execution.setVariable('{event}', task.assignee)}}"/>"#
        )
    };
    let timeout = r#"<camunda:taskListener event="timeout" expression="${execution.setVariable('late', true)}"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></camunda:taskListener>"#;
    let mut world = World::started(&task(
        &(set("assignment") + set("update").as_str() + set("delete").as_str() + timeout),
    ));
    assert_eq!(world.variable("assignment"), json!("anna"));
    let task = world.id("t");
    let (assignee, reason) = (Some("bruno".to_owned()), None);
    world.run(Command::Assign {
        task: task.clone(),
        assignee,
        reason,
    });
    assert_eq!(world.variable("assignment"), json!("bruno"));
    let change = TaskChange {
        priority: Some(80),
        ..TaskChange::default()
    };
    world.run(Command::ChangeTask { task, change });
    assert_eq!(
        (world.variable("update"), world.variable("late")),
        (json!("bruno"), Value::Null)
    );
    world.advance(3600);
    assert_eq!(
        (world.variable("late"), world.at()),
        (json!(true), vec!["t".to_owned()])
    );
    assert!(!world.state.variables().contains_key("delete"));
    world.advance(9 * 3600);
    assert_eq!(
        (world.at(), world.state.variables().contains_key("delete")),
        (vec!["after".to_owned()], true)
    );
}

#[test]
fn workers_are_told_of_tasks_and_the_task_goes_on() {
    let listeners = r#"<zeebe:taskListeners><zeebe:taskListener eventType="assigning" type="tell"/><zeebe:taskListener eventType="canceling" type="gone"/></zeebe:taskListeners>"#;
    let mut world = World::started(&task(listeners));
    assert_eq!(listening(&world), ("tell".to_owned(), "assigning".to_owned()));
    answer(&mut world, json!({"told": true}));
    assert_eq!(world.variable("told"), json!(true));
    world.advance(9 * 3600);
    assert_eq!(listening(&world), ("gone".to_owned(), "canceling".to_owned()));
    world.done("after", Value::Null);
    assert!(!world.completed(), "the process waits until the worker has answered");
    answer(&mut world, Value::Null);
    assert!(world.completed());
}

#[test]
fn a_task_that_goes_with_its_sub_process_is_told_of_outside_it() {
    let listeners =
        r#"<zeebe:taskListeners><zeebe:taskListener eventType="canceling" type="gone"/></zeebe:taskListeners>"#;
    let nodes = format!(
        r#"<subProcess id="sub"><userTask id="t"><extensionElements>{listeners}</extensionElements></userTask></subProcess>
        <boundaryEvent id="b" attachedToRef="sub"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent><endEvent id="x"/>"#
    );
    let mut world = World::started(&(line(&nodes, "sub") + chain("b x").as_str()));
    world.advance(3600);
    assert_eq!(listening(&world).0, "gone");
    answer(&mut world, Value::Null);
    assert!(world.completed());
}

#[test]
fn listeners_of_an_error_end_run_before_it_throws() {
    let nodes = format!(
        r#"<subProcess id="sub"><startEvent id="i"/><endEvent id="bad"><extensionElements>{}</extensionElements><errorEventDefinition errorRef="E"/></endEvent><sequenceFlow id="ib" sourceRef="i" targetRef="bad"/></subProcess>
        <boundaryEvent id="b" attachedToRef="sub"><errorEventDefinition errorRef="E"/></boundaryEvent><endEvent id="x"/>"#,
        zeebe("end", "before")
    );
    let xml = file(
        r#"<error id="E" errorCode="E"/>"#,
        &(line(&nodes, "sub") + chain("b x").as_str()),
    );
    let mut world = World::new(&xml);
    world.start(Value::Null);
    assert_eq!(listening(&world).0, "before");
    answer(&mut world, Value::Null);
    assert!(world.completed());
    assert_eq!(world.entered("x"), 1);
}
