//! Oscuramento: the person hides one fact or a whole visit. What is hidden carries P99 in `meta.security`: policies let
//! nobody else see it, nor that there is something (docs/access.md).

mod act;
mod page;

pub(crate) use act::{ask, hide, show_again};
pub(crate) use page::{described, list};

use serde_json::{Value, json};

/// Code system of the labels of hiding (crates/policy/policies/labels.json).
const SYSTEM: &str = "https://sinfonia.it/fhir/CodeSystem/oscuramento";
const HIDDEN: &str = "P99";

/// Whether the person has hidden it.
fn is_hidden(resource: &Value) -> bool {
    let labels = resource["meta"]["security"].as_array().into_iter().flatten();
    labels
        .into_iter()
        .any(|label| label["system"] == SYSTEM && label["code"] == HIDDEN)
}

/// A fact that the person has hidden.
pub(crate) fn hidden(resource: Value) -> Value {
    label(resource, true)
}

/// The resource with the label, or without. What else labels it stays.
fn label(mut resource: Value, hidden: bool) -> Value {
    let labels = resource["meta"]["security"].as_array().cloned().unwrap_or_default();
    let mut kept: Vec<Value> = labels
        .into_iter()
        .filter(|label| !(label["system"] == SYSTEM && label["code"] == HIDDEN))
        .collect();
    if hidden {
        kept.push(json!({"system": SYSTEM, "code": HIDDEN}));
    }
    if kept.is_empty() {
        resource["meta"].as_object_mut().map(|meta| meta.remove("security"));
    } else {
        resource["meta"]["security"] = json!(kept);
    }
    resource
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hiding_keeps_other_labels_and_undoing_takes_only_its_own() {
        let fact = json!({"resourceType": "Condition", "meta": {"security": [{"system": "x", "code": "HIV"}]}});
        let hidden = label(label(fact.clone(), true), true);
        assert!(is_hidden(&hidden));
        assert_eq!(hidden["meta"]["security"].as_array().unwrap().len(), 2);
        assert_eq!(label(hidden, false), fact);
        assert!(
            label(json!({"meta": {"versionId": "1"}}), false)["meta"]
                .get("security")
                .is_none()
        );
    }
}
