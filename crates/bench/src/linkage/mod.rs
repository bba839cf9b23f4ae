//! Linking a registry of made-up persons with itself: pairs a second, and how many duplicates are found.

mod people;

use ::linkage::{
    Block, Clusters, Fitted, How, Kind, Limits, Outcome, Part, Progress, Scorer, Table, cluster, link, persons,
};
use anyhow::Result;
use people::{Dice, People};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// What to link.
#[derive(clap::Args)]
pub struct Args {
    /// Records, duplicates included.
    #[arg(long, default_value_t = 1_000_000)]
    persons: usize,
    /// Records in a thousand that are duplicates of an earlier one.
    #[arg(long, default_value_t = 100)]
    duplicates: usize,
    /// Threads; all cores if not said.
    #[arg(long)]
    threads: Option<usize>,
    /// Also compare everybody who was born on the same day: many more pairs, to measure how fast they are compared.
    #[arg(long)]
    wide: bool,
    /// Where the random numbers begin.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Writes what was learnt to this file (`crates/linkage/data/persons.json` was made so).
    #[arg(long)]
    model: Option<std::path::PathBuf>,
}

/// Runs it and prints what was measured.
pub fn run(arguments: &Args) -> Result<()> {
    let started = Instant::now();
    let (table, truth) = make(arguments)?;
    println!(
        "made and prepared    {:>12} records in {:.1} s",
        table.len(),
        started.elapsed().as_secs_f64()
    );
    let started = Instant::now();
    let mut limits = Limits::default();
    limits.threads = arguments.threads.unwrap_or(limits.threads);
    let shown = AtomicU64::new(0);
    let (weighing_from, cpu_before) = (AtomicU64::new(0), AtomicU64::new(0));
    let progress = |progress: Progress| {
        if progress.weighing {
            let first = weighing_from.compare_exchange(0, millis(started), Ordering::Relaxed, Ordering::Relaxed);
            if first.is_ok() {
                cpu_before.store(cpu_ms(), Ordering::Relaxed);
            }
        }
        let percent = progress.done * 100 / progress.of.max(1) / 10 * 10 + if progress.weighing { 1_000 } else { 0 };
        if shown.swap(percent, Ordering::Relaxed) != percent {
            eprintln!(
                "  {} {} %",
                if progress.weighing { "weighing" } else { "estimating" },
                percent % 1_000
            );
        }
    };
    let outcome = link(&table, &limits, &progress);
    let all = millis(started);
    let used = cpu_ms();
    let weighing = all.saturating_sub(weighing_from.into_inner()).max(1);
    println!(
        "compared             {:>12} pairs with {} threads: {:.1} s with keys and estimation; weighing alone {:.1} s, {} pairs/s",
        outcome.compared,
        limits.threads,
        seconds(all),
        seconds(weighing),
        outcome.compared * 1_000 / weighing
    );
    println!(
        "processor            {:>12} ms, of which weighing {} ms: {} pairs for each second of one processor",
        used,
        used.saturating_sub(cpu_before.load(Ordering::Relaxed)),
        outcome.compared * 1_000 / used.saturating_sub(cpu_before.load(Ordering::Relaxed)).max(1)
    );
    keep(arguments, &table, &outcome)?;
    group(&table, &outcome, &truth);
    println!("resident             {:>12} MB", resident_mb());
    Ok(())
}

/// Makes groups of the links and prints how right they are.
fn group(table: &Table, outcome: &Outcome, truth: &[u32]) {
    let started = Instant::now();
    let scorer = Scorer::new(table, &outcome.model);
    let clusters = cluster(&scorer, &outcome.links, table.len(), outcome.thresholds.same);
    let review = clusters
        .to_review(&outcome.links, &outcome.thresholds, table.len())
        .len();
    println!(
        "grouped              {:>12} groups in {:.1} s, {} conflicts, {review} pairs to review",
        clusters.groups.len(),
        started.elapsed().as_secs_f64(),
        clusters.conflicts.len()
    );
    println!(
        "bands                same from {:.2}, review from {:.2}",
        outcome.thresholds.same, outcome.thresholds.review
    );
    println!(
        "left out             {:>12} groups too large, {} records in them",
        outcome.left_out.0, outcome.left_out.1
    );
    judge(&clusters, truth);
}

