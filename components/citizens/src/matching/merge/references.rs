//! References to a record inside other resources: finding, changing and changing back.

use serde_json::Value;

/// System of the instance of a process in its Task and CarePlan.
const INSTANCE: &str = orchestrator::INSTANCE_SYSTEM;

/// Points every reference to `from` (such as `Patient/1`) to `to`; gives the places (JSON pointers) in their order. References to
/// a version of it say what was true of that version, and stay.
pub(crate) fn repoint(resource: &mut Value, from: &str, to: &str) -> Vec<String> {
    let mut places = vec![];
    walk(resource, &mut String::new(), from, to, &mut places);
    places
}

fn walk(value: &mut Value, at: &mut String, from: &str, to: &str, places: &mut Vec<String>) {
    let length = at.len();
    match value {
        Value::Object(object) => {
            for (name, inner) in object {
                at.push('/');
                at.push_str(&name.replace('~', "~0").replace('/', "~1"));
                match inner {
                    Value::String(text) if name == "reference" => {
                        if text == from {
                            to.clone_into(text);
                            places.push(at.clone());
                        }
                    }
                    inner => walk(inner, at, from, to, places),
                }
                at.truncate(length);
            }
        }
        Value::Array(items) => {
            for (number, inner) in items.iter_mut().enumerate() {
                at.push_str(&format!("/{number}"));
                walk(inner, at, from, to, places);
                at.truncate(length);
            }
        }
        _ => {}
    }
}

/// Puts `back` at the places where `now` still stands; gives the places where something else does.
pub(crate) fn put_back(resource: &mut Value, places: &[String], now: &str, back: &str) -> Vec<String> {
    let mut changed = vec![];
    for place in places {
        match resource.pointer_mut(place) {
            Some(Value::String(text)) if text == now => back.clone_into(text),
            _ => changed.push(place.clone()),
        }
    }
    changed
}

/// Whether a resource is a process's own: it follows its instance.
pub(crate) fn is_of_process(resource: &Value) -> bool {
    let of = |identifier: &Value| identifier["system"] == INSTANCE;
    match resource["resourceType"].as_str() {
        Some("Task") => of(&resource["groupIdentifier"]),
        Some("CarePlan") => resource["identifier"].as_array().into_iter().flatten().any(of),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_reference_is_changed_and_changed_back() {
        let before = json!({
            "resourceType": "Observation", "subject": {"reference": "Patient/b"}, "note": [{"text": "Patient/b"}],
            "performer": [{"reference": "Practitioner/x"}, {"reference": "Patient/b"}],
            "derivedFrom": [{"reference": "Patient/b/_history/1"}],
            "extension": [{"url": "a/b", "valueReference": {"reference": "Patient/b"}}],
            "contained": [{"a~b/c": {"reference": "Patient/b"}}]
        });
        let mut one = before.clone();
        let places = repoint(&mut one, "Patient/b", "Patient/a");
        assert_eq!(
            places,
            [
                "/subject/reference",
                "/performer/1/reference",
                "/extension/0/valueReference/reference",
                "/contained/0/a~0b~1c/reference"
            ]
        );
        assert_eq!(one["derivedFrom"], before["derivedFrom"]);
        let mut later = one.clone();
        assert!(put_back(&mut one, &places, "Patient/a", "Patient/b").is_empty());
        assert_eq!(one, before);
        later["subject"] = json!({"reference": "Patient/c"});
        assert_eq!(
            put_back(&mut later, &places, "Patient/a", "Patient/b"),
            ["/subject/reference"]
        );
    }
}
