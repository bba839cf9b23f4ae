//! FHIRPath Patch (<https://hl7.org/fhir/R4/fhirpatch.html>): Parameters whose operations name elements by FHIRPath.

use super::path::{Place, Step, at_mut, holds_elements, resolve, split};
use fhir::{Definitions, ElementDef, TypeId};
use serde_json::{Map, Value};

/// Operations of one patch.
const MAX_OPERATIONS: usize = 1_000;

/// Deepest nesting of a value told by parts.
const MAX_DEPTH: usize = 20;

/// One operation, as its parts.
#[derive(Debug, Clone, PartialEq)]
struct Operation {
    kind: String,
    path: String,
    parts: Value,
}

/// A patch, read and found to be well-formed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FhirPathPatch(Vec<Operation>);

impl FhirPathPatch {
    /// Reads Parameters; errors say which operation and why.
    pub(crate) fn parse(mut value: Value) -> Result<Self, String> {
        let Some(Value::Array(list)) = value.get_mut("parameter").map(Value::take) else {
            return Err("the Parameters hold no operation".into());
        };
        if list.len() > MAX_OPERATIONS {
            return Err(format!(
                "at most {MAX_OPERATIONS} operations are allowed, {} were given",
                list.len()
            ));
        }
        let read = |(at, mut one): (usize, Value)| {
            let parts = one.get_mut("part").map(Value::take).unwrap_or_default();
            if one["name"] != "operation" {
                return Err(format!("parameter {at}: its name must be 'operation'"));
            }
            let text = |name: &str| {
                let value = part(&parts, name).and_then(|part| value_of(part).ok());
                let text = value.and_then(|(_, value)| value.as_str().map(str::to_owned));
                text.ok_or_else(|| format!("operation {at}: the part '{name}' is missing or is not a string"))
            };
            let (kind, path) = (text("type")?, text("path")?);
            Ok(Operation { kind, path, parts })
        };
        Ok(Self(list.into_iter().enumerate().map(read).collect::<Result<_, _>>()?))
    }

    /// Changes `value`; after an error it may be half changed.
    pub(crate) fn apply(&self, value: &mut Value) -> Result<(), String> {
        for (at, operation) in self.0.iter().enumerate() {
            operation.apply(value).map_err(|why| format!("operation {at}: {why}"))?;
        }
        Ok(())
    }
}

impl Operation {
    fn apply(&self, root: &mut Value) -> Result<(), String> {
        let parts = split(&self.path)?;
        match self.kind.as_str() {
            "add" => {
                let place = self.one(root, &parts)?;
                let name = self.name()?;
                self.put(root, &place, &name, None)
            }
            "insert" => {
                let (parent, name) = self.list(root, &parts)?;
                self.put(root, &parent, &name, Some(self.number("index")?))
            }
            "delete" => match resolve(root, &self.path, &parts)?.as_slice() {
                [] => Ok(()),
                [place] => delete(root, place),
                several => Err(format!("'{}' leads to {} elements", self.path, several.len())),
            },
            "replace" => self.replace(root, &parts),
            "move" => self.shift(root, &parts),
            other => Err(format!(
                "the type '{other}' is none of add, insert, delete, replace, move"
            )),
        }
    }

    fn part(&self, name: &str) -> Result<&Value, String> {
        part(&self.parts, name).ok_or_else(|| format!("{} needs the part '{name}'", self.kind))
    }

    fn name(&self) -> Result<String, String> {
        let (_, name) = value_of(self.part("name")?)?;
        name.as_str()
            .map(str::to_owned)
            .ok_or_else(|| "the part 'name' must be a string".to_owned())
    }

    fn number(&self, name: &str) -> Result<usize, String> {
        let (_, number) = value_of(self.part(name)?)?;
        let number = number.as_u64().and_then(|number| usize::try_from(number).ok());
        number.ok_or_else(|| format!("the part '{name}' must be a whole number"))
    }

    /// The one element that the path leads to.
    fn one(&self, root: &Value, parts: &[&str]) -> Result<Place, String> {
        let mut places = resolve(root, &self.path, parts)?;
        match (places.pop(), places.is_empty()) {
            (Some(place), true) => Ok(place),
            (None, _) => Err(format!("'{}' leads to no element", self.path)),
            (Some(_), false) => Err(format!("'{}' leads to {} elements", self.path, places.len() + 1)),
        }
    }

