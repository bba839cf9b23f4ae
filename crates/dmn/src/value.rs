//! JSON to FEEL and back.
//!
//! Into FEEL: numbers keep their decimal digits (34 significant, IEEE 754 decimal128), text stays text (a date arrives
//! as text: `date(nascita)` makes it a date). Out of FEEL: dates, times and durations become ISO 8601 text, ranges
//! their FEEL text; functions have no JSON form and are an error.

use crate::words::is_long;
use dsntk_feel::context::FeelContext;
use dsntk_feel::values::Value as Feel;
use dsntk_feel::{FeelNumber, Name};
use dsntk_feel_temporal::{FeelDateTime, FeelTime, FeelZone};
use serde_json::{Map, Number, Value};
use std::str::FromStr;

/// Deepest JSON value that is converted.
pub(crate) const MAX_DEPTH: usize = 100;

/// Largest exponent written out in digits; beyond it a number keeps its exponent.
const MAX_PLAIN_EXPONENT: i32 = 40;

/// The entries of `variables` whose names `wanted` accepts, as a FEEL context; names of more than one word are added
/// to `long_names`.
pub(crate) fn context(
    variables: &Map<String, Value>,
    wanted: impl Fn(&str) -> bool,
    long_names: &mut Vec<String>,
) -> Result<FeelContext, String> {
    let mut context = FeelContext::default();
    for (name, value) in variables {
        if wanted(name) {
            insert(&mut context, name, value, 1, long_names)
                .map_err(|message| format!("variable '{name}' {message}"))?;
        }
    }
    Ok(context)
}

fn insert(
    context: &mut FeelContext,
    name: &str,
    value: &Value,
    depth: usize,
    long_names: &mut Vec<String>,
) -> Result<(), String> {
    if is_long(name) {
        long_names.push(name.to_owned());
    }
    context.set_entry(&Name::from(name), to_feel(value, depth, long_names)?);
    Ok(())
}

/// A JSON value as a FEEL value.
pub(crate) fn to_feel(value: &Value, depth: usize, long_names: &mut Vec<String>) -> Result<Feel, String> {
    if depth > MAX_DEPTH {
        return Err(format!("nests more than {MAX_DEPTH} levels"));
    }
    Ok(match value {
        Value::Null => Feel::Null(None),
        Value::Bool(value) => Feel::Boolean(*value),
        Value::Number(number) => Feel::Number(
            FeelNumber::from_str(&number.to_string())
                .map_err(|_| format!("holds the number {number}, out of range"))?,
        ),
        Value::String(text) => Feel::String(text.clone()),
        Value::Array(items) => {
            let items: Result<Vec<_>, _> = items.iter().map(|item| to_feel(item, depth + 1, long_names)).collect();
            Feel::List(items?)
        }
        Value::Object(entries) => {
            let mut context = FeelContext::default();
            for (name, value) in entries {
                insert(&mut context, name, value, depth + 1, long_names)?;
            }
            Feel::Context(context)
        }
    })
}

/// A FEEL value as JSON.
pub(crate) fn to_json(value: &Feel) -> Result<Value, String> {
    Ok(match value {
        Feel::Null(_) => Value::Null,
        Feel::Boolean(value) => Value::Bool(*value),
        Feel::Number(number) => Value::Number(json_number(number)?),
        Feel::String(text) => Value::String(text.clone()),
        Feel::List(items) | Feel::ExpressionList(items) => {
            Value::Array(items.iter().map(to_json).collect::<Result<_, _>>()?)
        }
        Feel::Context(context) => {
            let entries = context
                .iter()
                .map(|(name, value)| Ok::<_, String>((String::from(name), to_json(value)?)));
            Value::Object(entries.collect::<Result<_, _>>()?)
        }
        Feel::DateTime(moment) => Value::String(iso_date_time(moment)),
        Feel::Time(time) => Value::String(iso_time(time, time.feel_time_offset())),
        Feel::Date(_) | Feel::DaysAndTimeDuration(_) | Feel::YearsAndMonthsDuration(_) | Feel::Range(..) => {
            Value::String(value.to_string())
        }
        Feel::Transparent(inner) => to_json(inner)?,
        Feel::BuiltInFunction(_) | Feel::FunctionDefinition(..) | Feel::FunctionBody(..) => {
            return Err("its value is a function: call it, with its arguments in round brackets".into());
        }
        Feel::FeelType(kind) => return Err(format!("its value is the type '{kind}', not a value")),
        _ => return Err("its value has no JSON form".into()),
    })
}

fn json_number(number: &FeelNumber) -> Result<Number, String> {
    // The debug form is `+digitsE±exponent`, or `+Inf`/`+NaN`, which the display form cannot write.
    let raw = format!("{number:?}");
    let (digits, exponent) = raw.split_once('E').ok_or("its value is not a finite number")?;
    let exponent: i32 = exponent.parse().map_err(|_| "its value is not a finite number")?;
    let digits = digits.trim_start_matches('+');
    if exponent.abs() > MAX_PLAIN_EXPONENT {
        return written(&format!("{digits}E{exponent}"));
    }
    let text = number.to_string();
    if text.contains('.') {
        written(text.trim_end_matches('0').trim_end_matches('.'))
    } else {
        written(&text)
    }
}

fn written(text: &str) -> Result<Number, String> {
    Number::from_str(text).map_err(|_| format!("its value {text} is not a number"))
}

fn iso_date_time(moment: &FeelDateTime) -> String {
    format!(
        "{}T{}",
        moment.date(),
        iso_time(&moment.time(), moment.feel_time_offset())
    )
}

/// A time whose named zone is replaced by its offset: ISO 8601 knows no names of zones.
fn iso_time(time: &FeelTime, offset: Option<i32>) -> String {
    match (time.zone(), offset) {
        (FeelZone::Zone(name), Some(offset)) => {
            let text = time.to_string();
            format!(
                "{}{}",
                text.trim_end_matches(&format!("@{name}")),
                FeelZone::Offset(offset)
            )
        }
        _ => time.to_string(),
    }
}
