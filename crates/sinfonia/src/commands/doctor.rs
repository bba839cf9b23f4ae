//! `sinfonia doctor`: is the store of a data folder sound?

use crate::system::open_store;
use anyhow::bail;
use std::path::Path;
use store_sqlite::Depth;

/// Resources and versions of a sample.
const SAMPLE: u64 = 10_000;

/// Flags of `doctor`.
#[derive(clap::Args)]
pub struct Args {
    /// Reads every version and extracts the search values of every resource again, not of about 10,000 only.
    #[arg(long)]
    full: bool,
}

/// Examines, says what was read, and lists what is wrong.
pub fn run(data: &Path, args: &Args) -> anyhow::Result<()> {
    if !data.join("sinfonia.sqlite").exists() {
        bail!("there is no store in {}", data.display());
    }
    let depth = if args.full { Depth::Full } else { Depth::Sample(SAMPLE) };
    let found = open_store(data)?.examine(depth)?;
    println!(
        "{} resources, {} index rows; {} versions read, search values of {} resources compared",
        found.resources, found.index_rows, found.versions, found.extracted
    );
    for problem in &found.problems {
        println!("- {problem}");
    }
    match found.problems.len() {
        0 => println!("the store is sound"),
        1 => bail!("1 problem was found"),
        many => bail!("{many} problems were found (100 are listed at most)"),
    }
    Ok(())
}
