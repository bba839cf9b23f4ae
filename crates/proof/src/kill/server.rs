//! The program under test.

use super::Plan;
use super::process::model;
use reqwest::Client;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

/// Longest time for a start, in seconds: an unoptimised build on a busy machine.
const START_S: u64 = 120;
/// Longest time for an answer, in seconds.
const ANSWER_S: u64 = 60;

/// The running program: one process, or several over one database.
pub struct Server {
    /// A killed one is missing until it is started again.
    nodes: Vec<Option<Node>>,
    /// Where it is asked.
    pub http: Http,
}

/// One process.
struct Node {
    child: Child,
    reading: tokio::task::JoinHandle<()>,
}

/// How to ask it: every node in turn.
#[derive(Clone)]
pub struct Http {
    client: Client,
    bases: Arc<[String]>,
    next: Arc<AtomicUsize>,
}

/// What came of a request.
pub enum Answer {
    /// Answered: status, body, whether it was answered from memory.
    Given(u16, Value, bool),
    /// No answer, or half of one.
    None,
}

impl Server {
    /// Starts the program on the plan's folder and waits until it says that it serves.
    pub async fn start(plan: &Plan) -> Result<Self, String> {
        let ports = (0..plan.nodes.max(1)).map(|_| free_port());
        let ports = ports.collect::<Result<Vec<_>, _>>()?;
        let client = Client::builder()
            .timeout(Duration::from_secs(ANSWER_S))
            .no_proxy()
            .build();
        let http = Http {
            client: client.map_err(|error| error.to_string())?,
            bases: ports
                .iter()
                .map(|port| format!("http://127.0.0.1:{port}/orchestrator"))
                .collect(),
            next: Arc::default(),
        };
        let mut server = Self {
            nodes: ports.iter().map(|_| None).collect(),
            http,
        };
        server.start_again(plan).await?;
        Ok(server)
    }

    /// Starts those that were killed.
    pub async fn start_again(&mut self, plan: &Plan) -> Result<(), String> {
        for (n, place) in self.nodes.iter_mut().enumerate() {
            if place.is_none() {
                let base = &self.http.bases[n];
                let listen = base.trim_start_matches("http://").trim_end_matches("/orchestrator");
                *place = Some(Node::start(plan, n, listen).await?);
            }
        }
        Ok(())
    }

    /// Deploys the process.
    pub async fn deploy(self) -> Result<Self, String> {
        let body = json!({"files": [{"name": "uccisioni.bpmn", "content": model()}]});
        match self.http.post("/deployments", "deploy", &body).await {
            Answer::Given(200..300, ..) => Ok(self),
            Answer::Given(status, body, _) => Err(format!("the deployment was refused: {status} {body}")),
            Answer::None => Err("the deployment was not answered".into()),
        }
    }

    /// SIGKILL to one of the nodes.
    pub async fn kill(&mut self, which: usize) -> Result<(), String> {
        let n = which % self.nodes.len();
        let mut node = self.nodes[n].take().ok_or("it was killed already")?;
        node.child
            .kill()
            .await
            .map_err(|error| format!("cannot kill: {error}"))?;
        let status = node.child.wait().await.map_err(|error| error.to_string())?;
        node.reading.abort();
        match std::os::unix::process::ExitStatusExt::signal(&status) {
            Some(9) => Ok(()),
            _ => Err(format!("it ended by itself before the kill: {status}")),
        }
    }

    /// SIGTERM, and a good end.
    pub async fn stop(self) -> Result<(), String> {
        for mut node in self.nodes.into_iter().flatten() {
            let id = node.child.id().ok_or("it has ended already")?.to_string();
            let asked = Command::new("kill").args(["-TERM", &id]).status().await;
            asked.map_err(|error| format!("cannot ask it to stop: {error}"))?;
            let status = node.child.wait().await.map_err(|error| error.to_string())?;
            if !status.success() {
                return Err(format!("it stopped with {status}"));
            }
        }
        Ok(())
    }
}

