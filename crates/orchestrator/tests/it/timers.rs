//! Timers on a virtual clock.

use crate::models::{bpmn, flow, line, timer, user_task};
use crate::support::{System, gp};
use jiff::SignedDuration;
use orchestrator::api::CompleteTask;
use orchestrator::{Config, InstancesQuery};

const DAY: SignedDuration = SignedDuration::from_hours(24);

#[tokio::test]
async fn a_timer_survives_a_restart_and_fires_once() {
    let system = System::new();
    system
        .deploy(
            "attesa.bpmn",
            line("", "attesa", &[timer("un-giorno", "P1D"), user_task("richiamo", "mmg")]),
        )
        .await;
    let instance = system.start("attesa", None).await.id;
    assert_eq!(
        system.orchestrator.next_timer().await.unwrap().unwrap().to_string(),
        "2026-01-02T08:00:00Z"
    );
    system.settle().await;
    assert_eq!(system.tokens(&instance).await, ["un-giorno"], "not yet");
    let system = system.restart();
    system.advance(DAY * 3);
    system.settle().await;
    assert_eq!(
        system.tokens(&instance).await,
        ["richiamo"],
        "fired at once when it was overdue"
    );
    assert_eq!(
        system.orchestrator.next_timer().await.unwrap(),
        None,
        "taken away in the same commit"
    );
    system.settle().await;
    let history = system
        .orchestrator
        .history(&gp(), &instance, Default::default())
        .await
        .unwrap()
        .items;
    assert_eq!(history.iter().filter(|h| h.actor == "timer").count(), 1);
}

#[tokio::test]
async fn a_completed_task_takes_its_boundary_timer_along() {
    let body = format!(
        r#"<bpmn:startEvent id="inizio"/>{}<bpmn:boundaryEvent id="scaduto" attachedToRef="visita"><bpmn:timerEventDefinition id="t"><bpmn:timeDuration xsi:type="bpmn:tFormalExpression">P14D</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent><bpmn:endEvent id="fine"/><bpmn:endEvent id="fine-scaduto"/>{}{}{}"#,
        user_task("visita", "mmg").1,
        flow("inizio", "visita"),
        flow("visita", "fine"),
        flow("scaduto", "fine-scaduto"),
    );
    let system = System::new();
    system.deploy("visita.bpmn", bpmn("", "visita-a-tempo", &body)).await;
    let done = system.start("visita-a-tempo", None).await.id;
    let late = system.start("visita-a-tempo", None).await.id;
    let task = system.task_of(&done).await.id;
    system
        .orchestrator
        .complete_task(&gp(), &task, CompleteTask::default(), None)
        .await
        .unwrap();
    let left = system.task_of(&late).await.id;
    system.advance(DAY * 14);
    system.settle().await;
    assert_eq!(
        (system.status(&done).await, system.status(&late).await),
        ("completed".into(), "completed".into())
    );
    assert_eq!(system.read("Task", &left).await.unwrap()["status"], "cancelled");
    assert_eq!(system.read("Task", &task).await.unwrap()["status"], "completed");
    assert_eq!(system.orchestrator.next_timer().await.unwrap(), None);
}

fn every_day(version: &str) -> String {
    let body = format!(
        r#"<bpmn:startEvent id="ogni-giorno"><bpmn:timerEventDefinition id="t"><bpmn:timeCycle xsi:type="bpmn:tFormalExpression">R3/P1D</bpmn:timeCycle></bpmn:timerEventDefinition></bpmn:startEvent>{}<bpmn:endEvent id="fine" name="{version}"/>{}{}"#,
        user_task("controllo", "mmg").1,
        flow("ogni-giorno", "controllo"),
        flow("controllo", "fine"),
    );
    bpmn("", "giornaliero", &body)
}

#[tokio::test]
async fn a_start_timer_starts_as_often_as_it_says_and_only_the_newest_version() {
    let system = System::new();
    system.deploy("giornaliero.bpmn", every_day("uno")).await;
    system.advance(DAY);
    system.settle().await;
    assert_eq!(instances(&system, "giornaliero:1").await, 1);
    let system = system.restart();
    system.deploy("giornaliero.bpmn", every_day("due")).await;
    for _ in 0..6 {
        system.advance(DAY);
        system.settle().await;
    }
    assert_eq!(
        instances(&system, "giornaliero:1").await,
        1,
        "the old version's timers end"
    );
    assert_eq!(instances(&system, "giornaliero:2").await, 3, "R3");
    assert_eq!(system.orchestrator.next_timer().await.unwrap(), None);
}

async fn instances(system: &System, definition: &str) -> usize {
    let query = InstancesQuery {
        definition: Some(definition.into()),
        ..InstancesQuery::default()
    };
    system
        .orchestrator
        .instances(&access::Actor::system(), query)
        .await
        .unwrap()
        .items
        .len()
}

#[tokio::test]
async fn many_timers_fire_in_batches() {
    let system = System::with(Config {
        timer_batch: 7,
        ..Config::default()
    });
    system
        .deploy("attesa.bpmn", line("", "attesa", &[timer("un-giorno", "P1D")]))
        .await;
    let mut ids = Vec::new();
    for _ in 0..40 {
        ids.push(system.start("attesa", None).await.id);
    }
    system.advance(DAY);
    system.settle().await;
    for id in ids {
        assert_eq!(system.status(&id).await, "completed");
    }
}
