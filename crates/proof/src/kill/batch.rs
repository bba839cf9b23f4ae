//! SIGKILL in the middle of a batch: after the restart it goes on by itself, and every instance was done exactly once.

use super::Plan;
use super::process::PROCESS;
use super::server::{Answer, Http, Server};
use serde_json::{Value, json};
use std::time::Duration;

/// Instances in the batch.
const INSTANCES: u64 = 240;
/// Instances done each second: slow enough to be killed in between.
const RATE: u32 = 60;
/// Longest wait for the batch to come on, in polls.
const POLLS: u32 = 2_400;

/// What happened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BatchReport {
    /// Kills.
    pub kills: u32,
    /// How many instances were counted as done at each kill.
    pub done_at_kill: Vec<u64>,
    /// Instances done in the end, each once.
    pub instances: u64,
}

/// Begins a batch over [`INSTANCES`] instances, kills the program `rounds` times while it works, and counts in each
/// instance's history how often it was done.
///
/// # Errors
/// The first thing that is not as it should be.
pub async fn campaign(plan: &Plan) -> Result<BatchReport, String> {
    let mut server = Server::start(plan).await?.deploy().await?;
    for n in 0..INSTANCES {
        given(
            &server.http,
            "/instances",
            &json!({"definition": PROCESS, "variables": {"n": n}}),
        )
        .await?;
    }
    let mut request = json!({
        "operation": {"setVariables": {"variables": {"segno": true}}},
        "filter": {"definition": PROCESS}, "reason": "prova", "ratePerSecond": RATE,
    });
    let preview = given(&server.http, "/batches/preview", &request).await?;
    request["confirmation"] = preview["confirmation"].clone();
    let batch = given(&server.http, "/batches", &request).await?;
    let id = batch["id"].as_str().ok_or("a batch without id")?.to_owned();
    let mut report = BatchReport::default();
    for round in 1..=plan.rounds {
        // Not before it did something more than at the last kill.
        let wanted = INSTANCES * u64::from(round) / u64::from(plan.rounds + 2);
        let done = until(&server.http, &id, |done, _| done >= wanted).await?;
        server.kill(0).await?;
        report.kills += 1;
        report.done_at_kill.push(done);
        server.start_again(plan).await?;
    }
    until(&server.http, &id, |_, state| state == "completed").await?;
    let batch = server.http.get(&format!("/batches/{id}")).await?;
    if batch["done"] != INSTANCES || batch["total"] != INSTANCES || batch["failed"] != 0 {
        return Err(format!("the batch does not say that all is done: {batch}"));
    }
    let items = server.http.get(&format!("/batches/{id}/items?limit=1000")).await?;
    for item in items["items"].as_array().into_iter().flatten() {
        let instance = item["instance"].as_str().unwrap_or_default();
        let history = server
            .http
            .get(&format!("/instances/{instance}/history?limit=1000"))
            .await?;
        let times = history.to_string().matches(&format!("\"{id}\"")).count();
        if times != 1 {
            return Err(format!("instance {instance} was done {times} times"));
        }
        report.instances += 1;
    }
    server.stop().await?;
    super::server::doctor(plan).await?;
    Ok(report)
}

async fn given(http: &Http, path: &str, body: &Value) -> Result<Value, String> {
    match http.ask(path, body).await {
        Answer::Given(200..300, body, _) => Ok(body),
        Answer::Given(status, body, _) => Err(format!("POST {path}: {status} {body}")),
        Answer::None => Err(format!("POST {path}: no answer")),
    }
}

/// Waits until the batch has come so far; gives how many instances are done.
async fn until(http: &Http, id: &str, enough: impl Fn(u64, &str) -> bool) -> Result<u64, String> {
    for _ in 0..POLLS {
        let batch = http.get(&format!("/batches/{id}")).await?;
        let done = batch["done"].as_u64().unwrap_or(0);
        let state = batch["state"].as_str().unwrap_or_default();
        if enough(done, state) {
            return Ok(done);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err(format!("the batch {id} does not come on"))
}
