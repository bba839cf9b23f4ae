//! An event log: cases, and what happened in each, in order.

use std::collections::HashMap;
use std::sync::Arc;

/// One thing that happened in a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What was done (`concept:name`).
    pub activity: Arc<str>,
    /// When it began, in milliseconds from 1970-01-01T00:00:00Z, where the log tells; then `at_ms` is when it was done.
    pub started_ms: Option<i64>,
    /// When, in milliseconds from 1970-01-01T00:00:00Z (`time:timestamp`).
    pub at_ms: Option<i64>,
    /// Who did it (`org:resource`), a pseudonym where the log leaves the house.
    pub resource: Option<Arc<str>>,
}

/// One case: its events in the order of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    /// The case identifier (`concept:name` of the trace).
    pub case: String,
    /// What happened.
    pub events: Vec<Event>,
}

impl Trace {
    /// The events by time; those of the same moment, and those without one (which come first), keep their order.
    #[must_use]
    pub fn by_time(&self) -> Vec<&Event> {
        let mut events: Vec<&Event> = self.events.iter().collect();
        events.sort_by_key(|event| event.at_ms);
        events
    }
}

/// A log: its cases in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventLog {
    /// The cases.
    pub traces: Vec<Trace>,
}

/// A sequence of activities, and how many cases went that way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// The activities in order.
    pub activities: Vec<Arc<str>>,
    /// How many cases.
    pub cases: u64,
}

impl EventLog {
    /// How many events there are.
    #[must_use]
    pub fn events(&self) -> usize {
        self.traces.iter().map(|trace| trace.events.len()).sum()
    }

    /// The names of the activities, sorted, each once.
    #[must_use]
    pub fn activities(&self) -> Vec<Arc<str>> {
        let mut names: Vec<Arc<str>> = self
            .traces
            .iter()
            .flat_map(|t| &t.events)
            .map(|e| e.activity.clone())
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// The variants, the most frequent first; of equal frequency, the alphabetically first first.
    #[must_use]
    pub fn variants(&self) -> Vec<Variant> {
        let mut counts: HashMap<Vec<Arc<str>>, u64> = HashMap::new();
        for trace in &self.traces {
            let activities = trace
                .by_time()
                .into_iter()
                .map(|event| event.activity.clone())
                .collect();
            *counts.entry(activities).or_default() += 1;
        }
        let mut variants: Vec<Variant> = counts
            .into_iter()
            .map(|(activities, cases)| Variant { activities, cases })
            .collect();
        variants.sort_by(|a, b| b.cases.cmp(&a.cases).then_with(|| a.activities.cmp(&b.activities)));
        variants
    }
}

#[cfg(test)]
pub(crate) fn log_of(traces: &[(&str, usize)]) -> EventLog {
    let mut log = EventLog::default();
    for (letters, times) in traces {
        for _ in 0..*times {
            let events = letters.chars().map(|letter| Event {
                activity: letter.to_string().into(),
                started_ms: None,
                at_ms: None,
                resource: None,
            });
            let case = log.traces.len().to_string();
            log.traces.push(Trace {
                case,
                events: events.collect(),
            });
        }
    }
    log
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_are_counted_and_ordered() {
        let log = log_of(&[("abc", 1), ("acb", 2), ("aab", 1)]);
        let told: Vec<(String, u64)> = log
            .variants()
            .iter()
            .map(|v| (v.activities.concat(), v.cases))
            .collect();
        assert_eq!(told, [("acb".into(), 2), ("aab".into(), 1), ("abc".into(), 1)]);
        assert_eq!((log.events(), log.activities().len()), (12, 3));
    }
}
