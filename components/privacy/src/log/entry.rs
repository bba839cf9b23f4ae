//! One access, out of its FHIR AuditEvent.

use jiff::Timestamp;
use serde_json::Value;

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Done,
    /// Refused.
    Refused,
    /// Failed.
    Failed,
}

/// One access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Id of the AuditEvent.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// Who: `Practitioner/…`, `Patient/…`, `client/…`, `system`, `anonymous`.
    pub who: String,
    /// On whose behalf.
    pub for_whom: Option<String>,
    /// C, R, U, D or E.
    pub action: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Ids of the patients concerned.
    pub patients: Vec<String>,
    /// The path asked for.
    pub path: String,
    /// Purposes of use.
    pub purpose: Vec<String>,
    /// Policies that permitted, or the rule that refused.
    pub policies: Vec<String>,
    /// The step in hand that gave the right.
    pub step: Option<String>,
}

impl Entry {
    /// Reads one; `None` for what is no access.
    pub fn read(event: &Value) -> Option<Self> {
        let agents = event["agent"].as_array()?;
        let who = reference(agents.first()?);
        let entities = || event["entity"].as_array().into_iter().flatten();
        let patients = entities().filter_map(|entity| entity["what"]["reference"].as_str()?.strip_prefix("Patient/"));
        let mut patients: Vec<String> = patients.map(str::to_owned).collect();
        patients.sort_unstable();
        patients.dedup();
        let details = entities().flat_map(|entity| entity["detail"].as_array().into_iter().flatten());
        let step = details.into_iter().find(|detail| detail["type"] == "step");
        let texts = |value: &Value| {
            let all = value.as_array().into_iter().flatten().filter_map(Value::as_str);
            all.map(str::to_owned).collect::<Vec<_>>()
        };
        let purposes = event["purposeOfEvent"].as_array().into_iter().flatten();
        Some(Self {
            id: event["id"].as_str()?.to_owned(),
            at: event["recorded"].as_str()?.parse().ok()?,
            who,
            for_whom: agents.iter().find(|agent| is_beneficiary(agent)).map(reference),
            action: event["action"].as_str().unwrap_or("E").to_owned(),
            outcome: match event["outcome"].as_str() {
                Some("0") | None => Outcome::Done,
                Some("4") => Outcome::Refused,
                Some(_) => Outcome::Failed,
            },
            patients,
            path: entities()
                .find_map(|entity| entity["description"].as_str())
                .unwrap_or_default()
                .to_owned(),
            purpose: purposes
                .filter_map(|purpose| purpose["coding"][0]["code"].as_str().map(str::to_owned))
                .collect(),
            policies: texts(&agents[0]["policy"])
                .iter()
                .map(|policy| id_of(policy).to_owned())
                .collect(),
            step: step.and_then(|step| step["valueString"].as_str()).map(str::to_owned),
        })
    }

    /// Whether a person of the service did it.
    pub fn by_staff(&self) -> bool {
        self.who.starts_with("Practitioner/")
    }
}

/// Whether an agent is the one on whose behalf it was done.
fn is_beneficiary(agent: &Value) -> bool {
    agent["type"]["coding"][0]["code"] == "BEN"
}

/// The id of a policy out of its address, which also names the set.
fn id_of(policy: &str) -> &str {
    policy.rsplit_once('#').map_or(policy, |(_, id)| id)
}

fn reference(agent: &Value) -> String {
    let who = &agent["who"];
    let named = who["reference"]
        .as_str()
        .or_else(|| who["identifier"]["value"].as_str());
    named.or_else(|| who["display"].as_str()).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_is_read() {
        let event = json!({"resourceType": "AuditEvent", "id": "a1", "recorded": "2026-11-22T10:00:00Z", "action": "R",
            "outcome": "0", "purposeOfEvent": [{"coding": [{"code": "TREAT"}]}],
            "agent": [{"who": {"reference": "Practitioner/p"}, "requestor": true, "policy": ["https://sinfonia.it/policies/abc#care-read"]}],
            "entity": [{"what": {"reference": "Patient/x"}, "role": {"code": "1"}},
                {"what": {"reference": "Observation/o"}, "description": "/fhir/Observation/o",
                 "detail": [{"type": "step", "valueString": "Task/t"}]}]});
        let entry = Entry::read(&event).unwrap();
        assert_eq!(
            (entry.who.as_str(), entry.patients.as_slice()),
            ("Practitioner/p", &["x".to_owned()][..])
        );
        assert_eq!(
            (entry.path.as_str(), entry.step.as_deref()),
            ("/fhir/Observation/o", Some("Task/t"))
        );
        assert_eq!(
            (entry.outcome, entry.policies.as_slice()),
            (Outcome::Done, &["care-read".to_owned()][..])
        );
        assert!(Entry::read(&json!({"id": "x"})).is_none());
    }
}
