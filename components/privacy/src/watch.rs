//! The watch: tells of what was opened and not told yet, and evaluates the log from where it stopped.
//!
//! The position is a FHIR Basic of the office; findings, memories and the new position are written in one commit that
//! expects the position as it was read. Two nodes, or a restart in the middle, find nothing twice.

use crate::anomaly::{ANOMALIES, Facts, Finding, MEMORY, Memory, Peers, evaluate, restricted};
use crate::log::{Entry, Log};
use crate::{notify, person};
use access::Actor;
use component::{Context, PeerError};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

/// Minutes between two watches, as the rules say.
pub static EVERY_MINUTES: LazyLock<u64> = LazyLock::new(|| ANOMALIES.every_minutes.max(1));

/// The resource that keeps the position.
const POSITION: &str = "sorveglianza-accessi";
/// Entries evaluated in one commit at most.
const MOST: usize = 2_000;
/// Stretches of one watch at most: a long absence is made up for in several.
const STRETCHES: usize = 200;
/// Longest stretch of the log evaluated at once.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);
/// The position is written at least so often, also where nothing happened.
const IDLE: SignedDuration = SignedDuration::from_hours(24);

/// What a watch did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Watched {
    /// Accesses that people were told of late.
    pub told: usize,
    /// Entries of the log evaluated.
    pub entries: usize,
    /// Findings.
    pub findings: usize,
}

/// Where the evaluation stands.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Position {
    until: Option<Timestamp>,
    peers: Peers,
}

/// Does what is due.
///
/// # Errors
/// In words: a peer did not answer. Nothing is lost: the next watch goes on from there.
pub async fn watch(context: &Context) -> Result<Watched, String> {
    let mut done = Watched {
        told: notify::announce_untold(context).await?,
        ..Watched::default()
    };
    for _ in 0..STRETCHES {
        match stretch(context, &mut done).await {
            Ok(true) => {}
            Ok(false) => break,
            // Another node was faster: it goes on.
            Err(error) if error.is_conflict() => break,
            Err(error) => return Err(error.to_string()),
        }
    }
    Ok(done)
}

/// Evaluates one stretch; whether there is more.
async fn stretch(context: &Context, done: &mut Watched) -> Result<bool, PeerError> {
    let fhir = context.peers.fhir(&Actor::system());
    let stored = fhir.find("Basic", POSITION).await?;
    let position = stored
        .as_ref()
        .and_then(|basic| basic["extension"][0]["valueString"].as_str());
    let mut position: Position = position
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let now = context.clock.now();
    let first = now - SignedDuration::from_hours(24 * ANOMALIES.first_days);
    let from = position.until.unwrap_or(first);
    let end = now - SignedDuration::from_secs(ANOMALIES.lag_seconds);
    if from >= end {
        return Ok(false);
    }
    let (entries, until) = read(context, from, end.min(from + LONGEST)).await?;
    if entries.is_empty() && position.until.is_some() && until < from + IDLE {
        return Ok(false);
    }
    let facts = Facts::read(context, &entries).await?;
    let mut memories = memories(context, &entries).await?;
    let findings = evaluate(&ANOMALIES, &facts, &mut memories, &mut position.peers, &entries);
    position.until = Some(until);
    write(context, stored.as_ref(), &position, &memories, &findings).await?;
    done.entries += entries.len();
    done.findings += findings.len();
    Ok(until < end)
}

/// The entries of a stretch, oldest first, and where it ends: nearer than asked for where there are too many.
async fn read(context: &Context, from: Timestamp, mut until: Timestamp) -> Result<(Vec<Entry>, Timestamp), PeerError> {
    let log = Log::of(context, &Actor::system());
    loop {
        let (since, before) = (format!("ge{from}"), format!("lt{until}"));
        let mut entries = log.first(&[("date", &since), ("date", &before)], MOST + 1).await?;
        let length = until.duration_since(from);
        if entries.len() > MOST && length > SignedDuration::from_secs(1) {
            until = from + length / 2;
            continue;
        }
        entries.retain(|entry| from <= entry.at && entry.at < until);
        entries.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        return Ok((entries, until));
    }
}

async fn memories(context: &Context, entries: &[Entry]) -> Result<HashMap<String, Memory>, PeerError> {
    let fhir = context.peers.fhir(&Actor::system());
    let people: BTreeSet<&str> = entries
        .iter()
        .filter(|e| e.by_staff())
        .map(|e| e.who.as_str())
        .collect();
    let ids: BTreeSet<String> = people.iter().map(|who| Memory::id(who)).collect();
    let found = person::by_id(&fhir, "Basic", &ids, "extension,code").await?;
    let memory = |who: &&str| {
        let known = found.get(&Memory::id(who)).and_then(Memory::read);
        ((*who).to_owned(), known.unwrap_or_default())
    };
    Ok(people.iter().map(memory).collect())
}

/// Writes what came out, if the position is still the one that was read.
async fn write(
    context: &Context,
    stored: Option<&Value>,
    position: &Position,
    memories: &HashMap<String, Memory>,
    findings: &[Finding],
) -> Result<(), PeerError> {
    let fhir = context.peers.fhir(&Actor::system());
    let text = serde_json::to_string(position).map_err(|error| PeerError::Malformed(error.to_string()))?;
    let basic = restricted(json!({
        "resourceType": "Basic", "id": POSITION,
        "extension": [{"url": MEMORY, "valueString": text}],
        "code": {"coding": [{"system": MEMORY, "code": "posizione"}]},
    }));
    let mut request = json!({"method": "PUT", "url": format!("Basic/{POSITION}")});
    match stored.and_then(|basic| basic["meta"]["versionId"].as_str()) {
        Some(version) => request["ifMatch"] = json!(format!("W/\"{version}\"")),
        None => request["ifNoneMatch"] = json!("*"),
    }
    let mut entries = vec![json!({"resource": basic, "request": request})];
    let put = |resource: Value| {
        let text = |key: &str| resource[key].as_str().unwrap_or_default().to_owned();
        let url = format!("{}/{}", text("resourceType"), text("id"));
        json!({"resource": resource, "request": {"method": "PUT", "url": url}})
    };
    entries.extend(memories.iter().map(|(who, memory)| put(memory.resource(who))));
    let known: BTreeSet<String> = findings.iter().map(Finding::id).collect();
    let known = person::by_id(&fhir, "DetectedIssue", &known, "status").await?;
    let new = findings.iter().filter(|finding| !known.contains_key(&finding.id()));
    entries.extend(new.map(|finding| put(finding.resource())));
    let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": entries});
    fhir.transaction(&bundle).await.map(drop)
}
