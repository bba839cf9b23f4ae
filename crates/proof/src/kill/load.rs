//! Clients and workers.

use super::Plan;
use super::process::PROCESS;
use super::server::{Answer, Http, Server};
use super::subject::{Books, Subject};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;

/// Most instances that clients are not done with.
const MOST_OPEN: usize = 64;
/// Longest time without an acknowledgement, and longest for the last instances to complete, in seconds.
const PATIENCE_S: u64 = 180;
/// How long a job is locked under load, in milliseconds: short, so that what a kill interrupted comes again soon.
const LOCK_MS: u64 = 2_000;
/// How long a job is locked in the end, in milliseconds.
const LAST_LOCK_MS: u64 = 30_000;
/// How often one command may be answered with a conflict, where faults are expected: its first try may still be under way.
const MOST_CONFLICTS: u32 = 300;

/// A load under way.
pub struct Load {
    tasks: Vec<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
}

/// Begins to use the server.
pub fn begin(plan: &Plan, server: &Server, books: &Arc<Books>, round: u32) -> Load {
    let stop = Arc::new(AtomicBool::new(false));
    let mut tasks = Vec::new();
    let rest = plan
        .faults
        .as_ref()
        .map(|faults| Duration::from_millis(faults.pause_ms));
    for n in 0..plan.clients {
        tasks.push(tokio::spawn(client(
            server.http.clone(),
            books.clone(),
            stop.clone(),
            format!("{round}-{n}"),
            rest,
        )));
    }
    for n in 0..plan.workers {
        tasks.push(tokio::spawn(worker(
            server.http.clone(),
            books.clone(),
            stop.clone(),
            format!("w{round}-{n}"),
            LOCK_MS,
        )));
    }
    Load { tasks, stop }
}

