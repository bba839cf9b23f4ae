//! The message for the processes and components that follow merges and separations: a `Basic` in the compartment of the record it
//! is about, so that a `sinfonia:fhirTrigger` on `Basic` hears it (`processes/evento-vita.bpmn`).

use super::super::kept::{Kept, id_of};
use jiff::Timestamp;
use serde_json::{Value, json};

const SYSTEM: &str = "https://sinfonia.it/fhir/CodeSystem/evento-vita";
/// Two records became one.
const MERGED: &str = "evento-fusione";
/// One record became two again.
const SEPARATED: &str = "evento-separazione";

/// Whether a resource is such a message: it says what was, and no merge moves it.
pub(super) fn is_one(resource: &Value) -> bool {
    let codings = resource["code"]["coding"].as_array().into_iter().flatten();
    let ours = |one: &Value| one["system"] == SYSTEM && (one["code"] == MERGED || one["code"] == SEPARATED);
    resource["resourceType"] == "Basic" && codings.into_iter().any(ours)
}

/// That two records are one, for who follows the survivor.
pub(super) fn merged(merge: &Kept) -> Value {
    let at = merge.get("quando").parse().unwrap_or(Timestamp::UNIX_EPOCH);
    entry(merge, MERGED, "resta", at)
}

/// That they are two again, for who follows either.
pub(super) fn separated(merge: &Kept, at: Timestamp) -> [Value; 2] {
    ["resta", "tolta"].map(|about| entry(merge, SEPARATED, about, at))
}

fn entry(merge: &Kept, code: &str, about: &str, at: Timestamp) -> Value {
    let id = match code {
        MERGED => id_of("evento", &[&merge.id]),
        _ => id_of("evento", &[&merge.id, code, about]),
    };
    let reference = |name: &str| json!({"reference": format!("Patient/{}", merge.get(name))});
    let extension = |name: &str| {
        let url = format!("https://sinfonia.it/fhir/StructureDefinition/{code}-{name}");
        json!({"url": url, "valueReference": reference(name)})
    };
    let resource = json!({
        "resourceType": "Basic", "id": id, "code": {"coding": [{"system": SYSTEM, "code": code}]},
        "subject": reference(about), "created": web::local_date(at).to_string(),
        "extension": [extension("resta"), extension("tolta")],
    });
    json!({"resource": resource, "request": {"method": "PUT", "url": format!("Basic/{id}"), "ifNoneMatch": "*"}})
}
