//! The program under test.

use super::Plan;
use super::process::model;
use reqwest::Client;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

/// Longest time for a start, in seconds: an unoptimised build on a busy machine.
const START_S: u64 = 120;
/// Longest time for an answer, in seconds.
const ANSWER_S: u64 = 60;
/// The same where faults are expected: whoever asked asks again, perhaps another node.
const ANSWER_UNDER_FAULTS_S: u64 = 8;
/// Lines that each node said last and are kept.
const LINES: usize = 200;

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
    said: Arc<Mutex<VecDeque<String>>>,
}

/// How to ask it: every node in turn.
#[derive(Clone)]
pub struct Http {
    client: Client,
    bases: Arc<[String]>,
    next: Arc<AtomicUsize>,
    tolerant: bool,
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
        let tolerant = plan.faults.is_some();
        let patience = if tolerant { ANSWER_UNDER_FAULTS_S } else { ANSWER_S };
        let client = Client::builder()
            .timeout(Duration::from_secs(patience))
            .no_proxy()
            .build();
        let http = Http {
            client: client.map_err(|error| error.to_string())?,
            bases: ports.iter().map(|port| format!("http://127.0.0.1:{port}")).collect(),
            next: Arc::default(),
            tolerant,
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
                let listen = base.trim_start_matches("http://");
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

    /// How many nodes there are.
    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// The process id of a node, while it is there.
    pub fn process(&self, n: usize) -> Option<u32> {
        self.nodes[n].as_ref().and_then(|node| node.child.id())
    }

    /// Fails when a node ended though nobody killed it; says what it said last.
    pub fn all_live(&mut self) -> Result<(), String> {
        for (n, node) in self.nodes.iter_mut().enumerate() {
            let Some(node) = node else { continue };
            if let Ok(Some(status)) = node.child.try_wait() {
                return Err(format!("node {n} ended by itself ({status}):\n{}", node.last_words()));
            }
        }
        Ok(())
    }

    /// What each node said last.
    pub fn last_words(&self) -> String {
        let told = self.nodes.iter().enumerate();
        told.filter_map(|(n, node)| Some(format!("--- node {n}:\n{}\n", node.as_ref()?.last_words())))
            .collect()
    }

    /// SIGTERM, and a good end.
    pub async fn stop(mut self) -> Result<(), String> {
        for n in 0..self.nodes.len() {
            self.stop_one(n).await?;
        }
        Ok(())
    }

    /// The same of one node; one that is not there has stopped.
    pub async fn stop_one(&mut self, n: usize) -> Result<(), String> {
        if let Some(mut node) = self.nodes[n].take() {
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
        let place = plan.faults.as_ref().and_then(|faults| faults.places.get(n));
        let own = place.and_then(|place| place.store.as_deref());
        let store = own.map_or_else(|| store(plan), |address| vec!["--store", address]);
        let binary = place.and_then(|place| place.binary.as_ref()).unwrap_or(&plan.binary);
        let mut child = Command::new(binary)
            .args(["--data".into(), folder])
            .args(store)
            .args(["serve", "--open-api", "--no-pace", "--listen", listen])
            .envs(place.into_iter().flat_map(|place| place.environment.clone()))
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
        let said: Arc<Mutex<VecDeque<String>>> = Arc::default();
        let kept = said.clone();
        let reading = tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                let Ok(mut kept) = kept.lock() else { return };
                if kept.len() == LINES {
                    kept.pop_front();
                }
                kept.push_back(line);
            }
        });
        Ok(Self { child, reading, said })
    }

    fn last_words(&self) -> String {
        let said = self.said.lock().map(|said| said.iter().cloned().collect::<Vec<_>>());
        said.unwrap_or_default().join("\n")
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

    /// Whether answers that it cannot (5xx, 429) count as no answer.
    pub fn is_tolerant(&self) -> bool {
        self.tolerant
    }

    /// The same, asking one node only.
    pub fn of(&self, n: usize) -> Self {
        Self {
            bases: Arc::new([self.bases[n].clone()]),
            ..self.clone()
        }
    }

    /// Where a path of the orchestrator is, on the node whose turn it is.
    fn at(&self, path: &str) -> String {
        format!("{}/orchestrator{path}", self.base())
    }

    /// A command under an idempotency key.
    pub async fn post(&self, path: &str, key: &str, body: &Value) -> Answer {
        let request = self.client.post(self.at(path)).json(body);
        self.send(request.header("idempotency-key", key)).await
    }

    /// A command that may be given twice.
    pub async fn ask(&self, path: &str, body: &Value) -> Answer {
        self.send(self.client.post(self.at(path)).json(body)).await
    }

    /// A transaction of the hub.
    pub async fn transaction(&self, bundle: &Value) -> Answer {
        let request = self.client.post(format!("{}/fhir", self.base())).json(bundle);
        self.send(request.header("content-type", "application/fhir+json")).await
    }

    /// Writes a resource of the hub.
    pub async fn put(&self, path: &str, resource: &Value) -> Answer {
        let request = self.client.put(format!("{}/fhir/{path}", self.base())).json(resource);
        self.send(request.header("content-type", "application/fhir+json")).await
    }

    /// A question to the hub.
    pub async fn read(&self, path: &str) -> Answer {
        self.send(self.client.get(format!("{}/fhir/{path}", self.base()))).await
    }

    /// A question that must be answered.
    pub async fn get(&self, path: &str) -> Result<Value, String> {
        match self.send(self.client.get(self.at(path))).await {
            Answer::Given(200, body, _) => Ok(body),
            Answer::Given(status, body, _) => Err(format!("GET {path}: {status} {body}")),
            Answer::None => Err(format!("GET {path}: no answer")),
        }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        match answer(request.send().await).await {
            Answer::Given(500.. | 429, ..) if self.tolerant => Answer::None,
            answer => answer,
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
    let place = plan.faults.as_ref().and_then(|faults| faults.places.first());
    let own = place.and_then(|place| place.store.as_deref());
    let output = Command::new(&plan.binary)
        .args(["--data".into(), plan.folder.join("data")])
        .args(own.map_or_else(|| store(plan), |address| vec!["--store", address]))
        .envs(place.into_iter().flat_map(|place| place.environment.clone()))
        .arg("doctor")
        .output();
    let output = output.await.map_err(|error| error.to_string())?;
    let told = String::from_utf8_lossy(&output.stdout);
    // The disk of a campaign that fills it is small on purpose, and its clocks stand ahead of the database's in the end.
    let on_purpose = [
        "Disco:",
        "Orologio: l'orologio di questa macchina",
        "Orologio: l'orologio del nodo",
    ];
    let on_purpose = |line: &str| place.is_some() && on_purpose.iter().any(|part| line.contains(part));
    let wrong = told
        .lines()
        .filter(|line| line.starts_with("ERRORE") && !on_purpose(line))
        .count();
    if output.status.success() || (wrong == 0 && told.contains("Disco:")) {
        return Ok(());
    }
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    Err(format!("the doctor finds something wrong:\n{out}\n{err}"))
}
