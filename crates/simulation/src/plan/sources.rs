//! Where instances come from: the arrivals of the scenario, and the timers of start events.

use super::{Models, Plan};
use crate::distribution::Distribution;
use crate::read::Problems;
use crate::scenario::Arrivals;
use bpmn::{StartTrigger, TimerDef};
use engine::StartBy;

/// One source of instances.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// Definition key.
    pub key: String,
    pub by: StartBy,
    pub kind: SourceKind,
}

/// How its instances come.
#[derive(Debug, Clone)]
pub(crate) enum SourceKind {
    /// By the scenario, with the time between two of them (seconds of open time) and the openings.
    Arrivals {
        arrivals: Box<Arrivals>,
        interval: Option<Distribution>,
        opening: usize,
    },
    /// By a timer start event.
    Timer(TimerDef),
}

impl Plan {
    /// Resolves the arrivals against the models.
    pub(super) fn sources(&mut self, models: &Models, problems: &mut Problems) {
        for (place, arrivals) in self.scenario.arrivals.clone().into_iter().enumerate() {
            let name = arrivals.process.as_deref().unwrap_or(&self.root);
            let Some(key) = models.resolve(name).map(str::to_owned) else {
                continue;
            };
            let Some(by) = self.start_of(&key, &arrivals, place, problems) else {
                continue;
            };
            let opening = self.opening_of(arrivals.calendars.clone());
            let interval = match (&arrivals.interval, arrivals.per_day) {
                (Some(interval), _) => Some(interval.clone()),
                (None, Some(per_day)) => match self.open_seconds_a_day(opening) {
                    Ok(seconds) => Some(Distribution::Exponential {
                        mean: seconds / per_day,
                    }),
                    Err(error) => {
                        problems.tell(
                            format!("arrivals[{place}].calendar"),
                            error,
                            "use a calendar that opens",
                        );
                        None
                    }
                },
                (None, None) => None,
            };
            let kind = SourceKind::Arrivals {
                arrivals: Box::new(arrivals),
                interval,
                opening,
            };
            self.sources.push(Source { key, by, kind });
        }
        let none = self.sources.is_empty();
        let mut timers = Vec::new();
        for (key, process) in &self.by_key {
            for start in process.start_events() {
                let taken = self.sources.iter().any(|source| source.key == *key);
                if let StartTrigger::Timer(timer) = start.trigger
                    && !taken
                {
                    timers.push(Source {
                        key: key.clone(),
                        by: StartBy::Element(start.element.to_owned()),
                        kind: SourceKind::Timer(timer.clone()),
                    });
                }
            }
        }
        timers.sort_by(|a, b| a.key.cmp(&b.key));
        if none && timers.is_empty() && problems.list.is_empty() {
            let remedy = "add \"arrivals\": [{\"perDay\": 12}]";
            problems.tell("arrivals", "nobody arrives", remedy);
        }
        self.sources.extend(timers);
    }

    fn start_of(&self, key: &str, arrivals: &Arrivals, place: usize, problems: &mut Problems) -> Option<StartBy> {
        let process = self.by_key.get(key)?;
        let starts = process.start_events();
        match &arrivals.start_event {
            Some(element) if starts.iter().any(|start| start.element == element) => {
                Some(StartBy::Element(element.clone()))
            }
            Some(element) => {
                let known = super::listed(starts.iter().map(|start| start.element));
                let message = format!("'{element}' does not start '{}'", process.id);
                problems.tell(
                    format!("arrivals[{place}].startEvent"),
                    message,
                    format!("use one of: {known}"),
                );
                None
            }
            None if starts.iter().any(|start| start.trigger == StartTrigger::None) => Some(StartBy::None),
            None => starts.first().map(|start| StartBy::Element(start.element.to_owned())),
        }
    }

    /// How long it is open on a day that opens, on average over the first year.
    fn open_seconds_a_day(&mut self, opening: usize) -> Result<f64, String> {
        const DAY: i64 = 86_400_000_000;
        if self.openings[opening].always() {
            return Ok(86_400.0);
        }
        let start = self.scenario.start.as_microsecond();
        let (mut open, mut days) = (0_i64, 0_i64);
        for day in 0..364 {
            let from = start + day * DAY;
            let time = self.openings[opening].between(from, from + DAY, &self.scenario.calendars)?;
            open += time;
            days += i64::from(time > 0);
        }
        if days == 0 {
            return Err("it does not open within a year of the start".into());
        }
        Ok(open as f64 / days as f64 / 1e6)
    }
}
