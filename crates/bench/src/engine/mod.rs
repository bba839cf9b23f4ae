//! Durable steps a second of a process of ten steps, each durable before the next begins: done by workers in this process,
//! by workers outside over HTTP, and by other engines in the same run.

mod inside;
mod model;
mod outside;
mod peers;

use crate::probe::{self, Load, Steps};
use anyhow::Result;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Steps of the process.
const STEPS: u64 = 10;

/// What to measure, and for how long.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Folder for the temporary stores: the disk that is measured.
    #[arg(long, default_value = ".")]
    folder: PathBuf,
    /// Instances in flight, one measurement for each.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 128])]
    concurrency: Vec<usize>,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Folder of the other engines (made by `scripts/install-peers.sh`); without it only Sinfonia is measured.
    #[arg(long)]
    peers: Option<PathBuf>,
    /// The `sinfonia` program for workers over HTTP; the one beside this program when absent.
    #[arg(long)]
    server: Option<PathBuf>,
    /// Only these systems, by the beginning of their name in the table: `inside`, `outside`, `restate`, ...
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
}

impl Args {
    fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| name.starts_with(only.as_str()))
    }
}

/// What one run gave.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Durable steps a second (starts are not counted, their time is).
    pub steps_per_s: f64,
    /// Median time from start to end of an instance, ms.
    pub p50_ms: f64,
    /// 99th percentile of the same, ms.
    pub p99_ms: f64,
    /// What makes its steps durable.
    pub setting: String,
}

impl Measured {
    /// From the times of the processes that ended within `elapsed`.
    fn of(mut times: Vec<Duration>, elapsed: Duration, setting: &str) -> Self {
        times.sort_unstable();
        let percentile = |p: usize| times.get(times.len() * p / 100).map_or(0.0, |t| t.as_secs_f64() * 1e3);
        Self {
            steps_per_s: (times.len() as u64 * STEPS) as f64 / elapsed.as_secs_f64(),
            p50_ms: percentile(50),
            p99_ms: percentile(99),
            setting: setting.to_owned(),
        }
    }
}

/// A line of the table: system, instances in flight, what it gave.
type Row = (String, usize, Measured);

/// Runs every measurement and prints a table, each beside what plain SQLite reaches with the same group size.
pub async fn run(args: &Args) -> Result<()> {
    let dir = tempfile::tempdir_in(&args.folder)?;
    let fsync = probe::fsync_per_s(dir.path(), Duration::from_secs(1))?;
    println!(
        "A process of {STEPS} steps, each durable before the next begins; {fsync:.0} flushed appends/s on this disk."
    );
    let mut rows = Vec::new();
    let mut bytes = 0;
    if args.wants("inside") {
        for &concurrency in &args.concurrency {
            let (measured, bytes_per_step) = inside::measure(dir.path(), concurrency, args.seconds).await?;
            bytes = bytes_per_step;
            tell(&mut rows, "inside (Sinfonia, in-process worker)", concurrency, measured);
        }
    }
    if args.wants("postgres") {
        for &concurrency in &args.concurrency {
            match inside::measure_on_postgres(concurrency, args.seconds).await? {
                Some(measured) => tell(&mut rows, "inside, on PostgreSQL", concurrency, measured),
                None => missing("inside, on PostgreSQL", "scripts/install-postgres.sh installs it"),
            }
        }
    }
    outside::run(args, dir.path(), &mut rows).await?;
    match &args.peers {
        Some(folder) => peers::run(args, folder, dir.path(), &mut rows).await?,
        None => println!("(other engines are left out: scripts/install-peers.sh, then --peers target/peers)"),
    }
    table(dir.path(), args, &rows, bytes)
}

/// Notes a measurement and shows at once that it was made.
fn tell(rows: &mut Vec<Row>, system: &str, concurrency: usize, measured: Measured) {
    eprintln!(
        "  {system}, {concurrency} in flight: {:.0} steps/s",
        measured.steps_per_s
    );
    rows.push((system.to_owned(), concurrency, measured));
}

/// A system that is not here is said to be missing, never left out silently.
fn missing(system: &str, why: &str) {
    println!("MISSING: {system}: {why}");
}

fn table(dir: &Path, args: &Args, rows: &[Row], bytes: usize) -> Result<()> {
    let bytes = if bytes == 0 { 900 } else { bytes };
    for &concurrency in &args.concurrency {
        let duration = Duration::from_secs(2);
        let steps = probe::steps(
            dir,
            &Steps {
                bytes,
                batch: concurrency,
                duration,
            },
        )?;
        let load = Load {
            row_bytes: bytes / ROWS_PER_STEP,
            rows_per_transaction: ROWS_PER_STEP,
            batch: concurrency,
            duration,
        };
        let appends = probe::sqlite(dir, load)?;
        println!(
            "\n{concurrency} in flight. Plain SQLite with {concurrency} transactions in a commit: {steps:.0} steps/s (the \
             rows and indexes of a step, nothing else), {:.0} /s of bare appends ({bytes} bytes each).",
            appends.transactions_per_s
        );
        println!(
            "{:<40} {:>9} {:>9} {:>10} {:>9} {:>9} {:>9}  durable by",
            "system", "steps/s", "% of raw", "% appends", "x Restate", "p50 ms", "p99 ms"
        );
        let of_this = || rows.iter().filter(|(_, in_flight, _)| *in_flight == concurrency);
        let restate = of_this().find(|(system, ..)| system.starts_with("restate"));
        for (system, _, measured) in of_this() {
            let times = restate.map_or_else(
                || "-".to_owned(),
                |(_, _, r)| format!("{:.1}", measured.steps_per_s / r.steps_per_s),
            );
            println!(
                "{system:<40} {:>9.0} {:>9.0} {:>10.0} {times:>9} {:>9.1} {:>9.1}  {}",
                measured.steps_per_s,
                100.0 * measured.steps_per_s / steps,
                appends.percent(measured.steps_per_s),
                measured.p50_ms,
                measured.p99_ms,
                measured.setting
            );
        }
    }
    Ok(())
}

/// Rows that one step writes: instance, history, the job gone, the job to come.
const ROWS_PER_STEP: usize = 4;
