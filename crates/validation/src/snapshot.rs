//! Snapshots of profiles that come as a differential alone: the base's elements, with the differential merged in.
//!
//! Covers what usual profiles do: restricted elements, slices, elements inside data types, type slices written short
//! (`valueQuantity`). What it cannot place is an error, never left out.

use crate::profile::ProfileError;
use crate::r4_definition;
use serde_json::{Map, Value, json};

type Element = Map<String, Value>;

/// `definition` with a snapshot: its own, or one made from `base`, the definition (with a snapshot) that its
/// `baseDefinition` names.
///
/// # Errors
/// [`ProfileError::Snapshot`] names the element that has no place in the base.
pub fn with_snapshot(definition: &Value, base: &Value) -> Result<Value, ProfileError> {
    if definition.pointer("/snapshot/element").is_some() {
        return Ok(definition.clone());
    }
    let url = definition
        .get("url")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let elements = |of: &Value, pointer: &str| -> Option<Vec<Element>> {
        of.pointer(pointer)?
            .as_array()?
            .iter()
            .map(|one| one.as_object().cloned())
            .collect()
    };
    let fail = |why: String| ProfileError::Snapshot { url: url.clone(), why };
    let inherited =
        elements(base, "/snapshot/element").ok_or_else(|| fail("its base has no snapshot either".into()))?;
    let changes = elements(definition, "/differential/element").unwrap_or_default();
    let mut merge = Merge { list: inherited };
    merge.fill_ids();
    for change in changes {
        merge.apply(change).map_err(&fail)?;
    }
    let mut made = definition.clone();
    made["snapshot"] = json!({"element": merge.list});
    Ok(made)
}

struct Merge {
    list: Vec<Element>,
}

fn text<'a>(element: &'a Element, name: &str) -> &'a str {
    element.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The id that an element without one would have, as far as path and slice tell.
fn id_of(element: &Element) -> String {
    match (text(element, "id"), text(element, "path"), text(element, "sliceName")) {
        ("", path, "") => path.to_owned(),
        ("", path, slice) => format!("{path}:{slice}"),
        (id, ..) => id.to_owned(),
    }
}

impl Merge {
    fn fill_ids(&mut self) {
        for element in &mut self.list {
            let id = id_of(element);
            element.insert("id".into(), Value::String(id));
        }
    }

    fn find(&self, id: &str) -> Option<usize> {
        self.list.iter().position(|element| text(element, "id") == id)
    }

    /// Where the elements below (or the slices of) an element end.
    fn end(&self, at: usize) -> usize {
        let id = text(&self.list[at], "id").to_owned();
        let inside = |element: &Element| {
            let other = text(element, "id");
            other
                .strip_prefix(id.as_str())
                .is_some_and(|rest| rest.starts_with(['.', ':', '/']))
        };
        (at + 1..self.list.len())
            .find(|next| !inside(&self.list[*next]))
            .unwrap_or(self.list.len())
    }

    fn apply(&mut self, change: Element) -> Result<(), String> {
        let id = id_of(&change);
        let at = self.place(&id)?;
        let slice = text(&change, "sliceName").to_owned();
        let kept: Vec<String> = vec![text(&self.list[at], "id").into(), text(&self.list[at], "path").into()];
        let element = &mut self.list[at];
        for (name, value) in change {
            match (name.as_str(), element.get_mut(&name), value) {
                ("constraint" | "condition", Some(Value::Array(old)), Value::Array(new)) => {
                    let fresh: Vec<Value> = new.into_iter().filter(|one| !old.contains(one)).collect();
                    old.extend(fresh);
                }
                ("binding" | "slicing", Some(Value::Object(old)), Value::Object(new)) => old.extend(new),
                (_, _, value) => {
                    element.insert(name, value);
                }
            }
        }
        element.insert("id".into(), Value::String(kept[0].clone()));
        element.insert("path".into(), Value::String(kept[1].clone()));
        if !slice.is_empty() {
            element.insert("sliceName".into(), Value::String(slice));
        }
        Ok(())
    }

