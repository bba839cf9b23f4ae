//! Business calendars as the API shows them. See `docs/calendars.md`.

use calendar::Calendar;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `GET /orchestrator/calendars/{id}?year=&municipality=`; the list leaves `daysOff` empty.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CalendarInfo {
    /// The calendar as deployed.
    #[schemars(with = "serde_json::Value")]
    pub calendar: Calendar,
    /// Version; 0: the one that comes with the program.
    pub version: u32,
    /// Days off of the year asked for, weekends apart.
    pub days_off: Vec<DayOff>,
}

impl CalendarInfo {
    pub(crate) fn of(calendar: &Calendar, version: u32) -> Self {
        Self {
            calendar: calendar.clone(),
            version,
            days_off: Vec::new(),
        }
    }
}

/// A day off.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DayOff {
    /// When.
    pub date: Date,
    /// What.
    pub name: String,
    /// The rule it rests on.
    pub source: String,
    /// No source has confirmed it yet.
    pub unverified: bool,
}
