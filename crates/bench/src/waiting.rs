//! A million instances that wait, each with a timer: what they cost in memory, at the start of the server, and to the steps
//! of others; and how fast timers fire when many are due at once.
//!
//! Instances are made by real start commands. Each waits at an event gateway for a message (by its business key) or a
//! timer; both lead back to it, so that the number that wait stays the same.

use crate::server::{Server, sinfonia};
use access::Actor;
use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use orchestrator::api::{Deploy, DeployFile, SendMessage, StartInstance};
use orchestrator::{Config, Orchestrator};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use store::{ManualClock, Store, UuidIds};
use store_sqlite::{Options, SqliteStore};
use tokio::task::JoinSet;

const MIB: f64 = 1024.0 * 1024.0;
/// Starts on their way at the same time.
const STARTERS: u64 = 256;
/// Steps on their way at the same time, when their cost is measured: alone, and together.
const TOGETHER: [u64; 2] = [1, 64];

/// What to measure.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Folder for the temporary store (1,000,000 instances take about 2 GB); what is in it is removed at the end.
    #[arg(long, default_value = ".")]
    folder: PathBuf,
    /// Instances to build up; the cost of a step is measured at each power of ten on the way.
    #[arg(long, default_value_t = 1_000_000)]
    instances: u64,
    /// Timers that become due at once.
    #[arg(long, default_value_t = 100_000)]
    fire: u64,
    /// Seconds of each measurement of steps.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// The `sinfonia` program; the one beside this program when absent.
    #[arg(long)]
    server: Option<PathBuf>,
}

/// Builds up, measures on the way and at the end, and prints it.
pub async fn run(args: &Args) -> Result<()> {
    let program = sinfonia(args.server.as_deref())?;
    let folder = tempfile::tempdir_in(&args.folder)?;
    // The components' own processes are deployed, as on any server; its start on this empty store is the yardstick.
    Server::start(&program, folder.path()).await?.program.stop().await?;
    let empty = restart(&program, folder.path()).await?;
    println!("server on the empty store: {empty}");
    let world = World::open(folder.path()).await?;
    println!(
        "\n{:>10} {:>14} {:>22} {:>22} {:>22}",
        "waiting", "built at /s", "step alone p50/p99 ms", "64 together, steps/s", "file MiB"
    );
    let mut next = 1_000.min(args.instances);
    loop {
        let rate = world.grow(next).await?;
        let alone = world.steps(TOGETHER[0], args.seconds).await?;
        let together = world.steps(TOGETHER[1], args.seconds).await?;
        println!(
            "{next:>10} {rate:>14.0} {:>22} {:>22.0} {:>22.0}",
            format!("{:.2} / {:.2}", alone.p50_ms, alone.p99_ms),
            together.per_s,
            file_mib(folder.path())
        );
        if next >= args.instances {
            break;
        }
        next = (next * 10).min(args.instances);
    }
    world.fire(args.fire.min(args.instances)).await?;
    world.close().await;
    let full = restart(&program, folder.path()).await?;
    println!("server on that store: {full}");
    Ok(())
}

/// Starts the server, lets it settle, and says what it took.
async fn restart(program: &Path, folder: &Path) -> Result<String> {
    let server = Server::start(program, folder).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (resident, own) = server.memory()?;
    let said = format!(
        "answers after {} ms; {:.0} MiB resident, {:.0} MiB its own (the rest are pages of files mapped)",
        server.start.as_millis(),
        resident as f64 / MIB,
        own as f64 / MIB
    );
    server.program.stop().await?;
    Ok(said)
}

fn file_mib(folder: &Path) -> f64 {
    let size = |name: &str| std::fs::metadata(folder.join(name)).map_or(0, |data| data.len());
    (size("sinfonia.sqlite") + size("sinfonia.sqlite-wal")) as f64 / MIB
}

struct Cost {
    p50_ms: f64,
    p99_ms: f64,
    per_s: f64,
}

struct World {
    store: Arc<SqliteStore>,
    orchestrator: Arc<Orchestrator>,
    clock: Arc<ManualClock>,
    waiting: AtomicU64,
    begun: Timestamp,
}

impl World {
    async fn open(folder: &Path) -> Result<Self> {
        let store = SqliteStore::open(folder.join("sinfonia.sqlite"), Options::default())?;
        let begun: Timestamp = "2026-01-01T00:00:00Z".parse()?;
        let clock = Arc::new(ManualClock::new(begun));
        let orchestrator = Orchestrator::new(store.clone(), clock.clone(), Arc::new(UuidIds), Config::default());
        let files = vec![DeployFile {
            name: "attesa.bpmn".into(),
            content: model(),
        }];
        let deployed = orchestrator.deploy(&Actor::system(), Deploy { files }, None).await;
        deployed.context("deploying the process")?;
        Ok(Self {
            store,
            orchestrator,
            clock,
            waiting: AtomicU64::new(0),
            begun,
        })
    }

