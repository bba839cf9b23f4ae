//! The instance of a patient as a FHIR `CarePlan`.

use super::{BUSINESS_KEY_SYSTEM, INSTANCE_SYSTEM, definition_uri};
use crate::instance::Hot;
use serde_json::{Value, json};
use store::InstanceStatus;

/// The whole resource, made anew from the instance: nobody else writes it.
pub(crate) fn care_plan(hot: &Hot, patient: &str, title: &str) -> Value {
    let status = match hot.status {
        InstanceStatus::Active | InstanceStatus::Incident => "active",
        InstanceStatus::Suspended => "on-hold",
        InstanceStatus::Completed => "completed",
        InstanceStatus::Terminated => "revoked",
    };
    let mut identifier = vec![json!({"system": INSTANCE_SYSTEM, "value": hot.state.id})];
    if let Some(key) = &hot.state.business_key {
        identifier.push(json!({"system": BUSINESS_KEY_SYSTEM, "value": key}));
    }
    let mut period = json!({"start": fhir::instant(hot.started)});
    if let Some(ended) = hot.ended {
        period["end"] = json!(fhir::instant(ended));
    }
    json!({
        "resourceType": "CarePlan",
        "identifier": identifier,
        "instantiatesUri": [definition_uri(&hot.state.definition)],
        "status": status,
        "intent": "plan",
        "title": title,
        "subject": {"reference": format!("Patient/{patient}")},
        "period": period,
        "created": fhir::instant(hot.started),
    })
}