    /// The element of this id; made, with those above it, where the base does not spell it out.
    fn place(&mut self, id: &str) -> Result<usize, String> {
        if let Some(at) = self.find(id) {
            return Ok(at);
        }
        let (parent, leaf) = id
            .rsplit_once('.')
            .ok_or_else(|| format!("'{id}' is not the root of its base"))?;
        if let Some((name, slice)) = leaf.split_once(':') {
            let head = self.place(&format!("{parent}.{name}"))?;
            return Ok(self.slice(head, slice));
        }
        let parent_at = self.place(parent)?;
        let parent_id = text(&self.list[parent_at], "id").to_owned();
        if self.end_of_children(parent_at) == parent_at + 1 {
            self.expand(parent_at)?;
        }
        if let Some(at) = self.find(&format!("{parent_id}.{leaf}")) {
            return Ok(at);
        }
        self.short_choice(&parent_id, leaf)
            .ok_or_else(|| format!("'{id}' is not an element of its base"))
    }

    fn end_of_children(&self, at: usize) -> usize {
        let prefix = format!("{}.", text(&self.list[at], "id"));
        let inside = |next: &usize| text(&self.list[*next], "id").starts_with(&prefix);
        (at + 1..self.list.len())
            .take_while(inside)
            .last()
            .map_or(at + 1, |last| last + 1)
    }

    /// A new slice of an element: a copy of it (and, of a nested element, of what is below), optional, after all others.
    fn slice(&mut self, head: usize, slice: &str) -> usize {
        let id = text(&self.list[head], "id").to_owned();
        let slice_id = format!("{id}:{slice}");
        let mut copies: Vec<Element> = self.list[head..self.end_of_children(head)].to_vec();
        for copy in &mut copies {
            let rest = text(copy, "id")[id.len()..].to_owned();
            copy.insert("id".into(), Value::String(format!("{slice_id}{rest}")));
        }
        copies[0].remove("slicing");
        copies[0].insert("min".into(), json!(0));
        copies[0].insert("sliceName".into(), Value::String(slice.to_owned()));
        let end = self.end(head);
        self.list.splice(end..end, copies);
        end
    }

    /// Spells out the children of a data type below an element.
    fn expand(&mut self, at: usize) -> Result<(), String> {
        let element = &self.list[at];
        let (id, path) = (text(element, "id").to_owned(), text(element, "path").to_owned());
        let kind = element.get("type").and_then(|types| types.get(0));
        let profile = kind.and_then(|kind| kind.pointer("/profile/0")).and_then(Value::as_str);
        let code = kind.and_then(|kind| kind.get("code")).and_then(Value::as_str);
        let content = text(element, "contentReference")
            .rsplit('#')
            .next()
            .unwrap_or_default()
            .to_owned();
        let source: Vec<Element> = if content.is_empty() {
            let by_profile = profile.and_then(r4_definition);
            let by_code = || code.and_then(|code| r4_definition(&format!("{}{code}", crate::BASE)));
            let found = by_profile.or_else(by_code);
            let found = found.ok_or_else(|| format!("the type of '{path}' is not known"))?;
            let list = found
                .pointer("/snapshot/element")
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default();
            list.into_iter().filter_map(|one| one.as_object().cloned()).collect()
        } else {
            let from = self
                .find(&content)
                .ok_or_else(|| format!("'{path}' refers to '{content}', which is not there"))?;
            self.list[from..self.end_of_children(from)].to_vec()
        };
        let Some(root) = source.first().map(|root| text(root, "path").to_owned()) else {
            return Ok(());
        };
        let moved = source.into_iter().skip(1).map(|mut child| {
            let child_id = id_of(&child);
            let (id_rest, path_rest) = (
                child_id[root.len()..].to_owned(),
                text(&child, "path")[root.len()..].to_owned(),
            );
            child.insert("id".into(), Value::String(format!("{id}{id_rest}")));
            child.insert("path".into(), Value::String(format!("{path}{path_rest}")));
            child
        });
        let moved: Vec<Element> = moved.collect();
        self.list.splice(at + 1..at + 1, moved);
        Ok(())
    }

