//! `sinfonia deploy FILES`: deploys models and forms into the local store (the server must not be running on it).

use crate::backend::Place;
use crate::system::System;
use anyhow::Context as _;
use orchestrator::api::{Deploy, DeployFile};
use std::path::PathBuf;

/// Flags of `deploy`.
#[derive(clap::Args)]
pub struct Args {
    /// BPMN, DMN and Questionnaire (JSON) files that belong together: all are deployed, or none.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// Deploys, or prints why not.
pub async fn run(place: &Place, args: Args) -> anyhow::Result<()> {
    let system = System::open(place, super::real_setup("http://127.0.0.1:8080")).await?;
    let mut files = Vec::new();
    for path in &args.files {
        let content = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        files.push(DeployFile { name, content });
    }
    let client = system.context.peers.orchestrator(&access::Actor::system());
    let deployed = client.deploy(&Deploy { files }).await?;
    for key in &deployed.keys {
        println!("deployed {key}");
    }
    for issue in &deployed.issues {
        println!("warning: {issue}");
    }
    system.close().await;
    Ok(())
}
