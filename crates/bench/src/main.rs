//! Measures Sinfonia on this machine. Run it on a release build: `make bench`.

#![expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]

mod authorization;
mod chaos;
mod client;
mod engine;
mod flushes;
mod generate;
mod hub;
mod import;
mod kill;
mod linkage;
mod load;
mod people;
mod probe;
mod server;
mod upgrade;
mod usertasks;
mod waiting;

use anyhow::{Context, Result};
use clap::{Args, Parser};
use std::path::PathBuf;

/// As in the program that is measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Benchmarks of Sinfonia: what it does in a second, beside what this machine's disk can do.
#[derive(Parser)]
enum Command {
    /// What the disk and plain SQLite reach: the limit of everything durable.
    Probe(Probe),
    /// Durable steps a second of a process of ten steps, beside other engines.
    Engine(engine::Args),
    /// From completing a user task to seeing the next, over HTTP.
    Usertasks(usertasks::Args),
    /// A million waiting instances with timers: memory, start, cost of steps, rate of firing.
    Waiting(waiting::Args),
    /// Import, create, read, search and transactions of the FHIR hub.
    Hub(hub::Args),
    /// What authorisation and audit add to the hub's requests, and how long a decision takes.
    Access(authorization::Args),
    /// Writes generated resources as lines: the same for the same number.
    Generate(generate::Args),
    /// Imports a folder of files into a fresh store.
    Import(import::Args),
    /// Links a registry of made-up persons with itself: pairs a second, duplicates found.
    Linkage(linkage::Args),
    /// Finding people over HTTP in a loaded region, fifty desks at once.
    People(people::Args),
    /// Kills the program under load, starts it again and asks what it remembers.
    Kill(kill::Args),
    /// Faults of every kind under load: nothing acknowledged may be lost, nothing done twice; how long recovery takes.
    Chaos(chaos::Args),
    /// Replaces an older program by this one, node by node, under load.
    Upgrade(upgrade::Args),
}

#[derive(Args)]
struct Probe {
    /// Folder for the temporary files: the disk that is measured.
    #[arg(long, default_value = ".")]
    folder: PathBuf,
}

fn main() -> Result<()> {
    if cfg!(debug_assertions) {
        eprintln!("this is a debug build: the numbers mean nothing, use --release");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match Command::parse() {
        Command::Probe(arguments) => run_probe(&arguments),
        Command::Engine(arguments) => runtime.block_on(engine::run(&arguments)),
        Command::Usertasks(arguments) => runtime.block_on(usertasks::run(&arguments)),
        Command::Waiting(arguments) => runtime.block_on(waiting::run(&arguments)),
        Command::Hub(arguments) => runtime.block_on(hub::run(&arguments)),
        Command::Access(arguments) => runtime.block_on(authorization::run(&arguments)),
        Command::Generate(arguments) => generate::run(&arguments),
        Command::Import(arguments) => runtime.block_on(import::run(&arguments)),
        Command::Linkage(arguments) => linkage::run(&arguments),
        Command::People(arguments) => runtime.block_on(people::run(&arguments)),
        Command::Kill(arguments) => runtime.block_on(kill::run(&arguments)),
        Command::Chaos(arguments) => runtime.block_on(chaos::run(&arguments)),
        Command::Upgrade(arguments) => runtime.block_on(upgrade::run(&arguments)),
    }
}

fn run_probe(arguments: &Probe) -> Result<()> {
    let folder = tempfile::tempdir_in(&arguments.folder)
        .with_context(|| format!("a folder for temporary files in {}", arguments.folder.display()))?;
    let probe = probe::probe(folder.path())?;
    let load = probe.sqlite.load;
    println!("flushed appends of 4 KiB   {:>10.0} /s", probe.fsync_per_s);
    println!(
        "plain SQLite, commits      {:>10.0} /s  (each {} transactions of {} rows of {} bytes)",
        probe.sqlite.commits_per_s, load.batch, load.rows_per_transaction, load.row_bytes
    );
    println!(
        "plain SQLite, transactions {:>10.0} /s",
        probe.sqlite.transactions_per_s
    );
    println!("plain SQLite, rows         {:>10.0} /s", probe.sqlite.rows_per_s);
    Ok(())
}
