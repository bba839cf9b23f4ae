//! Cron expressions of timers: six fields (seconds first), as Camunda 8 (Spring) and Camunda 7 (Quartz) write them.
//!
//! Moments are those of Italian civil time, so that "every day at eight" stays at eight over the change of the clocks.

use crate::TimerError;
use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// Italian civil time since 1996 as a POSIX rule, so that no time zone database is needed.
const ITALY: &str = "CET-1CEST,M3.5.0,M10.5.0/3";
/// How far ahead a moment is looked for.
const MAX_YEARS: i16 = 30;
const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// A cron expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    seconds: u64,
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// The last day of the month.
    last: bool,
    /// Weekday and which one of the month: 1 to 5, or 0 for the last.
    nth: Vec<(u8, u8)>,
}

impl Cron {
    /// Reads `0 0/5 8-18 ? * MON-FRI`, five fields without seconds, or `@daily` and its kin. Weekdays: 0 and 7 are
    /// Sunday.
    ///
    /// # Errors
    /// What is no such expression.
    pub fn read(text: &str) -> Result<Self, TimerError> {
        Self::fields(text).ok_or_else(|| TimerError {
            text: text.to_owned(),
            wanted: "a repeating interval such as R3/PT10S or R/P1D, or a cron expression such as '0 0 8 * * MON-FRI'",
        })
    }

    fn fields(text: &str) -> Option<Self> {
        let text = match text.trim() {
            "@yearly" | "@annually" => "0 0 0 1 1 *",
            "@monthly" => "0 0 0 1 * *",
            "@weekly" => "0 0 0 * * 0",
            "@daily" | "@midnight" => "0 0 0 * * *",
            "@hourly" => "0 0 * * * *",
            other => other,
        };
        let mut parts: Vec<&str> = text.split_whitespace().collect();
        if parts.len() == 5 {
            parts.insert(0, "0");
        }
        // a seventh field is the year: only "every"
        if parts.len() == 7 && matches!(parts[6], "*" | "?") {
            parts.pop();
        }
        let [second, minute, hour, day, month, weekday] = parts[..] else {
            return None;
        };
        let mut cron = Self {
            seconds: mask(second, 0, 59, &[])?,
            minutes: mask(minute, 0, 59, &[])?,
            hours: mask(hour, 0, 23, &[])?,
            days: 0,
            months: mask(month, 1, 12, &MONTHS)?,
            weekdays: 0,
            last: day == "L",
            nth: Vec::new(),
        };
        if !cron.last {
            cron.days = mask(day, 1, 31, &[])?;
        }
        for part in weekday.split(',') {
            if let Some((name, number)) = part.split_once('#') {
                cron.nth.push((
                    value(name, &DAYS, 0)? % 7,
                    number.parse().ok().filter(|n| (1..=5).contains(n))?,
                ));
            } else if let Some(name) = part.strip_suffix('L').filter(|name| !name.is_empty()) {
                cron.nth.push((value(name, &DAYS, 0)? % 7, 0));
            } else {
                let found = mask(part, 0, 7, &DAYS)?;
                cron.weekdays |= (found & 0x7f) | (found >> 7 & 1);
            }
        }
        Some(cron)
    }

    /// The first moment after another one; `None` when there is none within thirty years.
    pub fn after(&self, moment: Timestamp) -> Option<Timestamp> {
        let zone = TimeZone::posix(ITALY).unwrap_or(TimeZone::UTC);
        let start = moment.to_zoned(zone.clone()).datetime();
        let mut date = start.date();
        let end = date.year().checked_add(MAX_YEARS)?;
        let mut first = true;
        while date.year() < end {
            if self.months >> date.month() & 1 == 0 {
                date = date.first_of_month().checked_add(1.month()).ok()?;
                first = false;
                continue;
            }
            if self.on(date) {
                let from = if first { Some(start) } else { None };
                for at in self.times(date, from) {
                    let found = at.to_zoned(zone.clone()).ok()?.timestamp();
                    if found > moment {
                        return Some(found);
                    }
                }
            }
            date = date.tomorrow().ok()?;
            first = false;
        }
        None
    }

    fn on(&self, date: Date) -> bool {
        let day = if self.last {
            date.day() == date.days_in_month()
        } else {
            self.days >> date.day() & 1 == 1
        };
        let weekday = match date.weekday() {
            Weekday::Sunday => 0,
            other => other.to_monday_one_offset() as u8,
        };
        let nth = self.nth.iter().any(|(wanted, number)| {
            let last = date.day() + 7 > date.days_in_month();
            *wanted == weekday
                && if *number == 0 {
                    last
                } else {
                    (date.day() - 1) / 7 + 1 == *number as i8
                }
        });
        day && (nth || self.weekdays >> weekday & 1 == 1)
    }

