//! Other engines doing the same ten steps on the same disk in the same run, each with the setting under which what it
//! acknowledges survives a power cut. `scripts/install-peers.sh` installs them; the programs are in `crates/bench/peers`.

use super::{Args, Measured, Row, missing, tell};
use crate::client::{Client, free_address, until_answers};
use crate::load::{self, Times};
use crate::server::Program;
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::Command;

/// How long a server may take to start.
const START: Duration = Duration::from_secs(90);
/// How long a program may take beside the measurement itself.
const BESIDE: Duration = Duration::from_secs(120);

/// Measures every peer that is there; says which are not.
pub async fn run(args: &Args, folder: &Path, dir: &Path, rows: &mut Vec<Row>) -> Result<()> {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    if args.wants("restate")
        && let Err(error) = restate(args, &folder, dir, rows).await
    {
        missing("restate", &format!("{error:#}"));
    }
    if args.wants("spiffworkflow")
        && let Err(error) = python(args, &folder, dir, "spiffworkflow", "spiff.py", None, rows).await
    {
        missing("spiffworkflow", &format!("{error:#}"));
    }
    if args.wants("dbos-sqlite")
        && let Err(error) = python(args, &folder, dir, "dbos-sqlite", "dbos_steps.py", None, rows).await
    {
        missing("dbos-sqlite", &format!("{error:#}"));
    }
    if args.wants("dbos-postgresql")
        && let Err(error) = dbos_postgresql(args, &folder, dir, rows).await
    {
        missing("dbos-postgresql", &format!("{error:#}"));
    }
    Ok(())
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(name)
}

