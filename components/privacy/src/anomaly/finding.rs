//! A finding as a FHIR DetectedIssue that only the office sees. Its id follows from what was found, so that the same thing
//! is never there twice.

use super::memory::{hash, restricted};
use access::Actor;
use component::{Context, PeerError};
use jiff::Timestamp;
use serde_json::{Value, json};

/// System of the rules.
pub(crate) const RULE_SYSTEM: &str = "https://sinfonia.it/fhir/CodeSystem/anomalia";
/// System of the states: `nuova`, `vista`, `chiusa`.
pub(crate) const STATE_SYSTEM: &str = "https://sinfonia.it/fhir/CodeSystem/stato-anomalia";
/// Extension with the access opened for a time that it is about.
pub(crate) const GRANT_EXTENSION: &str = "https://sinfonia.it/fhir/StructureDefinition/accesso-a-tempo";
/// Entries named by one finding at most.
const ENTRIES: usize = 20;

/// Something found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Id of the rule.
    pub rule: String,
    /// Severity.
    pub severity: String,
    /// Sets it apart: person, patient and day, or what else it is about.
    pub key: String,
    /// Who, `Practitioner/…`.
    pub person: String,
    /// Patient id.
    pub patient: Option<String>,
    /// When it was found in the log.
    pub at: Timestamp,
    /// In words, Italian.
    pub text: String,
    /// Ids of the entries behind it.
    pub entries: Vec<String>,
    /// The access opened for a time that it is about.
    pub grant: Option<String>,
}

impl Finding {
    /// The id of its resource.
    pub fn id(&self) -> String {
        format!("anomalia-{}", hash(&format!("{}|{}", self.rule, self.key)))
    }

    /// The resource.
    pub fn resource(&self) -> Value {
        let mut issue = restricted(json!({
            "resourceType": "DetectedIssue", "id": self.id(),
            "status": "registered", "severity": self.severity,
            "code": {"coding": [{"system": RULE_SYSTEM, "code": self.rule}]},
            "identifiedDateTime": self.at.to_string(),
            "implicated": [{"reference": self.person}],
            "detail": self.text,
        }));
        issue["meta"]["tag"] = json!([{"system": STATE_SYSTEM, "code": "nuova"}]);
        if let Some(patient) = &self.patient {
            issue["patient"] = json!({"reference": format!("Patient/{patient}")});
        }
        if let Some(grant) = &self.grant {
            issue["extension"] = json!([{"url": GRANT_EXTENSION, "valueString": grant}]);
        }
        if !self.entries.is_empty() {
            // By identifier: the log is no resource that could be referred to.
            let named = self.entries.iter().take(ENTRIES);
            let detail = |id: &String| json!({"type": "AuditEvent", "identifier": {"value": id}});
            issue["evidence"] = json!([{"detail": named.map(detail).collect::<Vec<_>>()}]);
        }
        issue
    }
}

/// How many findings nobody has seen yet.
pub(crate) async fn count_new(context: &Context) -> Result<u64, PeerError> {
    let tag = format!("{STATE_SYSTEM}|nuova");
    context
        .peers
        .fhir(&Actor::system())
        .count("DetectedIssue", &[("_tag", &tag)])
        .await
}

/// The state of a finding.
pub(crate) fn state(issue: &Value) -> &str {
    let tags = issue["meta"]["tag"].as_array().into_iter().flatten();
    let mut tags = tags.filter(|tag| tag["system"] == STATE_SYSTEM);
    tags.next().and_then(|tag| tag["code"].as_str()).unwrap_or("nuova")
}
