//! Many jobs completed in one request, and the jobs that follow taken with the answer.

use crate::models::{line, service_task};
use crate::support::{System, actor, object};
use access::Actor;
use jiff::SignedDuration;
use orchestrator::api::{CompleteJobs, CompletedJobs, DoneJob, FetchJobs, FetchTopic, FetchedJob, NextJobs};
use orchestrator::{Config, Idempotency, OrchestratorError};
use serde_json::json;

fn worker() -> Actor {
    actor("Device/lavori", "worker")
}

fn topic(job_type: &str) -> FetchTopic {
    FetchTopic {
        job_type: job_type.into(),
        ..FetchTopic::default()
    }
}

async fn fetch(system: &System, job_type: &str) -> Vec<FetchedJob> {
    let request = FetchJobs {
        worker: "uno".into(),
        topics: vec![topic(job_type)],
        max_jobs: Some(10),
        ..FetchJobs::default()
    };
    let found = system.orchestrator.fetch_jobs(&worker(), request, None).await;
    found.unwrap().items
}

fn done(jobs: &[FetchedJob], next: Option<&str>) -> CompleteJobs {
    let done = |job: &FetchedJob| DoneJob {
        id: job.id.clone(),
        variables: object(json!({"esito": "ok"})),
    };
    CompleteJobs {
        worker: "uno".into(),
        jobs: jobs.iter().map(done).collect(),
        next: next.map(|job_type| NextJobs {
            topics: vec![topic(job_type)],
            lock_ms: Some(60_000),
        }),
    }
}

async fn complete(system: &System, request: CompleteJobs) -> Result<CompletedJobs, OrchestratorError> {
    system.orchestrator.complete_jobs(&worker(), request, |_| None).await
}

fn statuses(answer: &CompletedJobs) -> Vec<u16> {
    answer.outcomes.iter().map(|outcome| outcome.status).collect()
}

async fn two_steps() -> System {
    let system = System::new();
    let nodes = [service_task("prima", "a"), service_task("poi", "b")];
    system.deploy("due.bpmn", line("", "due", &nodes)).await;
    system
}

#[tokio::test]
async fn each_job_is_accepted_or_refused_by_itself() {
    let system = two_steps().await;
    for _ in 0..3 {
        system.start("due", None).await;
    }
    let mut jobs = fetch(&system, "a").await;
    assert_eq!(jobs.len(), 3);
    system
        .orchestrator
        .complete_jobs(&worker(), done(&jobs[..1], None), |_| None)
        .await
        .unwrap();
    jobs.push(FetchedJob {
        id: "nessuno.1".into(),
        ..jobs[0].clone()
    });
    let answer = complete(&system, done(&jobs, None)).await.unwrap();
    assert_eq!(statuses(&answer), [409, 200, 200, 404]);
    let problem = answer.outcomes[0].problem.as_ref().unwrap();
    assert!(problem["type"].as_str().unwrap().contains("problems/"), "{problem}");
    assert_eq!(answer.outcomes[1].moved.as_ref().unwrap().status, "active");
    assert!(answer.next.is_empty());
    assert_eq!(fetch(&system, "b").await.len(), 3);
}

#[tokio::test]
async fn what_follows_is_in_the_workers_hands_with_the_same_commit() {
    let system = two_steps().await;
    system.patient("p1").await;
    let instance = system.start("due", Some("p1")).await.id;
    let jobs = fetch(&system, "a").await;
    let answer = complete(&system, done(&jobs, Some("b"))).await.unwrap();
    let next = answer.next;
    assert_eq!((next.len(), next[0].element.as_str(), next[0].attempt), (1, "poi", 1));
    assert_eq!(next[0].variables["esito"], "ok");
    assert!(fetch(&system, "b").await.is_empty(), "nobody else gets it");
    let seen = system
        .snapshot()
        .await
        .audit(&store::AuditFilter::newest(Some("p1"), 10))
        .await
        .unwrap()
        .entries();
    assert_eq!(
        seen.iter().filter(|entry| entry.action == "fetch").count(),
        2,
        "both jobs of the patient's pathway were seen: {seen:?}"
    );
    // The lock is as any other: it ends, and the job goes to the next.
    system.advance(SignedDuration::from_mins(2));
    let again = fetch(&system, "b").await;
    assert_eq!((again.len(), again[0].attempt), (1, 2));
    assert_eq!(
        statuses(&complete(&system, done(&again, Some("b"))).await.unwrap()),
        [200]
    );
    assert_eq!(system.status(&instance).await, "completed");
}

#[tokio::test]
async fn only_the_types_asked_for_are_handed_over() {
    let system = two_steps().await;
    system.start("due", None).await;
    let jobs = fetch(&system, "a").await;
    let answer = complete(&system, done(&jobs, Some("altro"))).await.unwrap();
    assert!(answer.next.is_empty());
    assert_eq!(fetch(&system, "b").await.len(), 1, "it is offered to everyone");
}

#[tokio::test]
async fn a_repeated_request_gets_the_first_outcomes() {
    let system = two_steps().await;
    system.start("due", None).await;
    let request = done(&fetch(&system, "a").await, None);
    let keyed = |job: &DoneJob| {
        Some(Idempotency::new(
            &worker(),
            &format!("complete-jobs/{}", job.id),
            "k",
            job,
        ))
    };
    for _ in 0..2 {
        let answer = system
            .orchestrator
            .complete_jobs(&worker(), request.clone(), keyed)
            .await;
        let answer = answer.unwrap();
        assert_eq!(statuses(&answer), [200]);
        assert!(answer.outcomes[0].moved.is_some());
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_as_a_whole() {
    let system = two_steps().await;
    system.start("due", None).await;
    let jobs = fetch(&system, "a").await;
    let twice = CompleteJobs {
        jobs: [done(&jobs, None).jobs, done(&jobs, None).jobs].concat(),
        ..done(&jobs, None)
    };
    assert_eq!(complete(&system, twice).await.unwrap_err().status(), 422);
    let many = CompleteJobs {
        jobs: (0..1_001)
            .map(|n| DoneJob {
                id: format!("i.{n}"),
                ..DoneJob::default()
            })
            .collect(),
        ..done(&jobs, None)
    };
    assert_eq!(complete(&system, many).await.unwrap_err().status(), 422);
    let other = actor("Device/altro", "worker:altro");
    let refused = system
        .orchestrator
        .complete_jobs(&other, done(&jobs, Some("b")), |_| None)
        .await;
    assert_eq!(refused.unwrap_err().status(), 403);
    assert_eq!(statuses(&complete(&system, done(&jobs, None)).await.unwrap()), [200]);
}

#[tokio::test]
async fn a_caller_that_stops_waiting_leaves_nothing_behind() {
    let system = System::with(Config::default());
    system
        .deploy("due.bpmn", line("", "due", &[service_task("prima", "a")]))
        .await;
    let instance = system.start("due", None).await.id;
    {
        let waiting = system.orchestrator.until_ended(&instance);
        assert!(futures::FutureExt::now_or_never(waiting).is_none());
    }
    let ended = {
        let orchestrator = system.orchestrator.clone();
        let instance = instance.clone();
        tokio::spawn(async move { orchestrator.until_ended(&instance).await })
    };
    tokio::task::yield_now().await;
    let jobs = fetch(&system, "a").await;
    complete(&system, done(&jobs, None)).await.unwrap();
    assert!(ended.await.unwrap().is_ok());
}
