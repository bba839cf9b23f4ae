//! `sinfonia events load FILE`: takes life events of a file; interrupted or repeated, no event is applied twice.

use crate::backend::Place;
use crate::system::System;
use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Outcomes told in full.
const SHOWN: usize = 50;

/// Flags of `events`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

/// What is done with events.
#[derive(clap::Subcommand)]
enum What {
    /// Takes the events of a file: NDJSON, JSON, or CSV.
    Load {
        /// The file.
        file: PathBuf,
    },
}

/// Takes the events, then says what became of them.
pub async fn run(place: &Place, args: Args) -> anyhow::Result<()> {
    let What::Load { file } = args.what;
    let text = std::fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
    let system = System::open(place, super::real_setup("http://127.0.0.1:8080")).await?;
    system.deploy_components().await?;
    let bar = ProgressBar::new(0);
    bar.set_style(ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} (left {eta})").expect("well formed"));
    let tell = |done: usize, of: usize| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
    };
    let outcomes = citizens::events::load(&system.context, &text, "system", tell).await;
    bar.finish_and_clear();
    system.close().await;
    let outcomes = outcomes?;
    let mut counts = BTreeMap::<&str, usize>::new();
    for one in &outcomes {
        *counts.entry(&one.state).or_default() += 1;
    }
    let odd = outcomes.iter().filter(|one| one.reason.is_some());
    for one in odd.clone().take(SHOWN) {
        let reason = one.reason.as_deref().unwrap_or_default();
        println!(
            "{}: {}: {reason}; {}",
            one.id,
            one.state,
            one.remedy.as_deref().unwrap_or_default()
        );
    }
    if odd.clone().count() > SHOWN {
        println!("… and {} more: see /anagrafe/eventi", odd.clone().count() - SHOWN);
    }
    let told: Vec<String> = counts.iter().map(|(state, n)| format!("{n} {state}")).collect();
    println!("{} events: {}", outcomes.len(), told.join(", "));
    if counts.contains_key("invalid") {
        bail!("some lines are not valid events: correct them and load the file again");
    }
    Ok(())
}
