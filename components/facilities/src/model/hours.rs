//! Opening hours of the week, and days with other hours.

use crate::names::EXCEPTION;
use crate::period::Period;
use jiff::civil::Time;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// The days of the week as FHIR names them.
pub const WEEK: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Hours on some days of the week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Hours {
    /// `mon` … `sun`.
    pub days: Vec<String>,
    /// Open day and night, holidays too.
    pub all_day: bool,
    /// From, `HH:MM`; empty when open all day.
    pub from: String,
    /// To, `HH:MM`; empty when open all day.
    pub to: String,
    /// When these hours hold.
    pub period: Period,
}

/// Days with other hours than usual.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Exception {
    /// Which days.
    pub period: Period,
    /// Hours on those days; none: closed.
    pub open: Option<(String, String)>,
    /// Why.
    pub reason: String,
}

/// `HH:MM` of a FHIR time.
fn short(value: &Value) -> String {
    value
        .as_str()
        .and_then(|text| text.get(..5))
        .unwrap_or_default()
        .to_owned()
}

/// A time of the day as people and FHIR write it.
pub fn time(text: &str) -> Option<Time> {
    let (hour, rest) = text.split_once(':')?;
    let minute = rest.get(..2)?;
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

impl Hours {
    /// Of `Location.hoursOfOperation` and of `HealthcareService.availableTime`.
    pub fn of(value: &Value) -> Self {
        let days = value["daysOfWeek"].as_array().into_iter().flatten();
        let named = |one: &str| {
            if value[one].is_null() {
                None
            } else {
                Some(short(&value[one]))
            }
        };
        let days: Vec<String> = days.filter_map(|day| Some(day.as_str()?.to_owned())).collect();
        let extensions = value["extension"].as_array().into_iter().flatten();
        let period = extensions.into_iter().find(|one| one["url"] == crate::names::PERIOD);
        Self {
            days: if days.is_empty() {
                WEEK.map(str::to_owned).to_vec()
            } else {
                days
            },
            all_day: value["allDay"] == true,
            from: named("openingTime")
                .or_else(|| named("availableStartTime"))
                .unwrap_or_default(),
            to: named("closingTime")
                .or_else(|| named("availableEndTime"))
                .unwrap_or_default(),
            period: period.map(|one| Period::of(&one["valuePeriod"])).unwrap_or_default(),
        }
    }

    /// As `Location.hoursOfOperation` (`names`: `openingTime`, `closingTime`) or as `HealthcareService.availableTime`.
    pub fn json(&self, names: (&str, &str)) -> Value {
        let mut made = Map::new();
        if let Some(period) = self.period.json() {
            let extension = json!([{"url": crate::names::PERIOD, "valuePeriod": period}]);
            made.insert("extension".into(), extension);
        }
        made.insert("daysOfWeek".into(), json!(self.days));
        if self.all_day {
            made.insert("allDay".into(), json!(true));
        } else {
            made.insert(names.0.into(), json!(format!("{}:00", self.from)));
            made.insert(names.1.into(), json!(format!("{}:00", self.to)));
        }
        Value::Object(made)
    }

    /// Whether they make sense: days that there are, an end after the beginning.
    pub fn sound(&self) -> bool {
        let known = !self.days.is_empty() && self.days.iter().all(|day| WEEK.contains(&day.as_str()));
        let ordered = matches!((time(&self.from), time(&self.to)), (Some(from), Some(to)) if from < to);
        known && (self.all_day || ordered)
    }
}

impl Exception {
    /// Of our extension.
    pub fn of(value: &Value) -> Self {
        let parts = value["extension"].as_array().into_iter().flatten();
        let part = |url: &str| parts.clone().find(|one| one["url"] == url);
        let (from, to) = (part("dalle"), part("alle"));
        Self {
            period: part("periodo")
                .map(|one| Period::of(&one["valuePeriod"]))
                .unwrap_or_default(),
            open: from
                .zip(to)
                .map(|(from, to)| (short(&from["valueTime"]), short(&to["valueTime"]))),
            reason: part("motivo")
                .and_then(|one| one["valueString"].as_str())
                .unwrap_or_default()
                .to_owned(),
        }
    }

    /// Of `HealthcareService.notAvailable`.
    pub fn of_service(value: &Value) -> Self {
        Self {
            period: Period::of(&value["during"]),
            open: None,
            reason: value["description"].as_str().unwrap_or_default().to_owned(),
        }
    }

    /// As our extension.
    pub fn json(&self) -> Value {
        let mut parts = Vec::new();
        if let Some(period) = self.period.json() {
            parts.push(json!({"url": "periodo", "valuePeriod": period}));
        }
        if let Some((from, to)) = &self.open {
            parts.push(json!({"url": "dalle", "valueTime": format!("{from}:00")}));
            parts.push(json!({"url": "alle", "valueTime": format!("{to}:00")}));
        }
        parts.push(json!({"url": "motivo", "valueString": self.reason}));
        json!({"url": EXCEPTION, "extension": parts})
    }
}
