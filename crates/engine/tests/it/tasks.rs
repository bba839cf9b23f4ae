//! Tasks of every kind.

use crate::world::{World, file, flow, line, object, service};
use engine::{Command, Effect, Event, StartBy, StepError};
use serde_json::json;

#[test]
fn user_task_carries_assignment_form_and_dates() {
    let task = r#"<laneSet id="ls"><lane id="l" name="MMG"><flowNodeRef>t</flowNodeRef></lane></laneSet>
      <userTask id="t" name="Visita"><documentation>Controlla</documentation><extensionElements>
        <zeebe:assignmentDefinition assignee="=doctor" candidateGroups="mmg, nurse" candidateUsers='=["u1"]'/>
        <zeebe:taskSchedule dueDate="P7D" followUpDate='="2026-01-02"'/><zeebe:formDefinition formId="visit"/>
        <zeebe:priorityDefinition priority="=10 + 20"/>
        <zeebe:ioMapping><zeebe:input source="=patient" target="who"/><zeebe:output source="=result * 2" target="total"/></zeebe:ioMapping>
      </extensionElements></userTask>"#;
    let mut world = World::started_with(
        "",
        &line(task, "t"),
        json!({"doctor": "Practitioner/1", "patient": "Patient/1"}),
    );
    let spec = world.state.task(&world.id("t"), &world.models).unwrap();
    insta::assert_json_snapshot!(spec);
    assert!(world.effects.contains(&Effect::TaskCreated(Box::new(spec))));
    world.done("t", json!({"result": 21, "noise": 1}));
    assert!(world.completed());
    assert_eq!(world.variable("total"), json!(42));
    assert_eq!(
        world.variable("noise"),
        json!(null),
        "with output mappings only what they name goes out"
    );
}

