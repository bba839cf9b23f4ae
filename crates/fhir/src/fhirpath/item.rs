//! Values of FHIRPath.

use rh_fhirpath::FhirPathValue;
use serde_json::{Number, Value, json};

/// A value of an evaluation, with the type that FHIRPath gives it.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A decimal, with its digits.
    Decimal(String),
    /// Text, code, id, uri.
    String(String),
    /// A date, without `@`.
    Date(String),
    /// A moment, without `@`.
    DateTime(String),
    /// A time of day, without `@T`.
    Time(String),
    /// A quantity.
    Quantity {
        /// Value, with its digits.
        value: String,
        /// UCUM code or calendar word.
        unit: Option<String>,
    },
    /// An element with children, or a resource.
    Object(Value),
}

impl Item {
    /// The values of a result; collections are flat in FHIRPath.
    pub(super) fn list(value: FhirPathValue) -> Vec<Item> {
        let mut items = vec![];
        collect(value, &mut items);
        items
    }

    /// As JSON: a quantity becomes a FHIR `Quantity` with its unit as code.
    pub fn into_json(self) -> Value {
        match self {
            Item::Boolean(truth) => Value::Bool(truth),
            Item::Integer(number) => json!(number),
            Item::Decimal(digits) => decimal(&digits),
            Item::String(text) | Item::Date(text) | Item::DateTime(text) | Item::Time(text) => Value::String(text),
            Item::Quantity {
                value,
                unit: Some(unit),
            } => json!({"value": decimal(&value), "code": unit}),
            Item::Quantity { value, unit: None } => json!({"value": decimal(&value)}),
            Item::Object(value) => value,
        }
    }
}

/// Keeps the digits, so `1.10` stays `1.10`.
fn decimal(digits: &str) -> Value {
    digits
        .parse::<Number>()
        .map_or_else(|_| Value::String(digits.to_owned()), Value::Number)
}

fn collect(value: FhirPathValue, items: &mut Vec<Item>) {
    items.push(match value {
        FhirPathValue::Empty => return,
        FhirPathValue::Collection(values) | FhirPathValue::UnorderedCollection(values) => {
            return values.into_iter().for_each(|value| collect(value, items));
        }
        FhirPathValue::FhirPrimitive { inner, .. } => return collect(*inner, items),
        FhirPathValue::Boolean(truth) | FhirPathValue::TypedBoolean { value: truth, .. } => Item::Boolean(truth),
        FhirPathValue::String(text) | FhirPathValue::TypedString { value: text, .. } => Item::String(text),
        FhirPathValue::Number(number) => Item::Decimal(number.to_string()),
        FhirPathValue::Integer(number) | FhirPathValue::Long(number) => Item::Integer(number),
        FhirPathValue::Date(text) => Item::Date(text.trim_start_matches('@').to_owned()),
        FhirPathValue::DateTime(text) | FhirPathValue::TypedDateTime { value: text, .. } => {
            Item::DateTime(text.trim_start_matches('@').to_owned())
        }
        FhirPathValue::Time(text) => Item::Time(text.trim_start_matches(['@', 'T']).to_owned()),
        FhirPathValue::Quantity { value, unit } => Item::Quantity {
            value: value.to_string(),
            unit,
        },
        FhirPathValue::DateTimePrecision(unit) => Item::String(unit.to_string()),
        FhirPathValue::Object(value) | FhirPathValue::TypedObject { value, .. } => match value {
            Value::String(text) => Item::String(text),
            value => Item::Object(value),
        },
    });
}