impl Load {
    /// Waits for this many acknowledgements.
    pub async fn until(&self, books: &Books, enough: u64) -> Result<(), String> {
        let mut patience = PATIENCE_S * 100;
        while books.acknowledged() < enough {
            if let Some(problem) = books.problem() {
                return Err(problem);
            }
            patience = patience
                .checked_sub(1)
                .ok_or_else(|| format!("nothing happens for {PATIENCE_S} s"))?;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    /// Ends it; requests under way get their answer or none.
    pub async fn over(self) {
        self.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            let _ = task.await;
        }
    }
}

async fn client(http: Http, books: Arc<Books>, stop: Arc<AtomicBool>, name: String, rest: Option<Duration>) {
    let mut count = 0;
    while !stop.load(Ordering::Relaxed) {
        count += 1;
        let Some(mut subject) = books.take(|| format!("k-{name}-{count}"), MOST_OPEN) else {
            tokio::time::sleep(Duration::from_millis(5)).await;
            continue;
        };
        while !stop.load(Ordering::Relaxed) && !subject.is_done() {
            let went_on = go_on(&http, &books, &mut subject).await;
            if let Some(rest) = rest {
                tokio::time::sleep(rest).await;
            }
            if !went_on {
                break;
            }
        }
        books.put(subject);
    }
}

/// The next command for a subject, under a key of its own; `false` when it got no answer or a wrong one.
async fn go_on(http: &Http, books: &Books, subject: &mut Subject) -> bool {
    let key = &subject.key;
    let (path, prefix, body) = match (&subject.instance, &subject.task) {
        (None, _) => (
            "/instances".to_owned(),
            "s",
            json!({"definition": PROCESS, "businessKey": key}),
        ),
        (Some(_), Some(task)) if !subject.task_done => (
            format!("/tasks/{task}/complete"),
            "t",
            json!({"variables": {"fatto": key}, "resources": []}),
        ),
        _ => (
            "/messages".to_owned(),
            "m",
            json!({"name": "esito", "key": key, "variables": {"esito": key}}),
        ),
    };
    match http.post(&path, &format!("{prefix}-{key}"), &body).await {
        Answer::Given(200..300, body, replayed) => {
            books.acknowledge(replayed);
            match prefix {
                "s" => started(subject, &body),
                "t" => subject.task_done = true,
                _ => subject.message_done = true,
            }
            subject.conflicts = 0;
            true
        }
        // An earlier try of the same command may be under way still.
        Answer::Given(409 | 412, ..) if http.is_tolerant() && subject.conflicts < MOST_CONFLICTS => {
            subject.conflicts += 1;
            books.no_answer();
            false
        }
        Answer::Given(status, body, _) => {
            books.complain(format!("POST {path} for {subject:?} is refused: {status} {body}"));
            false
        }
        Answer::None => {
            books.no_answer();
            false
        }
    }
}

fn started(subject: &mut Subject, body: &Value) {
    subject.instance = body["id"].as_str().map(str::to_owned);
    let active = body["active"].as_array();
    let task = active.and_then(|all| all.iter().find(|active| active["element"] == "compito"));
    subject.task = task.and_then(|task| task["id"].as_str()).map(str::to_owned);
}

async fn worker(http: Http, books: Arc<Books>, stop: Arc<AtomicBool>, name: String, lock_ms: u64) {
    let fetch = json!({
        "worker": name, "topics": [{"type": "lavoro"}, {"type": "chiusura"}], "maxJobs": 4, "lockMs": lock_ms, "waitMs": 200,
    });
    while !stop.load(Ordering::Relaxed) {
        let asked = books.acknowledged();
        let jobs = match http.ask("/jobs/fetch", &fetch).await {
            Answer::Given(200, body, _) => body["items"].as_array().cloned().unwrap_or_default(),
            Answer::Given(status, body, _) => return books.complain(format!("a fetch is refused: {status} {body}")),
            Answer::None if http.is_tolerant() => {
                books.no_answer();
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
            Answer::None => return books.no_answer(),
        };
        jobs.iter().for_each(|job| books.work(job, asked));
        for job in jobs {
            complete(&http, &books, &job, &name).await;
        }
    }
}

/// The work is done; says so. Whoever lost the lock meanwhile throws its work away.
async fn complete(http: &Http, books: &Books, job: &Value, worker: &str) {
    let (id, key) = (
        job["id"].as_str().unwrap_or_default(),
        job["idempotencyKey"].as_str().unwrap_or_default(),
    );
    let body = json!({"worker": worker, "variables": {"lavorato": id}});
    match http
        .post(&format!("/jobs/{id}/complete"), &format!("c-{key}"), &body)
        .await
    {
        Answer::Given(200..300, _, replayed) => {
            books.acknowledge(replayed);
            books.work_done(id);
        }
        Answer::Given(409 | 410, ..) => {}
        Answer::Given(status, body, _) => books.complain(format!("the job {id} cannot be completed: {status} {body}")),
        Answer::None => books.no_answer(),
    }
}

/// Brings every instance to its end.
pub async fn drain(plan: &Plan, server: &Server, books: &Arc<Books>) -> Result<(), String> {
    let stop = Arc::new(AtomicBool::new(false));
    let workers: Vec<_> = (0..plan.workers)
        .map(|n| {
            tokio::spawn(worker(
                server.http.clone(),
                books.clone(),
                stop.clone(),
                format!("last-{n}"),
                LAST_LOCK_MS,
            ))
        })
        .collect();
    for mut subject in books.subjects() {
        let mut tries = if server.http.is_tolerant() { 100 } else { 0 };
        while !subject.is_done() {
            if go_on(&server.http, books, &mut subject).await {
                continue;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            tries -= 1;
            if tries < 0 || books.problem().is_some() {
                return Err(books.problem().unwrap_or_else(|| format!("no answer for {subject:?}")));
            }
        }
        books.put(subject);
    }
    let mut patience = PATIENCE_S * 10;
    for subject in books.subjects() {
        let instance = subject.instance.unwrap_or_default();
        while server.http.get(&format!("/instances/{instance}")).await?["status"] != "completed" {
            patience = patience
                .checked_sub(1)
                .ok_or_else(|| format!("{instance} does not complete"))?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    stop.store(true, Ordering::Relaxed);
    for worker in workers {
        let _ = worker.await;
    }
    books.problem().map_or(Ok(()), Err)
}
