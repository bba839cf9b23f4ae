//! `Patient/$ihe-pix`: the other identifiers of a patient (IHE PIXm, transaction ITI-83,
//! <https://profiles.ihe.net/ITI/PIXm/ITI-83.html>). Records that were merged are one patient: their links are followed.

use crate::http::{Answer, Ask};
use crate::operations::matching::links;
use crate::parse::pairs::Pair;
use crate::scope::Scope;
use crate::search::refuse_ignored;
use crate::terminology::Inputs;
use crate::{Hub, HubError};
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::Arc;
use store::{Snapshot, StoredResource};

/// Where the operation is defined.
pub(crate) const DEFINITION: &str = "https://profiles.ihe.net/ITI/PIXm/OperationDefinition/IHE.PIXm.pix";

/// Records of one patient that are looked at.
const MAX_RECORDS: usize = 50;

/// The HTTP handler.
pub(crate) async fn handle(hub: Arc<Hub>, mut ask: Ask) -> Result<Answer, HubError> {
    if ask.param("type") != "Patient" {
        return Err(HubError::NotSupported(format!("$ihe-pix of {}", ask.param("type"))));
    }
    let inputs = Inputs::read(&hub, &mut ask, None).await?;
    let source = inputs.need("sourceIdentifier")?;
    let wanted = inputs.texts("targetSystem");
    let Some((system, value)) = source
        .split_once('|')
        .filter(|(system, value)| !system.is_empty() && !value.is_empty())
    else {
        return Err(HubError::bad(format!(
            "sourceIdentifier is 'system|value' (the assigning authority and the number), not '{source}'"
        )));
    };
    let mut snapshot = hub.snapshot().await?;
    let records = records(&hub, snapshot.as_mut(), &ask.scope, (system, value)).await?;
    drop(snapshot);
    if records.is_empty() {
        return Err(HubError::not_found("Patient", &format!("?identifier={source}")));
    }
    let fits = |of: &Value| wanted.is_empty() || wanted.iter().any(|wanted| of["system"] == *wanted);
    let (mut identifiers, mut ids): (Vec<Value>, Vec<Value>) = (vec![], vec![]);
    for (record, stored) in &records {
        // what somebody may see of a record only in part is shown in part
        let shown = ask.scope.shown(stored, stored.body.as_ref().unwrap_or(&Bytes::new()));
        let shown: Value = serde_json::from_slice(&shown).unwrap_or(Value::Null);
        for identifier in shown["identifier"].as_array().into_iter().flatten() {
            let given = identifier["system"] == *system && identifier["value"] == *value;
            let named = identifier["system"].is_string() && identifier["value"].is_string();
            if named && !given && fits(identifier) && !identifiers.iter().any(|known| same(known, identifier)) {
                identifiers.push(identifier.clone());
            }
        }
        if record["active"] != false {
            let url = format!("{}/Patient/{}", hub.config.base_url, stored.id);
            ids.push(json!({"name": "targetId", "valueReference": {"reference": url}}));
        }
    }
    let named = identifiers
        .into_iter()
        .map(|identifier| json!({"name": "targetIdentifier", "valueIdentifier": identifier}));
    let parameters: Vec<Value> = named.chain(ids).collect();
    let mut answer = json!({"resourceType": "Parameters"});
    // FHIR has no empty arrays
    if !parameters.is_empty() {
        answer["parameter"] = json!(parameters);
    }
    Ok(Answer::made(Bytes::from(answer.to_string())))
}

fn same(a: &Value, b: &Value) -> bool {
    a["system"] == b["system"] && a["value"] == b["value"]
}

/// The records with an identifier, and those they were merged with.
async fn records(
    hub: &Hub,
    snapshot: &mut dyn Snapshot,
    scope: &Scope,
    (system, value): (&str, &str),
) -> Result<Vec<(Value, StoredResource)>, HubError> {
    let escape = |text: &str| {
        text.replace('\\', "\\\\")
            .replace(',', "\\,")
            .replace('$', "\\$")
            .replace('|', "\\|")
    };
    let criteria: Vec<Pair> = vec![("identifier".into(), format!("{}|{}", escape(system), escape(value)))];
    let mut parsed = hub.parse_search("Patient", &criteria)?;
    refuse_ignored(&parsed)?;
    parsed.query.page.count = MAX_RECORDS;
    scope.narrow(&mut parsed.query)?;
    let found = snapshot.search(&parsed.query).await?.matches;
    let mut records: Vec<(Value, StoredResource)> = vec![];
    let mut open: Vec<StoredResource> = found;
    while let Some(stored) = open.pop() {
        if records.len() >= MAX_RECORDS || records.iter().any(|(_, known)| known.id == stored.id) {
            continue;
        }
        let record: Value = serde_json::from_slice(stored.body.as_deref().unwrap_or_default())
            .map_err(|error| HubError::json(&error))?;
        for id in links(&record, &["replaced-by", "replaces"]) {
            let other = snapshot.read("Patient", &id).await?;
            open.extend(other.filter(|other| other.body.is_some() && scope.sees(other)));
        }
        records.push((record, stored));
    }
    records.sort_by(|a, b| a.1.id.cmp(&b.1.id));
    Ok(records)
}