    /// The owner of the list that the path names, and the list's name.
    fn list(&self, root: &Value, parts: &[&str]) -> Result<(Place, String), String> {
        let (last, before) = parts.split_last().expect("a path has a part");
        Ok((self.one(root, before)?, (*last).to_owned()))
    }

    /// Adds the value to an element of `place`: at `index`, else at the end.
    fn put(&self, root: &mut Value, place: &Place, name: &str, index: Option<usize>) -> Result<(), String> {
        let kind = kind_at(root, place);
        let (key, element, value) = told(kind, name, self.part("value")?, 0)?;
        let object = place.get_mut(root).and_then(Value::as_object_mut);
        let object = object.ok_or_else(|| format!("'{}' has no elements", self.path))?;
        if !element.many {
            if index.is_some() || object.contains_key(&key) {
                return Err(format!(
                    "'{name}' does not repeat and is there, or has no place {index:?}"
                ));
            }
            object.insert(key, value);
            return Ok(());
        }
        let items = object.entry(key.clone()).or_insert_with(|| Value::Array(Vec::new()));
        let items = items.as_array_mut().ok_or_else(|| format!("'{name}' is no array"))?;
        let at = index.unwrap_or(items.len());
        if at > items.len() {
            return Err(format!("there is no place {at} in '{}'", self.path));
        }
        items.insert(at, value);
        if let Some(Value::Array(beside)) = object.get_mut(&format!("_{key}"))
            && at <= beside.len()
        {
            beside.insert(at, Value::Null);
        }
        Ok(())
    }

    fn replace(&self, root: &mut Value, parts: &[&str]) -> Result<(), String> {
        let place = self.one(root, parts)?;
        let (owner, name) = owner(&place)?;
        let at = Place {
            steps: owner.to_vec(),
            kind: place.kind,
        };
        let kind = resolve_kind(root, owner)?;
        let definition = Definitions::r4().type_def(kind).element(name);
        let stem = definition.map_or("", |element| element.stem);
        let plain = if stem.is_empty() { name } else { stem };
        let (key, _, value) = told(kind, plain, self.part("value")?, 0)?;
        if key != name {
            // a choice changes its type
            delete(root, &place)?;
            let object = at.get_mut(root).and_then(Value::as_object_mut);
            object.ok_or("the element has no owner")?.insert(key, value);
        } else if let Some(old) = place.get_mut(root) {
            *old = value;
        }
        Ok(())
    }

    fn shift(&self, root: &mut Value, parts: &[&str]) -> Result<(), String> {
        let (parent, name) = self.list(root, parts)?;
        let (from, to) = (self.number("source")?, self.number("destination")?);
        let object = parent.get_mut(root).and_then(Value::as_object_mut);
        let object = object.ok_or_else(|| format!("'{}' has no elements", self.path))?;
        if object.contains_key(&format!("_{name}")) {
            return Err(format!(
                "'{name}' has extensions on its values, so it cannot be reordered"
            ));
        }
        let items = object.get_mut(&name).and_then(Value::as_array_mut);
        let items = items.ok_or_else(|| format!("'{}' is no list", self.path))?;
        if from >= items.len() || to >= items.len() {
            return Err(format!("'{}' has only {} elements", self.path, items.len()));
        }
        let value = items.remove(from);
        items.insert(to, value);
        Ok(())
    }
}

/// The type of what stands at a place: of a resource, its own.
fn kind_at(root: &Value, place: &Place) -> TypeId {
    let rtype = place
        .get(root)
        .and_then(|value| value.get("resourceType"))
        .and_then(Value::as_str);
    rtype
        .and_then(|rtype| Definitions::r4().type_by_path(rtype))
        .unwrap_or(place.kind)
}

