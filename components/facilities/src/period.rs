//! From a day to a day: what was true when.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Days in which something holds, both ends included; an end that is missing is not known, or not come yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Period {
    /// First day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Date>,
    /// Last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Date>,
}

/// The day of a FHIR date or dateTime that is exact to the day.
fn day(value: &Value) -> Option<Date> {
    value.as_str()?.get(..10)?.parse().ok()
}

impl Period {
    /// Of a FHIR Period; what is no period holds always.
    pub fn of(value: &Value) -> Self {
        Self {
            start: day(&value["start"]),
            end: day(&value["end"]),
        }
    }

    /// From a day on.
    pub fn from(start: Date) -> Self {
        Self {
            start: Some(start),
            end: None,
        }
    }

    /// Whether it holds on a day.
    pub fn holds(&self, on: Date) -> bool {
        self.start.is_none_or(|start| start <= on) && self.end.is_none_or(|end| on <= end)
    }

    /// As a FHIR Period; `None` when neither end is known.
    pub fn json(&self) -> Option<Value> {
        let mut made = Map::new();
        for (name, day) in [("start", self.start), ("end", self.end)] {
            if let Some(day) = day {
                made.insert(name.into(), json!(day.to_string()));
            }
        }
        (!made.is_empty()).then_some(Value::Object(made))
    }

    /// `dal 01/02/2020`, `fino al …`, `dal … al …`; empty when neither end is known.
    pub fn told(&self, page: &web::Page) -> String {
        let (start, end) = (self.start.map(web::date), self.end.map(web::date));
        match (start, end) {
            (None, None) => String::new(),
            (Some(start), None) => page.t1("period-from", "start", start),
            (None, Some(end)) => page.t1("period-until", "end", end),
            (Some(start), Some(end)) => page.t2("period-between", "start", start, "end", end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn both_ends_are_in_it_and_an_unknown_end_bounds_nothing() {
        let period = Period::of(&json!({"start": "2020-02-01", "end": "2020-02-29T10:00:00Z"}));
        for (on, expected) in [
            (date(2020, 1, 31), false),
            (date(2020, 2, 1), true),
            (date(2020, 2, 29), true),
            (date(2020, 3, 1), false),
        ] {
            assert_eq!(period.holds(on), expected, "{on}");
        }
        assert!(Period::of(&Value::Null).holds(date(1900, 1, 1)));
        assert_eq!(Period::of(&Value::Null).json(), None);
    }
}
