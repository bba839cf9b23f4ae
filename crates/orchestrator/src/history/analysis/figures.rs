//! Figures of activities and of what follows what.

use crate::api::{ActivityFigures, EdgeFigures, Spread};
use crate::history::log::OwnLog;
use mining::EventLog;
use mining::times::{Durations, bottlenecks};
use std::collections::HashMap;
use std::sync::Arc;

pub(super) fn spread(durations: Durations) -> Spread {
    Spread {
        count: durations.count,
        median_ms: durations.median_ms,
        p90_ms: durations.p90_ms,
        total_ms: durations.total_ms,
    }
}

#[derive(Default)]
struct Work {
    count: u64,
    cases: u64,
    repeated_cases: u64,
    took: Vec<i64>,
}

/// Kinds of work, the one that takes most time in all first.
pub(super) fn activities(own: &OwnLog) -> Vec<ActivityFigures> {
    let mut works: HashMap<&Arc<str>, Work> = HashMap::new();
    for trace in &own.log.traces {
        let mut here: HashMap<&Arc<str>, u64> = HashMap::new();
        for event in &trace.events {
            let work = works.entry(&event.activity).or_default();
            work.count += 1;
            work.took
                .extend(event.at_ms.zip(event.started_ms).map(|(end, start)| end - start));
            *here.entry(&event.activity).or_default() += 1;
        }
        for (label, times) in here {
            let work = works.entry(label).or_default();
            work.cases += 1;
            work.repeated_cases += u64::from(times > 1);
        }
    }
    let told = works.into_iter().map(|(label, work)| {
        let known = own.labels.get(label);
        let text = |text: Option<&Arc<str>>| text.map_or_else(|| label.to_string(), ToString::to_string);
        ActivityFigures {
            label: label.to_string(),
            name: text(known.map(|known| &known.name)),
            definition: known.map(|known| known.definition.to_string()).unwrap_or_default(),
            element: text(known.map(|known| &known.element)),
            count: work.count,
            cases: work.cases,
            repeats: work.count - work.cases,
            repeated_cases: work.repeated_cases,
            duration: Durations::of(work.took).map(spread).unwrap_or_default(),
        }
    });
    let mut told: Vec<ActivityFigures> = told.collect();
    told.sort_by(|a, b| {
        let time = |figures: &ActivityFigures| figures.duration.total_ms;
        time(b).cmp(&time(a)).then_with(|| a.label.cmp(&b.label))
    });
    told
}

/// What follows what, the one that is waited for longest in all first.
pub(super) fn edges(log: &EventLog) -> Vec<EdgeFigures> {
    let edges = bottlenecks(log).into_iter().map(|edge| EdgeFigures {
        from: edge.from.to_string(),
        to: edge.to.to_string(),
        count: edge.durations.count,
        waiting: spread(edge.durations),
    });
    edges.collect()
}
