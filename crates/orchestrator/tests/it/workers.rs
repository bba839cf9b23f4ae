//! Workers outside: fetch and lock, complete, fail, extend, unlock.

use crate::models::{bpmn, flow, line, service_task, user_task};
use crate::support::{System, actor, object};
use access::Actor;
use jiff::SignedDuration;
use orchestrator::api::{ChangeLock, CompleteJob, FailJob, FetchJobs, FetchTopic, FetchedJob, ThrowError};
use orchestrator::{Config, Idempotency, IncidentsQuery, JobsQuery, LockChange, OrchestratorError, Thrower};
use serde_json::json;

fn worker() -> Actor {
    actor("Device/lavori", "worker")
}

fn ask(job_type: &str, most: usize) -> FetchJobs {
    FetchJobs {
        worker: "uno".into(),
        topics: vec![FetchTopic {
            job_type: job_type.into(),
            ..FetchTopic::default()
        }],
        max_jobs: Some(most),
        ..FetchJobs::default()
    }
}

async fn fetch(system: &System, request: FetchJobs) -> Vec<FetchedJob> {
    let found = system.orchestrator.fetch_jobs(&worker(), request, None).await;
    found.unwrap().items
}

async fn one(system: &System, job_type: &str) -> FetchedJob {
    fetch(system, ask(job_type, 1)).await.pop().expect("a job")
}

async fn complete(system: &System, id: &str, name: &str) -> Result<String, OrchestratorError> {
    let request = CompleteJob {
        worker: Some(name.into()),
        variables: object(json!({"esito": "ok"})),
    };
    let done = system.orchestrator.complete_job(&worker(), id, request, None).await?;
    Ok(done.status)
}

async fn fail(system: &System, id: &str, retries: Option<u32>, pause: Option<u64>) {
    let request = FailJob {
        worker: Some("uno".into()),
        message: "il laboratorio non risponde".into(),
        retries,
        retry_backoff_ms: pause,
    };
    system
        .orchestrator
        .fail_job(&worker(), id, request, None)
        .await
        .unwrap();
}

async fn with_service() -> System {
    let system = System::new();
    let nodes = [service_task("calcola", "somma"), user_task("dopo", "mmg")];
    system.deploy("calcolo.bpmn", line("", "calcolo", &nodes)).await;
    system
}

#[tokio::test]
async fn a_job_is_taken_once_and_completed_by_who_holds_it() {
    let system = with_service().await;
    system.patient("p1").await;
    let instance = system
        .start_with("calcolo", Some("p1"), json!({"a": 2, "b": 3}))
        .await
        .id;
    let mut request = ask("somma", 5);
    request.topics[0].variables = Some(vec!["a".into()]);
    let job = fetch(&system, request).await.pop().expect("a job");
    assert_eq!(json!(job.variables), json!({"a": 2}));
    assert_eq!((job.attempt, job.patient.as_deref()), (1, Some("p1")));
    assert!(fetch(&system, ask("somma", 5)).await.is_empty(), "it is taken");
    let listed = system
        .orchestrator
        .jobs(JobsQuery {
            job_type: "somma".into(),
            limit: None,
        })
        .await
        .unwrap()
        .items;
    assert_eq!(listed[0].worker.as_deref(), Some("uno"));
    let seen = system
        .snapshot()
        .await
        .audit(&store::AuditFilter::newest(Some("p1"), 10))
        .await
        .unwrap()
        .entries();
    assert!(seen.iter().any(|entry| entry.actor == "Device/lavori"), "{seen:?}");

    assert_eq!(complete(&system, &job.id, "due").await.unwrap_err().status(), 409);
    assert_eq!(complete(&system, &job.id, "uno").await.unwrap(), "active");
    assert_eq!(system.info(&instance).await.variables["esito"], "ok");
    assert_eq!(system.tokens(&instance).await, ["dopo"]);
    assert_eq!(
        complete(&system, &job.id, "uno").await.unwrap_err().status(),
        409,
        "done already"
    );
}

