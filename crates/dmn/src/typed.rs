//! FEEL values with their kinds, for callers that must tell a date from a text.

use dsntk_feel::context::FeelContext;
use dsntk_feel::values::Value;
use dsntk_feel::{FeelNumber, Name};
use dsntk_feel_temporal::{FeelDate, FeelDateTime, FeelDaysAndTimeDuration, FeelTime, FeelYearsAndMonthsDuration};
use std::str::FromStr;

/// A FEEL value with its kind. Numbers, dates, times and durations are their text.
#[derive(Debug, Clone, PartialEq)]
pub enum Typed {
    /// No value; the reason when it came from an error.
    Null(Option<String>),
    /// True or false.
    Boolean(bool),
    /// A decimal number.
    Number(String),
    /// Text.
    Text(String),
    /// A date.
    Date(String),
    /// A time of day.
    Time(String),
    /// A date and time.
    DateTime(String),
    /// A duration of either kind.
    Duration(String),
    /// A list.
    List(Vec<Typed>),
    /// A context.
    Context(Vec<(String, Typed)>),
    /// A value without a data form (a function, a range, a type): its FEEL text.
    Other(String),
}

impl Typed {
    pub(crate) fn from_feel(value: &Value) -> Self {
        match value {
            Value::Null(reason) => Self::Null(reason.clone()),
            Value::Boolean(value) => Self::Boolean(*value),
            Value::Number(number) => Self::Number(number.to_string()),
            Value::String(text) => Self::Text(text.clone()),
            Value::Date(date) => Self::Date(date.to_string()),
            Value::Time(time) => Self::Time(time.to_string()),
            Value::DateTime(moment) => Self::DateTime(moment.to_string()),
            Value::DaysAndTimeDuration(duration) => Self::Duration(duration.to_string()),
            Value::YearsAndMonthsDuration(duration) => Self::Duration(duration.to_string()),
            Value::List(items) => Self::List(items.iter().map(Self::from_feel).collect()),
            Value::Context(context) => Self::Context(
                context
                    .iter()
                    .map(|(name, value)| (String::from(name), Self::from_feel(value)))
                    .collect(),
            ),
            other => Self::Other(other.to_string()),
        }
    }

    pub(crate) fn to_feel(&self) -> Result<Value, String> {
        let not = |kind: &str, text: &str| format!("'{text}' is not a {kind}");
        Ok(match self {
            Self::Null(_) => Value::Null(None),
            Self::Boolean(value) => Value::Boolean(*value),
            Self::Number(text) => Value::Number(FeelNumber::from_str(text).map_err(|_| not("number", text))?),
            Self::Text(text) => Value::String(text.clone()),
            Self::Date(text) => Value::Date(FeelDate::from_str(text).map_err(|_| not("date", text))?),
            Self::Time(text) => Value::Time(FeelTime::from_str(text).map_err(|_| not("time", text))?),
            Self::DateTime(text) => {
                Value::DateTime(FeelDateTime::try_from(text.as_str()).map_err(|_| not("date and time", text))?)
            }
            Self::Duration(text) => duration(text).ok_or_else(|| not("duration", text))?,
            Self::List(items) => Value::List(items.iter().map(Self::to_feel).collect::<Result<_, _>>()?),
            Self::Context(entries) => {
                let mut context = FeelContext::default();
                for (name, value) in entries {
                    context.set_entry(&Name::from(name), value.to_feel()?);
                }
                Value::Context(context)
            }
            Self::Other(text) => return Err(not("value that can be given", text)),
        })
    }

    /// Whether its text is one of its kind: `Date("2020-13-01")` is not.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        self.to_feel().is_ok()
    }

    /// Whether two values are the same to FEEL: `1.0` is `1`, `PT24H` is `P1D`, `Z` is `+00:00`; a list of one item
    /// is not that item.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null(_), Self::Null(_)) => true,
            (Self::List(one), Self::List(two)) => {
                one.len() == two.len() && one.iter().zip(two).all(|(one, two)| one.same(two))
            }
            (Self::Context(one), Self::Context(two)) => {
                let named = |name: &str| two.iter().find(|(other, _)| other == name).map(|(_, value)| value);
                one.len() == two.len()
                    && one
                        .iter()
                        .all(|(name, value)| named(name).is_some_and(|two| value.same(two)))
            }
            _ if std::mem::discriminant(self) != std::mem::discriminant(other) => false,
            _ => match (self.to_feel(), other.to_feel()) {
                (Ok(one), Ok(two)) => one == two,
                _ => self == other,
            },
        }
    }
}

fn duration(text: &str) -> Option<Value> {
    let days = FeelDaysAndTimeDuration::try_from(text)
        .ok()
        .map(Value::DaysAndTimeDuration);
    days.or_else(|| {
        FeelYearsAndMonthsDuration::try_from(text)
            .ok()
            .map(Value::YearsAndMonthsDuration)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sameness_is_feels() {
        let duration = |text: &str| Typed::Duration(text.into());
        assert!(Typed::Number("1.0".into()).same(&Typed::Number("1".into())));
        assert!(duration("PT24H").same(&duration("P1D")));
        assert!(duration("P12M").same(&duration("P1Y")));
        assert!(!duration("P1M").same(&duration("P30D")));
        assert!(!Typed::Date("2020-01-01".into()).same(&Typed::Text("2020-01-01".into())));
        let list = |items: &[&str]| Typed::List(items.iter().map(|text| Typed::Number((*text).into())).collect());
        assert!(list(&["1", "2"]).same(&list(&["1.0", "2.00"])) && !list(&["1"]).same(&list(&["1", "2"])));
    }
}
