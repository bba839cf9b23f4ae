//! The difference between two JSON values, and its application.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// How a value became another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Patch {
    /// It is another one.
    #[serde(rename = "=")]
    Whole(Value),
    /// Members of an object.
    #[serde(rename = "o")]
    Members {
        #[serde(default, rename = "s", skip_serializing_if = "BTreeMap::is_empty")]
        set: BTreeMap<String, Patch>,
        #[serde(default, rename = "g", skip_serializing_if = "Vec::is_empty")]
        gone: Vec<String>,
    },
    /// A run of a list.
    #[serde(rename = "l")]
    Splice {
        #[serde(rename = "a")]
        at: usize,
        #[serde(rename = "c")]
        cut: usize,
        #[serde(rename = "p")]
        put: Vec<Value>,
    },
}

impl Patch {
    /// `None` when they are the same.
    pub fn between(before: &Value, after: &Value) -> Option<Self> {
        match (before, after) {
            _ if before == after => None,
            (Value::Object(before), Value::Object(after)) => Some(members(before, after)),
            (Value::Array(before), Value::Array(after)) => Some(splice(before, after)),
            _ => Some(Self::Whole(after.clone())),
        }
    }

    /// Makes the later value of the earlier one; what does not fit is left out.
    pub fn apply(self, value: &mut Value) {
        match self {
            Self::Whole(whole) => *value = whole,
            Self::Members { set, gone } => {
                let Value::Object(members) = value else { return };
                gone.iter().for_each(|name| drop(members.remove(name)));
                for (name, patch) in set {
                    patch.apply(members.entry(name).or_insert(Value::Null));
                }
            }
            Self::Splice { at, cut, put } => {
                let Value::Array(items) = value else { return };
                let end = (at + cut).min(items.len());
                items.splice(at.min(end)..end, put);
            }
        }
    }
}

fn members(before: &Map<String, Value>, after: &Map<String, Value>) -> Patch {
    let changed = after.iter().filter_map(|(name, value)| {
        let patch = match before.get(name) {
            Some(old) => Patch::between(old, value)?,
            None => Patch::Whole(value.clone()),
        };
        Some((name.clone(), patch))
    });
    Patch::Members {
        set: changed.collect(),
        gone: before
            .keys()
            .filter(|name| !after.contains_key(*name))
            .cloned()
            .collect(),
    }
}

fn splice(before: &[Value], after: &[Value]) -> Patch {
    let same = |(a, b): &(&Value, &Value)| a == b;
    let at = before.iter().zip(after).take_while(same).count();
    let (before, after) = (&before[at..], &after[at..]);
    let tail = before.iter().rev().zip(after.iter().rev()).take_while(same).count();
    Patch::Splice {
        at,
        cut: before.len() - tail,
        put: after[..after.len() - tail].to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (0..4_i64).prop_map(Value::from),
            "[ab]{0,2}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[abc]", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_patch_makes_the_later_value_of_the_earlier_one(before in value(), after in value()) {
            let mut made = before.clone();
            if let Some(patch) = Patch::between(&before, &after) {
                let text = serde_json::to_string(&patch).unwrap();
                serde_json::from_str::<Patch>(&text).unwrap().apply(&mut made);
            }
            prop_assert_eq!(made, after);
        }
    }

    #[test]
    fn a_long_list_that_grew_is_not_written_again() {
        let patch = Patch::between(&json!([1, 2, 3, 4]), &json!([1, 2, 3, 4, 5])).unwrap();
        assert_eq!(serde_json::to_string(&patch).unwrap(), r#"{"l":{"a":4,"c":0,"p":[5]}}"#);
    }
}
