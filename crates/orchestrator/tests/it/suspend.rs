//! Suspended instances and definitions, through restarts.

use crate::models::{line, service_task, user_task};
use crate::support::{System, actor, gp, object};
use access::Actor;
use jiff::SignedDuration;
use orchestrator::api::{
    CompleteJob, CompleteTask, FetchJobs, FetchTopic, StartInstance, SuspendDefinition, SuspendInstance,
};
use serde_json::json;

fn worker() -> Actor {
    actor("Device/lavori", "worker")
}

fn manager() -> Actor {
    actor("Practitioner/cm", "case-manager")
}

async fn fetch(system: &System) -> Vec<orchestrator::api::FetchedJob> {
    let request = FetchJobs {
        worker: "uno".into(),
        topics: vec![FetchTopic {
            job_type: "somma".into(),
            ..FetchTopic::default()
        }],
        max_jobs: Some(5),
        ..FetchJobs::default()
    };
    system
        .orchestrator
        .fetch_jobs(&worker(), request, None)
        .await
        .unwrap()
        .items
}

async fn suspend(system: &System, instance: &str) {
    let request = SuspendInstance {
        reason: "verifica".into(),
    };
    system
        .orchestrator
        .suspend(&manager(), instance, request, None)
        .await
        .unwrap();
}

#[tokio::test]
async fn what_came_while_suspended_happens_on_resume_even_after_a_restart() {
    let system = System::new();
    let nodes = [service_task("calcola", "somma"), user_task("dopo", "mmg")];
    system.deploy("calcolo.bpmn", line("", "calcolo", &nodes)).await;
    let instance = system.start("calcolo", None).await.id;
    let free = system.start("calcolo", None).await.id;
    let job = fetch(&system)
        .await
        .into_iter()
        .find(|job| job.instance == instance)
        .unwrap();
    suspend(&system, &instance).await;
    suspend(&system, &free).await;
    assert_eq!(system.status(&instance).await, "suspended");

    // who holds the job may still answer
    let done = CompleteJob {
        worker: Some("uno".into()),
        variables: object(json!({"esito": 5})),
    };
    system
        .orchestrator
        .complete_job(&worker(), &job.id, done, None)
        .await
        .unwrap();
    assert_eq!(system.tokens(&instance).await, ["calcola"]);
    system.advance(SignedDuration::from_hours(1));
    assert!(fetch(&system).await.is_empty(), "a suspended instance gives no work");

    let system = system.restart();
    for id in [&instance, &free] {
        system
            .orchestrator
            .resume(&manager(), id, Default::default(), None)
            .await
            .unwrap();
    }
    assert_eq!(system.tokens(&instance).await, ["dopo"]);
    assert_eq!(system.info(&instance).await.variables["esito"], 5);
    let jobs = fetch(&system).await;
    assert_eq!(jobs.len(), 1, "the other is offered again");
    assert_eq!(jobs[0].instance, free);
    let again = system
        .orchestrator
        .resume(&manager(), &free, Default::default(), None)
        .await
        .unwrap_err();
    assert_eq!(again.status(), 409);
}

#[tokio::test]
async fn a_task_of_a_suspended_instance_cannot_be_completed() {
    let system = System::new();
    system
        .deploy("visita.bpmn", line("", "visita", &[user_task("esame", "mmg")]))
        .await;
    let instance = system.start("visita", None).await.id;
    let task = system.task_of(&instance).await.id;
    suspend(&system, &instance).await;
    let me = gp();
    let complete = || {
        system
            .orchestrator
            .complete_task(&me, &task, CompleteTask::default(), None)
    };
    let refused = complete().await.unwrap_err();
    assert_eq!(
        (
            refused.status().as_u16(),
            refused.to_string().contains("resume it first")
        ),
        (409, true)
    );
    system
        .orchestrator
        .resume(&manager(), &instance, Default::default(), None)
        .await
        .unwrap();
    assert_eq!(complete().await.unwrap().status, "completed");
}

#[tokio::test]
async fn a_suspended_definition_starts_nothing_until_it_is_resumed() {
    let system = System::new();
    system
        .deploy("visita.bpmn", line("", "visita", &[user_task("esame", "mmg")]))
        .await;
    let running = system.start("visita", None).await.id;
    let admin = Actor::system();
    let why = SuspendDefinition {
        instances: false,
        reason: "errore nel modello".into(),
    };
    let info = system
        .orchestrator
        .suspend_definition(&admin, "visita", true, why, None)
        .await
        .unwrap();
    assert!(info.suspended);
    let system = system.restart();
    let start = || StartInstance {
        definition: "visita".into(),
        ..StartInstance::default()
    };
    let refused = system.orchestrator.start(&admin, start(), None).await.unwrap_err();
    assert_eq!(refused.status(), 409);
    assert_eq!(system.status(&running).await, "active");
    let none = SuspendDefinition::default();
    system
        .orchestrator
        .suspend_definition(&admin, "visita:1", false, none, None)
        .await
        .unwrap();
    system.orchestrator.start(&admin, start(), None).await.unwrap();
}
