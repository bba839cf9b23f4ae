//! Whether a JSON value has the structure of an R4 resource.

mod primitive;
mod suggest;

use crate::{Definitions, ElementDef, ResourceError, TypeDef, TypeId, TypeKind};
use serde_json::{Map, Value};
use smallvec::SmallVec;

/// Deepest nesting of elements.
pub const MAX_DEPTH: usize = 60;

/// Most errors that one check reports; further ones are found once these are mended.
pub const MAX_ERRORS: usize = 50;

/// Checks names, JSON types, counts and formats of every element, of contained resources and bundle entries too.
///
/// Every error names the element and what is allowed. Not checked here: invariants, bindings, slices and whether
/// references lead somewhere.
pub fn check(definitions: &Definitions, resource: &Value) -> Result<(), Vec<ResourceError>> {
    let rtype = crate::resource_type(resource).map_err(|error| vec![error])?;
    if !definitions.is_resource(rtype) {
        return Err(vec![ResourceError::UnknownType(rtype.to_owned())]);
    }
    let mut checker = Checker {
        definitions,
        path: rtype.to_owned(),
        depth: 0,
        errors: vec![],
    };
    checker.resource(resource);
    if checker.errors.is_empty() {
        Ok(())
    } else {
        Err(checker.errors)
    }
}

struct Checker<'a> {
    definitions: &'a Definitions,
    path: String,
    depth: usize,
    errors: Vec<ResourceError>,
}

impl Checker<'_> {
    fn error(&mut self, message: impl Into<String>) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(ResourceError::Invalid {
                path: self.path.clone(),
                message: message.into(),
            });
        }
    }

    /// Runs `inner` one step further along the path.
    fn at(&mut self, step: std::fmt::Arguments<'_>, inner: impl FnOnce(&mut Self)) {
        use std::fmt::Write;
        let length = self.path.len();
        self.path.write_fmt(step).expect("a String accepts all");
        inner(self);
        self.path.truncate(length);
    }

    fn resource(&mut self, value: &Value) {
        let rtype = match crate::resource_type(value) {
            Ok(rtype) => rtype,
            Err(error) => return self.error(error.to_string()),
        };
        match self
            .definitions
            .type_by_path(rtype)
            .filter(|_| self.definitions.is_resource(rtype))
        {
            Some(kind) => self.object(self.definitions.type_def(kind), value),
            None => self.error(format!("'{rtype}' is not a FHIR R4 resource type")),
        }
    }

    fn object(&mut self, kind: &TypeDef, value: &Value) {
        let Value::Object(object) = value else {
            return self.error(format!(
                "must be a JSON object of type {}, not {}",
                kind.path,
                json_kind(value)
            ));
        };
        if self.depth >= MAX_DEPTH {
            return self.error(format!(
                "is nested more than {MAX_DEPTH} elements deep; flatten the resource"
            ));
        }
        if object.is_empty() {
            return self.error("is an empty object; leave the element out or give it a value");
        }
        self.depth += 1;
        for (name, child) in object {
            if name == "resourceType" && kind.kind == TypeKind::Resource {
                continue;
            }
            self.at(format_args!(".{name}"), |checker| {
                checker.child(kind, object, name, child)
            });
        }
        self.counts(kind, object);
        self.depth -= 1;
    }

    fn child(&mut self, kind: &TypeDef, object: &Map<String, Value>, name: &str, child: &Value) {
        if let Some(base) = name.strip_prefix('_') {
            return match kind.element(base) {
                Some(element) if self.is_primitive(element.type_id) => self.primitive_extension(element, child),
                _ => self.error(format!(
                    "'{base}' is not a primitive element of {}, so it has no '{name}'",
                    kind.path
                )),
            };
        }
        let Some(element) = kind.element(name) else {
            return self.error(suggest::unknown_element(kind, name));
        };
        match (element.many, child) {
            (true, Value::Array(items)) if items.is_empty() => {
                self.error("is an empty array; leave the element out or give it a value");
            }
            (true, Value::Array(items)) => {
                let extensions = object.get(&format!("_{name}")).and_then(Value::as_array);
                for (at, item) in items.iter().enumerate() {
                    let filled = extensions.and_then(|items| items.get(at)).is_some_and(Value::is_object);
                    if item.is_null() && filled {
                        continue; // the value is told by its extensions alone
                    }
                    self.at(format_args!("[{at}]"), |checker| checker.value(element.type_id, item));
                }
            }
            (true, other) => self.error(format!("repeats, so it must be a JSON array, not {}", json_kind(other))),
            (false, Value::Array(_)) => self.error("does not repeat, so it must not be a JSON array"),
            (false, other) => self.value(element.type_id, other),
        }
    }

    fn is_primitive(&self, kind: TypeId) -> bool {
        matches!(self.definitions.type_def(kind).kind, TypeKind::Primitive(_))
    }

    fn value(&mut self, type_id: TypeId, value: &Value) {
        let kind = self.definitions.type_def(type_id);
        match kind.kind {
            TypeKind::Primitive(primitive) => {
                if let Err(message) = primitive::check(primitive, value) {
                    self.error(message);
                }
            }
            TypeKind::AbstractResource | TypeKind::Resource => self.resource(value),
            TypeKind::Complex | TypeKind::Nested => self.object(kind, value),
        }
    }

    /// `_name`: id and extensions of a primitive, in an array beside an array.
    fn primitive_extension(&mut self, element: &ElementDef, value: &Value) {
        let kind = self
            .definitions
            .type_by_path("Element")
            .expect("Element is a type of R4");
        let kind = self.definitions.type_def(kind);
        match (element.many, value) {
            (true, Value::Array(items)) => {
                for (at, item) in items.iter().enumerate().filter(|(_, item)| !item.is_null()) {
                    self.at(format_args!("[{at}]"), |checker| checker.object(kind, item));
                }
            }
            (true, other) => self.error(format!("repeats, so it must be a JSON array, not {}", json_kind(other))),
            (false, other) => self.object(kind, other),
        }
    }

    /// Required elements are there; of a choice, at most one.
    fn counts(&mut self, kind: &TypeDef, object: &Map<String, Value>) {
        let mut chosen: SmallVec<[(&str, &str); 4]> = SmallVec::new();
        for name in object.keys() {
            let name = name.strip_prefix('_').unwrap_or(name);
            let Some(element) = kind.element(name).filter(|element| !element.stem.is_empty()) else {
                continue;
            };
            let choice = (element.stem, element.name);
            if !chosen.contains(&choice) {
                chosen.push(choice);
            }
        }
        for (at, (stem, _)) in chosen.iter().enumerate() {
            let count = chosen.iter().filter(|(other, _)| other == stem).count();
            if count > 1 && chosen.iter().position(|(other, _)| other == stem) == Some(at) {
                self.error(format!(
                    "has {count} values of '{stem}[x]', of which only one is allowed"
                ));
            }
        }
        let mut missing = "";
        for element in kind.elements.iter().filter(|element| element.min > 0) {
            if element.stem.is_empty() {
                if !object.contains_key(element.name) && !object.contains_key(&format!("_{}", element.name)) {
                    self.error(format!("lacks the required element '{}'", element.name));
                }
            } else if element.stem != missing && !chosen.iter().any(|(stem, _)| *stem == element.stem) {
                missing = element.stem; // elements of a choice are neighbours
                let names = kind
                    .elements
                    .iter()
                    .filter(|e| e.stem == missing)
                    .map(|e| e.name)
                    .collect::<Vec<_>>();
                self.error(format!(
                    "lacks the required element '{missing}[x]': one of {}",
                    suggest::list(&names)
                ));
            }
        }
    }
}

