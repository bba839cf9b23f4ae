//! Everything of a person, page by page, as that person: what a policy does not show them is not in the copy.

use super::readable;
use super::zip::Zip;
use crate::requests::Request;
use access::Actor;
use bytes::Bytes;
use component::{Context, PeerError, Peers};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

/// Bytes of one part before they are packed.
const PART: usize = 24 << 20;
/// Accesses that go with the copy at most.
const ACCESSES: usize = 20_000;

/// What was gathered for one part.
pub(super) struct Part {
    number: usize,
    ndjson: BTreeMap<String, Vec<u8>>,
    facts: Vec<readable::Row>,
    person: String,
    /// Whether there is no more.
    pub last: bool,
}

/// Goes through a person's data.
pub(super) struct Collector {
    peers: Peers,
    actor: Actor,
    patient: String,
    next: Option<String>,
    parts: usize,
    person: String,
    /// Resources seen so far.
    pub seen: u64,
}

impl Collector {
    /// As whoever made the request: the person, or a parent for their child.
    pub fn new(context: &Context, request: &Request) -> Self {
        let author = request.author();
        let own = format!("Patient/{}", request.patient);
        let actor = Actor {
            acts_for: (author != own).then_some(own),
            subject: author,
            name: "Copia dei dati".into(),
            roles: vec!["assistito".into()],
            assurance: 2,
            ..Actor::default()
        };
        Self {
            peers: context.peers.clone(),
            actor,
            patient: request.patient.clone(),
            next: Some(format!("/fhir/Patient/{}/$everything?_count=500", request.patient)),
            parts: 0,
            person: String::new(),
            seen: 0,
        }
    }

    /// The next part.
    pub async fn part(&mut self) -> Result<Part, PeerError> {
        self.parts += 1;
        let (mut ndjson, mut facts, mut size) = (BTreeMap::<String, Vec<u8>>::new(), Vec::new(), 0);
        while size < PART {
            let Some(path) = self.next.take() else { break };
            let bundle = self.get(&path).await?;
            self.next = next(&bundle);
            for entry in bundle["entry"].as_array().into_iter().flatten() {
                let resource = &entry["resource"];
                let Some(rtype) = resource["resourceType"].as_str() else {
                    continue;
                };
                if rtype == "Patient" && resource["id"] == self.patient.as_str() {
                    self.person = crate::people::name(resource);
                }
                let line = resource.to_string();
                size += line.len();
                self.seen += 1;
                facts.extend(readable::row(resource));
                let file = ndjson.entry(rtype.to_owned()).or_default();
                file.extend_from_slice(line.as_bytes());
                file.push(b'\n');
            }
        }
        if self.next.is_none() {
            self.accesses(&mut ndjson).await?;
        }
        Ok(Part {
            number: self.parts,
            ndjson,
            facts,
            person: self.person.clone(),
            last: self.next.is_none(),
        })
    }

    /// Who looked: it is data about the person, too.
    async fn accesses(&self, ndjson: &mut BTreeMap<String, Vec<u8>>) -> Result<(), PeerError> {
        let asked = [("patient", self.patient.as_str()), ("_count", "500")];
        let events = self
            .peers
            .fhir(&self.actor)
            .search_all("AuditEvent", &asked, ACCESSES)
            .await?;
        let file = ndjson.entry("AuditEvent".into()).or_default();
        for event in events {
            file.extend_from_slice(event.to_string().as_bytes());
            file.push(b'\n');
        }
        Ok(())
    }

    async fn get(&self, path: &str) -> Result<Value, PeerError> {
        let request = http::Request::get(path)
            .header("accept", "application/fhir+json")
            .body(Bytes::new());
        let request = request.map_err(|error| PeerError::Malformed(format!("{path}: {error}")))?;
        let reply = self.peers.call("hub", &self.actor, request).await?;
        let status = reply.status();
        let value: Value =
            serde_json::from_slice(reply.body()).map_err(|error| PeerError::Malformed(format!("{path}: {error}")))?;
        if status.is_success() {
            return Ok(value);
        }
        let message = value["issue"][0]["diagnostics"]
            .as_str()
            .unwrap_or("the hub refused")
            .to_owned();
        Err(PeerError::Status { status, message })
    }
}

fn next(bundle: &Value) -> Option<String> {
    let link = bundle["link"]
        .as_array()?
        .iter()
        .find(|link| link["relation"] == "next")?;
    let uri: http::Uri = link["url"].as_str()?.parse().ok()?;
    let path = uri.path_and_query()?.as_str();
    Some(path[path.find("/fhir")?..].to_owned())
}

impl Part {
    /// The archive: a page to read, and one NDJSON file for each type.
    pub fn archive(&self, now: Timestamp) -> std::io::Result<Vec<u8>> {
        let mut zip = Zip::new(now);
        let page = readable::page(&self.person, self.number, now, &self.facts);
        zip.add("leggimi.html", page.as_bytes())?;
        for (rtype, lines) in &self.ndjson {
            zip.add(&format!("fhir/{rtype}.ndjson"), lines)?;
        }
        zip.finish()
    }
}
