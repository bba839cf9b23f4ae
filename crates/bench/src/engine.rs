//! Durable steps a second: a process of ten service tasks done by an in-process worker, each step one durable commit.

use crate::probe::{self, Load};
use access::Actor;
use anyhow::{Context, Result};
use orchestrator::api::{Deploy, DeployFile, StartInstance};
use orchestrator::{Config, Orchestrator};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use store::{Store, SystemClock, UuidIds};
use store_sqlite::{Options, SqliteStore};

/// Steps of the process.
const STEPS: u64 = 10;

/// What to measure, and for how long.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Folder for the temporary store: the disk that is measured.
    #[arg(long, default_value = ".")]
    folder: PathBuf,
    /// Instances in flight, one measurement for each.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 128])]
    concurrency: Vec<usize>,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
}

/// Runs every measurement and prints a table, each beside what plain SQLite reaches with the same bytes and batch.
pub async fn run(args: &Args) -> Result<()> {
    let dir = tempfile::tempdir_in(&args.folder)?;
    let fsync = probe::fsync_per_s(dir.path(), Duration::from_secs(1))?;
    println!("{STEPS}-step process, in-process worker, every step a durable commit; {fsync:.0} fsync/s on this disk");
    println!(
        "{:>11} {:>11} {:>14} {:>14} {:>12} {:>9} {:>9} {:>9}",
        "in flight", "steps/s", "raw trans./s", "raw rows/s", "bytes/step", "% of raw", "p50 ms", "p99 ms"
    );
    for concurrency in &args.concurrency {
        let measured = measure(dir.path(), *concurrency, args.seconds).await?;
        let load = Load {
            row_bytes: measured.bytes_per_step / ROWS_PER_STEP,
            rows_per_transaction: ROWS_PER_STEP,
            batch: *concurrency,
            duration: Duration::from_secs(2),
        };
        let raw = probe::sqlite(dir.path(), load)?;
        println!(
            "{:>11} {:>11.0} {:>14.0} {:>14.0} {:>12} {:>9.0} {:>9.1} {:>9.1}",
            concurrency,
            measured.steps_per_s,
            raw.transactions_per_s,
            raw.rows_per_s,
            measured.bytes_per_step,
            raw.percent(measured.steps_per_s),
            measured.instance_p50_ms,
            measured.instance_p99_ms,
        );
    }
    Ok(())
}

/// Rows that one step writes: instance, history, the job gone, the job to come.
const ROWS_PER_STEP: usize = 4;

/// What one run gave.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    /// Durable steps a second (starts are not counted, their time is).
    pub steps_per_s: f64,
    /// Median time from start to end of an instance, ms.
    pub instance_p50_ms: f64,
    /// 99th percentile of the same, ms.
    pub instance_p99_ms: f64,
    /// Bytes of state and history that a step writes, on average.
    pub bytes_per_step: usize,
}

/// Runs instances for `seconds` with `concurrency` of them in flight, in a fresh store in `folder`.
pub async fn measure(folder: &Path, concurrency: usize, seconds: u64) -> Result<Measured> {
    let dir = tempfile::tempdir_in(folder)?;
    let store = SqliteStore::open(dir.path().join("engine.db"), Options::default())?;
    let config = Config {
        job_concurrency: concurrency.max(1),
        ..Config::default()
    };
    let orchestrator = Orchestrator::new(store.clone(), Arc::new(SystemClock), Arc::new(UuidIds), config);
    orchestrator.register_worker("passo", |job| {
        Box::pin(async move {
            let done = job
                .variables
                .get("fatti")
                .and_then(serde_json::Value::as_u64)
                .unwrap_or(0)
                + 1;
            Ok(std::iter::once(("fatti".to_owned(), done.into())).collect())
        })
    });
    let files = vec![DeployFile {
        name: "dieci-passi.bpmn".into(),
        content: model(),
    }];
    orchestrator
        .deploy(&Actor::system(), Deploy { files }, None)
        .await
        .context("deploying the process")?;
    let background = tokio::spawn(orchestrator.clone().run());

    let (stop, finished) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let clients: Vec<_> = (0..concurrency)
        .map(|_| tokio::spawn(client(orchestrator.clone(), stop.clone(), finished.clone())))
        .collect();
    // Warm caches and files before counting.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (before, since) = (finished.load(Ordering::Relaxed), Instant::now());
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let (after, elapsed) = (finished.load(Ordering::Relaxed), since.elapsed());
    stop.store(true, Ordering::Relaxed);
    let mut times = Vec::new();
    for client in clients {
        times.extend(client.await??);
    }
    background.abort();
    let bytes_per_step = bytes_per_step(&*store).await?;
    times.sort_unstable();
    let percentile = |p: usize| times.get(times.len() * p / 100).map_or(0.0, |t| t.as_secs_f64() * 1e3);
    Ok(Measured {
        steps_per_s: ((after - before) * STEPS) as f64 / elapsed.as_secs_f64(),
        instance_p50_ms: percentile(50),
        instance_p99_ms: percentile(99),
        bytes_per_step,
    })
}

/// Looks at one finished instance: its state is at its end about as large as at any step.
async fn bytes_per_step(store: &dyn Store) -> Result<usize> {
    let mut snapshot = store.snapshot().await?;
    let filter = store::InstanceFilter {
        limit: 1,
        ..store::InstanceFilter::default()
    };
    let instance = snapshot
        .instances(&filter)
        .await?
        .pop()
        .context("an instance was started")?;
    let history = snapshot.instance_history(&instance.id, 0, 100).await?;
    let events: usize = history.iter().map(|h| h.events.len()).sum();
    Ok(instance.state.len() + events / history.len().max(1) + 2 * instance.id.len())
}

async fn client(
    orchestrator: Arc<Orchestrator>,
    stop: Arc<AtomicBool>,
    finished: Arc<AtomicU64>,
) -> Result<Vec<Duration>> {
    let actor = Actor::system();
    let mut times = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let since = Instant::now();
        let request = StartInstance {
            definition: "dieci-passi".into(),
            ..StartInstance::default()
        };
        let started = orchestrator.start(&actor, request, None).await?;
        orchestrator.until_ended(&started.id).await?;
        times.push(since.elapsed());
        finished.fetch_add(1, Ordering::Relaxed);
    }
    Ok(times)
}

fn model() -> String {
    let mut body = String::from(r#"<bpmn:startEvent id="inizio"/><bpmn:endEvent id="fine"/>"#);
    let mut before = "inizio".to_owned();
    for n in 1..=STEPS {
        body += &format!(
            r#"<bpmn:serviceTask id="passo-{n}"><bpmn:extensionElements><zeebe:taskDefinition type="passo"/></bpmn:extensionElements></bpmn:serviceTask><bpmn:sequenceFlow id="f-{n}" sourceRef="{before}" targetRef="passo-{n}"/>"#
        );
        before = format!("passo-{n}");
    }
    body += &format!(r#"<bpmn:sequenceFlow id="f-fine" sourceRef="{before}" targetRef="fine"/>"#);
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="https://sinfonia.it/bench"><bpmn:process id="dieci-passi" isExecutable="true">{body}</bpmn:process></bpmn:definitions>"#
    )
}
