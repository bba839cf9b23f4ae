//! Where a FHIRPath of a patch leads: elements, indices, `where()`, `extension()`, `first()` and `last()`, each place
//! as a JSON pointer. Conditions inside `where()` are any FHIRPath.

use fhir::{Definitions, TypeId, TypeKind};
use serde_json::Value;

/// Steps of a path.
const MAX_STEPS: usize = 32;

/// One step of a JSON pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// A member of an object.
    Name(String),
    /// An item of an array.
    Index(usize),
}

/// An element in a resource, with its type.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub steps: Vec<Step>,
    pub kind: TypeId,
}

impl Place {
    pub(super) fn get<'v>(&self, root: &'v Value) -> Option<&'v Value> {
        self.steps.iter().try_fold(root, |value, step| match step {
            Step::Name(name) => value.get(name),
            Step::Index(at) => value.get(at),
        })
    }

    pub(super) fn get_mut<'v>(&self, root: &'v mut Value) -> Option<&'v mut Value> {
        at_mut(root, &self.steps)
    }
}

/// The value that `steps` lead to.
pub(super) fn at_mut<'v>(root: &'v mut Value, steps: &[Step]) -> Option<&'v mut Value> {
    steps.iter().try_fold(root, |value, step| match step {
        Step::Name(name) => value.get_mut(name),
        Step::Index(at) => value.get_mut(at),
    })
}

/// The parts of a path: split at dots outside brackets and quotes.
pub(super) fn split(path: &str) -> Result<Vec<&str>, String> {
    let (mut parts, mut start, mut depth, mut quote) = (Vec::new(), 0, 0_usize, None);
    let mut escaped = false;
    for (at, c) in path.char_indices() {
        match (quote, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '`') => quote = Some(c),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth = depth.checked_sub(1).ok_or_else(|| unreadable(path))?,
            (None, '.') if depth == 0 => {
                parts.push(&path[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&path[start..]);
    if depth > 0 || quote.is_some() || parts.iter().any(|part| part.is_empty()) || parts.len() > MAX_STEPS {
        return Err(unreadable(path));
    }
    Ok(parts)
}

fn unreadable(path: &str) -> String {
    format!(
        "the path '{path}' cannot be followed: elements, [index], where(…), extension('url'), first() and last() are, \
         at most {MAX_STEPS} of them"
    )
}

/// Every place that `parts` of a path lead to. The first part may be the resource's type.
pub(super) fn resolve(root: &Value, path: &str, parts: &[&str]) -> Result<Vec<Place>, String> {
    let definitions = Definitions::r4();
    let rtype = fhir::resource_type(root).map_err(|error| error.to_string())?;
    let kind = definitions
        .type_by_path(rtype)
        .ok_or_else(|| format!("'{rtype}' is not a FHIR R4 resource type"))?;
    let mut places = vec![Place {
        steps: Vec::new(),
        kind,
    }];
    let parts = match parts.split_first() {
        Some((first, rest)) if *first == rtype => rest,
        _ => parts,
    };
    for part in parts {
        places = step(root, path, part, &places)?;
    }
    Ok(places)
}

fn step(root: &Value, path: &str, part: &str, places: &[Place]) -> Result<Vec<Place>, String> {
    if let Some((name, inner)) = part.strip_suffix(')').and_then(|part| part.split_once('(')) {
        return function(root, path, (name, inner.trim()), places);
    }
    let (name, index) = match part.strip_suffix(']').and_then(|part| part.split_once('[')) {
        Some((name, index)) => {
            let index: usize = index.parse().map_err(|_| unreadable(path))?;
            (name, Some(index))
        }
        None => (part, None),
    };
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(unreadable(path));
    }
    let found: Vec<Place> = places.iter().flat_map(|place| children(root, place, name)).collect();
    Ok(match index {
        Some(index) => found.into_iter().nth(index).into_iter().collect(),
        None => found,
    })
}

fn children(root: &Value, place: &Place, name: &str) -> Vec<Place> {
    let Some(Value::Object(object)) = place.get(root) else {
        return Vec::new();
    };
    let definitions = Definitions::r4();
    let kind = match object.get("resourceType").and_then(Value::as_str) {
        Some(rtype) => definitions.type_by_path(rtype).unwrap_or(place.kind),
        None => place.kind,
    };
    let mut found = Vec::new();
    for (key, value) in object {
        let element = definitions.type_def(kind).element(key);
        let Some(element) = element.filter(|element| key == name || element.stem == name) else {
            continue;
        };
        let mut steps = place.steps.clone();
        steps.push(Step::Name(key.clone()));
        let at = |steps: Vec<Step>| Place {
            steps,
            kind: element.type_id,
        };
        match value {
            Value::Array(items) => found.extend((0..items.len()).map(|n| {
                let mut steps = steps.clone();
                steps.push(Step::Index(n));
                at(steps)
            })),
            _ => found.push(at(steps)),
        }
    }
    found
}

fn function(root: &Value, path: &str, call: (&str, &str), places: &[Place]) -> Result<Vec<Place>, String> {
    match call {
        ("first", "") => Ok(places.first().cloned().into_iter().collect()),
        ("last", "") => Ok(places.last().cloned().into_iter().collect()),
        ("where", condition) if !condition.is_empty() => {
            let mut kept = Vec::new();
            for place in places {
                let value = place.get(root).unwrap_or(&Value::Null);
                let result = fhir::fhirpath::evaluate(condition, value).map_err(|error| error.to_string())?;
                if result == [Value::Bool(true)] {
                    kept.push(place.clone());
                }
            }
            Ok(kept)
        }
        ("extension", url) => {
            let url = url.trim_matches('\'');
            let all = places.iter().flat_map(|place| children(root, place, "extension"));
            let named = |place: &Place| place.get(root).is_some_and(|value| value["url"] == url);
            Ok(all.filter(named).collect())
        }
        _ => Err(unreadable(path)),
    }
}

/// Whether places of this type hold elements.
pub(super) fn holds_elements(kind: TypeId) -> bool {
    !matches!(Definitions::r4().type_def(kind).kind, TypeKind::Primitive(_))
}
