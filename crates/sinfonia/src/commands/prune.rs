//! `sinfonia prune`: removes superseded versions by policy, now; `sinfonia serve --history` does it every hour.

use crate::backend::{Backend, Place};
use crate::system::System;
use anyhow::Context as _;
use orchestrator::{Orchestrator, Retention};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use store::{Clock, Duty, Forget, ForgetCount, HistoryPolicy, Prune, PruneCount, Store, Upkeep, UuidIds};

/// Between two runs beside a server.
const EVERY: Duration = Duration::from_secs(3600);

/// Now and then, on the one node that does the background work.
pub struct OnDuty {
    pace: tokio::time::Interval,
    orchestrator: Arc<Orchestrator>,
}

impl OnDuty {
    /// Now, and then each time this much has passed.
    pub fn new(every: Duration, orchestrator: &Arc<Orchestrator>) -> Self {
        let mut pace = tokio::time::interval(every);
        pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        Self {
            pace,
            orchestrator: orchestrator.clone(),
        }
    }

    /// Now and every hour.
    fn hourly(orchestrator: &Arc<Orchestrator>) -> Self {
        Self::new(EVERY, orchestrator)
    }

    /// Waits for the next time, and until it is this node's turn.
    pub async fn turn(&mut self) {
        self.pace.tick().await;
        while !self.orchestrator.is_on_duty() {
            tokio::time::sleep(Duty::PACE).await;
        }
    }
}

/// Readers of the change feed that compare versions.
const READERS: &[&str] = &[hub::subscriptions::CURSOR];

/// Flags of `prune`.
#[derive(clap::Args)]
pub struct Args {
    /// What is kept, as for `serve`: all, last:N and days:N for all types, then by type, e.g.
    /// `all; Observation=last:3; Task=last:10,days:365`.
    #[arg(long, env = "SINFONIA_HISTORY", default_value = "all")]
    history: HistoryPolicy,
    /// How long the history of ended process instances is kept, as for `serve`: a policy file (docs/history.md), or
    /// `default`; without it, for ever.
    #[arg(long, env = "SINFONIA_PROCESS_HISTORY", value_name = "FILE")]
    processes: Option<PathBuf>,
    /// Tells what would go, and removes nothing.
    #[arg(long)]
    dry_run: bool,
    /// Writes the file of SQLite anew afterwards, so that nothing of what was removed or erased is left in its free places.
    #[arg(long)]
    compact: bool,
    /// Removes without asking again; what is removed cannot be brought back.
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
}

/// Counts or removes, and says how many versions of each type.
pub async fn run(place: &Place, args: Args) -> anyhow::Result<()> {
    let backend = Backend::open(place).await?;
    if args.compact {
        backend.sqlite("--compact (PostgreSQL's autovacuum frees what was removed)")?;
    }
    let store = backend.upkeep();
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
    let mut some = counts.iter().any(|count| count.versions > 0);
    some |= batches(backend.store(), args.yes).await?;
    if let Some(file) = &args.processes {
        some |= processes(&backend, &retention(file)?, args.yes).await?;
    }
    if args.compact {
        let whole = backend.sqlite("--compact")?.compact().await?;
        println!(
            "the file was written anew{}",
            if whole {
                ""
            } else {
                "; its log is still held by a reader"
            }
        );
    }
    if !args.yes && !args.dry_run && some {
        anyhow::bail!("nothing was removed: add --yes to remove this for good");
    }
    Ok(())
}

/// Counts or removes ended instances, and says how many of each definition and why; whether there were any.
async fn processes(backend: &Backend, policy: &Retention, remove: bool) -> anyhow::Result<bool> {
    let (clock, store): (Arc<dyn Clock>, _) = (Arc::new(store::SystemClock), backend.upkeep());
    let orchestrator = Orchestrator::new(backend.store(), clock.clone(), Arc::new(UuidIds), Default::default());
    let rules = rules(&orchestrator, policy).await?;
    rules
        .iter()
        .for_each(|rule| println!("{}: {}", rule.definition, rule.why));
    let counts = match remove {
        true => store.forget_instances(&rules, "system", clock.now()).await?,
        false => store.forgettable_instances(&rules).await?,
    };
    for line in process_lines(&counts, remove) {
        println!("{line}");
    }
    Ok(!counts.is_empty())
}