/// The type at the end of steps.
fn resolve_kind(root: &Value, steps: &[Step]) -> Result<TypeId, String> {
    let definitions = Definitions::r4();
    let (mut value, mut kind) = (root, None);
    for n in 0..=steps.len() {
        if let Some(rtype) = value.get("resourceType").and_then(Value::as_str) {
            kind = definitions.type_by_path(rtype);
        }
        let next = match steps.get(n) {
            None => break,
            Some(Step::Name(name)) => {
                let element = kind.and_then(|kind| definitions.type_def(kind).element(name));
                kind = element.map(|element| element.type_id);
                value.get(name)
            }
            Some(Step::Index(at)) => value.get(at),
        };
        value = next.ok_or("the element is not there")?;
    }
    kind.ok_or_else(|| "the element has no known type".to_owned())
}

/// The object that holds a place, and the name in it.
fn owner(place: &Place) -> Result<(&[Step], &str), String> {
    let steps = place.steps.as_slice();
    let steps = match steps {
        [rest @ .., Step::Index(_)] => rest,
        all => all,
    };
    match steps {
        [owner @ .., Step::Name(name)] => Ok((owner, name)),
        _ => Err("the whole resource cannot be replaced or deleted by a patch".into()),
    }
}

fn delete(root: &mut Value, place: &Place) -> Result<(), String> {
    let (owner, name) = owner(place)?;
    let object = at_mut(root, owner).and_then(Value::as_object_mut);
    let object = object.ok_or("the element has no owner")?;
    let beside = format!("_{name}");
    let Some(Step::Index(at)) = place.steps.last() else {
        object.shift_remove(name);
        object.shift_remove(&beside);
        return Ok(());
    };
    for name in [name, beside.as_str()] {
        if let Some(Value::Array(items)) = object.get_mut(name)
            && *at < items.len()
        {
            items.remove(*at);
        }
    }
    Ok(())
}

fn part<'v>(parts: &'v Value, name: &str) -> Option<&'v Value> {
    parts.as_array()?.iter().find(|part| part["name"] == name)
}

/// `Quantity` and its value, of `valueQuantity`.
fn value_of(part: &Value) -> Result<(&str, &Value), String> {
    let object = part.as_object().into_iter().flatten();
    let mut values = object.filter_map(|(key, value)| Some((key.strip_prefix("value")?, value)));
    match (values.next(), values.next()) {
        (Some(one), None) => Ok(one),
        _ => Err(format!("the part {} needs one value", part["name"])),
    }
}

