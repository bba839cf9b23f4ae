//! Cells of views as values of typed columns.

use crate::HubError;
use columnar::{Cell, Field, Kind, Value};
use jiff::{Timestamp, civil};
use serde_json::Value as Json;
use sqlonfhir::{Column, Kind as Of};

/// The columns of a file.
pub(super) fn fields(columns: &[Column]) -> Vec<Field> {
    let field = |column: &Column| Field {
        name: column.name.clone(),
        kind: match column.kind {
            Of::Boolean => Kind::Boolean,
            Of::Integer => Kind::Int32,
            Of::Long => Kind::Int64,
            Of::Double => Kind::Double,
            Of::Timestamp => Kind::Timestamp,
            Of::Date => Kind::Date,
            Of::Text => Kind::Text,
            Of::Json => Kind::Json,
        },
        list: column.collection,
    };
    columns.iter().map(field).collect()
}

/// A row of a file.
pub(super) fn row(columns: &[Column], row: &[sqlonfhir::Cell<'_>]) -> Result<Vec<Cell>, HubError> {
    columns
        .iter()
        .zip(row)
        .map(|(column, cell)| self::cell(column, cell.to_json()))
        .collect()
}

fn cell(column: &Column, json: Json) -> Result<Cell, HubError> {
    match json {
        Json::Array(members) if column.collection => {
            let values = members.into_iter().map(|member| value(column, member));
            values.collect::<Result<_, _>>().map(Cell::List)
        }
        json => value(column, json).map(Cell::One),
    }
}

fn value(column: &Column, json: Json) -> Result<Value, HubError> {
    let wrong = |json: &Json| {
        HubError::bad(format!(
            "column '{}': {json} is no {}: choose another type, or the tag ansi/type CHARACTER VARYING",
            column.name, column.kind
        ))
    };
    let made = match (column.kind, &json) {
        (_, Json::Null) => Some(Value::Null),
        (Of::Boolean, Json::Bool(truth)) => Some(Value::Boolean(*truth)),
        (Of::Integer | Of::Long, Json::Number(number)) => number.as_i64().map(Value::Int),
        (Of::Double, Json::Number(number)) => number.as_f64().map(Value::Double),
        (Of::Timestamp, Json::String(text)) => {
            let at = text.parse::<Timestamp>().ok();
            at.map(|at| Value::Int(at.as_microsecond()))
        }
        (Of::Date, Json::String(text)) => days(text).map(Value::Int),
        (Of::Text, Json::String(text)) => Some(Value::Text(text.clone())),
        (Of::Text | Of::Json, other) => Some(Value::Text(other.to_string())),
        _ => None,
    };
    made.ok_or_else(|| wrong(&json))
}

/// Days since 1970-01-01 of a whole date.
fn days(text: &str) -> Option<i64> {
    let date: civil::Date = text.get(..10).filter(|_| text.len() == 10)?.parse().ok()?;
    let since = date.since(civil::date(1970, 1, 1)).ok()?;
    Some(i64::from(since.get_days()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_1970() {
        assert_eq!(days("1970-01-02"), Some(1));
        assert_eq!(days("1969-12-31"), Some(-1));
        assert_eq!(days("2026-01-02"), Some(20_455));
        assert_eq!(days("2026-01"), None);
    }
}
