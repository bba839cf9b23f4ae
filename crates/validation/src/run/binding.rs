//! Codes against value sets.

use super::item::Item;
use super::{Run, Spot};
use crate::profile::Strength;
use crate::{Membership, Severity};
use serde_json::{Map, Value};

/// What is bound, as (system, code) pairs. A `code` has no system of its own: its value set implies it.
fn codes(value: &Value) -> Vec<(Option<&str>, &str)> {
    match value {
        Value::String(code) => vec![(None, code.as_str())],
        Value::Object(object) => match object.get("coding").and_then(Value::as_array) {
            Some(codings) => codings
                .iter()
                .filter_map(|one| one.as_object().and_then(of_coding))
                .collect(),
            None => of_coding(object).into_iter().collect(),
        },
        _ => vec![],
    }
}

fn of_coding(object: &Map<String, Value>) -> Option<(Option<&str>, &str)> {
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    // a Coding or Quantity without a system is of no system, not of any
    Some((Some(text("system").unwrap_or_default()), text("code")?))
}

impl<'a> Run<'_, 'a> {
    /// The binding of an element.
    pub(super) fn binding(&mut self, spot: &Spot, item: &Item<'a>) {
        let (Some(binding), Some(value)) = (&spot.node().binding, item.value) else {
            return;
        };
        let (required, set) = (binding.strength == Strength::Required, binding.value_set.as_str());
        let codes = codes(value);
        let severity = if required { Severity::Error } else { Severity::Warning };
        if codes.is_empty() {
            // a Quantity or Coding may be without a code where none is known
            let concept = value.is_object() && item_is_concept(spot, item);
            if concept && required {
                let message = format!("has no code, and one of the value set {set} is required");
                self.issue(severity, "code-invalid", "binding", &spot.profile.clone(), message);
            }
            return;
        }
        let mut unknown = false;
        for (system, code) in &codes {
            match self.validator.bindings.membership(set, *system, code) {
                Membership::In => return,
                Membership::Unknown => unknown = true,
                Membership::Out => {}
            }
        }
        if unknown {
            let message = format!("is not checked: the value set {set} is not known here");
            return self.issue(
                Severity::Information,
                "not-found",
                "binding",
                &spot.profile.clone(),
                message,
            );
        }
        let shown: Vec<String> = codes
            .iter()
            .map(|(system, code)| match system.unwrap_or_default() {
                "" => format!("'{code}'"),
                system => format!("'{code}' ({system})"),
            })
            .collect();
        let word = if required { "must" } else { "should" };
        let message = format!(
            "has the code {}, which {word} be one of the value set {set}",
            shown.join(", ")
        );
        self.issue(severity, "code-invalid", "binding", &spot.profile.clone(), message);
    }
}

fn item_is_concept(spot: &Spot, item: &Item<'_>) -> bool {
    item.kind == "CodeableConcept" || spot.node().types.iter().any(|one| one.code == "CodeableConcept")
}