    /// `valueQuantity` for the slice of `value[x]` that is a Quantity.
    fn short_choice(&mut self, parent: &str, leaf: &str) -> Option<usize> {
        let prefix = format!("{parent}.");
        let (head, kind) = self.list.iter().enumerate().find_map(|(at, element)| {
            let stem = text(element, "id").strip_prefix(&prefix)?.strip_suffix("[x]")?;
            let suffix = leaf.strip_prefix(stem)?;
            let types = element.get("type")?.as_array()?;
            let one = types.iter().find(|one| {
                one["code"]
                    .as_str()
                    .is_some_and(|code| code.eq_ignore_ascii_case(suffix))
            })?;
            Some((at, one.clone()))
        })?;
        self.list[head].entry("slicing").or_insert_with(
            || json!({"discriminator": [{"type": "type", "path": "$this"}], "ordered": false, "rules": "open"}),
        );
        let slice_id = format!("{}:{leaf}", text(&self.list[head], "id"));
        let at = self.find(&slice_id).unwrap_or_else(|| self.slice(head, leaf));
        self.list[at].insert("type".into(), json!([kind]));
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Checks, NoBindings, Profiles, Severity, Validator, compile};
    use std::sync::Arc;

    struct One(Arc<crate::Profile>);

    impl Profiles for One {
        fn profile(&self, canonical: &str) -> Option<Arc<crate::Profile>> {
            (canonical == self.0.url).then(|| self.0.clone())
        }
    }

    fn made(differential: Value) -> Result<Value, ProfileError> {
        let definition = json!({
            "resourceType": "StructureDefinition", "url": "http://x/p", "name": "P", "type": "Observation",
            "derivation": "constraint", "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Observation",
            "differential": {"element": differential},
        });
        let base = r4_definition("http://hl7.org/fhir/StructureDefinition/Observation").unwrap();
        with_snapshot(&definition, &base)
    }

    #[test]
    fn restrictions_slices_types_and_nested_elements_are_merged() {
        let snapshot = made(json!([
            {"id": "Observation.subject", "path": "Observation.subject", "min": 1},
            {"id": "Observation.category", "path": "Observation.category", "slicing": {
                "discriminator": [{"type": "value", "path": "coding.code"}], "rules": "open"}},
            {"id": "Observation.category:lab", "path": "Observation.category", "sliceName": "lab", "min": 1},
            {"id": "Observation.category:lab.coding.code", "path": "Observation.category.coding.code", "fixedCode": "laboratory"},
            {"id": "Observation.valueQuantity.unit", "path": "Observation.valueQuantity.unit", "min": 1},
        ]))
        .unwrap();
        let profile = One(Arc::new(compile(&snapshot).unwrap()));
        let validator = Validator {
            profiles: &profile,
            bindings: &NoBindings,
            checks: Checks::all(),
        };
        let errors = |resource: Value| -> Vec<String> {
            let issues = validator.validate(&resource, &["http://x/p"]);
            issues
                .iter()
                .filter(|i| i.severity == Severity::Error)
                .map(|i| i.to_string())
                .collect()
        };
        let lab = json!([{"coding": [{"code": "laboratory"}]}]);
        let sound = json!({"resourceType": "Observation", "status": "final", "code": {"text": "x"},
            "subject": {"reference": "Patient/1"}, "category": lab, "valueQuantity": {"value": 1, "unit": "g"}});
        assert_eq!(errors(sound.clone()), [] as [&str; 0]);
        let mut bad = sound;
        bad["category"] = json!([{"coding": [{"code": "imaging"}]}]);
        bad["valueQuantity"] = json!({"value": 1});
        bad.as_object_mut().unwrap().remove("subject");
        let found = errors(bad);
        assert_eq!(found.len(), 3, "{found:#?}");
    }

    #[test]
    fn what_has_no_place_is_refused() {
        let error = made(json!([{"id": "Observation.colour", "path": "Observation.colour", "min": 1}])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the snapshot of http://x/p cannot be made: 'Observation.colour' is not an element of its base; load the \
             profile with its snapshot"
        );
    }
}
