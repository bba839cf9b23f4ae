//! `_summary` and `_elements`: the only reasons to parse what is read.

use crate::parse::Summary;
use bytes::Bytes;
use fhir::{Definitions, ElementDef, TypeDef, TypeKind};
use serde_json::{Map, Value, json};

/// The tag of a resource that is not whole (<https://hl7.org/fhir/R4/search.html#summary>).
const SUBSETTED: (&str, &str) = ("http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "SUBSETTED");

/// How much of a resource goes out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct View {
    /// `_summary`.
    pub summary: Summary,
    /// `_elements`, each with or without its type: `name`, `Patient.name`.
    pub elements: Vec<String>,
}

impl View {
    /// These elements only.
    pub(crate) fn of_elements(elements: Vec<String>) -> Self {
        // `resourceType` and `id` always stay; an empty list would mean all.
        let elements = if elements.is_empty() {
            vec!["id".into()]
        } else {
            elements
        };
        Self {
            summary: Summary::default(),
            elements,
        }
    }

    /// Whether stored bytes go out as they are.
    pub(crate) fn is_whole(&self) -> bool {
        matches!(self.summary, Summary::False | Summary::Count) && self.elements.is_empty()
    }

    /// The bytes to send for stored bytes.
    pub(crate) fn apply(&self, body: &Bytes) -> Bytes {
        if self.is_whole() {
            return body.clone();
        }
        let Ok(Value::Object(object)) = serde_json::from_slice(body) else {
            return body.clone();
        };
        match self.filter(object) {
            Some(kept) => Bytes::from(Value::Object(kept).to_string()),
            None => body.clone(),
        }
    }

    /// What is kept; `None` if all of it.
    fn filter(&self, object: Map<String, Value>) -> Option<Map<String, Value>> {
        let definitions = Definitions::r4();
        let rtype = object.get("resourceType").and_then(Value::as_str)?;
        let kind = definitions.type_def(definitions.type_by_path(rtype)?);
        let wanted: Vec<&str> = self
            .elements
            .iter()
            .filter_map(|text| element_of(rtype, text))
            .collect();
        // every element asked for is of another type: this one goes out as it is
        if wanted.is_empty() && matches!(self.summary, Summary::False | Summary::Count) {
            return None;
        }
        let mut kept = Map::new();
        for (name, mut value) in object {
            if !self.keeps(kind, &name, &wanted) {
                continue;
            }
            if self.summary == Summary::True {
                summarise(definitions, kind, &name, &mut value);
            }
            kept.insert(name, value);
        }
        mark(&mut kept);
        Some(kept)
    }

    /// `name` may be `_birthDate`, the companion of a primitive element.
    fn keeps(&self, kind: &TypeDef, name: &str, wanted: &[&str]) -> bool {
        let plain = name.strip_prefix('_').unwrap_or(name);
        if matches!(plain, "resourceType" | "id" | "meta") {
            return true;
        }
        let element = kind.element(plain);
        let needed = element.is_some_and(|element| element.min > 0 || element.is_modifier);
        let named = || {
            let stem = element.map_or("", |element| element.stem);
            wanted
                .iter()
                .any(|name| *name == plain || (!stem.is_empty() && *name == stem))
        };
        let of_summary = match self.summary {
            Summary::Data => plain != "text",
            Summary::Text => plain == "text" || needed,
            Summary::True => element.is_some_and(|element| element.is_summary) || needed,
            Summary::False | Summary::Count => return needed || named(),
        };
        of_summary && (wanted.is_empty() || needed || named())
    }
}

/// The root element that `text` names on this type; `None` if it is about another type.
fn element_of<'a>(rtype: &str, text: &'a str) -> Option<&'a str> {
    let mut parts = text.trim().split('.');
    let first = parts.next().filter(|part| !part.is_empty())?;
    if first == "*" || first.starts_with(|c: char| c.is_ascii_uppercase()) {
        return parts.next().filter(|_| first == "*" || first == rtype);
    }
    Some(first)
}