    /// Starts instances until so many wait; gives starts a second. Instance `n` is due `n` seconds after ten years.
    async fn grow(&self, to: u64) -> Result<f64> {
        let from = self.waiting.load(Ordering::Relaxed);
        let next = Arc::new(AtomicU64::new(from));
        let since = Instant::now();
        let mut starters = JoinSet::new();
        for _ in 0..STARTERS.min(to - from) {
            let (next, orchestrator, begun) = (next.clone(), self.orchestrator.clone(), self.begun);
            starters.spawn(async move {
                let actor = Actor::system();
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= to {
                        return anyhow::Ok(());
                    }
                    let due = due(begun, n);
                    let start = StartInstance {
                        definition: "attesa".into(),
                        business_key: Some(key(n)),
                        variables: json!({"quando": due.to_string()})
                            .as_object()
                            .cloned()
                            .unwrap_or_default(),
                        ..StartInstance::default()
                    };
                    orchestrator.start(&actor, start, None).await?;
                }
            });
        }
        while let Some(ended) = starters.join_next().await {
            ended??;
        }
        self.waiting.store(to, Ordering::Relaxed);
        Ok((to - from) as f64 / since.elapsed().as_secs_f64())
    }

    /// Sends messages to instances all over the store: each step reads its instance from the file, moves it and waits anew.
    async fn steps(&self, together: u64, seconds: u64) -> Result<Cost> {
        let waiting = self.waiting.load(Ordering::Relaxed);
        let next = Arc::new(AtomicU64::new(1));
        let (since, limit) = (Instant::now(), Duration::from_secs(seconds));
        let mut senders = JoinSet::new();
        for _ in 0..together {
            let (orchestrator, next) = (self.orchestrator.clone(), next.clone());
            senders.spawn(async move {
                let (actor, mut times) = (Actor::system(), Vec::new());
                while since.elapsed() < limit {
                    // A prime stride visits them without order.
                    let n = next.fetch_add(1, Ordering::Relaxed).wrapping_mul(7_368_787) % waiting;
                    let message = SendMessage {
                        name: "sveglia".into(),
                        key: Some(key(n)),
                        ..SendMessage::default()
                    };
                    let begun = Instant::now();
                    orchestrator.send_message(&actor, message, None).await?;
                    times.push(begun.elapsed());
                }
                anyhow::Ok(times)
            });
        }
        let mut times = Vec::new();
        while let Some(ended) = senders.join_next().await {
            times.extend(ended??);
        }
        let elapsed = since.elapsed();
        times.sort_unstable();
        let at = |p: usize| times.get(times.len() * p / 100).map_or(0.0, |t| t.as_secs_f64() * 1e3);
        Ok(Cost {
            p50_ms: at(50),
            p99_ms: at(99),
            per_s: times.len() as f64 / elapsed.as_secs_f64(),
        })
    }

    /// Lets the first `count` timers become due at the same moment.
    async fn fire(&self, count: u64) -> Result<()> {
        let last = due(self.begun, count - 1);
        self.clock.set(last);
        let since = Instant::now();
        self.orchestrator.settle().await?;
        let elapsed = since.elapsed();
        let left = self.store.snapshot().await?.timers_due(last, 1).await?;
        ensure!(left.is_empty(), "timers are left that are due: {left:?}");
        println!(
            "\n{count} timers due at once: fired in {:.2} s, {:.0} /s (each a step and a commit of its own)",
            elapsed.as_secs_f64(),
            count as f64 / elapsed.as_secs_f64()
        );
        Ok(())
    }

    async fn close(self) {
        drop(self.orchestrator);
        self.store.close();
    }
}

fn key(n: u64) -> String {
    format!("pratica-{n}")
}

fn due(begun: Timestamp, n: u64) -> Timestamp {
    begun + SignedDuration::from_hours(24 * 3_650) + SignedDuration::from_secs(n as i64)
}

/// Waits for a message or a timer, again and again; after the timer, for the one of ten years later.
fn model() -> String {
    r#"<?xml version="1.0" encoding="UTF-8"?><bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="d" targetNamespace="https://sinfonia.it/bench"><bpmn:message id="m" name="sveglia"/><bpmn:process id="attesa" isExecutable="true"><bpmn:startEvent id="inizio"/><bpmn:sequenceFlow id="f1" sourceRef="inizio" targetRef="incrocio"/><bpmn:exclusiveGateway id="incrocio"/><bpmn:sequenceFlow id="f2" sourceRef="incrocio" targetRef="aspetta"/><bpmn:eventBasedGateway id="aspetta"/><bpmn:sequenceFlow id="f3" sourceRef="aspetta" targetRef="messaggio"/><bpmn:intermediateCatchEvent id="messaggio"><bpmn:messageEventDefinition messageRef="m"/></bpmn:intermediateCatchEvent><bpmn:sequenceFlow id="f4" sourceRef="messaggio" targetRef="incrocio"/><bpmn:sequenceFlow id="f5" sourceRef="aspetta" targetRef="scadenza"/><bpmn:intermediateCatchEvent id="scadenza"><bpmn:timerEventDefinition id="t"><bpmn:timeDate xsi:type="bpmn:tFormalExpression">=quando</bpmn:timeDate></bpmn:timerEventDefinition></bpmn:intermediateCatchEvent><bpmn:sequenceFlow id="f6" sourceRef="scadenza" targetRef="dopo"/><bpmn:intermediateCatchEvent id="dopo"><bpmn:timerEventDefinition id="t2"><bpmn:timeDuration xsi:type="bpmn:tFormalExpression">P3650D</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:intermediateCatchEvent><bpmn:sequenceFlow id="f7" sourceRef="dopo" targetRef="incrocio"/></bpmn:process></bpmn:definitions>"#.to_owned()
}
