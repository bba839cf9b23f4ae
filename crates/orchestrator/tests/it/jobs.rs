//! In-process workers, retries, incidents.

use crate::models::{line, service_task, user_task};
use crate::support::{System, object};
use access::Actor;
use futures::FutureExt;
use jiff::SignedDuration;
use orchestrator::api::SetVariables;
use orchestrator::{Config, IncidentsQuery};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

async fn with_service(config: Config) -> System {
    let system = System::with(config);
    system
        .deploy(
            "calcolo.bpmn",
            line(
                "",
                "calcolo",
                &[service_task("calcola", "somma"), user_task("dopo", "mmg")],
            ),
        )
        .await;
    system
}

#[tokio::test]
async fn a_worker_does_the_job_also_after_a_restart() {
    let system = with_service(Config::default()).await;
    let instance = system.start_with("calcolo", None, json!({"a": 2, "b": 3})).await.id;
    system.settle().await;
    assert_eq!(system.tokens(&instance).await, ["calcola"], "no worker yet");
    let system = system.restart();
    system.orchestrator.register_worker("somma", |job| {
        async move {
            let (a, b) = (job.variables["a"].as_i64(), job.variables["b"].as_i64());
            Ok(object(json!({"totale": a.unwrap() + b.unwrap()})))
        }
        .boxed()
    });
    system.settle().await;
    assert_eq!(system.tokens(&instance).await, ["dopo"]);
    assert_eq!(system.info(&instance).await.variables["totale"], 5);
}

/// A worker that fails until the variable `corretto` is there; counts its runs.
fn register_failing(system: &System) -> Arc<AtomicUsize> {
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = runs.clone();
    system.orchestrator.register_worker("somma", move |job| {
        counter.fetch_add(1, Ordering::SeqCst);
        let corrected = job.variables.contains_key("corretto");
        async move {
            if corrected {
                Ok(object(json!({})))
            } else {
                Err("il laboratorio non risponde".to_owned())
            }
        }
        .boxed()
    });
    runs
}

/// Lets every retry's pause pass.
async fn until_incident(system: &System, runs: &AtomicUsize) {
    for expected in [2, 3] {
        let due = system
            .orchestrator
            .next_timer()
            .await
            .unwrap()
            .expect("the retry's timer");
        system.clock.set(due);
        system.settle().await;
        assert_eq!(runs.load(Ordering::SeqCst), expected);
    }
    assert_eq!(system.orchestrator.next_timer().await.unwrap(), None, "no retries left");
}

#[tokio::test]
async fn a_failing_worker_is_tried_again_after_growing_pauses_then_an_incident_opens_and_retry_helps() {
    let system = with_service(Config::default()).await;
    let runs = register_failing(&system);
    let instance = system.start("calcolo", None).await.id;
    system.settle().await;
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    system.settle().await;
    assert_eq!(runs.load(Ordering::SeqCst), 1, "the pause is not over");
    until_incident(&system, &runs).await;
    assert_eq!(system.status(&instance).await, "incident");
    let incidents = system
        .orchestrator
        .incidents(&Actor::system(), IncidentsQuery::default())
        .await
        .unwrap()
        .items;
    assert_eq!(incidents.len(), 1);
    assert!(
        incidents[0].message.contains("il laboratorio non risponde"),
        "{}",
        incidents[0].message
    );
    assert_eq!(
        (incidents[0].instance.as_str(), incidents[0].element.as_str()),
        (instance.as_str(), "calcola")
    );

    let fix = SetVariables {
        variables: object(json!({"corretto": true})),
        reason: None,
    };
    system
        .orchestrator
        .set_variables(&Actor::system(), &instance, fix, None)
        .await
        .unwrap();
    system
        .orchestrator
        .retry_incident(&Actor::system(), &incidents[0].id, Default::default(), None)
        .await
        .unwrap();
    system.settle().await;
    assert_eq!(
        (system.status(&instance).await, runs.load(Ordering::SeqCst)),
        ("active".into(), 4)
    );
    assert_eq!(system.tokens(&instance).await, ["dopo"]);
    assert!(
        system
            .orchestrator
            .incidents(&Actor::system(), IncidentsQuery::default())
            .await
            .unwrap()
            .items
            .is_empty()
    );
    let again = system
        .orchestrator
        .retry_incident(&Actor::system(), &incidents[0].id, Default::default(), None)
        .await
        .unwrap_err();
    assert_eq!(again.status(), 409);
}

#[tokio::test]
async fn a_panicking_worker_is_a_failed_job() {
    let system = with_service(Config {
        job_backoff: SignedDuration::from_secs(0),
        ..Config::default()
    })
    .await;
    system
        .orchestrator
        .register_worker("somma", |_| async move { panic!("spento") }.boxed());
    let instance = system.start("calcolo", None).await.id;
    system.settle().await;
    assert_eq!(system.status(&instance).await, "incident");
}

#[tokio::test]
async fn no_more_workers_run_than_allowed_and_a_small_queue_loses_nothing() {
    let system = with_service(Config {
        job_concurrency: 3,
        job_queue: 2,
        ..Config::default()
    })
    .await;
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (n, m) = (now.clone(), most.clone());
    system.orchestrator.register_worker("somma", move |_| {
        let (now, most) = (n.clone(), m.clone());
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            now.fetch_sub(1, Ordering::SeqCst);
            Ok(object(json!({})))
        }
        .boxed()
    });
    let mut ids = Vec::new();
    for _ in 0..25 {
        ids.push(system.start("calcolo", None).await.id);
    }
    system.settle().await;
    for id in ids {
        assert_eq!(system.tokens(&id).await, ["dopo"]);
    }
    assert!(
        (2..=3).contains(&most.load(Ordering::SeqCst)),
        "{most:?} ran at the same time"
    );
}

#[tokio::test]
async fn a_result_too_large_to_keep_is_a_failed_job() {
    let config = Config {
        max_state_bytes: 10_000,
        job_backoff: SignedDuration::from_secs(0),
        ..Config::default()
    };
    let system = with_service(config).await;
    system.orchestrator.register_worker("somma", |_| {
        async move { Ok(object(json!({"referto": "x".repeat(20_000)}))) }.boxed()
    });
    let instance = system.start("calcolo", None).await.id;
    system.settle().await;
    let incidents = system.info(&instance).await.incidents;
    assert_eq!(incidents.len(), 1);
    assert!(incidents[0].message.contains("10000"), "{}", incidents[0].message);
}
