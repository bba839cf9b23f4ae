//! Continuations in a commit of their own: durable, tried again after pauses, found again by a restarted program.

use crate::support::{System, gp};
use jiff::SignedDuration;
use orchestrator::OrchestratorError;
use orchestrator::api::{FetchJobs, FetchTopic, RetryIncident};

/// Start, the given node, end.
fn around(id: &str, node: &str) -> String {
    let body = format!(
        r#"<startEvent id="s"/>{node}<endEvent id="e"/><sequenceFlow id="f" sourceRef="s" targetRef="n"/><sequenceFlow id="g" sourceRef="n" targetRef="e"/>"#
    );
    format!(
        r#"<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" id="d" targetNamespace="t"><process id="{id}" isExecutable="true">{body}</process></definitions>"#
    )
}

#[tokio::test]
async fn a_continuation_survives_a_restart_and_goes_on_once() {
    let system = System::new();
    let node = r#"<userTask id="n" camunda:asyncBefore="true" camunda:asyncAfter="true" camunda:assignee="Practitioner/mmg-1"/>"#;
    system.deploy("a.bpmn", around("piano", node)).await;
    let instance = system.start("piano", None).await.id;
    let info = system.info(&instance).await;
    assert_eq!((info.active.len(), info.active[0].element.as_str()), (1, "n"));
    assert!(
        system.tasks(Default::default()).await.is_empty(),
        "the first commit is over before the task"
    );
    let system = system.restart();
    system.settle().await;
    assert_eq!(
        system.task_of(&instance).await.assignee.as_deref(),
        Some("Practitioner/mmg-1")
    );
    let task = system.task_of(&instance).await.id;
    let done = system
        .orchestrator
        .complete_task(&gp(), &task, Default::default(), None)
        .await;
    assert_eq!(done.unwrap().status, "active", "it ends in a commit of its own");
    let system = system.restart();
    system.settle().await;
    assert_eq!(system.status(&instance).await, "completed");
    let history = system
        .orchestrator
        .history(&gp(), &instance, Default::default())
        .await
        .unwrap()
        .items;
    assert_eq!(history.iter().filter(|entry| entry.actor == "continuation").count(), 2);
}

const CALL: &str = r#"<callActivity id="n" calledElement="altro" camunda:asyncBefore="true"><extensionElements>
    <camunda:failedJobRetryTimeCycle>R3/PT10M</camunda:failedJobRetryTimeCycle></extensionElements></callActivity>"#;

async fn left(system: &System, instance: &str) -> u64 {
    let jobs = system
        .orchestrator
        .history(&gp(), instance, Default::default())
        .await
        .unwrap()
        .items;
    let failed = |event: &&engine::Event| matches!(event, engine::Event::JobFailed { .. });
    jobs.iter().flat_map(|entry| &entry.events).filter(failed).count() as u64
}

#[tokio::test]
async fn what_fails_is_tried_again_after_its_pause_also_when_restarted_meanwhile() {
    let system = System::new();
    system.deploy("a.bpmn", around("piano", CALL)).await;
    let instance = system.start("piano", None).await.id;
    system.settle().await;
    assert_eq!(
        (system.status(&instance).await.as_str(), left(&system, &instance).await),
        ("active", 1)
    );
    let next = system.orchestrator.next_timer().await.unwrap().unwrap();
    assert_eq!(next.to_string(), "2026-01-01T08:10:00Z");
    let system = system.restart();
    system.settle().await;
    assert_eq!(left(&system, &instance).await, 1, "the pause holds across a restart");
    system.deploy("b.bpmn", around("altro", r#"<task id="n"/>"#)).await;
    system.advance(SignedDuration::from_mins(10));
    system.settle().await;
    assert_eq!(system.status(&instance).await, "completed");
}

#[tokio::test]
async fn after_the_last_try_an_incident_opens_that_one_click_resolves() {
    let system = System::new();
    system.deploy("a.bpmn", around("piano", CALL)).await;
    let instance = system.start("piano", None).await.id;
    for _ in 0..3 {
        system.settle().await;
        system.advance(SignedDuration::from_mins(10));
    }
    let incidents = system.info(&instance).await.incidents;
    assert_eq!((incidents.len(), incidents[0].kind.as_str()), (1, "call"));
    system.deploy("b.bpmn", around("altro", r#"<task id="n"/>"#)).await;
    let (actor, request) = (gp(), RetryIncident::default());
    let retried = system
        .orchestrator
        .retry_incident(&actor, &incidents[0].id, request, None);
    assert_eq!(retried.await.unwrap().status, "completed");
}

#[tokio::test]
async fn no_worker_outside_gets_continuations() {
    let system = System::new();
    let topic = FetchTopic {
        job_type: "sinfonia:continue".into(),
        ..FetchTopic::default()
    };
    let request = FetchJobs {
        worker: "w".into(),
        topics: vec![topic],
        ..Default::default()
    };
    let error = system
        .orchestrator
        .fetch_jobs(&access::Actor::system(), request, None)
        .await
        .unwrap_err();
    assert!(matches!(error, OrchestratorError::Invalid(_)), "{error}");
}
