//! Codes into codes of other systems, by concept maps
//! (<https://hl7.org/fhir/R4/conceptmap-operation-translate.html>).

use crate::concept_map::{Element, Group, Other, Target, Unmapped};
use crate::{Canonical, ConceptMap, Source};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Concept maps that lead to others by `other-map`.
const MAX_MAPS: usize = 8;

/// Matches of one answer.
const MAX_MATCHES: usize = 500;

/// What is asked.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// (system, code); several for a CodeableConcept. A system of `None` is any.
    pub codings: Vec<(Option<String>, String)>,
    /// Only codes of this system.
    pub target_system: Option<String>,
    /// Other elements with their values: (element, system, code).
    pub dependencies: Vec<(String, Option<String>, String)>,
    /// From targets back to sources.
    pub reverse: bool,
}

/// A code that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// How good it is, seen from what was asked.
    pub equivalence: String,
    /// System and code; no code where the map says that there is none.
    pub concept: Option<(Option<String>, String, Option<String>)>,
    /// Other elements to be set: element, system, code, display.
    pub products: Vec<(String, Option<String>, String, Option<String>)>,
    /// Canonical of the concept map.
    pub map: String,
    /// The map's remark.
    pub comment: Option<String>,
}

impl Match {
    /// Whether it is a translation at all.
    pub fn is_positive(&self) -> bool {
        self.concept.is_some() && !matches!(self.equivalence.as_str(), "unmatched" | "disjoint")
    }
}

/// Everything the maps say.
pub fn translate(source: &dyn Source, maps: &[Arc<ConceptMap>], ask: &Ask) -> Vec<Match> {
    let mut found = Vec::new();
    for map in maps {
        for (system, code) in &ask.codings {
            one_map(source, map, system.as_deref(), code, ask, &mut found, 0);
        }
    }
    found.dedup();
    found.truncate(MAX_MATCHES);
    found
}

fn one_map(
    source: &dyn Source,
    map: &ConceptMap,
    system: Option<&str>,
    code: &str,
    ask: &Ask,
    found: &mut Vec<Match>,
    depth: usize,
) {
    let fits = |scope: &Option<String>, wanted: Option<&str>| {
        wanted.is_none_or(|wanted| {
            scope
                .as_deref()
                .is_none_or(|scope| Canonical::parse(scope).url == wanted)
        })
    };
    for group in &map.group {
        let (from, to) = if ask.reverse {
            (&group.target, &group.source)
        } else {
            (&group.source, &group.target)
        };
        if !fits(from, system) || !fits(to, ask.target_system.as_deref()) {
            continue;
        }
        if ask.reverse {
            backward(map, group, code, found);
            continue;
        }
        match group.element.iter().find(|element| element.code == code) {
            Some(element) => forward(map, group, element, ask, found),
            None => {
                if let Some(unmapped) = &group.unmapped {
                    other(source, map, group, unmapped, (system, code), ask, found, depth);
                }
            }
        }
    }
}

fn forward(map: &ConceptMap, group: &Group, element: &Element, ask: &Ask, found: &mut Vec<Match>) {
    for target in &element.target {
        if !target.depends_on.iter().all(|other| is_met(other, ask)) {
            continue;
        }
        let products = target
            .product
            .iter()
            .map(|p| (p.property.clone(), p.system.clone(), p.value.clone(), p.display.clone()));
        found.push(Match {
            equivalence: target.equivalence.clone(),
            concept: concept(group.target.as_deref(), target),
            products: products.collect(),
            map: map.url().to_owned(),
            comment: target.comment.clone(),
        });
    }
}

fn concept(system: Option<&str>, target: &Target) -> Option<(Option<String>, String, Option<String>)> {
    let code = target.code.clone()?;
    Some((system.map(str::to_owned), code, target.display.clone()))
}

fn is_met(other: &Other, ask: &Ask) -> bool {
    ask.dependencies.iter().any(|(element, system, code)| {
        let same_system = match (&other.system, system) {
            (Some(wanted), Some(given)) => wanted == given,
            _ => true,
        };
        *element == other.property && *code == other.value && same_system
    })
}

fn backward(map: &ConceptMap, group: &Group, code: &str, found: &mut Vec<Match>) {
    for element in &group.element {
        for target in element
            .target
            .iter()
            .filter(|target| target.code.as_deref() == Some(code))
        {
            found.push(Match {
                equivalence: turned(&target.equivalence).to_owned(),
                concept: Some((group.source.clone(), element.code.clone(), element.display.clone())),
                products: Vec::new(),
                map: map.url().to_owned(),
                comment: target.comment.clone(),
            });
        }
    }
}

/// The equivalence seen from the other side.
fn turned(equivalence: &str) -> &str {
    match equivalence {
        "wider" => "narrower",
        "narrower" => "wider",
        "subsumes" => "specializes",
        "specializes" => "subsumes",
        other => other,
    }
}

/// What the map says of codes that it does not list.
#[allow(clippy::too_many_arguments, reason = "the state of one recursion")]
fn other(
    source: &dyn Source,
    map: &ConceptMap,
    group: &Group,
    unmapped: &Unmapped,
    (system, code): (Option<&str>, &str),
    ask: &Ask,
    found: &mut Vec<Match>,
    depth: usize,
) {
    let mut add = |equivalence: &str, code: String, display: Option<String>| {
        found.push(Match {
            equivalence: equivalence.to_owned(),
            concept: Some((group.target.clone(), code, display)),
            products: Vec::new(),
            map: map.url().to_owned(),
            comment: None,
        });
    };
    match (unmapped.mode.as_str(), &unmapped.code, &unmapped.url) {
        ("provided", _, _) => add("equal", code.to_owned(), None),
        ("fixed", Some(fixed), _) => add("inexact", fixed.clone(), unmapped.display.clone()),
        ("other-map", _, Some(url)) if depth < MAX_MAPS => {
            if let Some(next) = source.concept_map(Canonical::parse(url)) {
                one_map(source, &next, system, code, ask, found, depth + 1);
            }
        }
        _ => {}
    }
}

/// The answer, as a Parameters resource.
pub fn parameters(matches: &[Match]) -> Value {
    let result = matches.iter().any(Match::is_positive);
    let mut list = vec![json!({"name": "result", "valueBoolean": result})];
    if matches.is_empty() {
        list.push(json!({"name": "message", "valueString": "no mapping was found for the code"}));
    }
    for found in matches {
        let mut parts = vec![json!({"name": "equivalence", "valueCode": found.equivalence})];
        if let Some((system, code, display)) = &found.concept {
            let concept = coding(system.as_deref(), code, display.as_deref());
            parts.push(json!({"name": "concept", "valueCoding": concept}));
        }
        for (element, system, code, display) in &found.products {
            let concept = coding(system.as_deref(), code, display.as_deref());
            parts.push(json!({"name": "product", "part": [
                {"name": "element", "valueUri": element}, {"name": "concept", "valueCoding": concept}]}));
        }
        if !found.map.is_empty() {
            parts.push(json!({"name": "source", "valueUri": found.map}));
        }
        list.push(json!({"name": "match", "part": parts}));
    }
    json!({"resourceType": "Parameters", "parameter": list})
}

fn coding(system: Option<&str>, code: &str, display: Option<&str>) -> Value {
    let mut object = Map::new();
    for (name, text) in [("system", system), ("code", Some(code)), ("display", display)] {
        if let Some(text) = text {
            object.insert(name.into(), json!(text));
        }
    }
    Value::Object(object)
}
