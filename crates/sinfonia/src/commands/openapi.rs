//! `sinfonia openapi`: the catalogue of the API beside FHIR, as it is served at `/api/openapi.json`.

use crate::backend::Place;
use crate::system::{System, catalogue};
use anyhow::{Context as _, bail};
use std::path::PathBuf;

/// Flags of `openapi`.
#[derive(clap::Args)]
pub struct Args {
    /// File to write; without it, the catalogue is printed.
    to: Option<PathBuf>,
    /// Writes nothing: exit code 1 when the file is not what the program serves.
    #[arg(long, requires = "to")]
    check: bool,
}

/// Does what was asked.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let folder = tempfile::tempdir().context("a folder for a store that is thrown away")?;
    let place = Place {
        data: folder.path().to_owned(),
        store: None,
    };
    let system = System::open(&place, super::real_setup("http://127.0.0.1:8080")).await?;
    let routes: Vec<_> = system.routes.iter().map(|served| served.route.clone()).collect();
    let text = format!("{:#}\n", catalogue(&routes));
    system.close().await;
    let Some(path) = &args.to else {
        print!("{text}");
        return Ok(());
    };
    if !args.check {
        return std::fs::write(path, text).with_context(|| format!("writing {}", path.display()));
    }
    let found = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    if found != text {
        bail!(
            "{} is not what the program serves: write it anew with `sinfonia openapi {}`",
            path.display(),
            path.display()
        );
    }
    Ok(())
}
