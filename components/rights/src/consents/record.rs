//! Writing a choice: what it replaces and what it is, in one commit.

use super::state::{self, Known};
use component::{Context, PeerError};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Code system of the kinds of consent.
pub(crate) const CATEGORY: &str = "https://sinfonia.it/fhir/CodeSystem/consenso";
/// Who recorded it, when it was not the person.
pub(super) const RECORDED_BY: &str = "https://sinfonia.it/fhir/StructureDefinition/consenso-registrato-da";
const SCOPE: &str = "http://terminology.hl7.org/CodeSystem/consentscope";
const ACT: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
const REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
const PARTICIPATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";

/// What was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// Yes.
    Permit,
    /// No.
    Deny,
    /// What was said before counts no more.
    Revoke,
}

impl Choice {
    /// Of a form's value.
    pub fn of(text: &str) -> Option<Self> {
        match text {
            "si" => Some(Self::Permit),
            "no" => Some(Self::Deny),
            "togli" => Some(Self::Revoke),
            _ => None,
        }
    }
}

/// A choice to be written.
pub(super) struct New<'a> {
    pub patient: &'a str,
    /// Code of the kind.
    pub kind: &'a str,
    /// Purposes of use that it speaks of; none: care.
    pub purposes: &'a [String],
    /// Version of the text that was read.
    pub text: &'a str,
    /// Organization id and name, for kinds that name one.
    pub organization: Option<(&'a str, &'a str)>,
    pub choice: Choice,
    /// Number or note of the paper that was signed; `None`: the person chose here.
    pub paper: Option<&'a str>,
    pub by: By<'a>,
}

/// Who writes it.
#[derive(Debug, Clone, Copy)]
pub(super) struct By<'a> {
    pub subject: &'a str,
    pub name: &'a str,
    /// On behalf of the patient.
    pub for_other: bool,
}

/// Writes it. What was in force of the same kind ends with the same commit.
pub(super) async fn write(context: &Context, new: &New<'_>) -> Result<(), PeerError> {
    let system = context.peers.fhir(&access::Actor::system());
    let mut resources = Vec::new();
    let organization = new.organization.map(|(id, _)| id);
    for mut known in state::active(&system, new.patient).await? {
        if Known::of(&known).is_some_and(|it| it.kind == new.kind && it.organization.as_deref() == organization) {
            known["status"] = json!("inactive");
            resources.push(known);
        }
    }
    if new.choice != Choice::Revoke {
        let id = context.ids.next();
        resources.push(consent(context.clock.now(), new, &id));
        resources.push(provenance(context.clock.now(), new, &id));
    }
    if resources.is_empty() {
        return Ok(());
    }
    system.write_all(&resources).await.map(drop)
}

fn consent(now: Timestamp, new: &New<'_>, id: &str) -> Value {
    let permit = new.choice == Choice::Permit;
    let coding = |system: &str, code: &str| json!({"coding": [{"system": system, "code": code}]});
    let scope = if new.purposes.iter().any(|code| code == "HRESCH") {
        "research"
    } else {
        "patient-privacy"
    };
    let mut provision = json!({
        "type": if permit { "permit" } else { "deny" },
        "period": {"start": now.to_string()},
    });
    if !new.purposes.is_empty() {
        let purposes = new.purposes.iter().map(|code| json!({"system": REASON, "code": code}));
        provision["purpose"] = purposes.collect();
    }
    if let Some((id, name)) = new.organization {
        provision["actor"] = json!([{
            "role": coding(PARTICIPATION, "IRCP"),
            "reference": {"reference": format!("Organization/{id}"), "display": name},
        }]);
    }
    let mut consent = json!({
        "resourceType": "Consent", "id": id, "status": "active",
        "scope": coding(SCOPE, scope),
        "category": [coding(CATEGORY, new.kind)],
        "patient": {"reference": format!("Patient/{}", new.patient)},
        "dateTime": now.to_string(),
        "performer": [{"reference": format!("Patient/{}", new.patient)}],
        "policy": [{"uri": format!("https://sinfonia.it/testi/{}/{}", new.kind, new.text)}],
        "policyRule": coding(ACT, if permit { "OPTIN" } else { "OPTOUT" }),
        "provision": provision,
    });
    let by = new.by;
    if let Some(paper) = new.paper {
        consent["extension"] = json!([{
            "url": RECORDED_BY, "valueReference": {"reference": by.subject, "display": by.name},
        }]);
        consent["sourceAttachment"] = json!({"title": paper});
        consent["verification"] = json!([{
            "verified": true, "verifiedWith": {"reference": format!("Patient/{}", new.patient)},
            "verificationDate": now.to_string(),
        }]);
    } else if by.for_other {
        consent["performer"] = json!([{"reference": by.subject, "display": by.name}]);
    }
    consent
}

fn provenance(now: Timestamp, new: &New<'_>, id: &str) -> Value {
    let kind = if new.paper.is_some() { "enterer" } else { "author" };
    let by = new.by;
    json!({
        "resourceType": "Provenance", "recorded": now.to_string(),
        "target": [{"reference": format!("Consent/{id}")}],
        "activity": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-DataOperation", "code": "CREATE"}]},
        "agent": [{
            "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/provenance-participant-type", "code": kind}]},
            "who": {"reference": by.subject, "display": by.name},
        }],
    })
}
