//! `sinfonia doctor`: is the store of a data folder sound?

use crate::backend::{Backend, Place};
use anyhow::bail;
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
pub async fn run(place: &Place, args: &Args) -> anyhow::Result<()> {
    place.must_exist()?;
    let depth = if args.full { Depth::Full } else { Depth::Sample(SAMPLE) };
    let problems = match Backend::open(place).await? {
        Backend::Sqlite(store) => {
            let found = store.examine(depth)?;
            println!(
                "{} resources, {} index rows; {} versions read, search values of {} resources compared",
                found.resources, found.index_rows, found.versions, found.extracted
            );
            found.problems
        }
        Backend::Postgres(store) => {
            let problems = store.examine().await?;
            let chain = store.verify_audit().await?;
            println!(
                "counts and index rows compared with every resource; {} access records in their chain",
                chain.records
            );
            problems.into_iter().chain(chain.broken).collect()
        }
    };
    for problem in &problems {
        println!("- {problem}");
    }
    match problems.len() {
        0 => println!("the store is sound"),
        1 => bail!("1 problem was found"),
        many => bail!("{many} problems were found (100 are listed at most)"),
    }
    Ok(())
}
