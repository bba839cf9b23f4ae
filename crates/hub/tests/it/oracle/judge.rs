//! Whether a resource answers a search parameter, read from its JSON.

use super::value::{concept, date, has_words, interval, near, plain, quantity, token};
use super::world::World;
use serde_json::Value;

/// Values at a path, lists opened.
fn at<'a>(value: &'a Value, path: &str) -> Vec<&'a Value> {
    let open = |value: &'a Value| match value {
        Value::Array(items) => items.iter().collect(),
        Value::Null => vec![],
        other => vec![other],
    };
    let mut found = open(value);
    for name in path.split('.').filter(|name| !name.is_empty()) {
        found = found
            .into_iter()
            .filter_map(|value| value.get(name))
            .flat_map(open)
            .collect();
    }
    found
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or("")
}

/// The elements that a parameter is about.
fn elements<'a>(resource: &'a Value, code: &str) -> Vec<&'a Value> {
    let paths: &[&str] = match code {
        "family" => &["name.family"],
        "given" => &["name.given"],
        "birthdate" => &["birthDate"],
        "organization" => &["managingOrganization"],
        "_tag" => &["meta.tag"],
        "_source" => &["meta.source"],
        "_profile" => &["meta.profile"],
        "combo-code" => &["code", "component.code"],
        "value-quantity" => &["valueQuantity"],
        "combo-value-quantity" => &["valueQuantity", "component.valueQuantity"],
        "value-concept" => &["valueCodeableConcept"],
        "date" => &["effectiveDateTime", "effectivePeriod"],
        "patient" | "subject" => &["subject"],
        "item" => &["entry.item"],
        "near" => &["position"],
        "code-value-quantity" | "code-value-concept" => &[""],
        "combo-code-value-quantity" | "combo-code-value-concept" => &["", "component"],
        "component-code-value-quantity" => &["component"],
        plain => return at(resource, plain),
    };
    paths.iter().flat_map(|path| at(resource, path)).collect()
}

/// Whether one resource answers `name=value`.
pub fn holds(world: &World, resource: &Value, name: &str, value: &str) -> bool {
    if let Some(rest) = name.strip_prefix("_has:") {
        let parts: Vec<&str> = rest.splitn(3, ':').collect();
        let this = format!("{}/{}", text(resource, "resourceType"), text(resource, "id"));
        return world.resources.iter().any(|other| {
            other["resourceType"] == parts[0]
                && elements(other, parts[1])
                    .iter()
                    .any(|reference| text(reference, "reference") == this)
                && holds(world, other, parts[2], value)
        });
    }
    if let Some((head, rest)) = name.split_once('.') {
        let (code, only) = head.split_once(':').unwrap_or((head, ""));
        return elements(resource, code).iter().any(|reference| {
            let target = text(reference, "reference");
            target.starts_with(only)
                && world.resources.iter().any(|other| {
                    target == format!("{}/{}", text(other, "resourceType"), text(other, "id"))
                        && holds(world, other, rest, value)
                })
        });
    }
    let (code, modifier) = name.split_once(':').unwrap_or((name, ""));
    match (code, modifier) {
        ("_text" | "_content", _) => value.split(',').any(|value| words(resource, code == "_text", value)),
        ("_id", _) => value.split(',').any(|value| value == text(resource, "id")),
        ("_list", _) => value
            .split(',')
            .any(|list| holds(world, resource, "_has:List:item:_id", list.trim_start_matches("List/"))),
        (_, "missing") => missing(resource, code) == (value == "true"),
        (_, "not") => !value.split(',').any(|value| one(resource, code, "", value)),
        _ => value.split(',').any(|value| one(resource, code, modifier, value)),
    }
}

/// A composite is there where both its parts are, in one element.
fn missing(resource: &Value, code: &str) -> bool {
    elements(resource, code).iter().all(|element| {
        code.ends_with("value-quantity")
            && code.contains("code-")
            && (element.get("valueQuantity").is_none() || at(element, "code.coding").is_empty())
    })
}

