//! One AuditEvent as this page needs it.

use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeSet;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verb {
    /// Read or searched.
    Read,
    /// Made.
    Create,
    /// Changed.
    Update,
    /// Deleted.
    Delete,
}

impl Verb {
    /// Its message key.
    pub fn key(self) -> &'static str {
        match self {
            Self::Read => "verb-read",
            Self::Create => "verb-create",
            Self::Update => "verb-update",
            Self::Delete => "verb-delete",
        }
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    Done,
    Refused,
    Failed,
}

/// An access.
#[derive(Debug, Clone)]
pub(super) struct Access {
    pub id: String,
    pub at: Timestamp,
    /// `Practitioner/1`, `Patient/1`, `Device/…`, `system`.
    pub who: String,
    /// Name that the log itself gives.
    pub display: Option<String>,
    /// For whom it was done.
    pub on_behalf: Option<String>,
    pub verb: Verb,
    pub outcome: Outcome,
    /// Ids of the policies that permitted it.
    pub policies: BTreeSet<String>,
    pub purpose: Option<String>,
    /// `Task/…`, when the right came from a step in hand.
    pub step: Option<String>,
    pub thing: &'static str,
}

/// Reads one. `None` for what has no moment or nobody who acted.
pub(super) fn read(event: &Value) -> Option<Access> {
    let agents = event["agent"].as_array()?;
    let first = agents
        .iter()
        .find(|agent| agent["requestor"] == true)
        .or(agents.first())?;
    let name = |agent: &Value| {
        let who = &agent["who"];
        let named = who["reference"]
            .as_str()
            .or_else(|| who["identifier"]["value"].as_str());
        named
            .or_else(|| who["display"].as_str())
            .or_else(|| agent["name"].as_str())
            .map(str::to_owned)
    };
    let on_behalf = agents.iter().find(|agent| agent["type"]["coding"][0]["code"] == "BEN");
    let entities = || event["entity"].as_array().into_iter().flatten();
    let path = entities()
        .find_map(|entity| entity["description"].as_str())
        .unwrap_or_default();
    let details = entities().flat_map(|entity| entity["detail"].as_array().into_iter().flatten());
    let step = details
        .filter(|detail| detail["type"] == "step")
        .find_map(|detail| detail["valueString"].as_str());
    let policies = first["policy"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    Some(Access {
        id: event["id"].as_str()?.to_owned(),
        at: event["recorded"].as_str()?.parse().ok()?,
        who: name(first)?,
        display: first["name"]
            .as_str()
            .or_else(|| first["who"]["display"].as_str())
            .map(str::to_owned),
        on_behalf: on_behalf.and_then(name),
        verb: if crate::rules::is_search(path) {
            Verb::Read
        } else {
            verb(event)
        },
        outcome: match event["outcome"].as_str() {
            Some("4") => Outcome::Refused,
            Some("8" | "12") => Outcome::Failed,
            _ => Outcome::Done,
        },
        policies: policies
            .map(|id| id.rsplit('#').next().unwrap_or(id).to_owned())
            .collect(),
        purpose: event["purposeOfEvent"][0]["coding"][0]["code"]
            .as_str()
            .map(str::to_owned),
        step: step.map(str::to_owned),
        thing: crate::rules::thing(path),
    })
}

/// What was done. A transaction, a form of a page and a command to the orchestrator change something.
fn verb(event: &Value) -> Verb {
    let interaction = event["subtype"][0]["code"].as_str();
    match (event["action"].as_str(), interaction) {
        (Some("C"), _) => Verb::Create,
        (Some("U"), _) | (Some("E"), Some("transaction") | None) => Verb::Update,
        (Some("D"), _) => Verb::Delete,
        _ => Verb::Read,
    }
}

impl Access {
    /// Whether the program did it for its own upkeep.
    pub fn is_program(&self) -> bool {
        !self.who.contains('/')
    }

    /// Whether the person did it, whose data it is, or somebody signed in as that person.
    pub fn is_own(&self, patient: &str) -> bool {
        self.who.strip_prefix("Patient/") == Some(patient)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_is_read_with_who_why_and_what() {
        let event = json!({"resourceType": "AuditEvent", "id": "7", "action": "R", "recorded": "2026-03-12T09:20:00Z", "outcome": "0",
            "agent": [{"who": {"reference": "Practitioner/1"}, "requestor": true, "policy": ["https://sinfonia.it/policies/a1b2#care-read"]},
                {"type": {"coding": [{"code": "BEN"}]}, "who": {"reference": "Patient/9"}, "requestor": false}],
            "entity": [{"what": {"reference": "Patient/2"}}, {"description": "/fhir/Observation", "detail": [{"type": "step", "valueString": "Task/5"}]}]});
        let access = read(&event).unwrap();
        assert_eq!(
            (access.who.as_str(), access.on_behalf.as_deref()),
            ("Practitioner/1", Some("Patient/9"))
        );
        assert_eq!((access.thing, access.step.as_deref()), ("tests", Some("Task/5")));
        assert!(access.policies.contains("care-read") && access.outcome == Outcome::Done);
        assert!(read(&json!({"id": "1"})).is_none());
        let mut asked = event;
        asked["action"] = json!("E");
        asked["entity"] = json!([{"what": {"reference": "Patient/2"}}, {"description": "/perche"}]);
        let access = read(&asked).unwrap();
        assert_eq!(
            (access.verb, access.thing),
            (Verb::Read, "why"),
            "a posted search changes nothing"
        );
        asked["entity"][1]["description"] = json!("access-grant/7f-1");
        let access = read(&asked).unwrap();
        assert_eq!((access.verb, access.thing), (Verb::Update, "opening"));
    }
}
