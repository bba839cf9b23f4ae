//! What a validator needs of a StructureDefinition.

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A bundle of definitions and other things.
#[derive(Deserialize)]
pub struct Bundle {
    /// Its entries.
    pub entry: Vec<Entry>,
}

/// An entry of a bundle.
#[derive(Deserialize)]
pub struct Entry {
    /// The definition.
    pub resource: Definition,
}

/// A definition; a resource of another type has no snapshot.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Definition {
    resource_type: String,
    url: Option<String>,
    name: Option<String>,
    kind: Option<String>,
    r#type: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base_definition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    derivation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<Value>,
    snapshot: Option<Snapshot>,
}

#[derive(Deserialize, Serialize)]
struct Snapshot {
    #[serde(default)]
    element: Vec<Element>,
}

impl Definition {
    /// URL, type and derivation of a StructureDefinition.
    pub fn key(&self) -> Option<(&str, &str, &str)> {
        if self.resource_type != "StructureDefinition" || self.snapshot.is_none() {
            return None;
        }
        let kind = self.r#type.as_ref()?.as_str()?;
        Some((self.url.as_deref()?, kind, self.derivation.as_deref().unwrap_or("")))
    }
}

/// An ElementDefinition with only these members.
#[derive(Serialize)]
struct Element(Map<String, Value>);

const KEPT: [&str; 11] = [
    "id",
    "path",
    "sliceName",
    "slicing",
    "min",
    "max",
    "type",
    "contentReference",
    "maxLength",
    "binding",
    "constraint",
];

fn kept(name: &str) -> bool {
    KEPT.contains(&name)
        || ["fixed", "pattern", "minValue", "maxValue"]
            .iter()
            .any(|start| name.starts_with(start))
}

impl<'de> Deserialize<'de> for Element {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Element;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an element definition")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Element, A::Error> {
                let mut members = Map::new();
                while let Some(name) = map.next_key::<String>()? {
                    if kept(&name) {
                        members.insert(name, map.next_value()?);
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                shorten(&mut members);
                Ok(Element(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// Leaves out prose, and the one constraint that every element has.
fn shorten(members: &mut Map<String, Value>) {
    let only = |value: &mut Value, names: &[&str]| {
        if let Value::Object(object) = value {
            object.retain(|name, _| names.contains(&name.as_str()));
        }
    };
    if let Some(binding) = members.get_mut("binding") {
        only(binding, &["strength", "valueSet"]);
    }
    if let Some(Value::Array(constraints)) = members.get_mut("constraint") {
        constraints.retain(|constraint| constraint.get("key").is_none_or(|key| key != "ele-1"));
        for constraint in constraints {
            only(constraint, &["key", "severity", "human", "expression"]);
        }
    }
}
