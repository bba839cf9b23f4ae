//! `POST [base]/$erase`: deletes and removes for good, with every version, where the law asks for it (GDPR 17).
//!
//! For the program itself only: whoever decides (a component) has looked at retention duties and legal holds before. Takes
//! Parameters: `resource` (references, repeatable), `by` (who decided), `patient` (whose data), `reason`. Answers how many
//! versions went.
//!
//! What is to go is written down before the first resource is deleted: a deleted resource is found by no search, so that
//! after a failure half-way nobody could say any more which versions are left. [`Hub::finish_erasures`] goes on where an
//! erasure stopped: with the next one, when the program starts, and every hour.

use crate::http::{Answer, Ask};
use crate::scope::Scope;
use crate::{Hub, HubError};
use bytes::Bytes;
use fhir::ReferenceText;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use store::{AuditEntry, Erased, RecordWrite, Transaction};

/// Longest list of references that the record of accesses keeps, characters.
const MAX_TARGET: usize = 2_000;
/// Kind of the records that hold what is still to be erased.
const KIND: &str = "erasure";
/// Resources of one part: what a store erases in one commit.
const PART: usize = 5_000;

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
    for (rtype, _) in &resources {
        hub.check_type(rtype)?;
    }
    let entry = AuditEntry {
        at: hub.clock.now(),
        actor: by,
        action: "ERASE".into(),
        patient,
        outcome: format!("permit: {reason}"),
        status: 200,
        ..AuditEntry::default()
    };
    let list = hub.ids.next();
    write_down(&hub, &list, &resources, &entry).await?;
    let erased = hub.go_on(&list).await?;
    if let Err(error) = hub.finish_erasures().await {
        tracing::warn!(%error, "an erasure of before could not be finished; it will be tried again");
    }
    let answer = json!({"resourceType": "Parameters", "parameter": [
        {"name": "versions", "valueInteger": erased.versions},
        {"name": "compacted", "valueBoolean": erased.compacted},
    ]});
    Ok(Answer::made(Bytes::from(answer.to_string())))
}

/// A part of an erasure that is still to be done.
#[derive(Debug, Serialize, Deserialize)]
struct Part {
    resources: Vec<(String, String)>,
    entry: AuditEntry,
}

/// Keeps the parts of an erasure until they are done.
async fn write_down(hub: &Hub, list: &str, resources: &[(String, String)], entry: &AuditEntry) -> Result<(), HubError> {
    let mut records = Vec::new();
    for (n, some) in resources.chunks(PART).enumerate() {
        let names: Vec<String> = some.iter().map(|(rtype, id)| format!("{rtype}/{id}")).collect();
        let part = Part {
            resources: some.to_vec(),
            entry: AuditEntry {
                target: names.join(" ").chars().take(MAX_TARGET).collect(),
                ..entry.clone()
            },
        };
        records.push(RecordWrite {
            kind: KIND.into(),
            key: format!("{list}.{n:06}"),
            must_be_new: true,
            value: Some(serde_json::to_vec(&part).map_err(|error| HubError::bad(format!("$erase: {error}")))?),
        });
    }
    let transaction = Transaction {
        records,
        ..Transaction::default()
    };
    hub.store.commit(transaction).await?;
    Ok(())
}

impl Hub {
    /// Goes on with every erasure that stopped half-way; how many versions went.
    ///
    /// # Errors
    /// What the store refuses; the rest of the list stays written down.
    pub async fn finish_erasures(&self) -> Result<u64, HubError> {
        Ok(self.go_on("").await?.versions)
    }

    /// Does the parts of one erasure, or of all (`""`).
    async fn go_on(&self, list: &str) -> Result<Erased, HubError> {
        let mut done = Erased {
            versions: 0,
            compacted: true,
        };
        loop {
            let parts = self.snapshot().await?.records(KIND, list, 1).await?;
            let Some((key, value)) = parts.into_iter().next() else {
                return Ok(done);
            };
            let part: Part = serde_json::from_slice(&value)
                .map_err(|error| HubError::bad(format!("the erasure '{key}' cannot be read: {error}")))?;
            for (rtype, id) in &part.resources {
                self.delete_by(&Scope::All, rtype, id, None).await?;
            }
            let erased = self.store.erase(&part.resources, part.entry).await?;
            done.versions += erased.versions;
            done.compacted &= erased.compacted;
            let ended = RecordWrite {
                kind: KIND.into(),
                key,
                must_be_new: false,
                value: None,
            };
            let transaction = Transaction {
                records: vec![ended],
                ..Transaction::default()
            };
            self.store.commit(transaction).await?;
        }
    }
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