#[tokio::test]
async fn a_lock_outlives_a_restart_and_goes_to_the_next_when_it_ends() {
    let system = with_service().await;
    system.start("calcolo", None).await;
    let first = one(&system, "somma").await;
    let system = system.restart();
    assert!(fetch(&system, ask("somma", 5)).await.is_empty(), "it is still taken");
    system.advance(SignedDuration::from_mins(5));
    assert_eq!(
        complete(&system, &first.id, "uno").await.unwrap_err().status(),
        410,
        "too late"
    );
    let mut request = ask("somma", 5);
    request.worker = "due".into();
    let second = fetch(&system, request).await.pop().expect("free again");
    assert_eq!((second.id.as_str(), second.attempt), (first.id.as_str(), 2));
    assert_ne!(second.idempotency_key, first.idempotency_key);
    assert_eq!(
        complete(&system, &first.id, "uno").await.unwrap_err().status(),
        409,
        "another holds it"
    );
    complete(&system, &second.id, "due").await.unwrap();
}

#[tokio::test]
async fn a_lock_can_be_extended_and_given_back() {
    let system = with_service().await;
    system.start("calcolo", None).await;
    let job = one(&system, "somma").await;
    system.advance(SignedDuration::from_mins(4));
    let mut change = ChangeLock {
        worker: "uno".into(),
        lock_ms: Some(600_000),
    };
    let o = &system.orchestrator;
    let lock = o
        .change_lock(&worker(), &job.id, LockChange::Extend, change.clone(), None)
        .await
        .unwrap();
    assert_eq!(lock.locked_until, "2026-01-01T08:14:00Z".parse().unwrap());
    system.advance(SignedDuration::from_mins(9));
    assert!(fetch(&system, ask("somma", 5)).await.is_empty());
    o.change_lock(&worker(), &job.id, LockChange::Unlock, change.clone(), None)
        .await
        .unwrap();
    let again = one(&system, "somma").await;
    assert_eq!(
        (again.id.as_str(), again.attempt, again.retries),
        (job.id.as_str(), 2, 3)
    );
    change.worker = "due".into();
    let refused = o
        .change_lock(&worker(), &job.id, LockChange::Extend, change, None)
        .await;
    assert_eq!(refused.unwrap_err().status(), 409);
}

#[tokio::test]
async fn a_failed_job_pauses_and_with_no_retries_left_opens_an_incident_whose_retry_offers_it_anew() {
    let system = with_service().await;
    let instance = system.start("calcolo", None).await.id;
    let first = one(&system, "somma").await;
    fail(&system, &first.id, None, Some(60_000)).await;
    assert!(fetch(&system, ask("somma", 5)).await.is_empty(), "it pauses");
    system.advance(SignedDuration::from_mins(1));
    let second = one(&system, "somma").await;
    assert_eq!((second.retries, second.attempt), (2, 2));
    fail(&system, &second.id, Some(0), None).await;
    assert_eq!(system.status(&instance).await, "incident");
    system.advance(SignedDuration::from_hours(9));
    assert!(fetch(&system, ask("somma", 5)).await.is_empty(), "it is taken away");
    let incidents = system
        .orchestrator
        .incidents(&Actor::system(), IncidentsQuery::default())
        .await
        .unwrap()
        .items;
    let (system_actor, incident) = (Actor::system(), &incidents[0].id);
    system
        .orchestrator
        .retry_incident(&system_actor, incident, Default::default(), None)
        .await
        .unwrap();
    let third = one(&system, "somma").await;
    assert_eq!(third.id, first.id);
    let keys = [first.idempotency_key, second.idempotency_key, third.idempotency_key];
    assert!(
        keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2],
        "{keys:?}"
    );
}

#[tokio::test]
async fn the_model_says_how_often_and_after_which_pauses() {
    let system = System::new();
    let task = r#"<bpmn:serviceTask id="invia" camunda:type="external" camunda:topic="posta" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"><bpmn:extensionElements><camunda:failedJobRetryTimeCycle>PT5M,PT15M</camunda:failedJobRetryTimeCycle></bpmn:extensionElements></bpmn:serviceTask>"#;
    system
        .deploy("posta.bpmn", line("", "posta", &[("invia", task.into())]))
        .await;
    let instance = system.start("posta", None).await.id;
    for (retries, pause) in [(3, 5), (2, 15)] {
        let job = one(&system, "posta").await;
        assert_eq!(job.retries, retries);
        fail(&system, &job.id, None, None).await;
        system.advance(SignedDuration::from_mins(pause) - SignedDuration::from_secs(1));
        assert!(fetch(&system, ask("posta", 1)).await.is_empty());
        system.advance(SignedDuration::from_secs(1));
    }
    let last = one(&system, "posta").await;
    fail(&system, &last.id, None, None).await;
    assert_eq!(system.status(&instance).await, "incident");
}

