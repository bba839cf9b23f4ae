//! `sinfonia staff`: files for higher bodies from the registry of the staff, and their receipts.

use crate::backend::Place;
use crate::system::System;
use anyhow::Context as _;
use std::path::PathBuf;

/// Flags of `staff`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Lists the layouts, with whether they are confirmed.
    Layouts,
    /// Makes a file; the server must not be running on the data folder.
    Export {
        /// Layout, as `layouts` lists it.
        #[arg(long)]
        layout: String,
        /// As of this day (2026-12-31).
        #[arg(long)]
        day: String,
        /// File to write.
        #[arg(long)]
        out: PathBuf,
    },
    /// Takes the receipt of a file that was made; the server must not be running on the data folder.
    Receipt {
        /// Id that `export` printed.
        #[arg(long)]
        run: String,
        /// The receipt.
        #[arg(long)]
        file: PathBuf,
    },
}

/// Does what was asked.
pub async fn run(place: &Place, args: Args) -> anyhow::Result<()> {
    if matches!(args.what, What::Layouts) {
        for (code, name, status) in staff::exports::layouts() {
            println!("{code}\t{status}\t{name}");
        }
        return Ok(());
    }
    let system = System::open(place, super::real_setup("http://127.0.0.1:8080")).await?;
    let done = act(&system, args.what).await;
    system.close().await;
    done
}

async fn act(system: &System, what: What) -> anyhow::Result<()> {
    match what {
        What::Layouts => {}
        What::Export { layout, day, out } => {
            let made = staff::exports::make(&system.context, &layout, &day).await?;
            std::fs::write(&out, &made.bytes).with_context(|| format!("cannot write {}", out.display()))?;
            for (name, why) in &made.left_out {
                println!("left out: {name}: {why}");
            }
            println!(
                "{}: {} rows, {} left out, sha256 {}",
                made.id,
                made.rows,
                made.left_out.len(),
                made.sha256
            );
        }
        What::Receipt { run, file } => {
            let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let (accepted, refused, strange) = staff::exports::receive(&system.context, &run, &text).await?;
            println!("{accepted} rows accepted, {refused} refused, {strange} lines of no row");
        }
    }
    Ok(())
}