    /// The times of a day, not before a moment of it.
    fn times(&self, date: Date, from: Option<DateTime>) -> impl Iterator<Item = DateTime> {
        let (seconds, minutes, hours) = (self.seconds, self.minutes, self.hours);
        let least = from.map_or(0, |from| from.hour());
        let bits = |mask: u64, start: i8, end: i8| (start..=end).filter(move |bit| mask >> bit & 1 == 1);
        bits(hours, least, 23).flat_map(move |hour| {
            bits(minutes, 0, 59)
                .flat_map(move |minute| bits(seconds, 0, 59).map(move |second| date.at(hour, minute, second, 0)))
        })
    }
}

/// A field as bits.
fn mask(field: &str, least: u8, most: u8, names: &[&str]) -> Option<u64> {
    let mut found = 0;
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<usize>().ok().filter(|step| *step > 0)?)),
            None => (part, None),
        };
        let (from, to) = match range {
            "*" | "?" => (least, most),
            range => match range.split_once('-') {
                Some((from, to)) => (value(from, names, least)?, value(to, names, least)?),
                None => {
                    let one = value(range, names, least)?;
                    (one, if step.is_some() { most } else { one })
                }
            },
        };
        if from < least || to > most || from > to {
            return None;
        }
        for bit in (from..=to).step_by(step.unwrap_or(1)) {
            found |= 1 << bit;
        }
    }
    Some(found)
}

fn value(text: &str, names: &[&str], least: u8) -> Option<u8> {
    let name = text.to_ascii_uppercase();
    let named = names
        .iter()
        .position(|known| name == *known)
        .map(|place| place as u8 + least);
    named.or_else(|| text.parse().ok())
}

/// Quartz counts weekdays from 1 (Sunday): the same expression with their names.
pub fn from_quartz(text: &str) -> String {
    let mut parts: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    if parts.len() >= 6 {
        let mut out = String::new();
        let mut after_step = false;
        for c in parts[5].chars() {
            match c.to_digit(10) {
                Some(digit @ 1..=7) if !after_step => out.push_str(DAYS[digit as usize - 1]),
                _ => out.push(c),
            }
            after_step = matches!(c, '/' | '#');
        }
        parts[5] = out;
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(cron: &str, from: &str) -> String {
        Cron::read(cron)
            .unwrap()
            .after(from.parse().unwrap())
            .unwrap()
            .to_string()
    }

    #[test]
    fn moments_follow_the_fields() {
        assert_eq!(next("0 0/5 * * * ?", "2026-01-01T00:01:00Z"), "2026-01-01T00:05:00Z");
        assert_eq!(
            next("0 0 8 * * MON-FRI", "2026-01-02T10:00:00Z"),
            "2026-01-05T07:00:00Z"
        );
        assert_eq!(next("0 30 9 L * ?", "2026-02-01T00:00:00Z"), "2026-02-28T08:30:00Z");
        assert_eq!(next("0 0 0 ? * 1#2", "2026-01-01T00:00:00Z"), "2026-01-11T23:00:00Z");
        assert_eq!(next("@daily", "2026-07-01T00:00:00Z"), "2026-07-01T22:00:00Z");
        assert_eq!(next("0 0 0 29 2 *", "2026-01-01T00:00:00Z"), "2028-02-28T23:00:00Z");
        assert_eq!(next("*/15 * * * *", "2026-01-01T00:00:00Z"), "2026-01-01T00:15:00Z");
        assert_eq!(
            Cron::read("0 0 0 31 2 *")
                .unwrap()
                .after("2026-01-01T00:00:00Z".parse().unwrap()),
            None
        );
    }

    #[test]
    fn what_is_no_cron_is_refused() {
        for bad in [
            "",
            "soon",
            "0 0 * * *  * * *",
            "60 * * * * *",
            "0 0 25 * * *",
            "0 0 0 5-1 * *",
            "0 0/0 * * * *",
        ] {
            assert!(Cron::read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn quartz_weekdays_get_names() {
        assert_eq!(from_quartz("0 0 8 ? * 2-6"), "0 0 8 ? * MON-FRI");
        assert_eq!(from_quartz("0 0 8 ? * 6#3"), "0 0 8 ? * FRI#3");
    }
}
