//! From an older program to this one under load, over one PostgreSQL.

use anyhow::{Context, Result};
use proof::upgrade::{Plan, campaign};
use std::path::PathBuf;

/// Which programs, and with which load.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// The older program, built from an earlier commit.
    #[arg(long)]
    from: PathBuf,
    /// The newer program; beside this one when absent.
    #[arg(long)]
    binary: Option<PathBuf>,
    /// Folder for the temporary data.
    #[arg(long, default_value = ".")]
    folder: PathBuf,
    /// The two have different search definitions: all nodes are replaced in one pause, and the newer program must refuse to start
    /// beside the older one.
    #[arg(long)]
    pause: bool,
    /// Processes at the same time.
    #[arg(long, default_value_t = 2)]
    nodes: usize,
    /// Clients at the same time.
    #[arg(long, default_value_t = 6)]
    clients: u32,
    /// Workers at the same time.
    #[arg(long, default_value_t = 2)]
    workers: u32,
}

/// Runs it; prints a line at each change.
pub async fn run(args: &Args) -> Result<()> {
    let database = postgres_fixture::Database::new().context("it needs PostgreSQL")?;
    let folder = tempfile::tempdir_in(&args.folder)
        .with_context(|| format!("a folder for temporary data in {}", args.folder.display()))?;
    let beside = std::env::current_exe()?.with_file_name("sinfonia");
    let plan = Plan {
        older: args.from.clone(),
        newer: args.binary.clone().unwrap_or(beside),
        folder: folder.path().to_owned(),
        store: database.address(),
        nodes: args.nodes,
        pause: args.pause,
        clients: args.clients,
        workers: args.workers,
    };
    let report = campaign(&plan, |told| println!("{told}")).await;
    let report = report.map_err(|problem| anyhow::anyhow!("{problem}"))?;
    println!("{report:#?}\nnothing lost, nothing done twice, the doctor finds nothing");
    Ok(())
}
