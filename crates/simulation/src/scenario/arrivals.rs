//! Who arrives, and when.

use super::{calendar_names, moment};
use crate::distribution::{Distribution, Kind};
use crate::draw::{Draws, read_all as read_draws};
use crate::read::{At, Problems};
use calendar::Calendars;
use jiff::Timestamp;
use jiff::tz::TimeZone;

const FIELDS: &[&str] = &[
    "process",
    "startEvent",
    "interval",
    "perDay",
    "calendar",
    "weekly",
    "hourly",
    "variables",
    "count",
    "initial",
    "from",
    "until",
];
/// Most sources of arrivals.
const MAX_SOURCES: usize = 100;

/// One source of instances.
#[derive(Debug, Clone)]
pub(crate) struct Arrivals {
    /// Another process than the scenario's.
    pub process: Option<String>,
    pub start_event: Option<String>,
    pub interval: Option<Distribution>,
    /// So many each day (each open day, with a calendar), exponential.
    pub per_day: Option<f64>,
    /// Intervals pass only while these are open.
    pub calendars: Vec<String>,
    /// Relative weight of the hours of a week, Monday 0:00 first; their mean is 1. Empty: all alike.
    pub weights: Vec<f64>,
    pub variables: Draws,
    pub count: Option<u64>,
    /// Instances that are there at the start.
    pub initial: u64,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

/// Reads `arrivals`: one source or a list of them.
pub(super) fn read(at: &At<'_>, zone: &TimeZone, calendars: &Calendars, problems: &mut Problems) -> Vec<Arrivals> {
    let Some(list) = at.get("arrivals") else {
        return Vec::new();
    };
    let items = if list.value.is_object() {
        vec![list.clone()]
    } else {
        list.items(problems)
    };
    if items.len() > MAX_SOURCES {
        problems.add(&list, format!("more than {MAX_SOURCES} sources"), "put them together");
    }
    let items = items.iter().take(MAX_SOURCES);
    items.filter_map(|item| one(item, zone, calendars, problems)).collect()
}

fn one(at: &At<'_>, zone: &TimeZone, calendars: &Calendars, problems: &mut Problems) -> Option<Arrivals> {
    at.object(FIELDS, problems)?;
    let text = |key: &str, problems: &mut Problems| at.get(key)?.text(problems).map(str::to_owned);
    let interval = at
        .get("interval")
        .map(|at| (Distribution::read(&at, Kind::Duration, problems), at));
    let per_day = at.get("perDay").map(|at| at.number(1e-6, 1e7, problems));
    let initial = at.get("initial").and_then(|at| at.whole(0, super::MAX_LIVE, problems));
    if interval.is_some() == per_day.is_some() && !(interval.is_none() && initial.is_some()) {
        let remedy =
            "give the one or the other: \"perDay\": 12, or \"interval\": {\"exponential\": {\"mean\": \"PT2H\"}}";
        problems.add(at, "exactly one of interval and perDay", remedy);
    }
    let interval = interval.and_then(|(interval, at)| {
        if matches!(interval, Some(Distribution::Constant(gap)) if gap <= 0.0) {
            problems.add(
                &at,
                "arrivals without a pause never end",
                "make the interval longer than 0",
            );
        }
        interval
    });
    let day = |key: &str, problems: &mut Problems| at.get(key).and_then(|at| moment(&at, zone, problems));
    Some(Arrivals {
        process: text("process", problems),
        start_event: text("startEvent", problems),
        interval,
        per_day: per_day.flatten(),
        calendars: at
            .get("calendar")
            .map(|at| calendar_names(&at, calendars, problems))
            .unwrap_or_default(),
        weights: weights(at, problems),
        variables: at
            .get("variables")
            .map(|at| read_draws(&at, problems))
            .unwrap_or_default(),
        count: at.get("count").and_then(|at| at.whole(1, 1_000_000_000, problems)),
        initial: initial.unwrap_or(0),
        from: day("from", problems),
        until: day("until", problems),
    })
}

/// The weights of a day's hours and of a week's days, multiplied.
fn weights(at: &At<'_>, problems: &mut Problems) -> Vec<f64> {
    let mut list = |key: &str, length: usize| {
        let at = at.get(key)?;
        let items = at.items(problems);
        let read: Vec<f64> = items
            .iter()
            .filter_map(|item| item.number(0.0, 1e9, problems))
            .collect();
        if read.len() != length || read.iter().sum::<f64>() <= 0.0 {
            let message = format!(
                "{length} weights are needed, one of them above 0; there are {}",
                items.len()
            );
            problems.add(&at, message, "give one for each, Monday or midnight first");
            return None;
        }
        Some(read)
    };
    let (hourly, weekly) = (list("hourly", 24), list("weekly", 7));
    if hourly.is_none() && weekly.is_none() {
        return Vec::new();
    }
    let (hourly, weekly) = (hourly.unwrap_or(vec![1.0; 24]), weekly.unwrap_or(vec![1.0; 7]));
    let mut all: Vec<f64> = weekly
        .iter()
        .flat_map(|day| hourly.iter().map(move |hour| day * hour))
        .collect();
    let mean = all.iter().sum::<f64>() / all.len() as f64;
    for weight in &mut all {
        *weight /= mean;
    }
    all
}
