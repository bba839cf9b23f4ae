//! Import of a file into a fresh store: resources a second, and the most memory this process ever held.

use anyhow::{Context as _, Result, ensure};
use hub::{Hub, HubConfig};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;
use store::{Store, SystemClock, UuidIds};
use store_sqlite::SqliteStore;

/// Imports a folder of FHIR files.
#[derive(clap::Args)]
pub struct Args {
    /// Folder with *.ndjson and *.json files.
    folder: PathBuf,
    /// Folder for the store (made anew, removed afterwards): the disk that is measured.
    #[arg(long, default_value = ".")]
    store: PathBuf,
    /// Leaves the structure of resources unchecked.
    #[arg(long)]
    unchecked: bool,
}

/// Imports and tells.
pub async fn run(arguments: &Args) -> Result<()> {
    let folder = tempfile::tempdir_in(&arguments.store).context("a folder for the store")?;
    let store: Arc<dyn Store> = SqliteStore::open(folder.path().join("bench.sqlite"), Default::default())?;
    let mut config = HubConfig::new("http://bench.local/fhir");
    if arguments.unchecked {
        config.validation = hub::Validation::Off.into();
    }
    let hub = Hub::new(store, Arc::new(SystemClock), Arc::new(UuidIds), config);
    let before = status_kib("VmRSS");
    let begun = Instant::now();
    let summary = hub::load::load_dir(&hub, &arguments.folder, &|_| {}, hub::load::Options::default()).await?;
    let seconds = begun.elapsed().as_secs_f64();
    let resources = summary.created + summary.updated + summary.unchanged;
    println!("{summary}");
    println!("resources                  {resources:>10}");
    println!("seconds                    {seconds:>10.1}");
    println!("resources/s                {:>10.0}", resources as f64 / seconds);
    println!("memory before, MiB         {:>10}", before / 1024);
    println!("memory at most, MiB        {:>10}", status_kib("VmHWM") / 1024);
    println!("load average               {:>10}", load_average());
    ensure!(summary.problems_total == 0, "some resources were refused");
    Ok(())
}

/// A line of what the system tells of this process; 0 where it does not.
fn status_kib(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("unknown").to_owned()
}
