//! Process state as FHIR: user tasks as `Task`, the instance of a patient as `CarePlan`, written in the same commit as
//! the step that changes them.

mod care_plan;
mod task;

pub(crate) use care_plan::care_plan;
pub(crate) use task::{Info, change, close, create, declare, info, note, reassign, retarget};

use serde_json::Value;

/// System of role codes in `Task.performerType`.
pub const ROLE_SYSTEM: &str = "https://sinfonia.it/fhir/CodeSystem/role";
/// System of instance ids in `Task.groupIdentifier` and `CarePlan.identifier`.
pub const INSTANCE_SYSTEM: &str = "https://sinfonia.it/fhir/sid/instance";
/// System of business keys in `CarePlan.identifier`.
pub const BUSINESS_KEY_SYSTEM: &str = "https://sinfonia.it/fhir/sid/business-key";
/// System of BPMN element ids in `Task.code`.
pub const ELEMENT_SYSTEM: &str = "https://sinfonia.it/fhir/CodeSystem/bpmn-element";
/// Extension with the exact priority, 0 to 100.
pub const PRIORITY_EXTENSION: &str = "https://sinfonia.it/fhir/StructureDefinition/task-priority";

/// System of people in `Task.performerType` who may take a task though they have none of its roles: roles and people are
/// then found by one search parameter.
pub const CANDIDATE_SYSTEM: &str = "https://sinfonia.it/fhir/sid/candidate";
/// Extension with the place in a list of work (search parameter `order`): only open tasks have it.
pub(crate) const ORDER_EXTENSION: &str = "https://sinfonia.it/fhir/StructureDefinition/task-order";

/// Canonical of a definition key: `urn:sinfonia:process:<process id>:<version>`.
pub(crate) fn definition_uri(key: &str) -> String {
    format!("urn:sinfonia:process:{key}")
}

/// Whether it can stand in `Reference.reference` as a relative reference.
fn is_reference(text: &str) -> bool {
    text.split_once('/').is_some_and(|(rtype, id)| {
        rtype.starts_with(|c: char| c.is_ascii_uppercase()) && !id.is_empty() && !id.contains('/')
    })
}

/// Puts another record of the person in the place of one, wherever it is named as a whole.
pub(crate) fn repoint(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::String(text) if text == from => to.clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(|item| repoint(item, from, to)),
        Value::Object(members) => members.values_mut().for_each(|member| repoint(member, from, to)),
        _ => {}
    }
}

/// Text at a path of object keys.
fn text<'a>(value: &'a Value, path: &[&str]) -> Option<&'a str> {
    path.iter().try_fold(value, |v, key| v.get(key)).and_then(Value::as_str)
}
