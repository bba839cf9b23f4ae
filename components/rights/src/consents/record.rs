//! Writing a choice: what it replaces and what it is, in one commit.

use super::state;
use crate::requests::id_of;
use component::{Context, PeerError};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Code system of the kinds of consent.
pub(crate) const CATEGORY: &str = "https://sinfonia.it/fhir/CodeSystem/consenso";
/// Who recorded it, when it was not the person.
pub(super) const RECORDED_BY: &str = "https://sinfonia.it/fhir/StructureDefinition/consenso-registrato-da";
/// How often it is tried when others write at the same moment.
const TRIES: usize = 8;
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

/// Writes it. What was in force of the same kind ends with the same commit. Of two that are written at one moment, one
/// comes after the other: never are both in force.
pub(super) async fn write(context: &Context, new: &New<'_>) -> Result<(), PeerError> {
    for _ in 1..TRIES {
        match try_once(context, new).await {
            Err(error) if error.is_conflict() => {}
            done => return done,
        }
    }
    try_once(context, new).await
}

/// Writes it if nothing of the same kind was written since it was read: what ends is still the version that was read, and
/// the id of what begins follows from what was there, so that another who read the same would take the same.
async fn try_once(context: &Context, new: &New<'_>) -> Result<(), PeerError> {
    let system = context.peers.fhir(&access::Actor::system());
    let organization = new.organization.map(|(id, _)| id);
    let known = state::of_kind(&system, new.patient, new.kind, organization).await?;
    let mut entries = Vec::new();
    if new.choice != Choice::Revoke {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut before: Vec<String> = known.iter().map(|one| text(&one["id"])).collect();
        before.sort_unstable();
        let parts = [
            new.patient,
            new.kind,
            organization.unwrap_or_default(),
            &before.join(" "),
        ];
        let id = id_of("consenso", &parts);
        let mut created = put(&consent(context.clock.now(), new, &id));
        created["request"]["ifNoneMatch"] = json!("*");
        entries.push(created);
        entries.push(json!({
            "resource": provenance(context.clock.now(), new, &id),
            "request": {"method": "POST", "url": "Provenance"},
        }));
    }
    for mut one in known.into_iter().filter(|one| one["status"] == "active") {
        one["status"] = json!("inactive");
        let version = one["meta"]["versionId"].as_str().unwrap_or_default();
        let version = format!("W/\"{version}\"");
        let mut ended = put(&one);
        ended["request"]["ifMatch"] = json!(version);
        entries.push(ended);
    }
    if entries.is_empty() {
        return Ok(());
    }
    let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": entries});
    system.transaction(&bundle).await.map(drop)
}

fn put(resource: &Value) -> Value {
    let text = |key: &str| resource[key].as_str().unwrap_or_default();
    let url = format!("{}/{}", text("resourceType"), text("id"));
    json!({"resource": resource, "request": {"method": "PUT", "url": url}})
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
