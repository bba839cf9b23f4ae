//! What may be erased at a person's request: by rule (`rules/retention.json`), unless a legal hold stands.

use super::Request;
use crate::rules::{self, Erasable};
use bytes::Bytes;
use component::{Context, Fhir, PeerError};
use serde_json::{Value, json};

/// Code of the Basic that holds a person's data back from erasure.
pub(super) const HOLD: &str = "blocco-legale";
/// Resources of one type that are looked at.
const MAX: usize = 5000;

/// What would go and what stays.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// References by rule.
    pub goes: Vec<(&'static Erasable, Vec<String>)>,
    /// Resources about the person that stay.
    pub kept: usize,
}

impl Plan {
    /// How many of what, in words, with the rule's source.
    pub fn counts(&self, it: bool) -> Vec<(String, usize)> {
        let word = |rule: &Erasable| {
            let (word, open) = if it {
                (&rule.it, "da verificare")
            } else {
                (&rule.en, "to be checked")
            };
            match rule.status.as_str() {
                "unverified" => format!("{word} ({}; {open})", rule.source),
                _ => format!("{word} ({})", rule.source),
            }
        };
        self.goes
            .iter()
            .map(|(rule, found)| (word(rule), found.len()))
            .collect()
    }

    /// Everything that goes.
    pub fn references(&self) -> Vec<&str> {
        self.goes
            .iter()
            .flat_map(|(_, found)| found.iter().map(String::as_str))
            .collect()
    }
}

/// The hold on a person's data, if one stands.
pub(super) async fn hold(fhir: &Fhir, patient: &str) -> Result<Option<Request>, PeerError> {
    let found = Request::search(fhir, HOLD, Some(patient)).await?;
    Ok(found.into_iter().find(|hold| !hold.get("motivo").is_empty()))
}

/// What may be erased now.
pub(super) async fn plan(fhir: &Fhir, patient: &str) -> Result<Plan, PeerError> {
    let mut plan = Plan::default();
    let own = format!("Patient/{patient}");
    for rule in &rules::retention().erasable {
        let asked = [("patient", patient), ("_count", "500")];
        let found = fhir.search_all(&rule.rtype, &asked, MAX).await?;
        let goes = found
            .iter()
            .filter(|one| !rule.only_own || wrote(&one[&rule.author], &own));
        let references = goes.filter_map(|one| Some(format!("{}/{}", rule.rtype, one["id"].as_str()?)));
        let references: Vec<String> = references.collect();
        plan.kept += found.len() - references.len();
        if !references.is_empty() {
            plan.goes.push((rule, references));
        }
    }
    let erasable = |rtype: &str| rules::retention().erasable.iter().any(|rule| rule.rtype == rtype);
    for rtype in crate::export::types().filter(|rtype| !erasable(rtype)) {
        plan.kept += fhir.count(rtype, &[("patient", patient)]).await.unwrap_or(0) as usize;
    }
    Ok(plan)
}

fn wrote(author: &Value, own: &str) -> bool {
    let named = |one: &Value| one["reference"] == own;
    named(author) || author.as_array().is_some_and(|list| list.iter().any(named))
}

/// Erases references for good; how many versions went. Asked again, what is gone stays gone.
pub(super) async fn for_good(
    context: &Context,
    references: &[&str],
    patient: &str,
    by: &str,
    reason: &str,
) -> Result<u64, PeerError> {
    if references.is_empty() {
        return Ok(0);
    }
    let mut parameters: Vec<Value> = references
        .iter()
        .map(|one| json!({"name": "resource", "valueReference": {"reference": one}}))
        .collect();
    parameters.push(json!({"name": "by", "valueString": by}));
    parameters.push(json!({"name": "patient", "valueId": patient}));
    parameters.push(json!({"name": "reason", "valueString": reason}));
    let body = json!({"resourceType": "Parameters", "parameter": parameters});
    let request = http::Request::post("/fhir/$erase")
        .header("content-type", "application/fhir+json")
        .body(Bytes::from(body.to_string()))
        .map_err(|error| PeerError::Malformed(error.to_string()))?;
    let reply = context.peers.call("hub", &access::Actor::system(), request).await?;
    let told: Value = serde_json::from_slice(reply.body()).map_err(|error| PeerError::Malformed(error.to_string()))?;
    if !reply.status().is_success() {
        let message = told["issue"][0]["diagnostics"]
            .as_str()
            .unwrap_or("the hub did not erase")
            .to_owned();
        return Err(PeerError::Status {
            status: reply.status(),
            message,
        });
    }
    Ok(told["parameter"][0]["valueInteger"].as_u64().unwrap_or(0))
}
