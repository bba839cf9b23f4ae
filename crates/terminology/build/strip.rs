//! Leaves out what no terminology operation answers with.

use serde_json::Value;

/// Elements of the resource that are left out: narrative, people, history.
const OUT: &[&str] = &[
    "text",
    "meta",
    "extension",
    "contact",
    "useContext",
    "jurisdiction",
    "purpose",
    "identifier",
    "publisher",
    "description",
    "implicitRules",
];

/// Strips a resource.
pub fn strip(resource: &mut Value) {
    if let Some(object) = resource.as_object_mut() {
        object.retain(|name, _| !OUT.contains(&name.as_str()) && !name.starts_with('_'));
    }
    extensions(resource);
}

/// Extensions of the nested elements (comments, ordinals), which nothing here reads.
fn extensions(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.retain(|name, _| name != "extension" && !name.starts_with('_'));
            object.values_mut().for_each(extensions);
        }
        Value::Array(items) => items.iter_mut().for_each(extensions),
        _ => {}
    }
}
