//! The constants of a view.

use crate::ViewError;
use crate::path::Constant;
use crate::source::{Part, check_name};
use serde_json::Value;
use std::collections::HashMap;

/// Names that expressions know without a constant.
const RESERVED: [&str; 8] = [
    "context",
    "resource",
    "rootResource",
    "rowIndex",
    "ucum",
    "sct",
    "loinc",
    "terminologies",
];

/// The constants by name.
pub(crate) fn read(view: &Part<'_>) -> Result<HashMap<String, Constant>, ViewError> {
    let mut constants = HashMap::new();
    for part in view.list("constant")? {
        let name = part.needs_text("name", "a constant is used by its name, %name")?;
        check_name(part.at("name"), name)?;
        if RESERVED.contains(&name) {
            let message = format!("%{name} has a meaning in FHIRPath already: choose another name");
            return Err(ViewError::new(part.at("name"), message));
        }
        let constant = value(&part)?;
        if constants.insert(name.to_owned(), constant).is_some() {
            let message = format!("there is another constant '{name}': names must be unique");
            return Err(ViewError::new(part.at("name"), message));
        }
    }
    Ok(constants)
}

fn value(part: &Part<'_>) -> Result<Constant, ViewError> {
    let mut given = part.fields().iter().filter(|(field, _)| field.starts_with("value"));
    let (Some((field, value)), None) = (given.next(), given.next()) else {
        let message = "a constant needs exactly one value, e.g. valueString";
        return Err(ViewError::new(part.at("value[x]"), message));
    };
    let wrong = || {
        let message = format!("{value} is no value of this type");
        ViewError::new(part.at(field), message)
    };
    let text = || value.as_str().filter(|text| !text.is_empty()).ok_or_else(wrong);
    let whole = || match value {
        Value::Number(number) => number.as_i64().ok_or_else(wrong),
        Value::String(digits) => digits.parse().map_err(|_| wrong()),
        _ => Err(wrong()),
    };
    Ok(match field.as_str() {
        "valueBoolean" => Constant::Boolean(value.as_bool().ok_or_else(wrong)?),
        "valueInteger" => Constant::Integer(whole()?),
        "valuePositiveInt" => Constant::Integer(whole().and_then(|n| if n > 0 { Ok(n) } else { Err(wrong()) })?),
        "valueUnsignedInt" => Constant::Integer(whole().and_then(|n| if n >= 0 { Ok(n) } else { Err(wrong()) })?),
        "valueInteger64" => Constant::Integer(whole()?),
        "valueDecimal" => match value {
            Value::Number(number) => Constant::Decimal(crate::path::decimal(number.as_str()).ok_or_else(wrong)?),
            _ => return Err(wrong()),
        },
        "valueDate" => Constant::Date(text()?.to_owned()),
        "valueDateTime" | "valueInstant" => Constant::DateTime(text()?.to_owned()),
        "valueTime" => Constant::Time(text()?.to_owned()),
        "valueString" | "valueCode" | "valueId" | "valueUri" | "valueUrl" | "valueUuid" | "valueOid"
        | "valueCanonical" | "valueBase64Binary" | "valueMarkdown" => Constant::Text(text()?.to_owned()),
        other => {
            let message = format!("constants have no {other}: use a primitive type, e.g. valueString or valueInteger");
            return Err(ViewError::new(part.at(other), message));
        }
    })
}
