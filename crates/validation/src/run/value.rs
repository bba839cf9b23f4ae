//! Fixed values, patterns, least and greatest values, lengths.

use super::item::Item;
use super::{Run, Spot};
use crate::Severity;
use serde_json::Value;

impl<'a> Run<'_, 'a> {
    /// The rules about an item's value.
    pub(super) fn values(&mut self, spot: &Spot, item: &Item<'a>) {
        let node = spot.node();
        if let Some(fixed) = &node.fixed
            && !item.value.is_some_and(|value| same(fixed, value))
        {
            let message = format!("must be exactly {}", shown(fixed));
            self.issue(Severity::Error, "value", "fixed", &spot.profile.clone(), message);
        }
        if let Some(pattern) = &node.pattern
            && !item.value.is_some_and(|value| matches(pattern, value))
        {
            let message = format!("must hold at least {}", shown(pattern));
            self.issue(Severity::Error, "value", "pattern", &spot.profile.clone(), message);
        }
        let Some(value) = item.value else { return };
        if let (Some(max), Some(text)) = (node.max_length, value.as_str()) {
            let length = text.chars().count();
            if length > max {
                let message = format!("has {length} characters, and at most {max} are allowed");
                self.issue(Severity::Error, "too-long", "maxLength", &spot.profile.clone(), message);
            }
        }
        for (limit, least) in [(&node.least, true), (&node.most, false)] {
            let Some(limit) = limit else { continue };
            let order = compare(value, limit);
            let broken = if least {
                std::cmp::Ordering::Less
            } else {
                std::cmp::Ordering::Greater
            };
            if order == Some(broken) {
                let (rule, word) = if least {
                    ("minValue", "least")
                } else {
                    ("maxValue", "most")
                };
                let message = format!("must be at {word} {}", shown(limit));
                self.issue(Severity::Error, "value", rule, &spot.profile.clone(), message);
            }
        }
    }
}

fn shown(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), |text| format!("'{text}'"))
}

/// Whether two values are the same; the order of members does not count, the digits of numbers do.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(name, value)| b.get(name).is_some_and(|other| same(value, other)))
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        _ => a == b,
    }
}

/// Whether `value` holds all of `pattern`: each item of a pattern's array is met by some item of the value's.
pub(super) fn matches(pattern: &Value, value: &Value) -> bool {
    match (pattern, value) {
        (Value::Object(pattern), Value::Object(value)) => pattern
            .iter()
            .all(|(name, wanted)| value.get(name).is_some_and(|found| matches(wanted, found))),
        (Value::Array(pattern), Value::Array(value)) => pattern
            .iter()
            .all(|wanted| value.iter().any(|found| matches(wanted, found))),
        _ => pattern == value,
    }
}

/// Numbers by size, dates by the moments they cover, quantities of one unit by value.
fn compare(a: &Value, b: &Value) -> Option<std::cmp::Ordering> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64()?.partial_cmp(&b.as_f64()?),
        (Value::String(a), Value::String(b)) => match (fhir::date_interval(a), fhir::date_interval(b)) {
            (Some((_, end)), Some((start, _))) if end <= start => Some(std::cmp::Ordering::Less),
            (Some((start, _)), Some((_, end))) if start >= end => Some(std::cmp::Ordering::Greater),
            (Some(_), Some(_)) => None,
            _ => Some(a.cmp(b)),
        },
        (Value::Object(left), Value::Object(right)) => {
            let unit = |object: &serde_json::Map<String, Value>| object.get("code").cloned();
            (unit(left) == unit(right)).then(|| compare(left.get("value")?, right.get("value")?))?
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::cmp::Ordering;

    #[test]
    fn patterns_hold_in_part_and_fixed_values_whole() {
        let pattern = json!({"coding": [{"system": "s", "code": "c"}]});
        let more = json!({"coding": [{"code": "x"}, {"code": "c", "system": "s", "display": "d"}], "text": "t"});
        assert!(matches(&pattern, &more) && !same(&pattern, &more));
        assert!(!matches(&pattern, &json!({"coding": [{"code": "c"}]})));
        assert!(same(&json!({"a": 1, "b": [2]}), &json!({"b": [2], "a": 1})));
    }

    #[test]
    fn limits_compare_numbers_dates_and_quantities() {
        assert_eq!(compare(&json!(2), &json!(10)), Some(Ordering::Less));
        assert_eq!(compare(&json!("2021-01-01"), &json!("2020")), Some(Ordering::Greater));
        assert_eq!(compare(&json!("2020-05"), &json!("2020")), None);
        let quantity = |value: i64, code: &str| json!({"value": value, "code": code});
        assert_eq!(compare(&quantity(1, "kg"), &quantity(2, "kg")), Some(Ordering::Less));
        assert_eq!(compare(&quantity(1, "kg"), &quantity(2, "g")), None);
    }
}
