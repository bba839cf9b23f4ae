//! What is known of a code (<https://hl7.org/fhir/R4/codesystem-operation-lookup.html>).

use crate::expand::usage;
use crate::{CodeSystem, Concept, Property, PropertyValue, TermError};
use serde_json::{Map, Value, json};

/// Values of one property that are told; a concept of a real code system has fewer.
const MAX_VALUES: usize = 1_000;

/// What of a code is wanted.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Language of the display.
    pub display_language: Option<String>,
    /// Properties; empty: all.
    pub properties: Vec<String>,
}

impl Wanted {
    fn has(&self, property: &str) -> bool {
        self.properties.is_empty() || self.properties.iter().any(|wanted| wanted == property || wanted == "*")
    }

    fn has_language(&self, language: &str) -> bool {
        let mut named = self.properties.iter().filter_map(|wanted| wanted.strip_prefix("lang."));
        named.any(|wanted| crate::code_system::is_language(language, wanted))
    }
}

/// The answer, as a Parameters resource.
///
/// # Errors
/// The code is not in the code system.
pub fn lookup(system: &CodeSystem, code: &str, wanted: &Wanted) -> Result<Value, TermError> {
    let concept = system.find(code).ok_or_else(|| TermError::UnknownCode {
        system: system.url().to_owned(),
        code: code.to_owned(),
    })?;
    let name = system
        .name
        .as_deref()
        .or(system.title.as_deref())
        .unwrap_or(system.url());
    let mut list = vec![json!({"name": "name", "valueString": name})];
    if let Some(version) = system.version() {
        list.push(json!({"name": "version", "valueString": version}));
    }
    let display = system.display_in(concept, wanted.display_language.as_deref());
    list.push(json!({"name": "display", "valueString": display.unwrap_or(system.code(concept))}));
    for designation in system.designations(concept) {
        if !wanted.has("designation") && !wanted.has_language(designation.language) {
            continue;
        }
        let mut parts = Vec::new();
        if !designation.language.is_empty() {
            parts.push(json!({"name": "language", "valueCode": designation.language}));
        }
        if let Some(usage) = usage(designation.usage) {
            parts.push(json!({"name": "use", "valueCoding": usage}));
        }
        parts.push(json!({"name": "value", "valueString": designation.value}));
        list.push(json!({"name": "designation", "part": parts}));
    }
    properties(system, concept, wanted, &mut list);
    Ok(json!({"resourceType": "Parameters", "parameter": list}))
}

fn properties(system: &CodeSystem, concept: Concept, wanted: &Wanted, list: &mut Vec<Value>) {
    let mut add = |code: &str, value: Map<String, Value>, description: Option<&str>| {
        let mut value = value;
        value.insert("name".into(), json!("value"));
        let mut parts = vec![json!({"name": "code", "valueCode": code}), Value::Object(value)];
        parts.extend(description.map(|text| json!({"name": "description", "valueString": text})));
        list.push(json!({"name": "property", "part": parts}));
    };
    if wanted.has("definition")
        && let Some(definition) = system.definition(concept)
    {
        add("definition", one("valueString", json!(definition)), None);
    }
    if wanted.has("inactive") {
        add(
            "inactive",
            one("valueBoolean", json!(system.is_inactive(concept))),
            None,
        );
    }
    for (name, neighbours) in [("parent", system.parents(concept)), ("child", system.children(concept))] {
        for neighbour in neighbours.iter().take(if wanted.has(name) { MAX_VALUES } else { 0 }) {
            add(
                name,
                one("valueCode", json!(system.code(*neighbour))),
                system.display(*neighbour),
            );
        }
    }
    for property in system.properties(concept).take(MAX_VALUES) {
        // told above, by the hierarchy
        if matches!(property.code, "parent" | "child" | "inactive") || !wanted.has(property.code) {
            continue;
        }
        let meaning = match property.value {
            PropertyValue::Code(code) => system.find(code).and_then(|other| system.display(other)),
            _ => None,
        };
        add(property.code, value(&property), meaning);
    }
}

fn one(kind: &str, value: Value) -> Map<String, Value> {
    Map::from_iter([(kind.to_owned(), value)])
}

fn value(property: &Property<'_>) -> Map<String, Value> {
    // kept as written: 1.50 is not 1.5
    let number = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
    match property.value {
        PropertyValue::Code(code) => one("valueCode", json!(code)),
        PropertyValue::Text(text) => one("valueString", json!(text)),
        PropertyValue::Coding(system, code, display) => one(
            "valueCoding",
            usage((system, code, display)).unwrap_or_else(|| json!({})),
        ),
        PropertyValue::Integer(text) => one("valueInteger", number(text)),
        PropertyValue::Boolean(value) => one("valueBoolean", json!(value)),
        PropertyValue::DateTime(text) => one("valueDateTime", json!(text)),
        PropertyValue::Decimal(text) => one("valueDecimal", number(text)),
    }
}
