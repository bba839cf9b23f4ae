//! The hub: import, create, read, search and transactions; through the router alone and over loopback HTTP, with the
//! same bytes from a bare axum handler beside the reads.

mod operations;
mod peer;
mod region;

pub use region::family;
mod way;

use access::Guard;
use anyhow::{Context as _, Result};
use axum::Router;
use axum::routing::get;
use axum::serve::ListenerExt as _;
use hub::{Hub, HubConfig};
use operations::{OPERATIONS, Operation};
use peer::Peer;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{SystemClock, UuidIds};
use store_sqlite::{Options, SqliteStore};
use way::Way;

/// What to measure, and for how long.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Folder for the temporary store: the disk that is measured.
    #[arg(long, default_value = ".")]
    folder: PathBuf,
    /// Folder of Synthea bundles to import.
    #[arg(long, default_value = "../shared/reference/synthea")]
    synthea: PathBuf,
    /// Generated patients, with three observations each, besides the imported ones.
    #[arg(long, default_value_t = 5_000)]
    patients: u64,
    /// Program of helios-hfs, to be measured in the same run.
    #[arg(long)]
    helios: Option<PathBuf>,
    /// Clients at the same time.
    #[arg(long, default_value_t = 16)]
    clients: usize,
    /// Measure only the operations whose name holds this text.
    #[arg(long, default_value = "")]
    only: String,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
}

/// Runs every measurement and prints a table.
pub async fn run(args: &Args) -> Result<()> {
    let dir = tempfile::tempdir_in(&args.folder)?;
    let store = SqliteStore::open(dir.path().join("hub.db"), Options::default())?;
    let clock = Arc::new(SystemClock);
    let config = HubConfig::new("http://localhost/fhir");
    let hub = Hub::new(store.clone(), clock.clone(), Arc::new(UuidIds), config);
    import(&hub, &args.synthea).await?;
    generate(&hub, args).await?;
    let guard = Guard::open(store, clock);
    let bare = hub
        .read("Patient", &region::patient_id(7))
        .await?
        .body
        .context("the patient has a body")?;
    let router = hub::routes(hub)
        .guard(&guard)
        .route("/bare", get(move || async move { bare.clone() }));
    let mut ways = vec![Way::Router(router.clone()), Way::Http(serve(router).await?)];
    let peer = match &args.helios {
        Some(program) => {
            let peer = Peer::start(program, dir.path()).await?;
            let (resources, seconds) = peer.generate(args.patients).await?;
            let rate = resources as f64 / seconds;
            println!("helios (synchronous=NORMAL): {resources} resources by transactions: {rate:.0} resources/s");
            ways.push(Way::Peer(peer.address));
            Some(peer)
        }
        None => None,
    };
    println!(
        "\n{} clients, {} s each; every write is a durable commit",
        args.clients, args.seconds
    );
    println!(
        "{:<44} {:<7} {:>10} {:>9} {:>9}",
        "operation", "way", "ops/s", "p50 ms", "p99 ms"
    );
    for operation in OPERATIONS.iter().filter(|o| o.name.contains(&args.only)) {
        for way in &ways {
            if matches!(way, Way::Peer(_)) && operation.request_is_ours() {
                continue;
            }
            let measured = match measure(way, operation, args).await {
                Ok(measured) => measured,
                Err(error) if matches!(way, Way::Peer(_)) => {
                    println!("{:<44} {:<7} FAILED: {error:#}", operation.name, way.name());
                    continue;
                }
                Err(error) => return Err(error.context(operation.name)),
            };
            println!(
                "{:<44} {:<7} {:>10.0} {:>9.2} {:>9.2}",
                operation.name,
                way.name(),
                measured.per_s,
                measured.p50_ms,
                measured.p99_ms
            );
        }
    }
    guard.audit().flush().await;
    drop(peer);
    Ok(())
}

async fn import(hub: &Arc<Hub>, folder: &Path) -> Result<()> {
    if !folder.is_dir() {
        println!("import: SKIPPED, there is no folder {}", folder.display());
        return Ok(());
    }
    let since = Instant::now();
    let summary = hub::load::load_dir(hub, folder, &|_| {}, hub::load::Options::default()).await?;
    let seconds = since.elapsed().as_secs_f64();
    println!(
        "import: {summary}; {:.1} s, {:.0} resources/s",
        seconds,
        summary.created as f64 / seconds
    );
    Ok(())
}

async fn generate(hub: &Arc<Hub>, args: &Args) -> Result<()> {
    let since = Instant::now();
    let mut resources = 0_u64;
    for first in (0..args.patients).step_by(100) {
        let lines = region::lines(first..args.patients.min(first + 100));
        let summary = hub::load::import_bytes(hub, "region.ndjson", lines.into()).await?;
        anyhow::ensure!(
            summary.problems.is_empty(),
            "the generated region is refused: {}",
            summary.problems[0]
        );
        resources += summary.created;
    }
    let seconds = since.elapsed().as_secs_f64();
    println!(
        "generated: {resources} resources, one file after the other: {:.0} resources/s",
        resources as f64 / seconds
    );
    Ok(())
}

async fn serve(router: Router) -> Result<std::net::SocketAddr> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let listener = listener.tap_io(|tcp| {
        let _ = tcp.set_nodelay(true);
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

struct Measured {
    per_s: f64,
    p50_ms: f64,
    p99_ms: f64,
}

async fn measure(way: &Way, operation: &'static Operation, args: &Args) -> Result<Measured> {
    let since = Instant::now();
    let until = since + Duration::from_secs(args.seconds);
    let tasks: Vec<_> = (0..args.clients as u64)
        .map(|client| tokio::spawn(run_client(way.clone(), operation, args.patients, client, until)))
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await??);
    }
    let seconds = since.elapsed().as_secs_f64();
    times.sort_unstable();
    let percentile = |p: usize| times.get(times.len() * p / 100).map_or(0.0, |t| t.as_secs_f64() * 1e3);
    Ok(Measured {
        per_s: times.len() as f64 / seconds,
        p50_ms: percentile(50),
        p99_ms: percentile(99),
    })
}

async fn run_client(
    way: Way,
    operation: &'static Operation,
    patients: u64,
    client: u64,
    until: Instant,
) -> Result<Vec<Duration>> {
    let mut connection = way.connect().await?;
    let mut times = Vec::new();
    for n in 0.. {
        // Spread over the patients, the same in every run.
        let number = (client << 32 | n).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 17;
        let request = (operation.request)(number % patients.max(1), number);
        let since = Instant::now();
        if since >= until {
            break;
        }
        let (status, body) = connection.send(&request).await?;
        times.push(since.elapsed());
        anyhow::ensure!(
            (200..300).contains(&status),
            "{status}: {}",
            String::from_utf8_lossy(&body)
        );
        anyhow::ensure!(
            operation.check.is_empty() || contains(&body, operation.check),
            "an answer without a match"
        );
    }
    Ok(times)
}

fn contains(body: &[u8], text: &str) -> bool {
    body.windows(text.len()).any(|window| window == text.as_bytes())
}