/// Whether the parameter has a value that one value of the list describes.
fn one(resource: &Value, code: &str, modifier: &str, wanted: &str) -> bool {
    elements(resource, code)
        .into_iter()
        .any(|element| match (code, modifier) {
            ("family" | "given" | "name", "exact") => element.as_str() == Some(wanted),
            ("family" | "given" | "name", "contains") => plain(element.as_str().unwrap()).contains(&plain(wanted)),
            ("family" | "given" | "name", _) => plain(element.as_str().unwrap()).starts_with(&plain(wanted)),
            ("gender", _) => token(
                wanted,
                "http://hl7.org/fhir/administrative-gender",
                element.as_str().unwrap(),
            ),
            ("birthdate", _) => date(wanted, interval(element.as_str().unwrap())),
            ("date", _) => date(wanted, when(element)),
            ("identifier", "of-type") => of_type(wanted, element),
            ("identifier", "text") => has_words(text(&element["type"], "text"), wanted),
            ("identifier", _) => token(wanted, text(element, "system"), text(element, "value")),
            ("_source" | "_profile", _) => element.as_str() == Some(wanted),
            (_, "text") => {
                let shown =
                    |value: &Value, name: &str| value.get(name).is_some_and(|t| has_words(t.as_str().unwrap(), wanted));
                shown(element, "text")
                    || shown(element, "display")
                    || at(element, "coding").iter().any(|c| shown(c, "display"))
            }
            ("code" | "combo-code" | "value-concept" | "_tag", _) => concept(wanted, element),
            ("near", _) => near(wanted, element),
            ("organization" | "patient" | "subject", "identifier") => {
                let identifier = &element["identifier"];
                !identifier.is_null() && token(wanted, text(identifier, "system"), text(identifier, "value"))
            }
            ("organization" | "patient" | "subject", _) => {
                let own = text(element, "reference");
                own == wanted || own.rsplit('/').next() == Some(wanted)
            }
            _ if code.contains("code-value") => {
                let (first, second) = wanted.split_once('$').unwrap();
                let passes = if code.ends_with("concept") {
                    element
                        .get("valueCodeableConcept")
                        .is_some_and(|value| concept(second, value))
                } else {
                    element
                        .get("valueQuantity")
                        .is_some_and(|value| quantity(second, value))
                };
                passes && concept(first, &element["code"])
            }
            _ => quantity(wanted, element),
        })
}

/// A side of a period that is not given is open.
fn when(element: &Value) -> (i64, i64) {
    if let Some(text) = element.as_str() {
        return interval(text);
    }
    let side = |name: &str| element.get(name).map(|text| interval(text.as_str().unwrap()));
    (
        side("start").map_or(i64::MIN, |s| s.0),
        side("end").map_or(i64::MAX, |s| s.1),
    )
}

fn of_type(wanted: &str, identifier: &Value) -> bool {
    let parts: Vec<&str> = wanted.split('|').collect();
    let is = |coding: &&Value| text(coding, "system") == parts[0] && text(coding, "code") == parts[1];
    text(identifier, "value") == parts[2] && at(identifier, "type.coding").iter().any(is)
}

/// `a OR b`, `a AND b`, `NOT "a"`, `"a b"`.
fn words(resource: &Value, narrative: bool, wanted: &str) -> bool {
    if let Some((a, b)) = wanted.split_once(" OR ") {
        return words(resource, narrative, a) || words(resource, narrative, b);
    }
    if let Some((a, b)) = wanted.split_once(" AND ") {
        return words(resource, narrative, a) && words(resource, narrative, b);
    }
    if let Some(word) = wanted.strip_prefix("NOT ") {
        return !words(resource, narrative, word);
    }
    if !wanted.starts_with('"') {
        // Words without quotes may stand anywhere.
        return wanted
            .split(' ')
            .all(|word| words(resource, narrative, &format!("\"{word}\"")));
    }
    let mut texts = vec![];
    if narrative {
        strings(&resource["text"]["div"], &mut texts);
    } else {
        strings(resource, &mut texts);
    }
    texts.iter().any(|text| has_words(text, wanted))
}

fn strings(value: &Value, out: &mut Vec<String>) {
    match value {
        // Tags are no words.
        Value::String(text) => {
            let outside = text.split('<').map(|part| part.rsplit('>').next().unwrap_or(part));
            out.push(outside.collect::<Vec<_>>().join(" "));
        }
        Value::Array(items) => items.iter().for_each(|item| strings(item, out)),
        Value::Object(object) => object
            .iter()
            .filter(|(name, _)| *name != "resourceType")
            .for_each(|(_, item)| strings(item, out)),
        _ => {}
    }
}

/// The sort key of a resource for a parameter: the smallest, or with `greatest` the greatest, value.
pub fn values<'a>(resource: &'a Value, code: &str) -> Vec<&'a Value> {
    elements(resource, code)
}

/// The interval of a date element.
pub fn date_of(element: &Value) -> (i64, i64) {
    when(element)
}
