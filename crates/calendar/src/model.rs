//! A business calendar as a file: `*.calendar.json`. See `docs/calendars.md`.

use jiff::civil::{Date, Time, Weekday};
use serde::{Deserialize, Serialize};

/// Most holidays, patrons, closures or hours of one calendar.
const MAX_ENTRIES: usize = 10_000;

/// One calendar.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Calendar {
    /// Its id: letters, digits, `-` and `.`.
    pub calendar: String,
    /// Name shown.
    #[serde(default)]
    pub name: String,
    /// Where its content comes from.
    #[serde(default)]
    pub source: String,
    /// Calendar whose holidays count here, too. What this one says of working days and hours stands in for the other's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extends: Option<String>,
    /// Municipality (ISTAT code) whose patron's day counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub municipality: Option<String>,
    /// `mon` … `sun`; empty: those of the calendar extended.
    #[serde(default)]
    pub working_days: Vec<Day>,
    /// Days off.
    #[serde(default)]
    pub holidays: Vec<Holiday>,
    /// Patron's days of municipalities.
    #[serde(default)]
    pub patrons: Vec<Holiday>,
    /// Opening hours; empty: those of the calendar extended.
    #[serde(default)]
    pub hours: Vec<Hours>,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Day {
    /// The same in `jiff`.
    pub fn weekday(self) -> Weekday {
        match self {
            Self::Mon => Weekday::Monday,
            Self::Tue => Weekday::Tuesday,
            Self::Wed => Weekday::Wednesday,
            Self::Thu => Weekday::Thursday,
            Self::Fri => Weekday::Friday,
            Self::Sat => Weekday::Saturday,
            Self::Sun => Weekday::Sunday,
        }
    }
}

/// A day off: exactly one of `on`, `easter` and `date`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Holiday {
    /// Name shown.
    pub name: String,
    /// Every year on this day, `MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// Days after Easter Sunday.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub easter: Option<i32>,
    /// Once, on this date (with `until`: from this date on).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Date>,
    /// With `date`: closed up to and including this date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// A patron's municipality (ISTAT code).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub municipality: Option<String>,
    /// First day it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Date>,
    /// Last day it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Date>,
    /// The rule it rests on.
    #[serde(default)]
    pub source: String,
    /// No source has confirmed it yet.
    #[serde(default)]
    pub unverified: bool,
}

impl Holiday {
    /// Whether it falls on a day; `easter` is that year's Easter Sunday.
    pub(crate) fn is_on(&self, day: Date, easter: Date) -> bool {
        if self.valid_from.is_some_and(|from| day < from) || self.valid_to.is_some_and(|to| day > to) {
            return false;
        }
        if let Some(first) = self.date {
            return first <= day && day <= self.until.unwrap_or(first);
        }
        if let Some(days) = self.easter {
            return i64::from((day - easter).get_days()) == i64::from(days);
        }
        self.on
            .as_deref()
            .and_then(month_day)
            .is_some_and(|(month, dom)| (day.month(), day.day()) == (month, dom))
    }
}

/// `MM-DD`, checked in a leap year.
fn month_day(text: &str) -> Option<(i8, i8)> {
    let (month, day) = text.split_once('-')?;
    let date = Date::new(2024, month.parse().ok()?, day.parse().ok()?).ok()?;
    Some((date.month(), date.day()))
}

/// Opening hours on some days of the week.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Hours {
    /// On these days.
    pub days: Vec<Day>,
    /// From, `HH:MM`.
    pub from: Time,
    /// To, `HH:MM`, later than `from`.
    pub to: Time,
    /// First day they count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Date>,
    /// Last day they count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Date>,
}

impl Hours {
    /// Whether they count on a day.
    pub(crate) fn on(&self, day: Date) -> bool {
        self.days.iter().any(|d| d.weekday() == day.weekday())
            && self.valid_from.is_none_or(|from| from <= day)
            && self.valid_to.is_none_or(|to| day <= to)
    }
}

impl Calendar {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// What is wrong, with the entry concerned.
    pub fn read(text: &str) -> Result<Self, String> {
        let calendar: Self = serde_json::from_str(text).map_err(|e| e.to_string())?;
        if !fhir::is_id(&calendar.calendar) {
            return Err("calendar: the id has 1 to 64 letters, digits, '-' and '.'".into());
        }
        for list in [calendar.holidays.len(), calendar.patrons.len(), calendar.hours.len()] {
            if list > MAX_ENTRIES {
                return Err(format!("{list} entries in one list; at most {MAX_ENTRIES}"));
            }
        }
        if calendar.extends.is_none() && calendar.working_days.is_empty() {
            return Err("workingDays: which days of the week are worked?".into());
        }
        for holiday in calendar.holidays.iter().chain(&calendar.patrons) {
            let ways = [holiday.on.is_some(), holiday.easter.is_some(), holiday.date.is_some()];
            if ways.iter().filter(|way| **way).count() != 1 {
                return Err(format!("'{}': exactly one of on, easter, date", holiday.name));
            }
            if holiday.on.as_deref().is_some_and(|on| month_day(on).is_none()) {
                return Err(format!("'{}': on is not a day MM-DD", holiday.name));
            }
        }
        if let Some(patron) = calendar.patrons.iter().find(|patron| patron.municipality.is_none()) {
            return Err(format!("'{}': a patron's day needs its municipality", patron.name));
        }
        if calendar.hours.iter().any(|hours| hours.to <= hours.from) {
            return Err("hours: 'to' is later than 'from'; write hours past midnight as two".into());
        }
        Ok(calendar)
    }
}
