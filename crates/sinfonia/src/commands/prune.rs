//! `sinfonia prune`: removes superseded versions by policy, now; `sinfonia serve --history` does it every hour.

use crate::system::open_store;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use store::Clock;
use store_sqlite::{HistoryPolicy, Prune, PruneCount, SqliteStore};

/// Between two runs beside a server.
const EVERY: Duration = Duration::from_secs(3600);

/// Readers of the change feed that compare versions.
const READERS: &[&str] = &[hub::subscriptions::CURSOR];

/// Flags of `prune`.
#[derive(clap::Args)]
pub struct Args {
    /// What is kept, as for `serve`: all, last:N and days:N for all types, then by type, e.g.
    /// `all; Observation=last:3; Task=last:10,days:365`.
    #[arg(long, env = "SINFONIA_HISTORY", default_value = "all")]
    history: HistoryPolicy,
    /// Tells what would go, and removes nothing.
    #[arg(long)]
    dry_run: bool,
    /// Removes without asking again; what is removed cannot be brought back.
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
}

/// Counts or removes, and says how many versions of each type.
pub async fn run(data: &Path, args: Args) -> anyhow::Result<()> {
    let store = open_store(data)?;
    let asked = Prune {
        policy: &args.history,
        now: super::now(),
        actor: "system",
        readers: READERS,
    };
    println!("history policy: {}", args.history);
    let counts = match args.yes {
        true => store.prune(&asked).await?,
        false => store.prunable(&asked).await?,
    };
    for line in lines(&counts, args.yes) {
        println!("{line}");
    }
    if !args.yes && !args.dry_run && counts.iter().any(|count| count.versions > 0) {
        anyhow::bail!("nothing was removed: add --yes to remove these versions for good");
    }
    Ok(())
}

fn lines(counts: &[PruneCount], went: bool) -> Vec<String> {
    let verb = if went { "went" } else { "would go" };
    let mut lines: Vec<String> = counts
        .iter()
        .map(|count| match count.held {
            0 => format!("{}: {} versions {verb}", count.rtype, count.versions),
            held => format!(
                "{}: {} versions {verb}, {held} stay until notifications of them were sent",
                count.rtype, count.versions
            ),
        })
        .collect();
    let all: u64 = counts.iter().map(|count| count.versions).sum();
    lines.push(format!("{all} versions {verb} in all"));
    lines
}

/// Removes what the policy does not keep, now and every hour, beside other work; returns only where the policy keeps everything.
pub async fn every_hour(store: Arc<SqliteStore>, policy: HistoryPolicy, clock: Arc<dyn Clock>) {
    if policy.keeps_all() {
        return;
    }
    tracing::info!("history is kept by policy: {policy}");
    let mut pace = tokio::time::interval(EVERY);
    loop {
        pace.tick().await;
        let asked = Prune {
            policy: &policy,
            now: clock.now(),
            actor: "system",
            readers: READERS,
        };
        match store.prune(&asked).await {
            Ok(counts) if counts.is_empty() => {}
            Ok(counts) => lines(&counts, true)
                .iter()
                .for_each(|line| tracing::info!("history: {line}")),
            Err(error) => tracing::warn!(%error, "the history could not be pruned; it will be tried again in an hour"),
        }
    }
}
