//! The same request twice.

use crate::models::{line, user_task};
use crate::support::{System, gp};
use jiff::SignedDuration;
use orchestrator::api::{CompleteTask, StartInstance};
use orchestrator::{Idempotency, InstancesQuery, OrchestratorError};

#[tokio::test]
async fn a_repeated_key_gives_the_first_answer_and_does_nothing() {
    let system = System::new();
    system
        .deploy("visita.bpmn", line("", "visita", &[user_task("visita-mmg", "mmg")]))
        .await;
    let request = StartInstance {
        definition: "visita".into(),
        ..StartInstance::default()
    };
    let key = Idempotency::new(&gp(), "start", "k-1", &request);
    let first = system
        .orchestrator
        .start(&gp(), request.clone(), Some(&key))
        .await
        .unwrap();
    let repeated = system
        .orchestrator
        .start(&gp(), request.clone(), Some(&key))
        .await
        .unwrap_err();
    let OrchestratorError::Repeated(answer) = repeated else {
        panic!("{repeated}")
    };
    assert_eq!(
        (answer.status, answer.body["id"].as_str()),
        (201, Some(first.id.as_str()))
    );
    let system = system.restart();
    let repeated = system
        .orchestrator
        .start(&gp(), request.clone(), Some(&key))
        .await
        .unwrap_err();
    assert!(
        matches!(repeated, OrchestratorError::Repeated(_)),
        "also after a restart"
    );
    let other = Idempotency::new(&gp(), "start", "k-1", &StartInstance::default());
    let misused = system
        .orchestrator
        .start(&gp(), request, Some(&other))
        .await
        .unwrap_err();
    assert_eq!(misused.status(), 422, "{misused}");
    let all = system
        .orchestrator
        .instances(&gp(), InstancesQuery::default())
        .await
        .unwrap()
        .items;
    assert_eq!(all.len(), 1);
}

/// The first try went to a node whose clock is ahead by some hours, over midnight, or ours was put back since.
#[tokio::test]
async fn a_key_is_known_although_the_clock_was_put_back_a_day() {
    let system = System::new();
    let steps = [user_task("visita-mmg", "mmg")];
    system.deploy("visita.bpmn", line("", "visita", &steps)).await;
    let request = StartInstance {
        definition: "visita".into(),
        ..StartInstance::default()
    };
    let gp = gp();
    let key = Idempotency::new(&gp, "start", "k-9", &request);
    let start = || system.orchestrator.start(&gp, request.clone(), Some(&key));
    start().await.unwrap();
    system.advance(SignedDuration::from_hours(-24));
    let repeated = start().await.unwrap_err();
    assert!(matches!(repeated, OrchestratorError::Repeated(_)), "{repeated}");
}

#[tokio::test]
async fn two_at_the_same_time_with_one_key_are_carried_out_once() {
    let system = System::new();
    system
        .deploy(
            "visita.bpmn",
            line("", "visita", &[user_task("uno", "mmg"), user_task("due", "mmg")]),
        )
        .await;
    let instance = system.start("visita", None).await.id;
    let task = system.task_of(&instance).await.id;
    let request = CompleteTask::default();
    let key = Idempotency::new(&gp(), "complete", "k-2", &request);
    let (rival, gp) = (system.rival(), gp());
    let (a, b) = tokio::join!(
        system
            .orchestrator
            .complete_task(&gp, &task, request.clone(), Some(&key)),
        rival.complete_task(&gp, &task, request, Some(&key)),
    );
    let (done, repeated): (Vec<_>, Vec<_>) = [a, b].into_iter().partition(Result::is_ok);
    assert_eq!((done.len(), repeated.len()), (1, 1));
    let error = repeated.into_iter().next().unwrap().unwrap_err();
    assert!(
        matches!(&error, OrchestratorError::Repeated(answer) if answer.status == 200),
        "{error}"
    );
    assert_eq!(
        system.rival().instance(&gp, &instance).await.unwrap().active[0].element,
        "due"
    );
}

#[tokio::test]
async fn an_answer_is_kept_for_days_not_for_ever() {
    let system = System::new();
    system
        .deploy("visita.bpmn", line("", "visita", &[user_task("visita-mmg", "mmg")]))
        .await;
    let request = StartInstance {
        definition: "visita".into(),
        ..StartInstance::default()
    };
    let key = Idempotency::new(&gp(), "start", "k-3", &request);
    system
        .orchestrator
        .start(&gp(), request.clone(), Some(&key))
        .await
        .unwrap();
    system.advance(SignedDuration::from_hours(48));
    let repeated = system
        .orchestrator
        .start(&gp(), request.clone(), Some(&key))
        .await
        .unwrap_err();
    assert!(matches!(repeated, OrchestratorError::Repeated(_)));
    system.advance(SignedDuration::from_hours(72));
    assert!(system.orchestrator.start(&gp(), request, Some(&key)).await.is_ok());
}
