//! Defects put into valid examples, one at a time, as their profiles' snapshots suggest them.

use super::errors;
use crate::library::{Library, on_all};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// How the defects of one kind came out.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Examples made.
    pub made: usize,
    /// Of these, found to be wrong.
    pub caught: usize,
    /// The others.
    pub missed: Vec<String>,
}

struct Defect {
    kind: &'static str,
    place: String,
    spoilt: Value,
}

/// Defects tried on one example.
const MAX_DEFECTS: usize = 60;

/// Spoils every example in every way its declared profiles suggest.
pub(super) fn all(library: &Library, examples: &[&Value]) -> BTreeMap<&'static str, Found> {
    let tried = on_all(examples, |example| {
        let defects = defects(library, example);
        let tell = |defect: Defect| {
            let caught = fhir::check(fhir::Definitions::r4(), &defect.spoilt).is_err()
                || !errors(library, &defect.spoilt).is_empty();
            (defect.kind, defect.place, caught)
        };
        defects.into_iter().map(tell).collect::<Vec<_>>()
    });
    let mut found: BTreeMap<&'static str, Found> = BTreeMap::new();
    for (kind, place, caught) in tried.into_iter().flatten() {
        let one = found.entry(kind).or_default();
        one.made += 1;
        one.caught += usize::from(caught);
        if !caught {
            one.missed.push(place);
        }
    }
    found
}

fn defects(library: &Library, example: &Value) -> Vec<Defect> {
    let declared = example
        .pointer("/meta/profile")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let mut defects = Vec::new();
    for url in declared.filter_map(Value::as_str) {
        let Some(definition) = library.definitions.get(url) else {
            continue;
        };
        let elements = definition.pointer("/snapshot/element").and_then(Value::as_array);
        let elements: Vec<_> = elements
            .into_iter()
            .flatten()
            .skip(1)
            .filter_map(Value::as_object)
            .collect();
        let required = elements.iter().filter(|e| e["min"] != 0 && e.contains_key("sliceName"));
        let required: Vec<&str> = required.filter_map(|e| e.get("id")?.as_str()).collect();
        for element in elements {
            of_element(example, url, element, &required, &mut defects);
        }
    }
    defects.truncate(MAX_DEFECTS);
    defects
}

fn of_element(example: &Value, url: &str, element: &Map<String, Value>, required: &[&str], defects: &mut Vec<Defect>) {
    let text = |name: &str| element.get(name).and_then(Value::as_str).unwrap_or_default();
    let (id, path) = (text("id"), text("path"));
    let steps: Vec<&str> = path.split('.').skip(1).collect();
    let sliced = id.contains(':');
    let min = element.get("min").and_then(Value::as_u64).unwrap_or_default();
    let held = element
        .iter()
        .find(|(name, _)| name.starts_with("fixed") || name.starts_with("pattern"));
    let mut add = |kind: &'static str, pointers: Vec<String>, change: &dyn Fn(&mut Value, &str)| {
        if pointers.is_empty() {
            return;
        }
        let mut spoilt = example.clone();
        pointers.iter().rev().for_each(|pointer| change(&mut spoilt, pointer));
        let place = format!("{} {id} of {url}", example["id"].as_str().unwrap_or_default());
        defects.push(Defect { kind, place, spoilt });
    };
    let found = pointers(example, &steps);
    if !sliced && min > 0 && steps.len() == 1 {
        add("required element removed", found.clone(), &remove);
    }
    if let (false, Some((_, held))) = (sliced, held) {
        let one = found
            .iter()
            .take(1)
            .filter(|at| example.pointer(at).is_some_and(|v| meets(held, v)))
            .cloned()
            .collect();
        add("fixed value or pattern broken", one, &break_value);
    }
    // the value that tells a required slice from the others: `Patient.identifier:cf.system`
    if let (Some((parent, rest)), Some((_, held))) = (slice_above(id), held)
        && required.contains(&parent)
        && min > 0
        && !rest.contains(':')
    {
        let same: Vec<String> = found
            .iter()
            .filter(|at| example.pointer(at) == Some(held))
            .cloned()
            .collect();
        add("required slice made another", same, &break_value);
    }
    // an extension that must be there becomes another one
    if let Some(wanted) = element
        .get("type")
        .and_then(|t| t.pointer("/0/profile/0"))
        .and_then(Value::as_str)
        && required.contains(&id)
        && path.ends_with(".extension")
    {
        let urls = found.iter().map(|at| format!("{at}/url"));
        let same = urls
            .filter(|at| example.pointer(at).is_some_and(|url| url == wanted))
            .collect();
        add("required extension made another", same, &break_value);
    }
    let bound = element.get("binding").filter(|b| b["strength"] == "required");
    if let (false, Some(_), Some(code)) = (sliced, bound, element.get("type").and_then(|t| t.pointer("/0/code")))
        && code == "code"
        && steps.len() == 1
    {
        add("code outside its value set", pointers(example, &steps), &|value, at| {
            if let Some(value) = value.pointer_mut(at) {
                *value = json!("no-such-code");
            }
        });
    }
}

