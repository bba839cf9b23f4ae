//! What the answer to a form-js field may be, as extensions of FHIR.

use super::form_js::EXT;
use serde_json::{Map, Value, json};

/// `validate.validationType` as a pattern and words that say it.
const TYPES: [(&str, &str, &str); 2] = [
    ("email", r"^[^@\s]+@[^@\s]+\.[^@\s]+$", "nome@esempio.it"),
    ("phone", r"^\+?[0-9][0-9 ./()-]{4,20}$", "+39 081 1234567"),
];

/// Lengths and pattern of a text.
///
/// # Errors
/// The reason why a pattern is left out.
pub(super) fn text_limits(validate: &Value, item: &mut Value, extensions: &mut Vec<Value>) -> Result<(), String> {
    if let Some(longest) = whole(&validate["maxLength"]) {
        item["maxLength"] = longest.into();
    }
    if let Some(shortest) = whole(&validate["minLength"]) {
        extensions.push(json!({"url": format!("{EXT}minLength"), "valueInteger": shortest}));
    }
    let kind = TYPES.iter().find(|(name, ..)| validate["validationType"] == *name);
    if let Some((_, pattern, format)) = kind {
        extensions.push(json!({"url": format!("{EXT}regex"), "valueString": pattern}));
        extensions.push(json!({"url": format!("{EXT}entryFormat"), "valueString": format}));
        return Ok(());
    }
    let Some(pattern) = validate["pattern"].as_str().filter(|text| !text.is_empty()) else {
        return Ok(());
    };
    regex::RegexBuilder::new(pattern)
        .size_limit(1 << 20)
        .build()
        .map_err(|_| format!("the pattern '{pattern}' is not checked: it looks around itself, or is too large"))?;
    extensions.push(json!({"url": format!("{EXT}regex"), "valueString": pattern}));
    Ok(())
}

/// Least and greatest value.
///
/// # Errors
/// The reason why a bound is left out.
pub(super) fn bounds(kind: &str, component: &Value, extensions: &mut Vec<Value>) -> Result<(), String> {
    let validate = &component["validate"];
    let mut left_out = Ok(());
    for (name, bound) in [("minValue", &validate["min"]), ("maxValue", &validate["max"])] {
        // form-js writes numbers also as text
        let number: Option<Value> = bound.as_str().map_or_else(
            || bound.is_number().then(|| bound.clone()),
            |text| serde_json::from_str(text).ok(),
        );
        let Some(number) = number.filter(Value::is_number) else {
            if bound.as_str().is_some_and(|text| text.trim_start().starts_with('=')) {
                left_out = Err("a computed bound is not checked".to_owned());
            }
            continue;
        };
        let url = format!("{EXT}{name}");
        match kind {
            "integer" if number.is_i64() => extensions.push(json!({"url": url, "valueInteger": number})),
            "decimal" => extensions.push(json!({"url": url, "valueDecimal": number})),
            _ => {}
        }
    }
    left_out
}

/// What a `filepicker` takes: MIME types out of its list of types and endings.
pub(super) fn file_limits(component: &Value) -> Vec<Value> {
    let accept = component["accept"].as_str().unwrap_or_default();
    let kind = |part: &str| match part.trim().to_ascii_lowercase().as_str() {
        ".pdf" => Some("application/pdf".to_owned()),
        ".jpg" | ".jpeg" => Some("image/jpeg".to_owned()),
        ".png" => Some("image/png".to_owned()),
        ".txt" => Some("text/plain".to_owned()),
        mime if mime.contains('/') => Some(mime.to_owned()),
        _ => None,
    };
    let kinds = accept.split(',').filter_map(kind);
    let extension = |kind: String| json!({"url": format!("{EXT}mimeType"), "valueCode": kind});
    kinds.map(extension).collect()
}

/// The first value of a field.
pub(super) fn initial(kind: &str, value: &Value) -> Option<Value> {
    let name = match (kind, value) {
        ("boolean", Value::Bool(_)) => "valueBoolean",
        ("integer", Value::Number(number)) if number.is_i64() => "valueInteger",
        ("decimal", Value::Number(_)) => "valueDecimal",
        ("string" | "text", Value::String(text)) if !text.is_empty() => "valueString",
        ("date", Value::String(text)) if !text.is_empty() => "valueDate",
        _ => return None,
    };
    Some(Value::Object(Map::from_iter([(name.to_owned(), value.clone())])))
}

fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}
