//! When resources are there: opening intervals, worked out from business calendars as far as they are needed.

use calendar::Calendars;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// Between calendars of which one open is enough.
pub(crate) const ANY: &str = "|";
/// Days worked out at a time.
const CHUNK: i32 = 200;
/// Most days in a row without an opening.
const MAX_CLOSED: i32 = 3_660;

/// The time during which several calendars are all open. Moments are microseconds from 1970.
#[derive(Debug, Clone)]
pub(crate) struct Openings {
    /// Calendars by name, `id` or `id/municipality`, or several with [`ANY`] between them; none: always open.
    names: Vec<String>,
    zone: TimeZone,
    next_day: Date,
    /// Sorted, apart from each other: from, to, and the open time before.
    spans: Vec<(i64, i64, i64)>,
    /// Everything before this moment is worked out.
    until: i64,
}

impl Openings {
    /// Openings from a moment on; earlier ones do not exist.
    pub fn new(names: Vec<String>, zone: &TimeZone, from: Timestamp) -> Self {
        let day = from.to_zoned(zone.clone()).date();
        Self {
            names,
            zone: zone.clone(),
            next_day: day,
            spans: Vec::new(),
            until: i64::MIN,
        }
    }

    pub fn always(&self) -> bool {
        self.names.is_empty()
    }

    pub fn names(&self) -> &[String] {
        &self.names
    }

    fn extend(&mut self, calendars: &Calendars) -> Result<(), String> {
        for _ in 0..CHUNK {
            let day = self.next_day;
            let zone = self.zone.clone();
            let midnight = |day: Date| {
                let zoned = day.to_zoned(zone.clone()).map_err(|error| error.to_string())?;
                Ok::<_, String>(zoned.timestamp().as_microsecond())
            };
            let next = day.checked_add(1.day()).map_err(|error| error.to_string())?;
            let mut open = vec![(midnight(day)?, midnight(next)?)];
            for name in &self.names {
                let mut own = Vec::new();
                for one in name.split(ANY) {
                    for (from, to) in calendars.view(one)?.opening(day) {
                        let at = |time| {
                            let zoned = day.to_datetime(time).to_zoned(zone.clone());
                            zoned.map(|zoned| zoned.timestamp().as_microsecond())
                        };
                        let from = at(from).map_err(|error| error.to_string())?;
                        let to = match to {
                            Some(to) => at(to).map_err(|error| error.to_string())?,
                            None => midnight(next)?,
                        };
                        own.push((from, to));
                    }
                }
                own.sort_unstable();
                open = intersection(&open, &own);
            }
            for (from, to) in open {
                self.push(from, to);
            }
            self.until = midnight(next)?;
            self.next_day = next;
        }
        Ok(())
    }

    fn push(&mut self, from: i64, to: i64) {
        match self.spans.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            last => {
                let before = last.map_or(0, |last| last.2 + last.1 - last.0);
                self.spans.push((from, to, before));
            }
        }
    }

    /// The place of the first span that ends after a moment.
    fn place(&mut self, at: i64, calendars: &Calendars) -> Result<usize, String> {
        let mut closed = 0;
        loop {
            let place = self.spans.partition_point(|span| span.1 <= at);
            if place < self.spans.len() {
                return Ok(place);
            }
            if self.until > at {
                closed += CHUNK;
            }
            if closed > MAX_CLOSED {
                return Err(format!(
                    "the calendars {} have no opening within ten years",
                    self.names.join(", ")
                ));
            }
            self.extend(calendars)?;
        }
    }

    /// The first moment from `at` on that is open.
    pub fn next_open(&mut self, at: i64, calendars: &Calendars) -> Result<i64, String> {
        if self.always() {
            return Ok(at);
        }
        let place = self.place(at, calendars)?;
        Ok(self.spans[place].0.max(at))
    }

    /// The moment when so much open time (microseconds) has passed since `at`.
    pub fn after(&mut self, at: i64, mut time: i64, calendars: &Calendars) -> Result<i64, String> {
        if self.always() {
            return Ok(at.saturating_add(time));
        }
        let mut place = self.place(at, calendars)?;
        let mut from = self.spans[place].0.max(at);
        loop {
            let to = self.spans[place].1;
            if time <= to - from {
                return Ok(from + time);
            }
            time -= to - from;
            // the last span may have grown meanwhile
            place = self.place(to, calendars)?;
            from = self.spans[place].0.max(to);
        }
    }

    /// Open time before a moment.
    fn before(&mut self, at: i64, calendars: &Calendars) -> Result<i64, String> {
        while self.until < at {
            self.extend(calendars)?;
        }
        let place = self.spans.partition_point(|span| span.0 < at);
        let Some(span) = place.checked_sub(1).map(|place| self.spans[place]) else {
            return Ok(0);
        };
        Ok(span.2 + span.1.min(at) - span.0)
    }

    /// Open time between two moments, microseconds.
    pub fn between(&mut self, from: i64, to: i64, calendars: &Calendars) -> Result<i64, String> {
        if to <= from {
            return Ok(0);
        }
        if self.always() {
            return Ok(to - from);
        }
        Ok(self.before(to, calendars)? - self.before(from, calendars)?)
    }
}