/// The slice an id is below, and the rest.
fn slice_above(id: &str) -> Option<(&str, &str)> {
    let colon = id.find(':')?;
    let dot = id[colon..].find('.')? + colon;
    Some((&id[..dot], &id[dot + 1..]))
}

/// JSON pointers of every value of an element, through arrays and choices.
fn pointers(example: &Value, steps: &[&str]) -> Vec<String> {
    let mut found = vec![(String::new(), example)];
    for step in steps {
        let mut next = Vec::new();
        for (at, value) in found {
            let Value::Object(object) = value else { continue };
            let stem = step.strip_suffix("[x]");
            for (name, child) in object {
                let hit = match stem {
                    Some(stem) => name
                        .strip_prefix(stem)
                        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase())),
                    None => name == step,
                };
                match child {
                    _ if !hit => {}
                    Value::Array(items) => next.extend(
                        items
                            .iter()
                            .enumerate()
                            .map(|(n, item)| (format!("{at}/{name}/{n}"), item)),
                    ),
                    child => next.push((format!("{at}/{name}"), child)),
                }
            }
        }
        found = next;
    }
    found.into_iter().map(|(at, _)| at).collect()
}

fn meets(held: &Value, value: &Value) -> bool {
    match (held, value) {
        (Value::Object(held), Value::Object(value)) => held
            .iter()
            .all(|(name, one)| value.get(name).is_some_and(|v| meets(one, v))),
        (Value::Array(held), Value::Array(value)) => held.iter().all(|one| value.iter().any(|v| meets(one, v))),
        _ => held == value,
    }
}

/// Removes the element as a whole: array and primitive extensions too.
fn remove(value: &mut Value, pointer: &str) {
    let name = pointer.split('/').nth(1).unwrap_or_default();
    if let Some(object) = value.as_object_mut() {
        object.shift_remove(name);
        object.shift_remove(&format!("_{name}"));
    }
}

/// Changes the first text inside.
fn break_value(value: &mut Value, pointer: &str) {
    fn change(value: &mut Value) -> bool {
        match value {
            Value::String(text) => {
                text.push('x');
                true
            }
            Value::Bool(truth) => {
                *truth = !*truth;
                true
            }
            Value::Array(items) => items.iter_mut().any(change),
            // what a pattern does not name may be anything: the display of a code is no defect
            Value::Object(object) => {
                let mut members: Vec<_> = object
                    .iter_mut()
                    .filter(|(name, _)| !matches!(name.as_str(), "display" | "text" | "id"))
                    .collect();
                members.sort_by_key(|(name, _)| !matches!(name.as_str(), "coding" | "code" | "system"));
                members.into_iter().any(|(_, member)| change(member))
            }
            _ => false,
        }
    }
    if let Some(value) = value.pointer_mut(pointer) {
        change(value);
    }
}