#[test]
fn a_task_is_assigned_and_given_back() {
    let mut world = World::started(&line(r#"<userTask id="t"/>"#, "t"));
    let task = world.id("t");
    let who = Some("Practitioner/2".to_owned());
    world.run(Command::Assign {
        task: task.clone(),
        assignee: who.clone(),
        reason: Some("shift".into()),
    });
    assert_eq!(world.state.task(&task, &world.models).unwrap().assignment.assignee, who);
    world.run(Command::Assign {
        task: task.clone(),
        assignee: None,
        reason: None,
    });
    assert_eq!(
        world.state.task(&task, &world.models).unwrap().assignment.assignee,
        None
    );
}

#[test]
fn a_lane_is_the_role_when_nothing_is_assigned() {
    let nodes = r#"<laneSet id="ls"><lane id="l" name="Infermiere"><flowNodeRef>t</flowNodeRef><flowNodeRef>m</flowNodeRef></lane></laneSet>
      <userTask id="t"/><manualTask id="m"/><manualTask id="free"/>"#;
    let mut world = World::started(&line(nodes, "t m free"));
    assert_eq!(
        world
            .state
            .task(&world.id("t"), &world.models)
            .unwrap()
            .assignment
            .candidate_groups,
        ["Infermiere"]
    );
    world.done("t", json!(null));
    assert_eq!(world.at(), ["m"], "a manual task in a lane is someone's");
    world.done("m", json!(null));
    assert!(world.completed(), "a manual task of nobody is passed through");
}

#[test]
fn service_task_makes_a_job_with_headers() {
    let task = r#"<serviceTask id="t"><extensionElements><zeebe:taskDefinition type="=kind" retries="5"/>
      <zeebe:taskHeaders><zeebe:header key="unit" value="lab"/></zeebe:taskHeaders></extensionElements></serviceTask>"#;
    let mut world = World::started_with("", &line(task, "t"), json!({"kind": "order", "x": 1}));
    let job = world.state.job(&world.id("t"), &world.models).unwrap();
    assert_eq!((job.job_type.as_str(), job.retries), ("order", 5));
    assert_eq!(job.headers, object(json!({"unit": "lab"})));
    assert_eq!(job.variables, object(json!({"kind": "order", "x": 1})));
    let id = job.id;
    world.done("t", json!({"x": 2}));
    assert!(world.completed());
    assert_eq!(world.variable("x"), json!(2));
    assert!(world.effects.contains(&Effect::JobRemoved {
        id,
        job_type: "order".into(),
        priority: 0,
    }));
}

#[test]
fn scripts_run_in_feel_or_as_jobs() {
    let nodes = r#"<scriptTask id="a"><extensionElements><zeebe:script expression="=x + 1" resultVariable="y"/></extensionElements></scriptTask>
      <scriptTask id="b"><script>{z: y * 2, w: "ok"}</script></scriptTask>
      <scriptTask id="c" scriptFormat="python" camunda:resultVariable="v"><script>print(1)</script></scriptTask>"#;
    let mut world = World::started_with("", &line(nodes, "a b c"), json!({"x": 1}));
    assert_eq!(
        (world.variable("y"), world.variable("z"), world.variable("w")),
        (json!(2), json!(4), json!("ok"))
    );
    let job = world.state.job(&world.id("c"), &world.models).unwrap();
    assert_eq!(job.job_type, "script:python");
    assert_eq!(
        job.headers,
        object(json!({"resultVariable": "v", "script": "print(1)"}))
    );
    world.done("c", json!(null));
    assert!(world.completed());
}

#[test]
fn a_missing_decision_is_an_incident() {
    let task = r#"<businessRuleTask id="t"><extensionElements><zeebe:calledDecision decisionId="d" resultVariable="r"/></extensionElements></businessRuleTask>"#;
    let world = World::started(&line(task, "t"));
    assert_eq!(world.incident(), "decision");
}

#[test]
fn send_and_receive_speak_by_message() {
    let root = r#"<message id="m" name="hello"><extensionElements><zeebe:subscription correlationKey="=patient"/></extensionElements></message>"#;
    let nodes = r#"<sendTask id="out" messageRef="m"><extensionElements><zeebe:ioMapping><zeebe:input source="=1 + 1" target="n"/></zeebe:ioMapping></extensionElements></sendTask><receiveTask id="in" messageRef="m"/>"#;
    let mut world = World::started_with(root, &line(nodes, "out in"), json!({"patient": "Patient/7"}));
    let thrown = Effect::MessageThrown {
        name: "hello".into(),
        key: "Patient/7".into(),
        variables: object(json!({"n": 2})),
    };
    assert!(world.effects.contains(&thrown));
    assert_eq!(world.state.waits()[0].key.as_deref(), Some("Patient/7"));
    world.deliver("in", json!({"answer": true}));
    assert!(world.completed());
    assert_eq!(world.variable("answer"), json!(true));
}

#[test]
fn what_is_not_open_is_refused_and_changes_nothing() {
    let mut world = World::started(&line(&service("t"), "t"));
    let before = world.state.clone();
    let refused = world.try_run(Command::CompleteTask {
        task: "i.2".into(),
        variables: object(json!(null)),
    });
    assert!(
        matches!(refused, Err(StepError::NotOpen { what: "task", .. })),
        "a job is no task"
    );
    for id in ["i.99", "j.2", "", "i.", "i.-1", "i.99999999999999999999999"] {
        let refused = world.try_run(Command::CompleteJob {
            job: id.into(),
            variables: object(json!(null)),
        });
        assert!(matches!(refused, Err(StepError::NotOpen { .. })), "{id}");
    }
    assert_eq!(world.state, before);
    let again = world.try_run(Command::Start {
        by: StartBy::None,
        variables: object(json!(null)),
    });
    assert!(matches!(again, Err(StepError::CannotStart(_))), "it runs already");
    world.done("t", json!(null));
    assert_eq!(
        world.try_run(Command::Cancel { reason: "x".into() }),
        Err(StepError::Ended)
    );
}

#[test]
fn a_process_starts_where_asked() {
    let root = r#"<message id="m" name="go"/>"#;
    let xml = file(
        root,
        &format!(
            r#"<startEvent id="s"><messageEventDefinition messageRef="m"/></startEvent>{}<endEvent id="e"/>{}{}"#,
            service("t"),
            flow("s", "t"),
            flow("t", "e")
        ),
    );
    let mut world = World::new(&xml);
    let refused = world.try_run(Command::Start {
        by: StartBy::None,
        variables: object(json!(null)),
    });
    assert!(matches!(refused, Err(StepError::CannotStart(message)) if message.contains("begins at s")));
    let refused = world.try_run(Command::Start {
        by: StartBy::Element("t".into()),
        variables: object(json!(null)),
    });
    assert!(matches!(refused, Err(StepError::CannotStart(_))));
    world.run(Command::Start {
        by: StartBy::Element("s".into()),
        variables: object(json!({"x": 1})),
    });
    assert_eq!(world.at(), ["t"]);
    assert_eq!(world.variable("x"), json!(1));
    world.run(Command::Cancel {
        reason: "mistake".into(),
    });
    assert_eq!(world.state.status(), engine::InstanceState::Terminated);
    assert!(world.events.contains(&Event::Terminated {
        reason: "mistake".into()
    }));
}

#[test]
fn a_task_is_skipped_only_where_the_instance_allows_it() {
    let nodes = r#"<userTask id="t" camunda:skipExpression="${skip}"/>"#;
    let at = |variables: serde_json::Value| World::started_with("", &line(nodes, "t"), variables).at();
    assert_eq!(at(json!({"skip": true})), ["t"]);
    assert_eq!(
        at(json!({"skip": false, "_FLOWABLE_SKIP_EXPRESSION_ENABLED": true})),
        ["t"]
    );
    assert!(at(json!({"skip": true, "_FLOWABLE_SKIP_EXPRESSION_ENABLED": true})).is_empty());
}
