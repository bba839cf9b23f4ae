//! How long cases take, and between which activities they wait.

use crate::EventLog;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A distribution of durations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Durations {
    /// How many were measured.
    pub count: u64,
    /// The median, milliseconds.
    pub median_ms: i64,
    /// The ninetieth percentile, milliseconds.
    pub p90_ms: i64,
    /// The sum, milliseconds: where the time of the pathway goes.
    pub total_ms: i64,
}

impl Durations {
    /// The distribution of some durations; `None` of none. Percentiles by nearest rank.
    #[must_use]
    pub fn of(mut durations_ms: Vec<i64>) -> Option<Self> {
        durations_ms.sort_unstable();
        let rank = |percent: usize| durations_ms[(durations_ms.len() * percent).div_ceil(100).max(1) - 1];
        (!durations_ms.is_empty()).then(|| Self {
            count: durations_ms.len() as u64,
            median_ms: rank(50),
            p90_ms: rank(90),
            total_ms: durations_ms.iter().sum(),
        })
    }
}

/// The time that passes between one activity and the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bottleneck {
    /// The activity before.
    pub from: Arc<str>,
    /// The activity after.
    pub to: Arc<str>,
    /// The time between them.
    pub durations: Durations,
}

/// How long the cases of a log take, from their first event to their last; `None` when no event has a time.
#[must_use]
pub fn case_durations(log: &EventLog) -> Option<Durations> {
    let spans = log.traces.iter().filter_map(|trace| {
        let times = || trace.events.iter().filter_map(|event| event.at_ms);
        Some(times().max()? - times().min()?)
    });
    Durations::of(spans.collect())
}

/// The waits between activities, the one that costs most time in all first.
#[must_use]
pub fn bottlenecks(log: &EventLog) -> Vec<Bottleneck> {
    let mut waits: BTreeMap<(Arc<str>, Arc<str>), Vec<i64>> = BTreeMap::new();
    for trace in &log.traces {
        for pair in trace.by_time().windows(2) {
            // Where the log tells when work began, working is not waiting; what overlaps did not wait.
            let began = pair[1].started_ms.or(pair[1].at_ms);
            if let (Some(before), Some(after)) = (pair[0].at_ms, began) {
                let edge = (pair[0].activity.clone(), pair[1].activity.clone());
                let wait = after - before;
                let wait = if pair[1].started_ms.is_some() {
                    wait.max(0)
                } else {
                    wait
                };
                waits.entry(edge).or_default().push(wait);
            }
        }
    }
    let told = waits.into_iter().filter_map(|((from, to), durations_ms)| {
        let durations = Durations::of(durations_ms)?;
        Some(Bottleneck { from, to, durations })
    });
    let mut told: Vec<Bottleneck> = told.collect();
    told.sort_by_key(|bottleneck| std::cmp::Reverse(bottleneck.durations.total_ms));
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::log_of;

    #[test]
    fn the_wait_that_costs_most_comes_first() {
        let mut log = log_of(&[("abc", 3)]);
        for (case, trace) in log.traces.iter_mut().enumerate() {
            let wait = [10, 20, 90][case];
            for (event, at) in trace.events.iter_mut().zip([0, wait, wait + 1]) {
                event.at_ms = Some(at);
            }
        }
        let told = bottlenecks(&log);
        assert_eq!((&*told[0].from, &*told[0].to), ("a", "b"));
        let durations = told[0].durations;
        assert_eq!(
            (
                durations.count,
                durations.median_ms,
                durations.p90_ms,
                durations.total_ms
            ),
            (3, 20, 90, 120)
        );
        assert_eq!(case_durations(&log).map(|d| d.median_ms), Some(21));
        assert_eq!(Durations::of(vec![]), None);
    }
}
