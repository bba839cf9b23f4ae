//! Whether a structure is open: its hours, the holidays of Italy and of its municipality, its exceptions.

use crate::model::{Exception, Facility, Hours, Service, time};
use calendar::{Calendar, Calendars, Day};
use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime, Time};

/// Days looked ahead for the next opening.
const AHEAD: i32 = 14;

/// How a structure stands at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Open, until a time of this day; `None`: beyond midnight, or day and night.
    Open(Option<Time>),
    /// Closed; when it opens next, if within two weeks.
    Closed(Option<DateTime>),
    /// Nobody said.
    Unknown,
}

/// The hours of everybody, as business calendars.
#[derive(Debug, Default)]
pub struct Timetables {
    calendars: Calendars,
}

/// What says when something is open.
struct Of<'a> {
    id: String,
    municipality: &'a str,
    hours: &'a [Hours],
    exceptions: Vec<&'a Exception>,
}

impl<'a> Of<'a> {
    fn facility(one: &'a Facility) -> Self {
        Self {
            id: calendar_id("s", &one.id),
            municipality: &one.municipality,
            hours: &one.hours,
            exceptions: one.exceptions.iter().collect(),
        }
    }

    /// A service without hours of its own follows its structure.
    fn service(one: &'a Facility, service: &'a Service) -> Self {
        let own = !service.hours.is_empty();
        let exceptions = one.exceptions.iter().chain(&service.exceptions);
        Self {
            id: if own {
                calendar_id("v", &service.id)
            } else {
                calendar_id("s", &one.id)
            },
            municipality: &one.municipality,
            hours: if own { &service.hours } else { &one.hours },
            exceptions: exceptions.collect(),
        }
    }
}

fn calendar_id(kind: &str, id: &str) -> String {
    format!("{kind}.{id}")
}

impl Timetables {
    /// Takes the hours of a structure and of its services.
    pub fn add(&mut self, one: &Facility) {
        self.add_hours(calendar_id("s", &one.id), &one.hours);
        for service in one.services.iter().filter(|service| !service.hours.is_empty()) {
            self.add_hours(calendar_id("v", &service.id), &service.hours);
        }
    }

    fn add_hours(&mut self, id: String, hours: &[Hours]) {
        let kept = hours.iter().filter(|one| !one.all_day).filter_map(|one| {
            let days: Vec<Day> = one.days.iter().filter_map(|day| weekday(day)).collect();
            Some(calendar::Hours {
                days,
                from: time(&one.from)?,
                to: time(&one.to)?,
                valid_from: one.period.start,
                valid_to: one.period.end,
            })
        });
        let hours: Vec<calendar::Hours> = kept.collect();
        if hours.is_empty() {
            return;
        }
        let mut working_days: Vec<Day> = hours.iter().flat_map(|one| one.days.clone()).collect();
        working_days.dedup();
        self.calendars.add(Calendar {
            calendar: id,
            extends: Some("it".into()),
            working_days,
            hours,
            ..Calendar::default()
        });
    }

    /// How a structure stands.
    pub fn state(&self, one: &Facility, now: DateTime) -> State {
        self.of(&Of::facility(one), now)
    }

    /// How a service of a structure stands.
    pub fn service_state(&self, one: &Facility, service: &Service, now: DateTime) -> State {
        self.of(&Of::service(one, service), now)
    }

    fn of(&self, of: &Of<'_>, now: DateTime) -> State {
        if of.hours.is_empty() && of.exceptions.is_empty() {
            return State::Unknown;
        }
        let at = now.time();
        for (from, to) in self.on(of, now.date()) {
            if from <= at && to.is_none_or(|to| at < to) {
                return State::Open(to);
            }
        }
        for ahead in 0..=AHEAD {
            let Ok(day) = now.date().checked_add(ahead.days()) else {
                break;
            };
            let later = self.on(of, day).into_iter().find(|(from, _)| ahead > 0 || at < *from);
            if let Some((from, _)) = later {
                return State::Closed(Some(day.to_datetime(from)));
            }
        }
        State::Closed(None)
    }

    /// Exceptions come first; then hours round the clock, which holidays do not close; then the calendar.
    fn on(&self, of: &Of<'_>, day: Date) -> Vec<(Time, Option<Time>)> {
        let excepted: Vec<_> = of.exceptions.iter().filter(|one| one.period.holds(day)).collect();
        if !excepted.is_empty() {
            let open = excepted.iter().filter_map(|one| one.open.as_ref());
            return open
                .filter_map(|(from, to)| Some((time(from)?, Some(time(to)?))))
                .collect();
        }
        let round = |one: &Hours| {
            one.all_day
                && one.period.holds(day)
                && one
                    .days
                    .iter()
                    .any(|d| weekday(d).is_some_and(|d| d.weekday() == day.weekday()))
        };
        if of.hours.iter().any(round) {
            return vec![(Time::midnight(), None)];
        }
        if of.hours.iter().all(|one| one.all_day) {
            return Vec::new();
        }
        // Not every municipality's patron is known: then the holidays of Italy alone count.
        let local = format!("{}/{}", of.id, of.municipality);
        let view = self.calendars.view(&local).or_else(|_| self.calendars.view(&of.id));
        view.map(|view| view.opening(day)).unwrap_or_default()
    }
}

fn weekday(text: &str) -> Option<Day> {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).ok()
}
