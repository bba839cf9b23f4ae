//! A copy of all of a person's data: an archive with a page to read and FHIR as NDJSON, prepared in the background, for
//! that person only, for a time.

mod collect;
mod download;
mod readable;
mod zip;

pub(crate) use download::download;

use crate::requests::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use collect::Collector;
use component::{Context, PeerError};
use serde_json::{Value, json};

/// Parts of one copy at most.
const MAX_PARTS: usize = 200;

/// Types of resources that lie in a patient's compartment and are found by `patient`.
pub(crate) fn types() -> impl Iterator<Item = &'static str> {
    let definitions = fhir::Definitions::r4();
    let personal = |rtype: &&&str| {
        !definitions.patient_compartment(rtype).is_empty() && definitions.param(rtype, "patient").is_some()
    };
    definitions.resource_types().iter().filter(personal).copied()
}

/// The Binary that holds a part of a request's copy.
fn binary_id(request: &str, part: usize) -> String {
    format!("copia-{}-{part}", request.chars().take(48).collect::<String>())
}

/// Gathers and keeps the copy; how many parts it has. Interrupted, it begins anew and writes the same parts.
pub(crate) async fn prepare(context: &Context, request: &mut Request) -> Result<usize, String> {
    let told = |error: PeerError| error.to_string();
    let system = context.peers.fhir(&access::Actor::system());
    let total = system
        .count("Observation", &[("patient", &request.patient)])
        .await
        .map_err(told)?
        .max(1);
    let mut collector = Collector::new(context, request);
    let mut parts = 0;
    let mut told_before = 0;
    loop {
        let part = collector.part().await.map_err(told)?;
        parts += 1;
        if parts > MAX_PARTS {
            return Err(format!("the copy has more than {MAX_PARTS} parts"));
        }
        let last = part.last;
        let archive = part.archive(context.clock.now()).map_err(|error| error.to_string())?;
        let binary = json!({
            "resourceType": "Binary", "id": binary_id(&request.id, parts), "contentType": "application/zip",
            // Nobody but the program itself: it holds what the person has hidden, too.
            "meta": {"security": [{"system": "https://sinfonia.it/fhir/CodeSystem/oscuramento", "code": "P99"}]},
            "data": STANDARD.encode(&archive),
        });
        system.update(&binary).await.map_err(told)?;
        if last {
            return Ok(parts);
        }
        let progress = (collector.seen * 90 / (collector.seen + total)).clamp(1, 90);
        if progress > told_before {
            told_before = progress;
            request.set("avanzamento", &progress.to_string());
            request.save(&system).await.map_err(told)?;
        }
    }
}

/// Removes the copy for good.
pub(crate) async fn remove(context: &Context, request: &Request) -> Result<(), String> {
    let parts: usize = request.get("parti").parse().unwrap_or(0);
    let mut parameters: Vec<Value> = (1..=parts)
        .map(|part| json!({"name": "resource", "valueReference": {"reference": format!("Binary/{}", binary_id(&request.id, part))}}))
        .collect();
    if parameters.is_empty() {
        return Ok(());
    }
    parameters.push(json!({"name": "by", "valueString": "system"}));
    parameters.push(json!({"name": "patient", "valueId": request.patient}));
    parameters.push(json!({"name": "reason", "valueString": "la copia dei dati è scaduta"}));
    let body = json!({"resourceType": "Parameters", "parameter": parameters});
    let asked = http::Request::post("/fhir/$erase").header("content-type", "application/fhir+json");
    let asked = asked
        .body(Bytes::from(body.to_string()))
        .map_err(|error| error.to_string())?;
    let reply = context
        .peers
        .call("hub", &access::Actor::system(), asked)
        .await
        .map_err(|error| error.to_string())?;
    match reply.status().is_success() {
        true => Ok(()),
        false => Err(format!("the copy could not be removed: {}", reply.status())),
    }
}
