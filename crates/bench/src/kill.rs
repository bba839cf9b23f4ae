//! SIGKILL under load, as often as one likes: the real program over HTTP.

use anyhow::{Context, Result};
use proof::kill::{Plan, campaign};
use std::path::PathBuf;
use std::time::Instant;

/// How often, and with which load.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// The program; beside this one when absent.
    #[arg(long)]
    binary: Option<PathBuf>,
    /// Folder for the temporary data.
    #[arg(long, default_value = ".")]
    folder: PathBuf,
    /// Kills.
    #[arg(long, default_value_t = 200)]
    rounds: u32,
    /// Processes at the same time over one database (needs --store).
    #[arg(long, default_value_t = 1)]
    nodes: usize,
    /// Where the random numbers begin.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Clients at the same time.
    #[arg(long, default_value_t = 16)]
    clients: u32,
    /// Address of an empty PostgreSQL database to keep everything in, in the place of a file.
    #[arg(long)]
    store: Option<String>,
    /// Workers at the same time.
    #[arg(long, default_value_t = 4)]
    workers: u32,
}

/// Runs the campaign; prints a line after each kill, and the figures.
pub async fn run(args: &Args) -> Result<()> {
    let beside = std::env::current_exe()?.with_file_name("sinfonia");
    let binary = args.binary.clone().unwrap_or(beside);
    let folder = tempfile::tempdir_in(&args.folder)
        .with_context(|| format!("a folder for temporary data in {}", args.folder.display()))?;
    let plan = Plan {
        binary,
        folder: folder.path().to_owned(),
        store: args.store.clone(),
        nodes: args.nodes,
        rounds: args.rounds,
        seed: args.seed,
        clients: args.clients,
        workers: args.workers,
        faults: None,
    };
    let since = Instant::now();
    let progress = |round: u32, report: &proof::kill::Report| println!("{round:>5} {report:?}");
    match campaign(&plan, progress).await {
        Ok(report) => {
            println!("{report:#?}");
            println!(
                "nothing lost, nothing done twice, the doctor finds nothing; {:.0} s",
                since.elapsed().as_secs_f64()
            );
            Ok(())
        }
        Err(problem) => {
            let kept = folder.keep();
            anyhow::bail!("{problem}\nthe data are kept in {}", kept.display())
        }
    }
}
