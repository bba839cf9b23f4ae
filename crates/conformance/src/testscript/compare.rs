//! Values found in resources, and the operators that compare them.

use fhir::Definitions;
use serde_json::Value;

/// A value as text.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// The values at a `path`: XPath over the XML form (`fhir:Patient/fhir:id/@value`), JSONPath (`$.name[0].family`), or
/// plain element names (`Patient/id`, `Patient.name[0].family`).
pub(super) fn at_path(resource: &Value, path: &str) -> Result<Vec<Value>, String> {
    let text = path.trim();
    let is_xpath = text.contains("fhir:") || text.contains("/@") || text.contains("f:") || text.contains("//");
    let rtype = resource["resourceType"].as_str().unwrap_or_default();
    let steps = if is_xpath {
        simple_xpath(text)?
    } else {
        text.replace('/', ".")
    };
    let mut values = vec![resource.clone()];
    let mut steps = steps
        .trim_start_matches("$.")
        .trim_start_matches('.')
        .split('.')
        .filter(|step| !step.is_empty())
        .peekable();
    if steps
        .peek()
        .is_some_and(|first| *first == rtype || *first == "$" || *first == "*")
    {
        steps.next();
    }
    for step in steps {
        let (name, index) = match step.split_once('[') {
            None => (step, None),
            Some((name, rest)) => {
                let inner = rest.trim_end_matches(']');
                let number: usize = inner
                    .parse()
                    .map_err(|_| format!("the path '{path}' has a step this runner does not read: {step}"))?;
                // XPath counts from 1
                (name, Some(if is_xpath { number.saturating_sub(1) } else { number }))
            }
        };
        values = values.iter().flat_map(|value| children(value, name, index)).collect();
    }
    Ok(values)
}

fn children(value: &Value, name: &str, index: Option<usize>) -> Vec<Value> {
    let found = match value.get(name) {
        // a resource inside an entry: XML names its type, JSON does not
        None if value["resourceType"] == name => return vec![value.clone()],
        None => return Vec::new(),
        Some(Value::Array(items)) => items.clone(),
        Some(other) => vec![other.clone()],
    };
    match index {
        None => found,
        Some(at) => found.into_iter().nth(at).into_iter().collect(),
    }
}

/// XPath of the kind TestScripts use, as dotted names: prefixes and `@value` fall away.
fn simple_xpath(text: &str) -> Result<String, String> {
    if text.contains("//") || text.contains('(') {
        return Err(format!(
            "the XPath '{text}' is not of the kind this runner reads (steps and positions)"
        ));
    }
    let steps = text.split('/').filter(|step| !step.is_empty() && *step != "@value");
    let plain = steps.map(|step| {
        step.trim_start_matches('@')
            .rsplit(':')
            .next()
            .unwrap_or(step)
            .to_owned()
    });
    Ok(plain.collect::<Vec<_>>().join("."))
}

/// Whether `found` stands to `wanted` as the operator says. `None`: there is nothing.
pub(super) fn holds(operator: &str, found: Option<&str>, wanted: &str) -> Result<bool, String> {
    let text = found.unwrap_or_default();
    Ok(match operator {
        "" | "equals" => found.is_some() && same(text, wanted),
        "notEquals" => !same(text, wanted),
        "in" => wanted.split(',').any(|one| same(text, one.trim())),
        "notIn" => !wanted.split(',').any(|one| same(text, one.trim())),
        "greaterThan" => order(text, wanted)? == std::cmp::Ordering::Greater,
        "lessThan" => order(text, wanted)? == std::cmp::Ordering::Less,
        "empty" => text.is_empty(),
        "notEmpty" => !text.is_empty(),
        "contains" => text.contains(wanted),
        "notContains" => !text.contains(wanted),
        other => return Err(format!("the operator '{other}' is not known")),
    })
}

fn same(a: &str, b: &str) -> bool {
    a == b || matches!((a.parse::<f64>(), b.parse::<f64>()), (Ok(a), Ok(b)) if a == b)
}

fn order(a: &str, b: &str) -> Result<std::cmp::Ordering, String> {
    if let (Ok(a), Ok(b)) = (a.parse::<f64>(), b.parse::<f64>()) {
        return a.partial_cmp(&b).ok_or_else(|| "not a number".into());
    }
    match (fhir::date_interval(a), fhir::date_interval(b)) {
        (Some(a), Some(b)) => Ok(a.cmp(&b)),
        _ => Ok(a.cmp(b)),
    }
}

/// Whether everything in `least` is in `found` too (`minimumId`); the first place where it is not.
pub(super) fn missing(path: &str, least: &Value, found: &Value) -> Option<String> {
    match (least, found) {
        (Value::Object(least), Value::Object(found)) => least.iter().find_map(|(name, value)| match found.get(name) {
            None => Some(format!("{path}.{name} is missing")),
            Some(other) => missing(&format!("{path}.{name}"), value, other),
        }),
        (Value::Array(least), Value::Array(found)) => least.iter().enumerate().find_map(|(n, item)| {
            let there = found.iter().any(|other| missing(path, item, other).is_none());
            (!there).then(|| format!("{path}[{n}] has no counterpart"))
        }),
        _ if same(&plain(least), &plain(found)) => None,
        _ => Some(format!("{path} is {}, not {}", plain(found), plain(least))),
    }
}

/// What base R4 says against a resource.
pub(super) fn structure(resource: &Value) -> Result<(), String> {
    fhir::check(Definitions::r4(), resource).map_err(|errors| {
        let told: Vec<String> = errors.iter().take(3).map(ToString::to_string).collect();
        told.join("; ")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_of_three_kinds_find_the_same() {
        let patient =
            json!({"resourceType": "Patient", "id": "a", "name": [{"family": "Rossi"}, {"family": "Bianchi"}]});
        for path in [
            "fhir:Patient/fhir:name[2]/fhir:family/@value",
            "$.name[1].family",
            "Patient/name[1]/family",
            "Patient.name[1].family",
        ] {
            assert_eq!(at_path(&patient, path).unwrap(), [json!("Bianchi")], "{path}");
        }
        assert!(at_path(&patient, "//fhir:family").is_err());
    }

    #[test]
    fn operators_compare_numbers_and_moments() {
        for (operator, found, wanted, is) in [
            ("equals", Some("1.0"), "1", true),
            ("in", Some("204"), "200, 204", true),
            ("greaterThan", Some("10"), "9", true),
            ("lessThan", Some("2020-01-01"), "2020-02", true),
            ("notEmpty", None, "", false),
            ("empty", None, "", true),
            ("contains", Some("abc"), "b", true),
            ("equals", None, "", false),
        ] {
            assert_eq!(
                holds(operator, found, wanted).unwrap(),
                is,
                "{operator} {found:?} {wanted}"
            );
        }
        assert!(holds("eval", None, "").is_err());
    }

    #[test]
    fn what_is_least_is_found_in_more() {
        let least = json!({"name": [{"family": "R"}]});
        assert_eq!(
            missing(
                "",
                &least,
                &json!({"id": 1, "name": [{"given": []}, {"family": "R", "use": "x"}]})
            ),
            None
        );
        assert!(missing("", &least, &json!({"name": [{"family": "S"}]})).is_some());
    }
}
