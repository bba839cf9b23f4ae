//! What came of a campaign.

use super::fault::Kind;
use super::recovery::Recovery;
use std::collections::BTreeMap;
use std::time::Duration;

/// The figures.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Of each kind of fault: how it was recovered from, and the longest time without an acknowledgement in the whole system
    /// from its beginning to that.
    pub faults: BTreeMap<Kind, Vec<(Recovery, Duration)>>,
    /// What the clients of processes remember.
    pub steps: crate::kill::Report,
    /// Acknowledged writes of the hub's clients, of two resources each.
    pub writes: usize,
}

impl Report {
    /// How many faults there were.
    pub fn count(&self) -> usize {
        self.faults.values().map(Vec::len).sum()
    }
}

fn median_and_most(of: impl Iterator<Item = Duration>) -> String {
    let mut all: Vec<Duration> = of.collect();
    all.sort_unstable();
    let at = |n: usize| all.get(n).copied().unwrap_or_default().as_secs_f64();
    format!("{:>7.2} {:>7.2}", at(all.len() / 2), at(all.len().saturating_sub(1)))
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            f,
            "seconds, median and longest: from the end of a fault until every node acknowledges a write; until a timer begun\n\
             on every node fires; without any acknowledgement, from the fault's beginning"
        )?;
        writeln!(
            f,
            "{:<18}{:>7}{:>16}{:>16}{:>16}",
            "fault", "times", "writes", "steps", "silence"
        )?;
        for (kind, all) in &self.faults {
            writeln!(
                f,
                "{:<18}{:>7} {} {} {}",
                kind.name(),
                all.len(),
                median_and_most(all.iter().map(|(recovery, _)| recovery.writes)),
                median_and_most(all.iter().map(|(recovery, _)| recovery.steps)),
                median_and_most(all.iter().map(|(_, silence)| *silence)),
            )?;
        }
        let steps = &self.steps;
        writeln!(
            f,
            "{} faults; {} process instances, {} acknowledged commands and writes ({} of two resources in one transaction), \
             {} requests without an answer, {} answered from memory when sent again; {} jobs outside, {} of them done more than once",
            self.count(),
            steps.instances,
            steps.acknowledged,
            self.writes,
            steps.unanswered,
            steps.replayed,
            steps.jobs,
            steps.repeated_jobs
        )
    }
}
