//! Operations of the standard (`$name`), one file each.

pub(crate) mod cross_reference;
pub(crate) mod everything;
pub(crate) mod expand;
pub(crate) mod lastn;
pub(crate) mod lookup;
pub(crate) mod matching;
pub(crate) mod meta;
pub(crate) mod subscription;
pub(crate) mod subsumes;
pub(crate) mod translate;
pub(crate) mod validate;
pub(crate) mod validate_code;
pub(crate) mod viewdefinition;

use serde_json::{Value, json};

/// What the CapabilityStatement says of the operations on the whole system.
pub(crate) fn of_system() -> Vec<Value> {
    let view = "http://sql-on-fhir.org/OperationDefinition/$viewdefinition-run";
    vec![
        bulk("export", "export"),
        json!({"name": "meta", "definition": "http://hl7.org/fhir/OperationDefinition/Resource-meta"}),
        json!({"name": "reindex", "definition": "https://sinfonia.it/fhir/OperationDefinition/reindex"}),
        json!({"name": "viewdefinition-run", "definition": view}),
    ]
}

fn bulk(name: &str, definition: &str) -> Value {
    let definition = format!("http://hl7.org/fhir/uv/bulkdata/OperationDefinition/{definition}");
    json!({"name": name, "definition": definition})
}

/// What the CapabilityStatement says of the operations on a type.
pub(crate) fn offered(rtype: &str) -> Vec<Value> {
    let one = |name: &str, base: &str| {
        let definition = format!("http://hl7.org/fhir/OperationDefinition/{base}-{name}");
        json!({"name": name, "definition": definition})
    };
    let mut list: Vec<Value> = ["validate", "meta", "meta-add", "meta-delete"]
        .map(|name| one(name, "Resource"))
        .into();
    match rtype {
        "Patient" => list.extend([
            one("everything", "Patient"),
            one("match", "Patient"),
            json!({"name": "ihe-pix", "definition": cross_reference::DEFINITION}),
            bulk("export", "patient-export"),
        ]),
        "Encounter" => list.push(one("everything", "Encounter")),
        "Observation" => list.push(one("lastn", "Observation")),
        "Subscription" => {
            list.extend(["status", "waiting", "dead-letters", "replay", "drop"].map(subscription::offered))
        }
        "Group" => list.push(bulk("export", "group-export")),
        "ValueSet" => list.extend(["expand", "validate-code"].map(|name| one(name, "ValueSet"))),
        "CodeSystem" => list.extend(["lookup", "validate-code", "subsumes"].map(|name| one(name, "CodeSystem"))),
        "ConceptMap" => list.push(one("translate", "ConceptMap")),
        _ => {}
    }
    list
}