/// Writes what was learnt, if asked.
fn keep(arguments: &Args, table: &Table, outcome: &Outcome) -> Result<()> {
    if let Some(file) = &arguments.model {
        let of = format!(
            "{} made-up persons in families, one in ten written twice (bench linkage --persons {} --seed {}): unverified until \
             it is learnt from the registry itself",
            table.len(),
            arguments.persons,
            arguments.seed
        );
        let fitted = Fitted::of(table, outcome, &of, false);
        std::fs::write(file, serde_json::to_string_pretty(&fitted)?)?;
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a time")]
fn seconds(millis: u64) -> f64 {
    millis as f64 / 1_000.0
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX).max(1)
}

/// The records, and the person of each.
fn make(arguments: &Args) -> Result<(Table, Vec<u32>)> {
    let (mut people, mut dice) = (People::new(arguments.seed), Dice(arguments.seed ^ 0xd1ce));
    let mut setup = persons();
    if arguments.wide {
        let birth = setup
            .fields
            .iter()
            .position(|field| field.kind == Kind::Date)
            .unwrap_or_default();
        let part = Part {
            field: birth,
            how: How::Whole,
        };
        setup.blocks.push(Block::of(vec![part]));
    }
    let mut table = Table::new(setup)?;
    let (mut truth, mut recent) = (vec![], vec![]);
    let mut made = 0;
    while table.len() < arguments.persons {
        let (record, person) = if !recent.is_empty() && dice.chance(arguments.duplicates) {
            let (record, person): &(people::Record, u32) = &recent[dice.below(recent.len())];
            (people.again(record), *person)
        } else {
            made += 1;
            (people.person(), made)
        };
        let values: Vec<&str> = record.iter().map(String::as_str).collect();
        table.add(&values)?;
        truth.push(person);
        // what duplicates are made of is bounded
        match recent.len() {
            200_000 => recent[dice.below(200_000)] = (record, person),
            _ => recent.push((record, person)),
        }
    }
    Ok((table, truth))
}

fn judge(clusters: &Clusters, truth: &[u32]) {
    let pairs = |count: u64| count * count.saturating_sub(1) / 2;
    let of = |people: &mut dyn Iterator<Item = u32>| -> u64 {
        let mut counts = std::collections::HashMap::new();
        people.for_each(|person| *counts.entry(person).or_insert(0u64) += 1);
        counts.values().map(|count| pairs(*count)).sum()
    };
    let all = of(&mut truth.iter().copied());
    let (mut right, mut found) = (0, 0);
    for group in &clusters.groups {
        right += of(&mut group.iter().map(|record| truth[*record as usize]));
        found += pairs(group.len() as u64);
    }
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    let share = |part: u64, whole: u64| part as f64 / whole.max(1) as f64;
    let (precision, recall) = (share(right, found), share(right, all));
    let f1 = 2.0 * precision * recall / (precision + recall).max(f64::MIN_POSITIVE);
    println!(
        "taken for the same   {found:>12} pairs of {all} true ones: precision {precision:.5}, recall {recall:.5}, F1 {f1:.5}"
    );
}

/// Processor time of this process so far, all threads, 0 where the system does not tell.
fn cpu_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // after the name in brackets: the state is the first, user and system time the 12th and 13th, in hundredths of a second
    let after = stat.rsplit(") ").next().unwrap_or_default();
    let times = after
        .split(' ')
        .skip(11)
        .take(2)
        .filter_map(|time| time.parse::<u64>().ok());
    times.sum::<u64>() * 10
}

/// Resident memory of this process at most, 0 where the system does not tell.
fn resident_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok())
        .unwrap_or(0)
        / 1024
}