#[tokio::test]
async fn higher_priorities_come_first_then_the_oldest() {
    let system = System::new();
    let task = r#"<bpmn:serviceTask id="invia" camunda:type="external" camunda:topic="posta" camunda:taskPriority="${urgenza}" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"/>"#;
    system
        .deploy("posta.bpmn", line("", "posta", &[("invia", task.into())]))
        .await;
    let mut ids = Vec::new();
    for urgency in [0, -5, 90, 0, 10] {
        ids.push(system.start_with("posta", None, json!({"urgenza": urgency})).await.id);
    }
    let first = fetch(&system, ask("posta", 3)).await;
    let rest = fetch(&system, ask("posta", 3)).await;
    let found: Vec<&String> = first.iter().chain(&rest).map(|job| &job.instance).collect();
    assert_eq!(found, [2, 4, 0, 3, 1].map(|n| &ids[n]).to_vec());
}

#[tokio::test]
async fn a_worker_waits_for_the_commit_that_offers_a_job_and_for_a_lease_to_end() {
    let system = with_service().await;
    let wait = |name: &str| {
        let (orchestrator, mut request) = (system.orchestrator.clone(), ask("somma", 1));
        request.wait_ms = 60_000;
        request.worker = name.into();
        tokio::spawn(async move { orchestrator.fetch_jobs(&worker(), request, None).await.unwrap().items })
    };
    let first = wait("uno");
    tokio::task::yield_now().await;
    system.start("calcolo", None).await;
    let job = first.await.unwrap().pop().expect("woken");
    let second = wait("due");
    // Until it has looked and found nothing, the end of the lock is not on its mind.
    while system.orchestrator.waiting_workers() == 0 {
        tokio::task::yield_now().await;
    }
    system.advance(SignedDuration::from_mins(5));
    system.settle().await;
    for _ in 0..1_000 {
        if second.is_finished() {
            break;
        }
        system.settle().await;
        tokio::task::yield_now().await;
    }
    assert_eq!(second.await.unwrap().pop().expect("woken").id, job.id);
}

#[tokio::test]
async fn many_workers_at_once_take_each_job_once() {
    let system = with_service().await;
    for _ in 0..60 {
        system.start("calcolo", None).await;
    }
    let rival = system.rival();
    let mut takers = Vec::new();
    for n in 0..12 {
        let taker = if n % 2 == 0 {
            system.orchestrator.clone()
        } else {
            rival.clone()
        };
        takers.push(tokio::spawn(async move {
            let mut taken = Vec::new();
            // Who loses every race gets nothing once; who finds nothing twice is done.
            let mut empty = 0;
            while empty < 2 {
                let found = taker.fetch_jobs(&worker(), ask("somma", 7), None).await.unwrap().items;
                empty = if found.is_empty() { empty + 1 } else { 0 };
                taken.extend(found.into_iter().map(|job| job.id));
            }
            taken
        }));
    }
    let mut all = Vec::new();
    for taker in takers {
        all.extend(taker.await.unwrap());
    }
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!((count, all.len()), (60, 60));
}

#[tokio::test]
async fn a_repeated_fetch_gives_the_same_jobs() {
    let system = with_service().await;
    system.start("calcolo", None).await;
    system.start("calcolo", None).await;
    let keyed = |request: &FetchJobs| Idempotency::new(&worker(), "fetch-jobs", "k1", request);
    let request = ask("somma", 1);
    let key = keyed(&request);
    let first = system
        .orchestrator
        .fetch_jobs(&worker(), request.clone(), Some(&key))
        .await
        .unwrap();
    let again = system.orchestrator.fetch_jobs(&worker(), request, Some(&key)).await;
    let Err(OrchestratorError::Repeated(answer)) = again else {
        panic!("{again:?}")
    };
    assert_eq!(answer.body["items"][0]["id"], first.items[0].id.as_str());
}

