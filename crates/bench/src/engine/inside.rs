//! Workers in this process: each step one durable commit of state, history and job rows.

use super::Measured;
use super::model::{self, JOB_TYPE, PROCESS};
use crate::load::Times;
use access::Actor;
use anyhow::{Context, Result};
use orchestrator::api::{Deploy, DeployFile, StartInstance};
use orchestrator::{Config, Orchestrator};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use store::{Store, SystemClock, UuidIds};
use store_postgres::PostgresStore;
use store_sqlite::{Options, SqliteStore};

/// What makes a step durable in the file.
pub const SQLITE: &str = "SQLite WAL, synchronous=FULL, group commit";
/// What makes it durable in the database.
const POSTGRES: &str = "PostgreSQL (settings of docs/scale.md), fsync on, group commit";
/// Settings of the server, as `docs/scale.md` recommends them.
const SERVER: &str = "-c shared_buffers=1GB -c max_wal_size=8GB -c min_wal_size=1GB -c wal_buffers=64MB \
     -c checkpoint_timeout=15min -c checkpoint_completion_target=0.9 -c wal_compression=on";
/// Makes the server have written as much log as it keeps, as one that has run for a while has: files of the log are then
/// written over, not made.
const WARM: &str = "CREATE TABLE warm AS SELECT n, repeat(md5(n::text), 30) AS t FROM generate_series(1, 600000) n; \
     DROP TABLE warm; CHECKPOINT";

/// Runs instances for `seconds` with `concurrency` of them in flight, in a fresh SQLite store in `folder`.
pub async fn measure(folder: &Path, concurrency: usize, seconds: u64) -> Result<(Measured, usize)> {
    let dir = tempfile::tempdir_in(folder)?;
    let store = SqliteStore::open(dir.path().join("engine.db"), Options::default())?;
    over(store, SQLITE, concurrency, seconds).await
}

/// The same in a fresh PostgreSQL database of a throw-away cluster on this machine; `None` where it is not installed.
pub async fn measure_on_postgres(concurrency: usize, seconds: u64) -> Result<Option<Measured>> {
    let Some(database) = postgres_fixture::Database::with_settings(SERVER) else {
        return Ok(None);
    };
    database.run(WARM);
    let store = PostgresStore::open(&database.address(), store_postgres::Options::default()).await?;
    let (measured, _) = over(store.clone(), POSTGRES, concurrency, seconds).await?;
    store.close().await;
    Ok(Some(measured))
}

async fn over(store: Arc<dyn Store>, setting: &str, concurrency: usize, seconds: u64) -> Result<(Measured, usize)> {
    let config = Config {
        job_concurrency: concurrency.max(1),
        ..Config::default()
    };
    let orchestrator = Orchestrator::new(store.clone(), Arc::new(SystemClock), Arc::new(UuidIds), config);
    orchestrator.register_worker(JOB_TYPE, |job| {
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
        content: model::xml(),
    }];
    orchestrator
        .deploy(&Actor::system(), Deploy { files }, None)
        .await
        .context("deploying the process")?;
    let background = tokio::spawn(orchestrator.clone().run());

    let (times, elapsed) =
        crate::load::drive(concurrency, seconds, |times| client(orchestrator.clone(), times)).await?;
    background.abort();
    orchestrator.leave().await?;
    let bytes_per_step = bytes_per_step(&*store).await?;
    Ok((Measured::of(times, elapsed, setting), bytes_per_step))
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

async fn client(orchestrator: Arc<Orchestrator>, times: Times) -> Result<()> {
    let actor = Actor::system();
    while times.go_on() {
        let since = Instant::now();
        let request = StartInstance {
            definition: PROCESS.into(),
            ..StartInstance::default()
        };
        let started = orchestrator.start(&actor, request, None).await?;
        orchestrator.until_ended(&started.id).await?;
        times.note(since);
    }
    Ok(())
}