/// Counts or removes batches that ended long ago; whether there were any.
async fn batches(store: Arc<dyn Store>, remove: bool) -> anyhow::Result<bool> {
    let clock: Arc<dyn Clock> = Arc::new(store::SystemClock);
    let orchestrator = Orchestrator::new(store, clock, Arc::new(UuidIds), Default::default());
    let (count, verb) = match remove {
        true => (orchestrator.remove_old_batches().await?, "went"),
        false => (orchestrator.old_batches().await?.len(), "would go"),
    };
    println!("{count} batches that ended long ago {verb}");
    Ok(count > 0)
}

/// Reads a policy for the history of processes; `default` is the one that comes with the program.
pub fn retention(file: &Path) -> anyhow::Result<Retention> {
    if file == Path::new("default") {
        return Ok(Retention::built_in());
    }
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    Retention::read(&text).map_err(|why| anyhow::anyhow!("{}: {why}", file.display()))
}

async fn rules(orchestrator: &Orchestrator, policy: &Retention) -> anyhow::Result<Vec<Forget>> {
    let kept = orchestrator.retention(policy).await?;
    let rules = kept.into_iter().map(|kept| Forget {
        definition: kept.definition,
        ended_before: kept.ended_before,
        why: kept.why,
    });
    Ok(rules.collect())
}

fn process_lines(counts: &[ForgetCount], went: bool) -> Vec<String> {
    let verb = if went { "went" } else { "would go" };
    let line = |count: &ForgetCount| {
        let (definition, instances, steps) = (&count.definition, count.instances, count.steps);
        format!("{definition}: {instances} ended instances with {steps} steps {verb}")
    };
    let all: u64 = counts.iter().map(|count| count.instances).sum();
    let last = format!("{all} ended instances {verb} in all");
    counts.iter().map(line).chain([last]).collect()
}

/// Removes the history of ended instances that the policy does not keep, now and every hour, beside other work.
pub async fn processes_every_hour(
    store: Arc<dyn Upkeep>,
    orchestrator: Arc<Orchestrator>,
    policy: Retention,
    clock: Arc<dyn Clock>,
) {
    let mut hourly = OnDuty::hourly(&orchestrator);
    loop {
        hourly.turn().await;
        let done = async {
            let rules = rules(&orchestrator, &policy).await?;
            let counts = store.forget_instances(&rules, "system", clock.now()).await?;
            orchestrator.forget_ended();
            anyhow::Ok(counts)
        };
        match done.await {
            Ok(counts) if counts.is_empty() => {}
            Ok(counts) => process_lines(&counts, true)
                .iter()
                .for_each(|line| tracing::info!("history of processes: {line}")),
            Err(error) => {
                tracing::warn!(%error, "the history of processes could not be pruned; it will be tried again in an hour");
            }
        }
    }
}

/// Removes batches that ended long ago, now and every hour.
pub async fn batches_every_hour(orchestrator: Arc<Orchestrator>) {
    let mut hourly = OnDuty::hourly(&orchestrator);
    loop {
        hourly.turn().await;
        match orchestrator.remove_old_batches().await {
            Ok(0) => {}
            Ok(some) => tracing::info!("batches: {some} that ended long ago went"),
            Err(error) => tracing::warn!(%error, "old batches could not be removed; it will be tried again in an hour"),
        }
    }
}

/// Goes on with erasures that stopped half-way, now and every hour.
pub async fn erasures_every_hour(hub: Arc<hub::Hub>, orchestrator: Arc<Orchestrator>) {
    let mut hourly = OnDuty::hourly(&orchestrator);
    loop {
        hourly.turn().await;
        match hub.finish_erasures().await {
            Ok(0) => {}
            Ok(some) => tracing::info!("erasures that had stopped half-way: {some} versions went"),
            Err(error) => tracing::warn!(%error, "an erasure could not be finished; it will be tried again in an hour"),
        }
    }
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

/// A policy for superseded versions with the store that it is applied to.
pub struct History(Option<(Arc<dyn Upkeep>, HistoryPolicy)>);

impl History {
    /// The policy, on the system's store.
    pub fn of(system: &System, policy: HistoryPolicy) -> Self {
        Self((!policy.keeps_all()).then(|| (system.store.upkeep(), policy)))
    }

    /// Removes what the policy does not keep, now and every hour, beside other work; returns only where the policy keeps
    /// everything.
    pub async fn every_hour(self, orchestrator: Arc<Orchestrator>, clock: Arc<dyn Clock>) {
        let Some((store, policy)) = self.0 else { return };
        tracing::info!("history is kept by policy: {policy}");
        let mut hourly = OnDuty::hourly(&orchestrator);
        loop {
            hourly.turn().await;
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
                Err(error) => {
                    tracing::warn!(%error, "the history could not be pruned; it will be tried again in an hour");
                }
            }
        }
    }
}