fn intersection(one: &[(i64, i64)], other: &[(i64, i64)]) -> Vec<(i64, i64)> {
    let mut found = Vec::new();
    for a in one {
        for b in other {
            let (from, to) = (a.0.max(b.0), a.1.min(b.1));
            if from < to {
                found.push((from, to));
            }
        }
    }
    found.sort_unstable();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use calendar::Calendar;

    const HOUR: i64 = 3_600_000_000;

    fn calendars() -> Calendars {
        let mut calendars = Calendars::default();
        let clinic = r#"{"calendar": "clinic", "extends": "it", "hours": [
            {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "13:00"},
            {"days": ["tue"], "from": "15:00", "to": "18:00"}]}"#;
        let morning = r#"{"calendar": "late", "extends": "it", "hours": [
            {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "11:00", "to": "16:00"}]}"#;
        let all = r#"{"calendar": "all", "workingDays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]}"#;
        for text in [clinic, morning, all] {
            calendars.add(Calendar::read(text).unwrap());
        }
        calendars
    }

    fn openings(names: &[&str]) -> Openings {
        let zone = TimeZone::get("Europe/Rome").unwrap();
        let start = "2026-03-01T00:00:00+01:00".parse().unwrap();
        Openings::new(names.iter().map(|name| (*name).to_owned()).collect(), &zone, start)
    }

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_microsecond()
    }

    #[test]
    fn open_time_passes_while_all_are_open() {
        let calendars = calendars();
        let mut clinic = openings(&["clinic"]);
        let tuesday = at("2026-03-03T12:00:00+01:00");
        assert_eq!(
            clinic.after(tuesday, 2 * HOUR, &calendars),
            Ok(at("2026-03-03T16:00:00+01:00"))
        );
        let friday = at("2026-03-06T14:00:00+01:00");
        assert_eq!(
            clinic.next_open(friday, &calendars),
            Ok(at("2026-03-09T08:00:00+01:00"))
        );
        assert_eq!(clinic.between(tuesday, friday, &calendars), Ok((1 + 3 + 15) * HOUR));
        let mut both = openings(&["clinic", "late"]);
        let monday = at("2026-03-02T08:00:00+01:00");
        assert_eq!(both.next_open(monday, &calendars), Ok(at("2026-03-02T11:00:00+01:00")));
        assert_eq!(
            both.after(monday, 3 * HOUR, &calendars),
            Ok(at("2026-03-03T12:00:00+01:00"))
        );
        // summer time begins on 29 March: that day has 23 hours
        let mut all = openings(&["all"]);
        let sunday = at("2026-03-29T00:00:00+01:00");
        assert_eq!(
            all.between(sunday, at("2026-03-30T00:00:00+02:00"), &calendars),
            Ok(23 * HOUR)
        );
        assert_eq!(
            all.after(sunday, 1000 * 24 * HOUR, &calendars),
            Ok(sunday + 1000 * 24 * HOUR)
        );
    }
}
