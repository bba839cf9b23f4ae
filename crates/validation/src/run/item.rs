//! Values of an element in a JSON object, choices and primitive extensions included.

use fhir::{Definitions, TypeKind};
use serde_json::{Map, Value};
use smallvec::SmallVec;

/// One value of an element.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'a> {
    /// The value; `None` for a primitive told by its extensions alone.
    pub value: Option<&'a Value>,
    /// `_name`: id and extensions of a primitive.
    pub extra: Option<&'a Value>,
    /// JSON name, e.g. `valueQuantity`.
    pub name: &'a str,
    /// Its type where the name tells (a choice), else empty.
    pub kind: &'a str,
    /// Place in an array.
    pub index: Option<usize>,
}

/// The values of one element.
pub(super) type Items<'a> = SmallVec<[Item<'a>; 4]>;

impl<'a> Item<'a> {
    /// A whole value, such as a resource.
    pub(super) fn whole(value: &'a Value) -> Item<'a> {
        Item {
            value: Some(value),
            extra: None,
            name: "",
            kind: "",
            index: None,
        }
    }

    /// Its elements.
    pub(super) fn object(&self) -> Option<&'a Map<String, Value>> {
        self.value.and_then(Value::as_object)
    }

    /// The object whose children are this item's: the value, or what stands beside a primitive.
    pub(super) fn children(&self) -> Option<&'a Map<String, Value>> {
        self.object().or_else(|| self.extra.and_then(Value::as_object))
    }
}

/// The values of the element `name` in `object`.
pub(super) fn items<'a>(object: &'a Map<String, Value>, name: &str, choice: bool) -> Items<'a> {
    let mut items = Items::new();
    if !choice {
        let beside = beside(object, name);
        match object.get_key_value(name) {
            Some((key, value)) => add(&mut items, key, "", Some(value), beside.map(|(_, extra)| extra)),
            None => {
                if let Some((key, extra)) = beside {
                    add(&mut items, key.trim_start_matches('_'), "", None, Some(extra));
                }
            }
        }
        return items;
    }
    for (key, value) in object {
        let bare = key.strip_prefix('_').unwrap_or(key);
        let Some(kind) = bare.strip_prefix(name).and_then(type_of_suffix) else {
            continue;
        };
        if key.len() == bare.len() {
            add(
                &mut items,
                bare,
                kind,
                Some(value),
                beside(object, bare).map(|(_, extra)| extra),
            );
        } else if !object.contains_key(bare) {
            add(&mut items, bare, kind, None, Some(value));
        }
    }
    items
}

/// `_name`, if any member of the object is of that sort.
fn beside<'a>(object: &'a Map<String, Value>, name: &str) -> Option<(&'a String, &'a Value)> {
    object.iter().find(|(key, _)| key.strip_prefix('_') == Some(name))
}

fn add<'a>(items: &mut Items<'a>, name: &'a str, kind: &'a str, value: Option<&'a Value>, extra: Option<&'a Value>) {
    let list = |value: Option<&'a Value>| value.and_then(Value::as_array);
    let count = match (list(value), list(extra)) {
        (None, None) => {
            items.push(Item {
                value,
                extra,
                name,
                kind,
                index: None,
            });
            return;
        }
        (values, extras) => values.map_or(0, Vec::len).max(extras.map_or(0, Vec::len)),
    };
    let present = |value: &&Value| !value.is_null();
    for at in 0..count {
        items.push(Item {
            value: list(value).and_then(|values| values.get(at)).filter(present),
            extra: list(extra).and_then(|extras| extras.get(at)).filter(present),
            name,
            kind,
            index: Some(at),
        });
    }
}

/// `Quantity` of `valueQuantity`, `dateTime` of `valueDateTime`; `None` if it is no type.
fn type_of_suffix(suffix: &str) -> Option<&'static str> {
    if !suffix.starts_with(|c: char| c.is_ascii_uppercase()) {
        return None;
    }
    let r4 = Definitions::r4();
    let named = |name: &str| r4.type_by_path(name).map(|id| r4.type_def(id));
    if let Some(found) = named(suffix).filter(|found| found.kind == TypeKind::Complex) {
        return Some(found.path);
    }
    let lower = format!("{}{}", suffix[..1].to_ascii_lowercase(), &suffix[1..]);
    named(&lower)
        .filter(|found| matches!(found.kind, TypeKind::Primitive(_)))
        .map(|found| found.path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn choices_arrays_and_primitive_extensions_are_paired() {
        let value = json!({
            "valueQuantity": {"value": 1}, "valueSet": "x", "_birthDate": {"id": "b"},
            "given": ["a", null], "_given": [null, {"id": "g"}],
        });
        let object = value.as_object().unwrap();
        let all = |name: &str, choice| items(object, name, choice);
        let quantity = all("value", true);
        assert_eq!(
            (quantity.len(), quantity[0].kind, quantity[0].name),
            (1, "Quantity", "valueQuantity")
        );
        let birth = all("birthDate", false);
        assert!(birth[0].value.is_none() && birth[0].extra.is_some() && birth[0].name == "birthDate");
        let given = all("given", false);
        assert_eq!(given.len(), 2);
        assert!(given[0].extra.is_none() && given[1].value.is_none() && given[1].extra.is_some());
        assert_eq!(type_of_suffix("DateTime"), Some("dateTime"));
        assert!(all("nothing", false).is_empty());
    }
}