#[tokio::test]
async fn a_cancelled_instance_takes_its_jobs_away_from_workers() {
    let system = with_service().await;
    let instance = system.start("calcolo", None).await.id;
    let job = one(&system, "somma").await;
    let request = orchestrator::api::CancelInstance { reason: "prova".into() };
    system
        .orchestrator
        .cancel(&Actor::system(), &instance, request, None)
        .await
        .unwrap();
    assert_eq!(complete(&system, &job.id, "uno").await.unwrap_err().status(), 409);
    assert_eq!(system.snapshot().await.lease(&job.id).await.unwrap(), None);
}

#[tokio::test]
async fn a_worker_raises_a_bpmn_error() {
    let system = System::new();
    let (_, task) = service_task("calcola", "somma");
    let body = [
        r#"<bpmn:startEvent id="inizio"/>"#.to_owned(),
        task,
        r#"<bpmn:boundaryEvent id="preso" attachedToRef="calcola"><bpmn:errorEventDefinition errorRef="e"/></bpmn:boundaryEvent><bpmn:endEvent id="fine"/>"#.to_owned(),
        user_task("rimedio", "mmg").1,
        flow("inizio", "calcola"),
        flow("calcola", "fine"),
        flow("preso", "rimedio"),
        flow("rimedio", "fine"),
    ];
    let model = bpmn(r#"<bpmn:error id="e" errorCode="MANCA"/>"#, "errore", &body.concat());
    system.deploy("errore.bpmn", model).await;
    let instance = system.start("errore", None).await.id;
    let job = one(&system, "somma").await;
    let error = |name: &str| ThrowError {
        worker: Some(name.into()),
        code: "MANCA".into(),
        ..ThrowError::default()
    };
    let o = &system.orchestrator;
    let refused = o
        .throw_error(&worker(), Thrower::Job, &job.id, error("due"), None)
        .await;
    assert_eq!(refused.unwrap_err().status(), 409);
    o.throw_error(&worker(), Thrower::Job, &job.id, error("uno"), None)
        .await
        .unwrap();
    assert_eq!(system.tokens(&instance).await, ["rimedio"]);
    let task = system.task_of(&instance).await.id;
    let refused = o.throw_error(&worker(), Thrower::Job, &task, error("uno"), None).await;
    assert_eq!(refused.unwrap_err().status(), 409, "a task is no job");
}

#[tokio::test]
async fn requests_are_checked_and_waiting_is_bounded() {
    let system = System::with(Config {
        fetch_waiting: 0,
        ..Config::default()
    });
    let o = &system.orchestrator;
    let status = async |by: &Actor, request: FetchJobs| match o.fetch_jobs(by, request, None).await {
        Ok(_) => 200,
        Err(error) => error.status().as_u16(),
    };
    assert_eq!(status(&worker(), ask("somma", 1)).await, 200);
    assert_eq!(status(&worker(), ask("somma", 0)).await, 422);
    assert_eq!(status(&worker(), FetchJobs::default()).await, 422);
    let own = actor("Device/2", "worker:posta");
    assert_eq!(status(&own, ask("posta", 1)).await, 200);
    assert_eq!(status(&own, ask("somma", 1)).await, 403);
    let mut waiting = ask("somma", 1);
    waiting.wait_ms = 10;
    assert_eq!(status(&worker(), waiting).await, 503);
    let mut short = ask("somma", 1);
    short.lock_ms = Some(1);
    assert_eq!(status(&worker(), short).await, 422);
    let nameless = CompleteJob::default();
    let refused = o.complete_job(&worker(), "x.1", nameless, None).await.unwrap_err();
    assert_eq!(refused.status(), 422);
}

#[tokio::test]
async fn whoever_waits_is_sent_home_when_the_program_ends() {
    let system = System::new();
    let request = FetchJobs {
        worker: "w".into(),
        topics: vec![orchestrator::api::FetchTopic {
            job_type: "niente".into(),
            ..Default::default()
        }],
        wait_ms: 60_000,
        ..FetchJobs::default()
    };
    let admin = access::Actor::system();
    let waits = system.orchestrator.fetch_jobs(&admin, request.clone(), None);
    let ends = async {
        while system.orchestrator.waiting_workers() == 0 {
            tokio::task::yield_now().await;
        }
        system.orchestrator.stop_waiting();
    };
    let (answer, ()) = tokio::join!(waits, ends);
    assert!(answer.unwrap().items.is_empty());
    let later = system.orchestrator.fetch_jobs(&admin, request, None).await;
    assert!(later.unwrap().items.is_empty());
}
