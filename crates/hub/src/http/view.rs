//! `_summary`, `_elements` and `_pretty`: the only reasons to parse what is read.

use crate::parse::Summary;
use bytes::Bytes;
use fhir::Definitions;
use serde_json::{Map, Value, json};

/// How much of a resource goes out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct View {
    /// `_summary`.
    pub summary: Summary,
    /// `_elements`.
    pub elements: Vec<String>,
}

impl View {
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
        Bytes::from(Value::Object(self.filter(object)).to_string())
    }

    fn filter(&self, object: Map<String, Value>) -> Map<String, Value> {
        let rtype = object
            .get("resourceType")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let mut kept: Map<String, Value> = object
            .into_iter()
            .filter(|(name, _)| self.keeps(&rtype, name))
            .collect();
        let meta = kept.entry("meta").or_insert_with(|| json!({}));
        if let Some(meta) = meta.as_object_mut() {
            let tags = meta.entry("tag").or_insert_with(|| json!([]));
            if let Some(tags) = tags.as_array_mut() {
                tags.push(json!({
                    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"
                }));
            }
        }
        kept
    }

    /// `name` may be `_birthDate`, the companion of a primitive element.
    fn keeps(&self, rtype: &str, name: &str) -> bool {
        let plain = name.strip_prefix('_').unwrap_or(name);
        if matches!(plain, "resourceType" | "id" | "meta") || is_mandatory(rtype, plain) {
            return true;
        }
        match self.summary {
            Summary::Data => plain != "text",
            Summary::Text => plain == "text",
            Summary::True => !matches!(plain, "text" | "contained"),
            Summary::False | Summary::Count => self.elements.iter().any(|e| e.split('.').next_back() == Some(plain)),
        }
    }
}

/// Elements that must be there, or that change how the rest is to be read.
fn is_mandatory(rtype: &str, name: &str) -> bool {
    if matches!(name, "status" | "implicitRules" | "modifierExtension") {
        return true;
    }
    let definitions = Definitions::r4();
    let element = definitions
        .type_by_path(rtype)
        .and_then(|id| definitions.type_def(id).element(name));
    element.is_some_and(|element| element.min > 0)
}

/// Readable JSON.
pub(crate) fn pretty(body: &Bytes) -> Bytes {
    match serde_json::from_slice::<Value>(body).and_then(|value| serde_json::to_vec_pretty(&value)) {
        Ok(text) => Bytes::from(text),
        Err(_) => body.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_keep_what_is_asked_and_mark_it() {
        let body =
            Bytes::from_static(br#"{"resourceType":"Patient","id":"1","birthDate":"1950","_birthDate":{},"name":[]}"#);
        let view = View {
            elements: vec!["birthDate".into()],
            ..View::default()
        };
        let value: Value = serde_json::from_slice(&view.apply(&body)).unwrap();
        assert!(value.get("name").is_none() && value.get("_birthDate").is_some());
        assert_eq!(value["meta"]["tag"][0]["code"], "SUBSETTED");
        assert_eq!(View::default().apply(&body), body);
    }
}