/// The JSON name, definition and value that a part tells for the element `name` of `kind`.
fn told(kind: TypeId, name: &str, given: &Value, depth: usize) -> Result<(String, &'static ElementDef, Value), String> {
    let definition = Definitions::r4().type_def(kind);
    let none = || format!("'{name}' is not an element of {}", definition.path);
    if given.get("part").is_none() {
        let (suffix, value) = value_of(given)?;
        let choice = format!("{name}{suffix}");
        let element = definition.element(name);
        let element = element.or_else(|| definition.element(&choice).filter(|element| element.stem == name));
        let element = element.ok_or_else(none)?;
        return Ok((element.name.to_owned(), element, value.clone()));
    }
    if depth >= MAX_DEPTH {
        return Err(format!("the value is nested more than {MAX_DEPTH} parts deep"));
    }
    let element = definition.element(name).ok_or_else(none)?;
    if !holds_elements(element.type_id) {
        return Err(format!("'{name}' is primitive: it needs a value, not parts"));
    }
    let mut object = Map::new();
    for inner in given["part"].as_array().into_iter().flatten() {
        let name = inner["name"].as_str().ok_or("a part lacks its name")?;
        let (key, element, value) = told(element.type_id, name, inner, depth + 1)?;
        if element.many {
            let items = object.entry(key).or_insert_with(|| Value::Array(Vec::new()));
            items.as_array_mut().expect("made as an array").push(value);
        } else {
            object.insert(key, value);
        }
    }
    Ok((element.name.to_owned(), element, Value::Object(object)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn operation(parts: &[(&str, Value)]) -> Value {
        let part = |(name, value): &(&str, Value)| {
            let mut part = json!({"name": name});
            for (key, value) in value.as_object().unwrap() {
                part[key] = value.clone();
            }
            part
        };
        json!({"name": "operation", "part": parts.iter().map(part).collect::<Vec<_>>()})
    }

    fn text(text: &str) -> Value {
        json!({"valueString": text})
    }

    fn patched(operations: &[Value]) -> Result<Value, String> {
        let mut patient = json!({"resourceType": "Patient", "birthDate": "1920-01-01", "deceasedBoolean": true,
            "name": [{"use": "official", "given": ["A", "B"]}, {"use": "usual", "given": ["C"]}]});
        let patch = json!({"resourceType": "Parameters", "parameter": operations});
        FhirPathPatch::parse(patch)?.apply(&mut patient)?;
        Ok(patient)
    }

    fn one(kind: &str, path: &str, rest: &[(&str, Value)]) -> Result<Value, String> {
        let mut parts = vec![("type", json!({"valueCode": kind})), ("path", text(path))];
        parts.extend(rest.iter().cloned());
        patched(&[operation(&parts)])
    }

    #[test]
    fn every_kind_of_operation() {
        let value = |value: Value| ("value", value);
        let done = one(
            "replace",
            "Patient.birthDate",
            &[value(json!({"valueDate": "1930-01-01"}))],
        )
        .unwrap();
        assert_eq!(done["birthDate"], "1930-01-01");
        let done = one(
            "add",
            "Patient",
            &[("name", text("gender")), value(json!({"valueCode": "female"}))],
        )
        .unwrap();
        assert_eq!(done["gender"], "female");
        let given = [("name", text("given")), value(text("D"))];
        let done = one("add", "Patient.name.where(use = 'usual')", &given).unwrap();
        assert_eq!(done["name"][1]["given"], json!(["C", "D"]));
        let done = one(
            "insert",
            "Patient.name[0].given",
            &[("index", json!({"valueInteger": 1})), value(text("X"))],
        );
        assert_eq!(done.unwrap()["name"][0]["given"], json!(["A", "X", "B"]));
        let done = one("delete", "Patient.name.first().given[0]", &[]).unwrap();
        assert_eq!(done["name"][0]["given"], json!(["B"]));
        assert_eq!(
            one("delete", "Patient.photo", &[]),
            patched(&[]),
            "what is not there needs no deletion"
        );
        let ends = [
            ("source", json!({"valueInteger": 1})),
            ("destination", json!({"valueInteger": 0})),
        ];
        assert_eq!(one("move", "Patient.name", &ends).unwrap()["name"][0]["use"], "usual");
        let done = one(
            "replace",
            "Patient.deceased",
            &[value(json!({"valueDateTime": "2020"}))],
        )
        .unwrap();
        assert_eq!(
            (done.get("deceasedBoolean"), &done["deceasedDateTime"]),
            (None, &json!("2020"))
        );
    }

    #[test]
    fn nested_elements_are_told_by_parts() {
        let parts = json!({"part": [{"name": "gender", "valueCode": "male"},
            {"name": "telecom", "valueContactPoint": {"value": "06"}}]});
        let done = one("add", "Patient", &[("name", text("contact")), ("value", parts)]).unwrap();
        assert_eq!(
            done["contact"],
            json!([{"gender": "male", "telecom": [{"value": "06"}]}])
        );
    }

    #[test]
    fn what_cannot_be_done_is_told() {
        let told = |kind: &str, path: &str, rest: &[(&str, Value)]| one(kind, path, rest).unwrap_err();
        assert_eq!(
            told("delete", "Patient.name", &[]),
            "operation 0: 'Patient.name' leads to 2 elements"
        );
        assert_eq!(
            told("replace", "Patient.photo", &[]),
            "operation 0: 'Patient.photo' leads to no element"
        );
        assert_eq!(
            told("swap", "Patient", &[]),
            "operation 0: the type 'swap' is none of add, insert, delete, replace, move"
        );
        assert!(told("delete", "Patient.name.resolve()", &[]).contains("cannot be followed"));
        assert!(told("delete", "Patient.name.where(use = ", &[]).contains("cannot be followed"));
        let nome = [("name", text("nome")), ("value", text("x"))];
        assert_eq!(
            told("add", "Patient", &nome),
            "operation 0: 'nome' is not an element of Patient"
        );
        let birth = [("name", text("birthDate")), ("value", text("x"))];
        assert!(told("add", "Patient", &birth).contains("does not repeat"));
        assert!(FhirPathPatch::parse(json!({})).is_err());
    }
}
