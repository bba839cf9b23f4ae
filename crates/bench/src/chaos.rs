//! Faults of every kind under load, as often as one likes: the real program over HTTP.

use anyhow::{Context, Result};
use proof::chaos::{Ground, Kind, Plan, campaign, kinds};
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
    /// Faults.
    #[arg(long, default_value_t = 60)]
    faults: u32,
    /// Processes at the same time over a PostgreSQL of its own; 0: one process over a file.
    #[arg(long, default_value_t = 2)]
    nodes: usize,
    /// Where the random numbers begin: the same seed draws the same faults.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Clients of processes at the same time.
    #[arg(long, default_value_t = 4)]
    clients: u32,
    /// Clients of the hub at the same time.
    #[arg(long, default_value_t = 2)]
    writers: u32,
    /// Workers at the same time.
    #[arg(long, default_value_t = 2)]
    workers: u32,
    /// Only this kind of fault, as the report names it, e.g. "network cut"; may be given more than once.
    #[arg(long)]
    only: Vec<String>,
}

/// Runs the campaign; prints a line after each fault, and the figures.
pub async fn run(args: &Args) -> Result<()> {
    let beside = std::env::current_exe()?.with_file_name("sinfonia");
    let folder = tempfile::tempdir_in(&args.folder)
        .with_context(|| format!("a folder for temporary data in {}", args.folder.display()))?;
    let path = std::fs::canonicalize(folder.path())?;
    let kind = |name: &String| {
        let found = Kind::ALL.into_iter().find(|kind| kind.name() == name);
        found.with_context(|| format!("'{name}' is no kind of fault; they are {:?}", Kind::ALL.map(Kind::name)))
    };
    let plan = Plan {
        binary: args.binary.clone().unwrap_or(beside),
        folder: path,
        nodes: args.nodes,
        faults: args.faults,
        seed: args.seed,
        clients: args.clients,
        writers: args.writers,
        workers: args.workers,
        kinds: args.only.iter().map(kind).collect::<Result<_>>()?,
    };
    let names: Vec<_> = kinds(&plan).into_iter().map(Kind::name).collect();
    println!("seed {}, {} faults of: {}", plan.seed, plan.faults, names.join(", "));
    if !Ground::is_allowed() {
        println!("LEFT OUT, since they need root: full disk, network cut");
    }
    let since = Instant::now();
    let done = campaign(&plan, |round, fault, recovery, silence| {
        println!(
            "{round:>5} {fault}: writes after {:.2} s, steps after {:.2} s, silence {:.2} s",
            recovery.writes.as_secs_f64(),
            recovery.steps.as_secs_f64(),
            silence.as_secs_f64()
        );
    });
    match done.await {
        Ok(report) => {
            println!("{report}");
            println!(
                "nothing lost, nothing done twice, the doctor finds nothing; {:.0} s",
                since.elapsed().as_secs_f64()
            );
            Ok(())
        }
        Err(problem) => {
            let again = format!("--nodes {} --faults {} --seed {}", args.nodes, args.faults, args.seed);
            anyhow::bail!("{problem}\nrepeat with: bench chaos {again}")
        }
    }
}
