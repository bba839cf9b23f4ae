//! Operations of the standard (`$name`), one file each.

pub(crate) mod everything;
pub(crate) mod lastn;
pub(crate) mod meta;
pub(crate) mod subscription;
pub(crate) mod validate;

use serde_json::{Value, json};

/// What the CapabilityStatement says of the operations on a type.
pub(crate) fn offered(rtype: &str) -> Vec<Value> {
    let one = |name: &str, base: &str| {
        let definition = format!("http://hl7.org/fhir/OperationDefinition/{base}-{name}");
        json!({"name": name, "definition": definition})
    };
    let mut list = vec![one("validate", "Resource"), one("meta", "Resource")];
    match rtype {
        "Patient" => list.push(one("everything", "Patient")),
        "Observation" => list.push(one("lastn", "Observation")),
        "Subscription" => {
            list.extend(["status", "waiting", "dead-letters", "replay", "drop"].map(subscription::offered))
        }
        _ => {}
    }
    list
}
