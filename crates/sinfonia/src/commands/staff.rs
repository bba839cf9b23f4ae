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
        /// File to write; with several parts the number goes before the ending (`file-1di3.csv`).
        #[arg(long)]
        out: PathBuf,
        /// Rows of one file, where fewer are wanted than the layout permits.
        #[arg(long)]
        rows_per_file: Option<usize>,
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
        What::Export {
            layout,
            day,
            out,
            rows_per_file,
        } => {
            let files = staff::exports::make(&system.context, &layout, &day, rows_per_file).await?;
            for (at, made) in files.iter().enumerate() {
                let path = part_path(&out, at + 1, files.len());
                std::fs::write(&path, &made.bytes).with_context(|| format!("cannot write {}", path.display()))?;
                for (name, why) in &made.left_out {
                    println!("left out: {name}: {why}");
                }
                println!(
                    "{}: {} rows, {} left out, sha256 {}, {}",
                    made.id,
                    made.rows,
                    made.left_out.len(),
                    made.sha256,
                    path.display()
                );
            }
        }
        What::Receipt { run, file } => {
            let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let (accepted, refused, strange) = staff::exports::receive(&system.context, &run, &text).await?;
            println!("{accepted} rows accepted, {refused} refused, {strange} lines of no row");
        }
    }
    Ok(())
}

/// Where a part of a set goes.
fn part_path(out: &std::path::Path, part: usize, parts: usize) -> PathBuf {
    if parts == 1 {
        return out.to_owned();
    }
    let stem = out.file_stem().unwrap_or_default().to_string_lossy();
    let ending = out
        .extension()
        .map_or_else(String::new, |end| format!(".{}", end.to_string_lossy()));
    out.with_file_name(format!("{stem}-{part}di{parts}{ending}"))
}
