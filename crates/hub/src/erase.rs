//! `POST [base]/$erase`: deletes and removes for good, with every version, where the law asks for it (GDPR 17).
//!
//! For the program itself only: whoever decides (a component) has looked at retention duties and legal holds before. Takes
//! Parameters: `resource` (references, repeatable), `by` (who decided), `patient` (whose data), `reason`. Answers how many
//! versions went. Asked again, it erases what is left.

use crate::http::{Answer, Ask};
use crate::scope::Scope;
use crate::{Hub, HubError};
use bytes::Bytes;
use fhir::ReferenceText;
use serde_json::{Value, json};
use std::sync::Arc;
use store::AuditEntry;

/// Longest list of references that the record of accesses keeps, characters.
const MAX_TARGET: usize = 2_000;

/// The HTTP handler.
pub(crate) async fn handle(hub: Arc<Hub>, mut ask: Ask) -> Result<Answer, HubError> {
    ask.scope
        .everything("erasing for good is decided by the office that answers for it, not here")?;
    let body = ask.json(&hub).await?;
    let mut resources = Vec::new();
    let mut told: [Option<String>; 3] = Default::default();
    for parameter in body["parameter"].as_array().into_iter().flatten() {
        let text = |name: &str| parameter[name].as_str().map(str::to_owned);
        match parameter["name"].as_str().unwrap_or_default() {
            "resource" => resources.push(local(parameter)?),
            "by" => told[0] = text("valueString"),
            "patient" => told[1] = text("valueId"),
            "reason" => told[2] = text("valueString"),
            other => {
                return Err(HubError::bad(format!(
                    "$erase has no parameter '{other}': resource, by, patient, reason"
                )));
            }
        }
    }
    let [by, patient, reason] = told;
    let (by, reason) = by
        .zip(reason)
        .ok_or_else(|| HubError::bad("$erase: who decided (by) and why (reason) are missing"))?;
    for (rtype, id) in &resources {
        hub.delete_by(&Scope::All, rtype, id, None).await?;
    }
    let names = resources
        .iter()
        .map(|(rtype, id)| format!("{rtype}/{id}"))
        .collect::<Vec<_>>()
        .join(" ");
    let entry = AuditEntry {
        at: hub.clock.now(),
        actor: by,
        action: "ERASE".into(),
        target: names.chars().take(MAX_TARGET).collect(),
        patient,
        outcome: format!("permit: {reason}"),
        status: 200,
        ..AuditEntry::default()
    };
    let erased = hub.store.erase(&resources, entry).await?;
    let answer = json!({"resourceType": "Parameters", "parameter": [
        {"name": "versions", "valueInteger": erased.versions},
        {"name": "compacted", "valueBoolean": erased.compacted},
    ]});
    Ok(Answer::made(Bytes::from(answer.to_string())))
}

fn local(parameter: &Value) -> Result<(String, String), HubError> {
    let text = parameter["valueReference"]["reference"].as_str().unwrap_or_default();
    match ReferenceText::parse(text) {
        ReferenceText::Local { rtype, id, .. } => Ok((rtype.to_owned(), id.to_owned())),
        _ => Err(HubError::bad(format!(
            "$erase: '{text}' is no reference to a resource here"
        ))),
    }
}
