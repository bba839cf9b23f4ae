//! Business calendars, pure: which days are worked, which hours are open. The orchestrator keeps the deployed ones, the
//! simulation opens and closes its resources by them; FEEL reaches them through [`dmn::Calendars`].

mod model;

pub use model::{Calendar, Day, Holiday, Hours};

use jiff::civil::{Date, Time};
use jiff::{SignedDuration, ToSpan, Zoned};
use std::collections::HashMap;

/// The calendar every installation has until it deploys its own under the same id.
const ITALY: &str = include_str!("../calendars/it.calendar.json");
/// Most working days counted in one question.
const MAX_DAYS: i64 = 10_000;
/// Most days in a row looked at without finding one that is worked.
const MAX_CLOSED: i32 = 3_660;
/// Longest chain of calendars that extend each other.
const MAX_CHAIN: usize = 8;

/// Easter Sunday of a year of the Gregorian calendar: the anonymous computus (Nature, 20 April 1876; Meeus,
/// "Astronomical Algorithms", chapter 8).
pub fn easter(year: i16) -> Date {
    let y = i32::from(year);
    let (a, b, c) = (y % 19, y / 100, y % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (b - (b + 8) / 25 + 1) / 3;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let n = h + l - 7 * m + 114;
    Date::new(year, (n / 31) as i8, (n % 31 + 1) as i8).expect("March or April")
}

/// Every calendar at its newest version.
#[derive(Debug, Clone)]
pub struct Calendars {
    by_id: HashMap<String, Calendar>,
}

impl Default for Calendars {
    fn default() -> Self {
        let italy = Calendar::read(ITALY).expect("the calendar of the program is right");
        Self {
            by_id: HashMap::from([(italy.calendar.clone(), italy)]),
        }
    }
}

/// A calendar with all it extends, for a municipality.
#[derive(Debug, Clone)]
pub struct View<'a> {
    /// The calendar itself first.
    chain: Vec<&'a Calendar>,
    municipality: Option<&'a str>,
}

impl Calendars {
    /// Adds a calendar, or puts it in the place of the one with its id.
    pub fn add(&mut self, calendar: Calendar) {
        self.by_id.insert(calendar.calendar.clone(), calendar);
    }

    /// Every calendar, in no order.
    pub fn all(&self) -> impl Iterator<Item = &Calendar> {
        self.by_id.values()
    }

    /// A calendar by its id.
    pub fn get(&self, id: &str) -> Option<&Calendar> {
        self.by_id.get(id)
    }

    /// A calendar by `id`, or `id/municipality`.
    ///
    /// # Errors
    /// There is none with this id, the municipality's patron is not known, or calendars extend each other in a circle.
    pub fn view<'a>(&'a self, name: &'a str) -> Result<View<'a>, String> {
        let (id, municipality) = name.split_once('/').map_or((name, None), |(id, m)| (id, Some(m)));
        let mut chain = Vec::new();
        let mut next = Some(id);
        while let Some(id) = next {
            let calendar = self
                .by_id
                .get(id)
                .ok_or_else(|| format!("there is no calendar '{id}': deploy it as a *.calendar.json file"))?;
            if chain.len() == MAX_CHAIN {
                return Err(format!(
                    "calendar '{name}': more than {MAX_CHAIN} extend each other, or in a circle"
                ));
            }
            chain.push(calendar);
            next = calendar.extends.as_deref();
        }
        let municipality = municipality.or_else(|| chain.iter().find_map(|c| c.municipality.as_deref()));
        let view = View { chain, municipality };
        if let Some(code) = municipality.filter(|code| !view.patrons().any(|p| p.municipality.as_deref() == Some(code)))
        {
            return Err(format!(
                "calendar '{name}' does not know the patron's day of municipality {code}: add it to its patrons"
            ));
        }
        Ok(view)
    }
}

