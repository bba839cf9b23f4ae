//! `sinfonia load DIR`: imports FHIR bundles and lines; interrupted, it goes on where it was; twice, it changes nothing.

use crate::backend::Place;
use crate::system::System;
use anyhow::bail;
use hub::load::{Options, Progress, Summary};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};

/// Problems printed in full.
const SHOWN: usize = 50;

/// Flags of `load`.
#[derive(clap::Args)]
pub struct Args {
    /// Folder with *.json bundles and *.ndjson lines.
    dir: PathBuf,
    /// Files worked on at the same time.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
    in_flight: u8,
    /// Memory for index rows that wait to be written together, MiB (a file only): a large load writes each page of the index
    /// fewer times the more there is. While they are written, half as much is needed besides.
    #[arg(long, value_name = "MIB", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    index_memory: u32,
    /// Looks again at files that an earlier run imported whole.
    #[arg(long)]
    again: bool,
}

/// Imports, then says what was written and what was not.
pub async fn run(place: &Place, args: Args) -> anyhow::Result<()> {
    let mut setup = super::real_setup("http://127.0.0.1:8080");
    setup.index_memory = Some(u64::from(args.index_memory) << 20);
    let system = System::open(place, setup).await?;
    let options = Options {
        in_flight: usize::from(args.in_flight),
        again: args.again,
    };
    let summary = load(&system, &args.dir, options).await?;
    system.close().await;
    print(&summary);
    if !summary.problems.is_empty() {
        bail!(
            "{} problems: what is listed above was not imported; the rest is in",
            summary.problems.len()
        );
    }
    Ok(())
}

/// The import with its bar.
pub async fn load(system: &System, dir: &Path, options: Options) -> anyhow::Result<Summary> {
    let bar = ProgressBar::new(0);
    let style = "{bar:30} {bytes}/{total_bytes} {elapsed} (left {eta}) {msg}";
    bar.set_style(ProgressStyle::with_template(style).expect("the template is well formed"));
    let show = |progress: &Progress| {
        bar.set_length(progress.bytes);
        bar.set_position(progress.bytes_done);
        bar.set_message(format!("{} resources, {}", progress.resources, progress.file));
    };
    let summary = hub::load::load_dir(&system.hub, dir, &show, options).await?;
    bar.finish_and_clear();
    Ok(summary)
}

fn print(summary: &Summary) {
    for problem in summary.problems.iter().take(SHOWN) {
        println!("{problem}");
    }
    if summary.problems.len() > SHOWN {
        println!("… and {} more", summary.problems.len() - SHOWN);
    }
    println!("{summary}");
}
