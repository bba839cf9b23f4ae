//! What directly follows what, where cases start and where they end.

use crate::EventLog;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The directly-follows graph of a log, with counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DirectlyFollows {
    /// How often the second activity came right after the first.
    pub edges: BTreeMap<(Arc<str>, Arc<str>), u64>,
    /// How many cases started with an activity.
    pub starts: BTreeMap<Arc<str>, u64>,
    /// How many cases ended with an activity.
    pub ends: BTreeMap<Arc<str>, u64>,
}

impl DirectlyFollows {
    /// The graph of a log, each case in the order of time.
    #[must_use]
    pub fn of(log: &EventLog) -> Self {
        let mut graph = Self::default();
        for variant in log.variants() {
            let activities = &variant.activities;
            for pair in activities.windows(2) {
                *graph.edges.entry((pair[0].clone(), pair[1].clone())).or_default() += variant.cases;
            }
            if let (Some(first), Some(last)) = (activities.first(), activities.last()) {
                *graph.starts.entry(first.clone()).or_default() += variant.cases;
                *graph.ends.entry(last.clone()).or_default() += variant.cases;
            }
        }
        graph
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::log_of;

    #[test]
    fn edges_starts_and_ends_are_counted() {
        let graph = DirectlyFollows::of(&log_of(&[("abc", 2), ("acb", 1)]));
        assert_eq!(graph.edges.get(&("a".into(), "b".into())), Some(&2));
        assert_eq!(graph.edges.len(), 4);
        assert_eq!(graph.starts.get("a"), Some(&3));
        assert_eq!((graph.ends.get("c"), graph.ends.get("b")), (Some(&2), Some(&1)));
    }
}
