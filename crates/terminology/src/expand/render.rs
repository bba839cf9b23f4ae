//! The expansion as JSON.

use super::Options;
use super::collect::{Collected, Item, View};
use crate::{Concept, Content, Designation, ValueSet};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Levels of nested codes; what is deeper is put beside.
const MAX_LEVELS: usize = 30;

pub(super) fn render(
    set: &ValueSet,
    collected: &Collected,
    page: &[Item],
    total: usize,
    nested: bool,
    options: &Options,
) -> Value {
    let mut resource = Map::new();
    resource.insert("resourceType".into(), json!("ValueSet"));
    for (name, value) in &set.header {
        if !matches!(name.as_str(), "resourceType" | "meta") {
            resource.insert(name.clone(), value.clone());
        }
    }
    resource.entry("status").or_insert_with(|| json!("active"));
    let mut expansion = Map::new();
    expansion.insert("identifier".into(), json!(options.identifier));
    expansion.insert("timestamp".into(), json!(options.timestamp));
    expansion.insert("total".into(), json!(total));
    if options.offset > 0 || options.count.is_some() {
        expansion.insert("offset".into(), json!(options.offset));
    }
    let parameters = parameters(collected, options);
    if !parameters.is_empty() {
        expansion.insert("parameter".into(), Value::Array(parameters));
    }
    let contains = if nested {
        tree(collected, page, options)
    } else {
        flat(collected, page, options)
    };
    if !contains.is_empty() {
        expansion.insert("contains".into(), Value::Array(contains));
    }
    resource.insert("expansion".into(), Value::Object(expansion));
    Value::Object(resource)
}

/// What was asked for, and the code systems used with their versions.
fn parameters(collected: &Collected, options: &Options) -> Vec<Value> {
    let mut list = Vec::new();
    let mut add = |name: &str, kind: &str, value: Value| list.push(json!({"name": name, kind: value}));
    if let Some(filter) = &options.filter {
        add("filter", "valueString", json!(filter));
    }
    if let Some(count) = options.count {
        add("count", "valueInteger", json!(count));
        add("offset", "valueInteger", json!(options.offset));
    }
    if let Some(language) = &options.display_language {
        add("displayLanguage", "valueCode", json!(language));
    }
    if let Some(active_only) = options.active_only {
        add("activeOnly", "valueBoolean", json!(active_only));
    }
    if let Some(exclude_nested) = options.exclude_nested {
        add("excludeNested", "valueBoolean", json!(exclude_nested));
    }
    if options.include_designations {
        add("includeDesignations", "valueBoolean", json!(true));
    }
    for used in &collected.systems {
        let canonical = match &used.version {
            Some(version) => format!("{}|{version}", used.url),
            None => used.url.to_string(),
        };
        if used
            .content
            .as_ref()
            .is_some_and(|content| content.content == Content::Part)
        {
            add("fragment", "valueUri", json!(canonical));
        }
        add("version", "valueUri", json!(canonical));
    }
    list
}

fn flat(collected: &Collected, page: &[Item], options: &Options) -> Vec<Value> {
    let one = |item: &Item| Value::Object(code(&collected.view(*item), options));
    page.iter().map(one).collect()
}

/// Codes inside the first code above them that is in as well.
fn tree(collected: &Collected, page: &[Item], options: &Options) -> Vec<Value> {
    let views: Vec<View<'_>> = page.iter().map(|item| collected.view(*item)).collect();
    let mut places: HashMap<(&str, Concept), usize> = HashMap::new();
    for (at, view) in views.iter().enumerate() {
        if let Some((_, concept)) = view.concept() {
            places.entry((view.system, concept)).or_insert(at);
        }
    }
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); views.len()];
    let mut roots = Vec::new();
    for (at, view) in views.iter().enumerate() {
        let above = view.concept().and_then(|(content, concept)| {
            let parents = content.parents(concept).iter();
            parents
                .filter_map(|parent| places.get(&(view.system, *parent)))
                .find(|place| **place != at)
        });
        match above {
            Some(above) => below[*above].push(at),
            None => roots.push(at),
        }
    }
    let made = roots.into_iter().flat_map(|at| branch(&views, &below, at, 0, options));
    made.collect()
}

/// A code with what is below it: one value, or several where the levels are used up.
fn branch(views: &[View<'_>], below: &[Vec<usize>], at: usize, level: usize, options: &Options) -> Vec<Value> {
    let mut object = code(&views[at], options);
    if level >= MAX_LEVELS {
        let mut flat = vec![Value::Object(object)];
        let mut open = below[at].clone();
        while let Some(next) = open.pop() {
            flat.push(Value::Object(code(&views[next], options)));
            open.extend(&below[next]);
        }
        return flat;
    }
    let inner: Vec<Value> = below[at]
        .iter()
        .flat_map(|child| branch(views, below, *child, level + 1, options))
        .collect();
    if !inner.is_empty() {
        object.insert("contains".into(), Value::Array(inner));
    }
    vec![Value::Object(object)]
}

fn code(view: &View<'_>, options: &Options) -> Map<String, Value> {
    let mut object = Map::new();
    if options.include_definition
        && let Some(definition) = view.definition()
    {
        let url = "http://hl7.org/fhir/StructureDefinition/valueset-concept-definition";
        object.insert("extension".into(), json!([{"url": url, "valueString": definition}]));
    }
    if !view.system.is_empty() {
        object.insert("system".into(), json!(view.system));
    }
    if view.is_abstract() {
        object.insert("abstract".into(), json!(true));
    }
    if view.inactive() {
        object.insert("inactive".into(), json!(true));
    }
    object.insert("code".into(), json!(view.code()));
    if let Some(display) = view.display(options.display_language.as_deref()) {
        object.insert("display".into(), json!(display));
    }
    if options.include_designations || !options.designations.is_empty() {
        let wanted =
            |d: &Designation<'_>| options.designations.is_empty() || options.designations.iter().any(|w| fits(d, w));
        let all = view.designations();
        let list: Vec<Value> = all.iter().filter(|d| wanted(d)).map(designation).collect();
        if !list.is_empty() {
            object.insert("designation".into(), Value::Array(list));
        }
    }
    object
}

/// `system|code` of the use, or a language.
fn fits(designation: &Designation<'_>, wanted: &str) -> bool {
    match wanted.rsplit_once('|') {
        Some(("urn:ietf:bcp:47", language)) => crate::code_system::is_language(designation.language, language),
        Some((system, code)) => designation.usage.0 == system && designation.usage.1 == code,
        None => crate::code_system::is_language(designation.language, wanted),
    }
}

fn designation(designation: &Designation<'_>) -> Value {
    let mut object = Map::new();
    if !designation.language.is_empty() {
        object.insert("language".into(), json!(designation.language));
    }
    if let Some(usage) = usage(designation.usage) {
        object.insert("use".into(), usage);
    }
    object.insert("value".into(), json!(designation.value));
    Value::Object(object)
}

/// A coding of its parts that are there.
pub(crate) fn usage((system, code, display): (&str, &str, &str)) -> Option<Value> {
    let mut object = Map::new();
    for (name, text) in [("system", system), ("code", code), ("display", display)] {
        if !text.is_empty() {
            object.insert(name.into(), json!(text));
        }
    }
    (!object.is_empty()).then_some(Value::Object(object))
}
