//! Reading a scenario so that every mistake is told with its place.

use crate::error::Problem;
use serde_json::{Map, Value};

/// Most problems told.
const MAX_PROBLEMS: usize = 50;

/// What was found wrong so far, and the unit of bare numbers.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    pub list: Vec<Problem>,
    /// Seconds of one unit when a duration is a bare number.
    pub unit: Option<f64>,
}

impl Problems {
    pub fn add(&mut self, at: &At<'_>, message: impl Into<String>, remedy: impl Into<String>) {
        self.tell(at.path.clone(), message, remedy);
    }

    pub fn tell(&mut self, field: impl Into<String>, message: impl Into<String>, remedy: impl Into<String>) {
        if self.list.len() < MAX_PROBLEMS {
            self.list.push(Problem {
                field: field.into(),
                message: message.into(),
                remedy: remedy.into(),
            });
        }
    }
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct At<'a> {
    pub path: String,
    pub value: &'a Value,
}

impl<'a> At<'a> {
    pub fn inside(&self, key: &str, value: &'a Value) -> At<'a> {
        let path = if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        };
        At { path, value }
    }

    /// A member; null counts as absent.
    pub fn get(&self, key: &str) -> Option<At<'a>> {
        let value = self.value.get(key).filter(|value| !value.is_null())?;
        Some(self.inside(key, value))
    }

    /// The members of an object whose names are all known.
    pub fn object(&self, known: &[&str], problems: &mut Problems) -> Option<&'a Map<String, Value>> {
        let members = self.map(problems)?;
        for key in members.keys().filter(|key| !known.contains(&key.as_str())) {
            let at = self.inside(key, self.value);
            problems.add(
                &at,
                "there is no such field here",
                format!("use one of: {}", known.join(", ")),
            );
        }
        Some(members)
    }

    /// Any object.
    pub fn map(&self, problems: &mut Problems) -> Option<&'a Map<String, Value>> {
        let members = self.value.as_object();
        if members.is_none() {
            problems.add(
                self,
                format!("it is {}, not an object", short(self.value)),
                "write { … }",
            );
        }
        members
    }

    pub fn members(&self, problems: &mut Problems) -> Vec<(&'a str, At<'a>)> {
        let members = self.map(problems).into_iter().flatten();
        members
            .map(|(key, value)| (key.as_str(), self.inside(key, value)))
            .collect()
    }

    pub fn items(&self, problems: &mut Problems) -> Vec<At<'a>> {
        let Some(items) = self.value.as_array() else {
            problems.add(self, format!("it is {}, not a list", short(self.value)), "write [ … ]");
            return Vec::new();
        };
        let item = |(place, value)| At {
            path: format!("{}[{place}]", self.path),
            value,
        };
        items.iter().enumerate().map(item).collect()
    }

    pub fn text(&self, problems: &mut Problems) -> Option<&'a str> {
        let text = self.value.as_str();
        if text.is_none() {
            problems.add(
                self,
                format!("it is {}, not a text", short(self.value)),
                "write it in quotes",
            );
        }
        text
    }

    /// A number in a range.
    pub fn number(&self, min: f64, max: f64, problems: &mut Problems) -> Option<f64> {
        let number = self.value.as_f64().filter(|number| number.is_finite());
        match number {
            Some(number) if (min..=max).contains(&number) => Some(number),
            _ => {
                let message = format!("it is {}, not a number from {min} to {max}", short(self.value));
                problems.add(self, message, "correct the number");
                None
            }
        }
    }

    /// A whole number in a range.
    pub fn whole(&self, min: u64, max: u64, problems: &mut Problems) -> Option<u64> {
        match self.value.as_u64() {
            Some(number) if (min..=max).contains(&number) => Some(number),
            _ => {
                let message = format!("it is {}, not a whole number from {min} to {max}", short(self.value));
                problems.add(self, message, "correct the number");
                None
            }
        }
    }

    /// A duration in seconds: ISO 8601 text, or a bare number in the scenario's `timeUnit`.
    pub fn duration(&self, problems: &mut Problems) -> Option<f64> {
        if let Some(number) = self.value.as_f64() {
            return match problems.unit {
                Some(unit) => Some(number * unit),
                None => {
                    let remedy = "write an ISO 8601 duration such as \"PT20M\", or give the scenario a timeUnit";
                    problems.add(self, "a bare number has no unit", remedy);
                    None
                }
            };
        }
        let text = self.text(problems)?;
        match seconds(text) {
            Ok(seconds) => Some(seconds),
            Err(reason) => {
                let message = format!("'{text}' is not a duration ({reason})");
                problems.add(self, message, "write ISO 8601: PT20M, PT1H30M, P3D");
                None
            }
        }
    }
}

/// Seconds of an ISO 8601 duration; a year counts as 365.25 days, a month as its twelfth.
pub(crate) fn seconds(text: &str) -> Result<f64, String> {
    let span = bpmn::parse_duration(text).map_err(|error| error.to_string())?;
    let months = f64::from(span.get_years()) * 12.0 + f64::from(span.get_months());
    let days = months * 365.25 / 12.0 + f64::from(span.get_weeks()) * 7.0 + f64::from(span.get_days());
    let hours = days * 24.0 + f64::from(span.get_hours());
    let whole = hours * 3600.0 + span.get_minutes() as f64 * 60.0 + span.get_seconds() as f64;
    Ok(whole
        + span.get_milliseconds() as f64 / 1e3
        + span.get_microseconds() as f64 / 1e6
        + span.get_nanoseconds() as f64 / 1e9)
}

/// A value as it may stand in a message.
pub(crate) fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 60 {
        return text;
    }
    let start: String = text.chars().take(57).collect();
    format!("{start}…")
}