impl Node {
    async fn start(plan: &Plan, n: usize, listen: &str) -> Result<Self, String> {
        let folder = folder(plan, n)?;
        let mut child = Command::new(&plan.binary)
            .args(["--data".into(), folder])
            .args(store(plan))
            .args(["serve", "--open-api", "--listen", listen])
            .env("RUST_LOG", "info")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{} does not start: {error}", plan.binary.display()))?;
        let stderr = child.stderr.take().ok_or("no stderr")?;
        let mut lines = BufReader::new(stderr).lines();
        let serves = tokio::time::timeout(Duration::from_secs(START_S), until_it_serves(&mut lines)).await;
        serves.map_err(|_| format!("it does not serve within {START_S} s"))??;
        // go on reading, so that it never waits for us
        let reading = tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { child, reading })
    }
}

/// The data folder of a node; all have the key of the first.
fn folder(plan: &Plan, n: usize) -> Result<PathBuf, String> {
    let first = plan.folder.join("data");
    if n == 0 {
        return Ok(first);
    }
    let folder = plan.folder.join(format!("data-{n}"));
    let told = |error: std::io::Error| format!("the folder of node {n}: {error}");
    std::fs::create_dir_all(&folder).map_err(told)?;
    std::fs::copy(first.join("internal.key"), folder.join("internal.key")).map_err(told)?;
    Ok(folder)
}

impl Http {
    fn base(&self) -> &str {
        &self.bases[self.next.fetch_add(1, Ordering::Relaxed) % self.bases.len()]
    }

    /// A command under an idempotency key.
    pub async fn post(&self, path: &str, key: &str, body: &Value) -> Answer {
        let request = self.client.post(format!("{}{path}", self.base())).json(body);
        answer(request.header("idempotency-key", key).send().await).await
    }

    /// A command that may be given twice.
    pub async fn ask(&self, path: &str, body: &Value) -> Answer {
        answer(
            self.client
                .post(format!("{}{path}", self.base()))
                .json(body)
                .send()
                .await,
        )
        .await
    }

    /// A question that must be answered.
    pub async fn get(&self, path: &str) -> Result<Value, String> {
        match answer(self.client.get(format!("{}{path}", self.base())).send().await).await {
            Answer::Given(200, body, _) => Ok(body),
            Answer::Given(status, body, _) => Err(format!("GET {path}: {status} {body}")),
            Answer::None => Err(format!("GET {path}: no answer")),
        }
    }
}

async fn answer(sent: Result<reqwest::Response, reqwest::Error>) -> Answer {
    let Ok(response) = sent else { return Answer::None };
    let (status, replayed) = (
        response.status().as_u16(),
        response.headers().contains_key("idempotency-replayed"),
    );
    match response.json::<Value>().await {
        Ok(body) => Answer::Given(status, body, replayed),
        Err(_) => Answer::None,
    }
}

async fn until_it_serves(lines: &mut Lines<BufReader<ChildStderr>>) -> Result<(), String> {
    let mut said = Vec::new();
    while let Some(line) = lines.next_line().await.map_err(|error| error.to_string())? {
        if line.contains("Sinfonia is at") {
            return Ok(());
        }
        said.push(line);
    }
    Err(format!("it ended instead of serving:\n{}", said.join("\n")))
}

fn free_port() -> Result<u16, String> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    listener
        .local_addr()
        .map(|address| address.port())
        .map_err(|error| error.to_string())
}

fn store(plan: &Plan) -> Vec<&str> {
    plan.store
        .as_deref()
        .map(|address| vec!["--store", address])
        .unwrap_or_default()
}

/// `sinfonia doctor` on the folder.
pub async fn doctor(plan: &Plan) -> Result<(), String> {
    let output = Command::new(&plan.binary)
        .args(["--data".into(), plan.folder.join("data")])
        .args(store(plan))
        .arg("doctor")
        .output();
    let output = output.await.map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    Err(format!("the doctor finds something wrong:\n{out}\n{err}"))
}