/// Restate: its server, its Node service and clients over HTTP, as with Sinfonia's workers outside.
async fn restate(args: &Args, peers: &Path, dir: &Path, rows: &mut Vec<Row>) -> Result<()> {
    let modules = peers.join("node/node_modules/@restatedev");
    let listed = std::fs::read_dir(&modules)
        .with_context(|| format!("{} is not there: run scripts/install-peers.sh", modules.display()))?;
    let binary = listed
        .filter_map(|entry| Some(entry.ok()?.path().join("bin/restate-server")))
        .find(|path| {
            path.is_file()
                && path
                    .parent()
                    .and_then(Path::parent)
                    .is_some_and(|p| !p.ends_with("restate-server"))
        })
        .context("npm has no Restate server for this machine")?;
    let folder = tempfile::tempdir_in(dir)?;
    let (ingress, admin, node, service) = (free_address()?, free_address()?, free_address()?, free_address()?);
    let port = |address: SocketAddr| address.port().to_string();
    let mut command = Command::new("node");
    command
        .arg(script("restate-service.mjs"))
        .arg(peers.join("node"))
        .arg(port(service));
    let handlers = Program::start(&mut command, &folder.path().join("service.log"))?;
    let mut command = Command::new(binary);
    command
        .args(["--node-name", "bench"])
        .env("RESTATE_LISTEN_MODE", "tcp")
        .env("RESTATE_BASE_DIR", folder.path().join("data"))
        .env("RESTATE_BIND_IP", "127.0.0.1")
        .env("RESTATE_BIND_PORT", port(node))
        .env("RESTATE_ADMIN__BIND_PORT", port(admin))
        .env("RESTATE_INGRESS__BIND_PORT", port(ingress))
        .env("RESTATE_DISABLE_TELEMETRY", "true")
        .env("RESTATE_LOG_FILTER", "warn");
    let server = Program::start(&mut command, &folder.path().join("restate.log"))?;
    until_answers(admin, "/health", START).await?;
    let register = json!({"uri": format!("http://{service}")});
    Client::connect(admin, "application/json")
        .await?
        .json("POST", "/deployments", &register)
        .await?;
    let since = Instant::now();
    // The service is known everywhere a moment after it was registered.
    while let Err(error) = restate_once(ingress).await {
        ensure!(since.elapsed() < START, "restate does not run the process: {error:#}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for &concurrency in &args.concurrency {
        let (times, elapsed) = load::drive(concurrency, args.seconds, |times| restate_client(ingress, times)).await?;
        let setting = "its defaults: log server on RocksDB, WAL fsync on";
        tell(
            rows,
            "restate (Node SDK)",
            concurrency,
            Measured::of(times, elapsed, setting),
        );
    }
    server.stop().await?;
    handlers.stop().await
}

async fn restate_once(ingress: SocketAddr) -> Result<()> {
    let mut client = Client::connect(ingress, "application/json").await?;
    client.json("POST", "/TenSteps/run", &Value::Null).await.map(drop)
}

async fn restate_client(ingress: SocketAddr, times: Times) -> Result<()> {
    let mut client = Client::connect(ingress, "application/json").await?;
    while times.go_on() {
        let since = Instant::now();
        let done = client.json("POST", "/TenSteps/run", &Value::Null).await?;
        ensure!(done == 10, "the process gives {done}");
        times.note(since);
    }
    Ok(())
}

/// A Python program that measures itself and prints what it found.
async fn python(
    args: &Args,
    peers: &Path,
    dir: &Path,
    system: &str,
    program: &str,
    url: Option<&str>,
    rows: &mut Vec<Row>,
) -> Result<()> {
    let interpreter = peers.join("venv/bin/python");
    ensure!(
        interpreter.exists(),
        "{} is not there: run scripts/install-peers.sh",
        interpreter.display()
    );
    for &concurrency in &args.concurrency {
        let folder = tempfile::tempdir_in(dir)?;
        let run = Command::new(&interpreter)
            .arg(script(program))
            .arg(folder.path())
            .args([concurrency.to_string(), args.seconds.to_string()])
            .args(url)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(BESIDE + Duration::from_secs(args.seconds), run)
            .await
            .with_context(|| format!("{program} does not end"))??;
        let said = String::from_utf8_lossy(&output.stdout);
        let measured = said
            .lines()
            .rev()
            .find_map(|line| serde_json::from_str::<Value>(line).ok());
        let Some(measured) = measured.filter(|_| output.status.success()) else {
            let why = String::from_utf8_lossy(&output.stderr);
            bail!("{program} failed: {}", why.lines().last().unwrap_or("without a word"));
        };
        let number = |name: &str| measured[name].as_f64().with_context(|| format!("{name} of {program}"));
        let measured = Measured {
            steps_per_s: number("steps_per_s")?,
            p50_ms: number("p50_ms")?,
            p99_ms: number("p99_ms")?,
            setting: measured["setting"].as_str().unwrap_or_default().to_owned(),
        };
        tell(rows, system, concurrency, measured);
    }
    Ok(())
}

/// DBOS over a PostgreSQL of its own, when this machine has one.
async fn dbos_postgresql(args: &Args, peers: &Path, dir: &Path, rows: &mut Vec<Row>) -> Result<()> {
    // Its own user must be able to pass through the folders above it.
    let folder = tempfile::tempdir_in(std::env::temp_dir())?;
    let port = free_address()?.port();
    let mut command = Command::new("bash");
    command
        .arg(script("postgres.sh"))
        .arg(folder.path())
        .arg(port.to_string());
    command.process_group(0);
    let mut server = Program::start(&mut command, &dir.join("postgres.log"))?;
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let since = Instant::now();
    while tokio::net::TcpStream::connect(address).await.is_err() {
        if let Some(code) = server.ended() {
            ensure!(code != 3, "there is no PostgreSQL here that can be run");
            bail!(
                "PostgreSQL ended with code {code}: {}",
                std::fs::read_to_string(dir.join("postgres.log"))?
            );
        }
        ensure!(since.elapsed() < START, "PostgreSQL does not start");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let url = format!("postgresql+psycopg://bench@127.0.0.1:{port}/postgres");
    let done = python(args, peers, dir, "dbos-postgresql", "dbos_steps.py", Some(&url), rows).await;
    server.stop().await?;
    done
}