impl<'a> View<'a> {
    fn patrons(&self) -> impl Iterator<Item = &'a Holiday> {
        self.chain.iter().flat_map(|calendar| &calendar.patrons)
    }

    /// The days off that fall on a day.
    pub fn holidays_on(&self, day: Date) -> Vec<&'a Holiday> {
        let easter = easter(day.year());
        let own = self
            .patrons()
            .filter(|patron| self.municipality.is_some() && patron.municipality.as_deref() == self.municipality);
        let all = self.chain.iter().flat_map(|calendar| &calendar.holidays).chain(own);
        all.filter(|holiday| holiday.is_on(day, easter)).collect()
    }

    /// Whether a day is worked.
    pub fn is_worked(&self, day: Date) -> bool {
        let days = self.chain.iter().map(|c| &c.working_days).find(|days| !days.is_empty());
        days.is_some_and(|days| days.iter().any(|d| d.weekday() == day.weekday())) && self.holidays_on(day).is_empty()
    }

    /// The next day that is worked, from a day on, in a direction.
    fn next_worked(&self, mut day: Date, step: i32) -> Result<Date, String> {
        for _ in 0..MAX_CLOSED {
            if self.is_worked(day) {
                return Ok(day);
            }
            day = moved(day, step)?;
        }
        Err(format!(
            "the calendar has no working day within {MAX_CLOSED} days of {day}"
        ))
    }

    fn after(&self, from: Date, days: i64) -> Result<Date, String> {
        if days.abs() > MAX_DAYS {
            return Err(format!("{days} working days; at most {MAX_DAYS}"));
        }
        if days == 0 {
            return self.next_worked(from, 1);
        }
        let step = if days < 0 { -1 } else { 1 };
        let mut day = from;
        for _ in 0..days.abs() {
            day = self.next_worked(moved(day, step)?, step)?;
        }
        Ok(day)
    }

    /// Opening hours of a day in their order; none on a day that is not worked.
    pub fn open(&self, day: Date) -> Vec<&'a Hours> {
        if !self.is_worked(day) {
            return Vec::new();
        }
        let hours = self.chain.iter().map(|c| &c.hours).find(|hours| !hours.is_empty());
        let mut open: Vec<&Hours> = hours.into_iter().flatten().filter(|hours| hours.on(day)).collect();
        open.sort_by_key(|hours| hours.from);
        open
    }
}

impl View<'_> {
    /// When a day is open, in its order; without any opening hours in the calendar a worked day is open all day. The
    /// end `None` is midnight.
    pub fn opening(&self, day: Date) -> Vec<(Time, Option<Time>)> {
        if self.chain.iter().any(|calendar| !calendar.hours.is_empty()) {
            let open = self.open(day).into_iter();
            return open.map(|hours| (hours.from, Some(hours.to))).collect();
        }
        let all_day = self.is_worked(day).then_some((Time::midnight(), None));
        all_day.into_iter().collect()
    }
}

fn moved(day: Date, by: i32) -> Result<Date, String> {
    day.checked_add(by.days())
        .map_err(|_| format!("{day} is at the end of time"))
}

impl dmn::Calendars for Calendars {
    fn days_after(&self, calendar: &str, from: Date, days: i64) -> Result<Date, String> {
        self.view(calendar)?.after(from, days)
    }

    fn days_until(&self, calendar: &str, from: Date, to: Date) -> Result<i64, String> {
        let view = self.view(calendar)?;
        let (mut day, end, sign) = if from <= to { (from, to, 1) } else { (to, from, -1) };
        let mut count = 0;
        while day < end {
            day = moved(day, 1)?;
            count += i64::from(view.is_worked(day));
            if count > MAX_DAYS {
                return Err(format!("more than {MAX_DAYS} working days from {from} to {to}"));
            }
        }
        Ok(count * sign)
    }

    fn is_business_day(&self, calendar: &str, day: Date) -> Result<bool, String> {
        Ok(self.view(calendar)?.is_worked(day))
    }

