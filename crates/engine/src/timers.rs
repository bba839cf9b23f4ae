//! When timers fire.

use crate::Env;
use bpmn::{Text, TimerDef};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde_json::Value;

/// When a timer fires first, and how it goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// First moment.
    pub due: Timestamp,
    /// Repetitions after the first; `None` with `every`: for ever.
    pub left: Option<u32>,
    /// ISO 8601 interval between repetitions (`PT1H`, or `PT1H/<end>`), or a cron expression; `None`: once.
    pub every: Option<String>,
}

impl Schedule {
    /// The schedule after it fired once; `None` when it is over. Missed repetitions of an endless cycle are skipped,
    /// those of a counted one are made up for.
    pub fn after(&self, now: Timestamp) -> Option<Self> {
        let every = self.every.as_ref()?;
        let left = match self.left {
            Some(0) => return None,
            Some(left) => Some(left - 1),
            None => None,
        };
        if !every.starts_with('P') {
            let cron = bpmn::Cron::read(every).ok()?;
            let due = cron.after(self.due.max(now))?;
            return Some(Self { due, ..self.clone() });
        }
        let (every_text, end) = every
            .split_once('/')
            .map_or((every.as_str(), None), |(every, end)| (every, Some(end)));
        let span: Span = every_text.parse().ok()?;
        let mut due = add(self.due, span).ok()?;
        if left.is_none() && due < now {
            due = add(now, span).ok()?;
        }
        if end.is_some_and(|end| bpmn::parse_date(end).is_ok_and(|end| due > end)) {
            return None;
        }
        Some(Self {
            due,
            left,
            every: Some(every.clone()),
        })
    }
}

/// The schedule of a timer start event of a process. Expressions see no variables.
///
/// # Errors
/// A text that says why there is no moment.
pub fn start_timer(timer: &TimerDef, env: &Env<'_>) -> Result<Option<Schedule>, String> {
    let value = match timer.text() {
        Text::Literal(text) => Value::from(text.as_str()),
        Text::Feel(expression) => env
            .evaluator
            .evaluate(expression.as_str(), &crate::Variables::new(), env.now)
            .map_err(|error| error.to_string())?,
    };
    schedule(timer, &value, env.now)
}

/// The schedule of a timer whose text has this value; `None` when it never fires (`R0/…`).
pub(crate) fn schedule(timer: &TimerDef, value: &Value, now: Timestamp) -> Result<Option<Schedule>, String> {
    let Some(text) = value.as_str() else {
        return Err(format!(
            "the timer's expression gives {value}, not a date, duration or cycle as text"
        ));
    };
    let once = |due| {
        Some(Schedule {
            due,
            left: None,
            every: None,
        })
    };
    match timer {
        // a computed date may well be a duration, and the other way round: what it says counts
        TimerDef::Date(_) | TimerDef::Duration(_) => moment(text, now).map(once),
        TimerDef::Cycle(_) if !text.trim_start().starts_with('R') => {
            let cron = bpmn::Cron::read(text).map_err(|error| error.to_string())?;
            Ok(cron.after(now).map(|due| Schedule {
                due,
                left: None,
                every: Some(text.trim().to_owned()),
            }))
        }
        TimerDef::Cycle(_) => {
            let cycle = bpmn::parse_cycle(text).map_err(|error| error.to_string())?;
            let left = match cycle.repeat {
                Some(0) => return Ok(None),
                Some(count) => Some(count - 1),
                None => None,
            };
            let due = match cycle.start {
                Some(start) => start,
                None => add(now, cycle.every)?,
            };
            if cycle.end.is_some_and(|end| due > end) {
                return Ok(None);
            }
            let every = cycle.every.to_string();
            Ok(Some(Schedule {
                due,
                left,
                every: Some(cycle.end.map_or_else(|| every.clone(), |end| format!("{every}/{end}"))),
            }))
        }
    }
}

/// A moment from a date, a date-time or a duration from `now`.
pub(crate) fn moment(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let text = text.trim();
    if text.starts_with('P') {
        let span = bpmn::parse_duration(text).map_err(|error| error.to_string())?;
        return add(now, span);
    }
    // FEEL writes a named zone as 2026-01-01T08:00:00@Europe/Rome
    if let Some((local, zone)) = text.split_once('@') {
        let zone = TimeZone::get(zone).map_err(|error| error.to_string())?;
        let at = local
            .parse::<jiff::civil::DateTime>()
            .map_err(|error| error.to_string())?;
        return at
            .to_zoned(zone)
            .map(|zoned| zoned.timestamp())
            .map_err(|error| error.to_string());
    }
    bpmn::parse_date(text).map_err(|error| error.to_string())
}

/// Calendar arithmetic in UTC: a day is 24 hours, a month goes to the same day of the next one.
fn add(at: Timestamp, span: Span) -> Result<Timestamp, String> {
    let zoned = at.to_zoned(TimeZone::UTC).checked_add(span);
    zoned
        .map(|zoned| zoned.timestamp())
        .map_err(|_| format!("{at} plus {span} is out of range"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn cycles_count_down() {
        let now = at("2026-01-01T00:00:00Z");
        let timer = TimerDef::Cycle(Text::Literal(String::new()));
        let first = schedule(&timer, &"R2/P1D".into(), now).unwrap().unwrap();
        assert_eq!(first.due, at("2026-01-02T00:00:00Z"));
        let second = first.after(now).unwrap();
        assert_eq!(second.due, at("2026-01-03T00:00:00Z"));
        assert_eq!(second.after(now), None);
        assert_eq!(schedule(&timer, &"R0/P1D".into(), now).unwrap(), None);
    }

    #[test]
    fn endless_cycles_skip_what_was_missed() {
        let now = at("2026-01-01T00:00:00Z");
        let timer = TimerDef::Cycle(Text::Literal(String::new()));
        let first = schedule(&timer, &"R/PT1S".into(), now).unwrap().unwrap();
        let late = at("2026-03-01T00:00:00Z");
        assert_eq!(first.after(late).unwrap().due, at("2026-03-01T00:00:01Z"));
    }

    #[test]
    fn cycles_end_and_crons_go_on() {
        let now = at("2026-01-01T00:00:00Z");
        let timer = TimerDef::Cycle(Text::Literal(String::new()));
        let first = schedule(&timer, &"R/P1D/2026-01-03T00:00:00Z".into(), now)
            .unwrap()
            .unwrap();
        let second = first.after(first.due).unwrap();
        assert_eq!(second.due, at("2026-01-03T00:00:00Z"));
        assert_eq!(second.after(second.due), None);
        let cron = schedule(&timer, &"0 0 8 * * *".into(), now).unwrap().unwrap();
        assert_eq!(cron.due, at("2026-01-01T07:00:00Z"));
        assert_eq!(cron.after(cron.due).unwrap().due, at("2026-01-02T07:00:00Z"));
        assert!(schedule(&timer, &"often".into(), now).is_err());
    }

    #[test]
    fn moments_read_dates_durations_and_zones() {
        let now = at("2026-01-31T00:00:00Z");
        assert_eq!(moment("P1M", now).unwrap(), at("2026-02-28T00:00:00Z"));
        assert_eq!(
            moment("2026-07-01T10:00:00@Europe/Rome", now).unwrap(),
            at("2026-07-01T08:00:00Z")
        );
        assert_eq!(moment("2026-07-01", now).unwrap(), at("2026-07-01T00:00:00Z"));
        assert!(moment("soon", now).is_err());
        assert!(moment("P9999Y", now).is_err());
    }
}
