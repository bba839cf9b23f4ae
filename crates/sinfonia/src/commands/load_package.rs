//! `sinfonia load-package PATH`: profiles, value sets, code systems and the like of a FHIR package into the hub; twice, it
//! changes nothing.

use crate::backend::Place;
use crate::system::System;
use hub::package::{Options, load};
use std::path::PathBuf;

/// Flags of `load-package`.
#[derive(clap::Args)]
pub struct Args {
    /// An npm tarball (*.tgz), or a folder with *.json files (its sub-folders too).
    path: PathBuf,
    /// Where the hub has the same canonical and version with other content, takes that of the package.
    #[arg(long)]
    replace: bool,
    /// Loads the package's examples too.
    #[arg(long)]
    examples: bool,
}

/// Loads, then says what was written, what was there and what clashes.
pub async fn run(place: &Place, args: Args) -> anyhow::Result<()> {
    let system = System::open(place, super::real_setup("http://127.0.0.1:8080")).await?;
    let options = Options {
        replace: args.replace,
        examples: args.examples,
    };
    let summary = load(&system.hub, &args.path, options).await?;
    system.close().await;
    for problem in &summary.problems {
        println!("{problem}");
    }
    println!("{summary}");
    Ok(())
}