/// A JSON type in words.
fn json_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn errors(resource: Value) -> Vec<String> {
        let errors = check(Definitions::r4(), &resource).err().unwrap_or_default();
        errors.iter().map(ToString::to_string).collect()
    }

    fn only(resource: Value, expected: &str) {
        assert_eq!(errors(resource), [expected]);
    }

    #[test]
    fn a_sound_resource_passes() {
        let sound = json!({
            "resourceType": "Patient",
            "_birthDate": {"extension": [{"url": "http://x", "valueCode": "unknown"}]},
            "name": [{"given": ["Ada", null], "_given": [null, {"id": "g2"}]}],
            "contained": [{"resourceType": "Organization", "name": "A"}],
        });
        assert_eq!(errors(sound), [] as [&str; 0]);
    }

    #[test]
    fn what_is_no_resource_is_told() {
        only(json!([]), "a resource must be a JSON object");
        only(json!({}), "the element resourceType is missing or is not a string");
        only(
            json!({"resourceType": "Patients"}),
            "'Patients' is not a FHIR R4 resource type",
        );
        let nested = json!({"resourceType": "Patient", "contained": [{"resourceType": "HumanName"}]});
        only(
            nested,
            "Patient.contained[0]: 'HumanName' is not a FHIR R4 resource type",
        );
    }

    #[test]
    fn names_shapes_and_counts_are_checked() {
        let patient = |name: &str, value: Value| json!({"resourceType": "Patient", name: value});
        only(
            patient("birthdate", json!("2000")),
            "Patient.birthdate: is not an element of Patient; did you mean 'birthDate'?",
        );
        only(
            patient("name", json!({})),
            "Patient.name: repeats, so it must be a JSON array, not an object",
        );
        only(
            patient("name", json!([])),
            "Patient.name: is an empty array; leave the element out or give it a value",
        );
        only(
            patient("gender", json!(["male"])),
            "Patient.gender: does not repeat, so it must not be a JSON array",
        );
        only(
            patient("maritalStatus", json!({})),
            "Patient.maritalStatus: is an empty object; leave the element out or give it a value",
        );
        only(
            patient("contact", json!([3])),
            "Patient.contact[0]: must be a JSON object of type Patient.contact, not a number",
        );
        only(
            patient("link", json!([{"type": "seealso"}])),
            "Patient.link[0]: lacks the required element 'other'",
        );
        only(
            patient("_name", json!([])),
            "Patient._name: 'name' is not a primitive element of Patient, so it has no '_name'",
        );
        let both = json!({"resourceType": "Patient", "deceasedBoolean": true, "deceasedDateTime": "2020"});
        only(
            both,
            "Patient: has 2 values of 'deceased[x]', of which only one is allowed",
        );
        assert_eq!(
            errors(json!({"resourceType": "Observation", "id": "a_b"})).len(),
            3,
            "id, status, code"
        );
    }

    #[test]
    fn depth_and_number_of_errors_are_limited() {
        let mut deep = json!({"url": "http://x", "valueBoolean": true});
        for _ in 0..MAX_DEPTH {
            deep = json!({"url": "http://x", "extension": [deep]});
        }
        let errors_of_deep = errors(json!({"resourceType": "Basic", "code": {"text": "x"}, "extension": [deep]}));
        assert_eq!(errors_of_deep.len(), 1);
        assert!(errors_of_deep[0].ends_with("is nested more than 60 elements deep; flatten the resource"));
        let many: Vec<Value> = (0..1000).map(|_| json!(1)).collect();
        assert_eq!(
            errors(json!({"resourceType": "Patient", "name": many})).len(),
            MAX_ERRORS
        );
    }
}