    fn time_after(&self, calendar: &str, from: &Zoned, time: SignedDuration) -> Result<Zoned, String> {
        let view = self.view(calendar)?;
        if time.is_negative() {
            return Err("the time is negative".into());
        }
        if view.chain.iter().all(|calendar| calendar.hours.is_empty()) {
            return Err(format!("calendar '{calendar}' has no opening hours: add them"));
        }
        let (zone, mut left, mut day, mut closed) = (from.time_zone().clone(), time, from.date(), 0);
        loop {
            let open = view.open(day);
            closed = if open.is_empty() { closed + 1 } else { 0 };
            if closed > MAX_CLOSED {
                return Err(format!(
                    "calendar '{calendar}' is closed for {MAX_CLOSED} days from {day}"
                ));
            }
            for hours in open {
                let at = |time| day.to_datetime(time).to_zoned(zone.clone()).map_err(|e| e.to_string());
                let (start, end) = (at(hours.from)?.max(from.clone()), at(hours.to)?);
                if start > end {
                    continue;
                }
                let room = start.duration_until(&end);
                if left <= room {
                    return start.checked_add(left).map_err(|e| e.to_string());
                }
                left -= room;
            }
            day = moved(day, 1)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dmn::Calendars as _;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn easter_falls_where_it_did_and_will() {
        // Dates of the Holy See's calendar and of the table in Meeus.
        for date in [
            "1818-03-22",
            "1943-04-25",
            "1961-04-02",
            "2000-04-23",
            "2024-03-31",
            "2025-04-20",
            "2026-04-05",
            "2038-04-25",
        ] {
            assert_eq!(easter(day(date).year()), day(date));
        }
        for year in 1583..=4099 {
            let found = easter(year);
            assert_eq!(found.weekday(), jiff::civil::Weekday::Sunday, "{found}");
            assert!((3..=4).contains(&found.month()));
        }
    }

    #[test]
    fn three_working_days_skip_weekends_easter_monday_and_the_patron() {
        let calendars = Calendars::default();
        let after = |calendar, from, days| calendars.days_after(calendar, day(from), days).unwrap();
        assert_eq!(
            after("it", "2026-04-02", 3),
            day("2026-04-08"),
            "Easter Monday is 6 April"
        );
        assert_eq!(after("it", "2026-04-08", -3), day("2026-04-02"));
        assert_eq!(after("it", "2026-01-01", 0), day("2026-01-02"));
        assert_eq!(after("it", "2026-10-29", 1), day("2026-10-30"));
        assert_eq!(
            after("it/092009", "2026-10-29", 1),
            day("2026-11-02"),
            "San Saturnino in Cagliari, then Ognissanti"
        );
        assert_eq!(calendars.days_until("it", day("2026-04-02"), day("2026-04-08")), Ok(3));
        assert_eq!(calendars.days_until("it", day("2026-04-08"), day("2026-04-02")), Ok(-3));
        assert_eq!(calendars.is_business_day("it", day("2026-06-02")), Ok(false));
        assert_eq!(
            calendars.is_business_day("it", day("2000-06-02")),
            Ok(true),
            "not yet a holiday again"
        );
        assert!(
            calendars
                .days_after("it/000000", day("2026-01-01"), 1)
                .unwrap_err()
                .contains("patron")
        );
        assert!(
            calendars
                .days_after("xx", day("2026-01-01"), 1)
                .unwrap_err()
                .contains("deploy it")
        );
        assert!(calendars.days_after("it", day("2026-01-01"), 1_000_000).is_err());
    }

    #[test]
    fn opening_time_passes_only_while_open() {
        let mut calendars = Calendars::default();
        let clinic = r#"{"calendar": "poliambulatorio", "extends": "it", "municipality": "092009", "hours": [
            {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "13:00"},
            {"days": ["tue", "thu"], "from": "15:00", "to": "18:00"}],
            "holidays": [{"name": "Chiusura estiva", "date": "2026-08-10", "until": "2026-08-21"}]}"#;
        calendars.add(Calendar::read(clinic).unwrap());
        let at = |text: &str| text.parse::<Zoned>().unwrap();
        let after = |from: &str, hours| {
            let end = calendars.time_after("poliambulatorio", &at(from), SignedDuration::from_hours(hours));
            end.unwrap().datetime().to_string()
        };
        assert_eq!(
            after("2026-03-03T12:00:00+01:00[Europe/Rome]", 2),
            "2026-03-03T16:00:00"
        );
        assert_eq!(
            after("2026-03-06T12:00:00+01:00[Europe/Rome]", 2),
            "2026-03-09T09:00:00",
            "over the weekend"
        );
        assert_eq!(
            after("2026-08-07T12:00:00+02:00[Europe/Rome]", 2),
            "2026-08-24T09:00:00",
            "closed in August"
        );
        assert!(
            calendars
                .time_after(
                    "it",
                    &at("2026-03-03T12:00:00+01:00[Europe/Rome]"),
                    SignedDuration::from_hours(1)
                )
                .is_err()
        );
    }

    #[test]
    fn a_bad_calendar_is_told_what_is_wrong() {
        for (text, part) in [
            (r#"{"calendar": "x"}"#, "workingDays"),
            (
                r#"{"calendar": "x", "workingDays": ["mon"], "holidays": [{"name": "A"}]}"#,
                "exactly one",
            ),
            (
                r#"{"calendar": "x", "workingDays": ["mon"], "holidays": [{"name": "A", "on": "02-30"}]}"#,
                "MM-DD",
            ),
            (
                r#"{"calendar": "x", "workingDays": ["mon"], "patrons": [{"name": "A", "on": "02-03"}]}"#,
                "municipality",
            ),
            (
                r#"{"calendar": "x", "workingDays": ["mon"], "hours": [{"days": ["mon"], "from": "22:00", "to": "06:00"}]}"#,
                "midnight",
            ),
            (r#"{"calendar": "x", "giorni": []}"#, "giorni"),
        ] {
            let error = Calendar::read(text).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
        let mut calendars = Calendars::default();
        calendars.add(Calendar::read(r#"{"calendar": "a", "extends": "a"}"#).unwrap());
        assert!(calendars.view("a").err().unwrap().contains("circle"));
    }
}
