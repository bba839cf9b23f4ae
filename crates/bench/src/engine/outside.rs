//! Workers outside: `sinfonia serve` as a process of its own, workers that fetch and complete over HTTP, clients that start
//! an instance and wait for its end over HTTP. In the same way Restate is measured.

use super::model::{self, JOB_TYPE, PROCESS};
use super::{Args, Measured, Row, inside, missing, tell};
use crate::client::Client;
use crate::load::{self, Times};
use crate::server::{Program, Server, sinfonia};
use anyhow::{Context, Result, ensure};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use tokio::process::Command;
use tokio::sync::Notify;
use tokio::task::JoinSet;

const JSON: &str = "application/json";
/// Most connections on which a worker completes jobs, and most jobs in one of its requests.
const COMPLETERS: usize = 4;
const TOGETHER: usize = 64;

/// Both kinds of workers.
pub async fn run(args: &Args, dir: &Path, rows: &mut Vec<Row>) -> Result<()> {
    if !args.wants("outside") {
        return Ok(());
    }
    let program = match sinfonia(args.server.as_deref()) {
        Ok(program) => program,
        Err(error) => {
            missing("outside (Sinfonia, workers over HTTP)", &error.to_string());
            return Ok(());
        }
    };
    for &concurrency in &args.concurrency {
        let name = "outside (Sinfonia, HTTP worker)";
        if args.wants(name) {
            let measured = measure(&program, dir, concurrency, args.seconds, None).await?;
            tell(rows, name, concurrency, measured);
        }
        let name = "outside-node (Sinfonia, HTTP worker)";
        if args.wants(name) {
            let node = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/worker.mjs");
            match measure(&program, dir, concurrency, args.seconds, Some(node)).await {
                Ok(measured) => tell(rows, name, concurrency, measured),
                Err(error) => missing(name, &format!("{error:#}")),
            }
        }
    }
    Ok(())
}

async fn measure(
    program: &Path,
    dir: &Path,
    concurrency: usize,
    seconds: u64,
    node: Option<PathBuf>,
) -> Result<Measured> {
    let folder = tempfile::tempdir_in(dir)?;
    let server = Server::start(program, folder.path()).await?;
    let address = server.address;
    let files = json!({"files": [{"name": "dieci-passi.bpmn", "content": model::xml()}]});
    Client::connect(address, JSON)
        .await?
        .json("POST", "/orchestrator/deployments", &files)
        .await?;
    let completers = concurrency.min(COMPLETERS);
    let mut outside = None;
    let mut workers = JoinSet::new();
    match node {
        Some(script) => {
            let mut command = Command::new("node");
            command
                .arg(script)
                .args([address.port().to_string(), completers.to_string()]);
            outside = Some(Program::start(&mut command, &folder.path().join("worker.log"))?);
        }
        None => worker(&mut workers, address, completers),
    }
    let measured = tokio::select! {
        driven = load::drive(concurrency, seconds, |times| client(address, times)) => driven,
        Some(ended) = workers.join_next() => Err(ended?.err().context("a worker ended by itself")?),
    };
    workers.shutdown().await;
    if let Some(program) = outside {
        program.stop().await?;
    }
    let (times, elapsed) = measured?;
    server.program.stop().await?;
    Ok(Measured::of(times, elapsed, inside::SQLITE))
}

/// Starts an instance and hears of its end in the same answer.
async fn client(address: SocketAddr, times: Times) -> Result<()> {
    let mut client = Client::connect(address, JSON).await?;
    let start = json!({"definition": PROCESS, "waitMs": 60_000});
    while times.go_on() {
        let since = Instant::now();
        let ended = client.json("POST", "/orchestrator/instances", &start).await?;
        ensure!(
            ended["status"] == "completed",
            "an instance is {}: {ended}",
            ended["status"]
        );
        times.note(since);
    }
    Ok(())
}

/// Jobs in this worker's hands.
#[derive(Default)]
struct Hands {
    jobs: Mutex<VecDeque<Value>>,
    filled: Notify,
}

impl Hands {
    fn put(&self, jobs: &mut Value) {
        let Value::Array(jobs) = jobs.take() else { return };
        if !jobs.is_empty() {
            self.jobs.lock().extend(jobs);
            self.filled.notify_waiters();
        }
    }

    async fn some(&self) -> Vec<Value> {
        loop {
            let filled = self.filled.notified();
            {
                let mut jobs = self.jobs.lock();
                if !jobs.is_empty() {
                    let most = jobs.len().min(TOGETHER);
                    return jobs.drain(..most).collect();
                }
            }
            filled.await;
        }
    }
}

/// A worker: one connection fetches by long poll, some complete what is done and take what follows.
fn worker(tasks: &mut JoinSet<Result<()>>, address: SocketAddr, completers: usize) {
    let hands = Arc::new(Hands::default());
    let mine = hands.clone();
    let topics = json!([{"type": JOB_TYPE, "variables": ["fatti"]}]);
    let fetch = json!({"worker": "bench", "topics": topics, "maxJobs": 256, "waitMs": 10_000});
    tasks.spawn(async move {
        let mut connection = Client::connect(address, JSON).await?;
        loop {
            let mut fetched = connection.json("POST", "/orchestrator/jobs/fetch", &fetch).await?;
            mine.put(&mut fetched["items"]);
        }
    });
    for _ in 0..completers {
        let (hands, topics) = (hands.clone(), topics.clone());
        tasks.spawn(async move {
            let mut connection = Client::connect(address, JSON).await?;
            loop {
                let jobs: Vec<Value> = hands.some().await.iter().map(work).collect();
                let done = json!({"worker": "bench", "jobs": jobs, "next": {"topics": topics}});
                let mut answer = connection.json("POST", "/orchestrator/jobs/complete", &done).await?;
                let refused = answer["outcomes"].as_array().context("outcomes")?.iter();
                if let Some(refused) = refused.into_iter().find(|outcome| outcome["status"] != 200) {
                    anyhow::bail!("a job was refused: {refused}");
                }
                hands.put(&mut answer["next"]);
            }
        });
    }
}

/// What a step does.
fn work(job: &Value) -> Value {
    let done = job["variables"]["fatti"].as_u64().unwrap_or(0) + 1;
    json!({"id": job["id"], "variables": {"fatti": done}})
}