/// Inside an element defined in place (`Patient.contact`), only what belongs to the summary.
fn summarise(definitions: &Definitions, kind: &TypeDef, name: &str, value: &mut Value) {
    let nested = |element: &ElementDef| {
        let inner = definitions.type_def(element.type_id);
        (inner.kind == TypeKind::Nested).then_some(inner)
    };
    let Some(inner) = kind.element(name).and_then(nested) else {
        return;
    };
    let one = |item: &mut Value| {
        let Some(object) = item.as_object_mut() else { return };
        object.retain(|name, _| {
            let element = inner.element(name.strip_prefix('_').unwrap_or(name));
            element.is_some_and(|element| element.is_summary || element.is_modifier || element.min > 0)
        });
        for (name, child) in object.iter_mut() {
            summarise(definitions, inner, name, child);
        }
    };
    match value {
        Value::Array(items) => items.iter_mut().for_each(one),
        other => one(other),
    }
}

fn mark(kept: &mut Map<String, Value>) {
    let meta = kept.entry("meta").or_insert_with(|| json!({}));
    let Some(meta) = meta.as_object_mut() else { return };
    let tags = meta.entry("tag").or_insert_with(|| json!([]));
    let (system, code) = SUBSETTED;
    if let Some(tags) = tags.as_array_mut()
        && !tags.iter().any(|tag| tag["code"] == code && tag["system"] == system)
    {
        tags.push(json!({"system": system, "code": code}));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(summary: Summary, elements: &[&str], body: &Value) -> Value {
        let elements = elements.iter().map(|&text| text.to_owned()).collect();
        let body = Bytes::from(body.to_string());
        serde_json::from_slice(&View { summary, elements }.apply(&body)).unwrap()
    }

    fn names(value: &Value) -> Vec<&str> {
        value.as_object().unwrap().keys().map(String::as_str).collect()
    }

    #[test]
    fn elements_keep_what_is_asked_and_mark_it() {
        let body = json!({"resourceType": "Patient", "id": "1", "birthDate": "1950", "_birthDate": {}, "name": []});
        let seen = view(Summary::False, &["birthDate"], &body);
        assert_eq!(names(&seen), ["resourceType", "id", "birthDate", "_birthDate", "meta"]);
        assert_eq!(seen["meta"]["tag"][0]["code"], "SUBSETTED");
        assert_eq!(
            view(Summary::False, &["Patient.name"], &body),
            view(Summary::False, &["name"], &body)
        );
        assert_eq!(view(Summary::False, &["Observation.code"], &body), body);
        let bytes = Bytes::from(body.to_string());
        assert_eq!(View::default().apply(&bytes), bytes);
    }

    #[test]
    fn summaries_follow_the_definitions() {
        let body = json!({"resourceType": "Observation", "id": "1", "text": {"status": "empty", "div": "x"},
            "status": "final", "code": {"text": "c"}, "note": [{"text": "n"}], "valueString": "v",
            "modifierExtension": [], "component": [{"code": {"text": "k"}, "interpretation": [], "valueString": "w"}]});
        let summary = view(Summary::True, &[], &body);
        assert_eq!(
            names(&summary),
            [
                "resourceType",
                "id",
                "status",
                "code",
                "valueString",
                "modifierExtension",
                "component",
                "meta"
            ]
        );
        assert_eq!(names(&summary["component"][0]), ["code", "valueString"]);
        let text = view(Summary::Text, &[], &body);
        assert_eq!(
            names(&text),
            [
                "resourceType",
                "id",
                "text",
                "status",
                "code",
                "modifierExtension",
                "meta"
            ]
        );
        let data = view(Summary::Data, &[], &body);
        assert!(data.get("text").is_none() && data.get("note").is_some());
        assert!(view(Summary::False, &["value"], &body).get("valueString").is_some());
        // the tag is put once
        assert_eq!(view(Summary::True, &[], &summary), summary);
    }
}
