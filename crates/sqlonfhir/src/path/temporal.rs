//! Dates, moments and times of day as they are written, with their precision.

use std::cmp::Ordering;

/// The parts of a date, moment or time.
struct Parts {
    /// Year, month, day, hour, minute, milliseconds of the minute; as many as are written.
    fields: Vec<i64>,
    /// Minutes east of UTC.
    zone_min: Option<i64>,
}

/// Whether a text is a date, a moment or a time of day.
pub(super) fn is(text: &str) -> bool {
    parse(text).is_some()
}

/// Which of two comes first; `None` where their precision does not tell, or one is no date.
pub(super) fn compare(left: &str, right: &str) -> Option<Ordering> {
    let (left, right) = (parse(left)?, parse(right)?);
    let (left, right) = match (left.zone_min, right.zone_min) {
        (Some(a), Some(b)) if a != b => (utc(&left, a)?, utc(&right, b)?),
        (None, Some(_)) | (Some(_), None) if left.fields.len() > 3 && right.fields.len() > 3 => return None,
        _ => (left.fields, right.fields),
    };
    for (a, b) in left.iter().zip(&right) {
        if a != b {
            return Some(a.cmp(b));
        }
    }
    (left.len() == right.len()).then_some(Ordering::Equal)
}

/// The fields of a moment of a zone, at UTC.
fn utc(parts: &Parts, zone_min: i64) -> Option<Vec<i64>> {
    let [year, month, day, hour, minute, rest @ ..] = parts.fields.as_slice() else {
        return Some(parts.fields.clone());
    };
    let narrow = |number: &i64| i8::try_from(*number).ok();
    let civil = jiff::civil::date(i16::try_from(*year).ok()?, narrow(month)?, narrow(day)?);
    let at = civil.at(narrow(hour)?, narrow(minute)?, 0, 0);
    let at = at.checked_sub(jiff::Span::new().minutes(zone_min)).ok()?;
    let mut fields = vec![
        i64::from(at.year()),
        i64::from(at.month()),
        i64::from(at.day()),
        i64::from(at.hour()),
        i64::from(at.minute()),
    ];
    fields.extend(rest);
    Some(fields)
}

fn parse(text: &str) -> Option<Parts> {
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, time),
        None if text.contains(':') => ("", text),
        None => (text, ""),
    };
    let mut fields = Vec::with_capacity(6);
    if !date.is_empty() {
        let mut parts = date.split('-');
        let year = parts.next().filter(|year| year.len() == 4)?;
        fields.push(year.parse().ok()?);
        for part in parts {
            fields.push(two(part)?);
        }
        if fields.len() > 3 {
            return None;
        }
    }
    let (clock, zone_min) = split_zone(time);
    if !clock.is_empty() {
        let mut parts = clock.split(':');
        fields.push(two(parts.next()?)?);
        fields.push(two(parts.next()?)?);
        if let Some(seconds) = parts.next() {
            fields.push(milliseconds(seconds)?);
        }
    }
    (!fields.is_empty()).then_some(Parts { fields, zone_min })
}

fn two(digits: &str) -> Option<i64> {
    (digits.len() == 2).then(|| digits.parse().ok())?
}

fn milliseconds(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = part.chars().chain("000".chars()).take(3).collect();
    Some(two(whole)? * 1000 + digits.parse::<i64>().ok()?)
}

/// A time of day and its zone.
fn split_zone(time: &str) -> (&str, Option<i64>) {
    if let Some(clock) = time.strip_suffix('Z') {
        return (clock, Some(0));
    }
    let Some(at) = time.rfind(['+', '-']) else {
        return (time, None);
    };
    let zone = time[at + 1..]
        .split_once(':')
        .and_then(|(h, m)| Some(two(h)? * 60 + two(m)?));
    let sign = if time[at..].starts_with('-') { -1 } else { 1 };
    (&time[..at], zone.map(|minutes| sign * minutes))
}

/// The first or last day of a date that may be partial.
pub(super) fn date_boundary(text: &str, high: bool) -> String {
    match text.split('-').count() {
        1 => format!("{text}{}", if high { "-12-31" } else { "-01-01" }),
        2 if high => format!("{text}-{:02}", last_day(text)),
        2 => format!("{text}-01"),
        _ => text.to_owned(),
    }
}

fn last_day(month: &str) -> i8 {
    let parts = month
        .split_once('-')
        .and_then(|(y, m)| Some((y.parse().ok()?, m.parse().ok()?)));
    let date = parts.and_then(|(year, month)| jiff::civil::Date::new(year, month, 1).ok());
    date.map_or(31, |date| date.days_in_month())
}

/// The first or last millisecond of a moment that may be partial; without a zone, of the easternmost or westernmost.
pub(super) fn date_time_boundary(text: &str, high: bool) -> String {
    let (date, time) = text.split_once('T').unwrap_or((text, ""));
    let (clock, zone) = split_zone(time);
    let date = date_boundary(date, high);
    let clock = time_boundary(clock, high);
    let zone = match zone {
        Some(_) => &time[split_zone(time).0.len()..],
        None if high => "-12:00",
        None => "+14:00",
    };
    format!("{date}T{clock}{zone}")
}

/// The first or last millisecond of a time of day that may be partial.
pub(super) fn time_boundary(text: &str, high: bool) -> String {
    let (from, to) = ("00:00:00.000", "23:59:59.999");
    let fill = if high { to } else { from };
    let kept = text.len().min(fill.len());
    match text.get(..kept) {
        Some(start) => format!("{start}{}", &fill[kept..]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precision_and_zones_decide() {
        let of = |left: &str, right: &str| compare(left, right);
        assert_eq!(of("2020-01-01", "2020-01-02"), Some(Ordering::Less));
        assert_eq!(of("2020-01", "2020-01-02"), None);
        assert_eq!(of("2020-01", "2021-01-02"), Some(Ordering::Less));
        assert_eq!(
            of("2020-01-01T12:00:00Z", "2020-01-01T13:00:00+01:00"),
            Some(Ordering::Equal)
        );
        assert_eq!(
            of("2020-01-01T00:30:00+01:00", "2019-12-31T23:40:00Z"),
            Some(Ordering::Less)
        );
        assert_eq!(of("2020-01-01T12:00:00", "2020-01-01T13:00:00+01:00"), None);
        assert_eq!(of("12:30:00", "12:30:00.000"), Some(Ordering::Equal));
        assert_eq!(of("hello", "2020"), None);
    }

    #[test]
    fn boundaries_fill_what_is_not_written() {
        assert_eq!(date_boundary("2024-02", true), "2024-02-29");
        assert_eq!(date_boundary("2024", false), "2024-01-01");
        assert_eq!(date_time_boundary("2024", true), "2024-12-31T23:59:59.999-12:00");
        assert_eq!(
            date_time_boundary("2024-02-03T04:05:06+01:00", true),
            "2024-02-03T04:05:06.999+01:00"
        );
        assert_eq!(
            date_time_boundary("2024-02-03T04:05:06.5Z", false),
            "2024-02-03T04:05:06.500Z"
        );
        assert_eq!(time_boundary("12:34", true), "12:34:59.999");
    }
}
