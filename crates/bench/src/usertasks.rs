//! User tasks over HTTP: from sending the completion of a task to seeing the next one in one's own list.
//!
//! Each client is a person with a process of their own, in which one task follows the other for ever; other people's open
//! tasks lie beside theirs. Measured twice: with the clients completing as fast as they are answered (which measures what
//! the server can do: the time is then clients divided by that), and with a pause between one task and the next.

use crate::client::Client;
use crate::load::{self, Times};
use crate::server::{Server, sinfonia};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const JSON: &str = "application/json";
/// Longest a task may take to become visible before the measurement is called off.
const PATIENCE: Duration = Duration::from_secs(30);

/// What to measure, and for how long.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Folder for the temporary store: the disk that is measured.
    #[arg(long, default_value = ".")]
    folder: PathBuf,
    /// People at work at the same time.
    #[arg(long, default_value_t = 64)]
    clients: usize,
    /// Open tasks of other people.
    #[arg(long, default_value_t = 5_000)]
    others: usize,
    /// Pause of each client between seeing a task and completing it, ms (second measurement).
    #[arg(long, default_value_t = 250)]
    pause_ms: u64,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// The `sinfonia` program; the one beside this program when absent.
    #[arg(long)]
    server: Option<PathBuf>,
}

/// Measures both and prints them.
pub async fn run(args: &Args) -> Result<()> {
    let program = sinfonia(args.server.as_deref())?;
    let folder = tempfile::tempdir_in(&args.folder)?;
    let server = Server::start(&program, folder.path()).await?;
    let address = server.address;
    let files = json!({"files": [{"name": "compiti.bpmn", "content": model()}]});
    let mut client = Client::connect(address, JSON).await?;
    client.json("POST", "/orchestrator/deployments", &files).await?;
    others(address, args.others).await?;
    println!(
        "{} clients over HTTP, {} open tasks of others; from sending the completion to the next task in one's list",
        args.clients, args.others
    );
    println!(
        "{:<34} {:>10} {:>9} {:>9} {:>9}",
        "", "tasks/s", "p50 ms", "p99 ms", "max ms"
    );
    let pauses = [("as fast as answered", 0), ("with a pause", args.pause_ms)];
    for (name, pause_ms) in pauses {
        let name = if pause_ms == 0 {
            name.to_owned()
        } else {
            format!("{name} of {pause_ms} ms")
        };
        let next = std::sync::atomic::AtomicUsize::new(0);
        let (mut times, elapsed) = load::drive(args.clients, args.seconds, |times| {
            let person = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            // People do not begin at the same instant.
            let offset = Duration::from_millis(pause_ms * person as u64 / args.clients as u64);
            work(
                address,
                format!("Practitioner/p{pause_ms}-{person}"),
                offset,
                Duration::from_millis(pause_ms),
                times,
            )
        })
        .await?;
        times.sort_unstable();
        let at = |p: usize| times.get(times.len() * p / 100).map_or(0.0, |t| t.as_secs_f64() * 1e3);
        println!(
            "{name:<34} {:>10.0} {:>9.1} {:>9.1} {:>9.1}",
            times.len() as f64 / elapsed.as_secs_f64(),
            at(50),
            at(99),
            times.last().map_or(0.0, |t| t.as_secs_f64() * 1e3)
        );
    }
    server.program.stop().await
}

/// Open tasks of other people, made by real starts.
async fn others(address: SocketAddr, count: usize) -> Result<()> {
    let mut tasks = JoinSet::new();
    for lane in 0..32 {
        tasks.spawn(async move {
            let mut client = Client::connect(address, JSON).await?;
            for n in (lane..count).step_by(32) {
                start(&mut client, &format!("Practitioner/altri-{}", n % 500)).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}

async fn start(client: &mut Client, person: &str) -> Result<Value> {
    let start = json!({"definition": "compiti", "variables": {"chi": person}});
    client.json("POST", "/orchestrator/instances", &start).await
}

async fn work(address: SocketAddr, person: String, offset: Duration, pause: Duration, times: Times) -> Result<()> {
    let mut client = Client::connect(address, JSON).await?;
    start(&mut client, &person).await?;
    let list = format!("/orchestrator/tasks?assignee={person}");
    let mut task = only_task(&mut client, &list)
        .await?
        .context("the process begins with a task")?;
    tokio::time::sleep(offset).await;
    while times.go_on() {
        let since = Instant::now();
        let path = format!("/orchestrator/tasks/{task}/complete");
        let done = client
            .json("POST", &path, &json!({"variables": {"fatto": true}}))
            .await?;
        let next = done["newTasks"][0].as_str().context("a next task")?.to_owned();
        while only_task(&mut client, &list).await?.as_ref() != Some(&next) {
            ensure!(since.elapsed() < PATIENCE, "task {next} does not become visible");
        }
        times.note(since);
        task = next;
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }
    Ok(())
}

async fn only_task(client: &mut Client, list: &str) -> Result<Option<String>> {
    let found = client.json("GET", list, &Value::Null).await?;
    let items = found["items"].as_array().context("a list of tasks")?;
    ensure!(items.len() <= 1, "more than one open task in {list}: {found}");
    Ok(items.first().and_then(|task| task["id"].as_str()).map(str::to_owned))
}

/// One task after the other, for ever, for the person named by a variable.
fn model() -> String {
    r#"<?xml version="1.0" encoding="UTF-8"?><bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="https://sinfonia.it/bench"><bpmn:process id="compiti" isExecutable="true"><bpmn:startEvent id="inizio"/><bpmn:sequenceFlow id="f1" sourceRef="inizio" targetRef="incrocio"/><bpmn:exclusiveGateway id="incrocio"/><bpmn:sequenceFlow id="f2" sourceRef="incrocio" targetRef="compito"/><bpmn:userTask id="compito" name="Compito"><bpmn:extensionElements><zeebe:assignmentDefinition assignee="=chi"/></bpmn:extensionElements></bpmn:userTask><bpmn:sequenceFlow id="f3" sourceRef="compito" targetRef="incrocio"/></bpmn:process></bpmn:definitions>"#.to_owned()
}
