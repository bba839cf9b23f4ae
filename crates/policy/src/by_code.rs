//! Sensitive labels that a fact gets by its codes, when it is written (`labels.json` of the policies).

use crate::{Label, LabelSet, Labels};
use serde_json::{Value, json};

/// As deep as the parser lets a body be.
const DEPTH: usize = 64;

/// Adds to `meta.security` what the codes of the resource ask for. What is there stays.
pub fn label_by_code(labels: &Labels, value: &mut Value) {
    let found = of_codes(labels, value, 0);
    if found.is_empty() {
        return;
    }
    for index in found.iter() {
        add_label(&labels.list()[index], value);
    }
}

/// Adds one label to `meta.security`, once.
pub fn add_label(label: &Label, value: &mut Value) {
    let security = &label.security;
    let list = &mut value["meta"]["security"];
    if !list.is_array() {
        *list = json!([]);
    }
    let Some(list) = list.as_array_mut() else { return };
    let is = |coding: &Value| coding["system"] == *security.system && coding["code"] == *security.code;
    if !list.iter().any(is) {
        list.push(json!({"system": security.system, "code": security.code}));
    }
}

fn of_codes(labels: &Labels, value: &Value, depth: usize) -> LabelSet {
    match value {
        _ if depth > DEPTH => LabelSet::NONE,
        Value::Object(object) => {
            let text = |key: &str| object.get(key).and_then(Value::as_str);
            let own = match (text("system"), text("code")) {
                (Some(system), Some(code)) => labels.of_code(system, code),
                _ => LabelSet::NONE,
            };
            let inner = object.values().filter(|inner| inner.is_object() || inner.is_array());
            inner.fold(own, |set, inner| set.and(of_codes(labels, inner, depth + 1)))
        }
        Value::Array(items) => items
            .iter()
            .fold(LabelSet::NONE, |set, inner| set.and(of_codes(labels, inner, depth + 1))),
        _ => LabelSet::NONE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Policies;

    #[test]
    fn a_sensitive_code_brings_its_label_once() {
        let policies = Policies::standard();
        let mut value = json!({"resourceType": "Condition", "meta": {"security": [{"system": "x", "code": "y"}]},
            "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-9-cm", "code": "042"}]}});
        label_by_code(policies.labels(), &mut value);
        label_by_code(policies.labels(), &mut value);
        assert_eq!(value["meta"]["security"].as_array().unwrap().len(), 2);
        assert_eq!(value["meta"]["security"][1]["code"], "HIV");
        let mut other = json!({"resourceType": "Condition", "code": {"coding": [{"system": "x", "code": "042"}]}});
        label_by_code(policies.labels(), &mut other);
        assert!(other.get("meta").is_none());
    }
}
