//! What follows the opening of an access, once each whatever happens in between: a notice to the citizen, one to the office
//! for data protection, and the review. There is no outgoing mail in this program yet: the notices are in the portal.

use crate::rules::RULES;
use crate::{CATEGORY_SYSTEM, NOTICE_CODE, RESTRICTED_CODE, RESTRICTED_SYSTEM, grants};
use access::{AccessGrant, Actor, GrantKind, Grants};
use bytes::Bytes;
use component::{Context, PeerError};
use http::{Method, Request, header};
use jiff::Timestamp;
use orchestrator::api::StartInstance;
use serde_json::{Map, Value, json};

/// The process of a review.
pub const REVIEW_PROCESS: &str = "revisione-accesso-emergenza";

/// Tells everybody concerned; what was told is not told again.
///
/// # Errors
/// In words: the hub, the orchestrator or the identity service did not answer. Nothing is lost: it is done again.
pub async fn announce(context: &Context, grant: &AccessGrant) -> Result<(), String> {
    let told = |error: PeerError| error.to_string();
    let system = Actor::system();
    let fhir = context.peers.fhir(&system);
    let mut new = Vec::new();
    for notice in [to_citizen(grant), to_office(grant)] {
        let id = notice["id"].as_str().unwrap_or_default();
        let there = fhir.find("Communication", id).await.map_err(told)?;
        // What another wrote under its id is no notice.
        if !there.is_some_and(|there| is_notice(&there) && there["subject"] == notice["subject"]) {
            new.push(notice);
        }
    }
    if !new.is_empty() {
        fhir.write_all(&new).await.map_err(told)?;
    }
    if needs_review(grant) {
        start_review(context, grant).await.map_err(told)?;
    }
    let done = Grants::Told { id: grant.id.clone() };
    grants::ask(context, done)
        .await
        .map(drop)
        .map_err(|error| error.to_string())
}

/// Tells of what was opened when the program stopped before it could tell. Answers how many.
///
/// # Errors
/// As [`announce`].
pub async fn announce_untold(context: &Context) -> Result<usize, String> {
    let untold = grants::several(context, Grants::Untold).await;
    let untold = untold.map_err(|error| error.to_string())?;
    for grant in &untold {
        announce(context, grant).await?;
    }
    Ok(untold.len())
}

/// Whether the office looks at it.
pub fn needs_review(grant: &AccessGrant) -> bool {
    grant.agreement.is_none() || RULES.review.unlock_with_agreement
}

async fn start_review(context: &Context, grant: &AccessGrant) -> Result<(), PeerError> {
    let system = Actor::system();
    let orchestrator = context.peers.orchestrator(&system);
    let started = orchestrator.started_by_program(REVIEW_PROCESS, &grant.id).await?;
    if !started.is_empty() {
        return Ok(());
    }
    let due = grant.review_due.unwrap_or(grant.until);
    let mut variables = Map::new();
    variables.insert("accesso".into(), json!(grant.id));
    variables.insert("scadenza".into(), json!(due.to_string()));
    let start = StartInstance {
        definition: REVIEW_PROCESS.into(),
        business_key: Some(grant.id.clone()),
        variables,
        ..StartInstance::default()
    };
    // The key makes two tellings at one moment start one review.
    let body = serde_json::to_vec(&start).map_err(|error| PeerError::Malformed(error.to_string()))?;
    let request = Request::builder()
        .method(Method::POST)
        .uri("/orchestrator/instances")
        .header(header::CONTENT_TYPE, "application/json")
        .header("idempotency-key", &grant.id)
        .body(Bytes::from(body))
        .map_err(|error| PeerError::Malformed(error.to_string()))?;
    let answer = context.peers.call("orchestrator", &system, request).await?;
    if answer.status().is_success() {
        return Ok(());
    }
    Err(PeerError::Status {
        status: answer.status(),
        message: String::from_utf8_lossy(answer.body()).into_owned(),
    })
}

/// Name of the label that hides from who represents the person.
const HIDDEN_FROM_PARENT: &str = "P97";

/// Whether a Communication is a notice that the program wrote: nobody else can write these labels.
pub fn is_notice(communication: &Value) -> bool {
    let mut labels = communication["meta"]["security"].as_array().into_iter().flatten();
    labels.any(|label| {
        label["system"] == RESTRICTED_SYSTEM && (label["code"] == NOTICE_CODE || label["code"] == RESTRICTED_CODE)
    })
}

/// Code of a notice.
fn code(grant: &AccessGrant) -> &'static str {
    match grant.kind {
        GrantKind::Emergency => "accesso-emergenza",
        GrantKind::Unlock => "sblocco",
    }
}

/// What the citizen reads. Which categories were unlocked, and the words in which somebody said why, are not in it: a
/// notice is seen by who looks over a shoulder. That of an unlocking is protected as what was unlocked, and hidden from
/// who represents the person (P97): a parent does not learn from it what the child's record hides from them.
fn to_citizen(grant: &AccessGrant) -> Value {
    let (from, until) = (web::date_time(grant.from), web::time(grant.until));
    let what = match (grant.kind, &grant.agreement) {
        (GrantKind::Emergency, _) => format!(
            "{} ha aperto i tuoi dati sanitari in emergenza, dal {from} alle {until}. Motivo: {}. L'accesso è registrato e \
             lo rivede il responsabile della protezione dei dati.",
            grant.name, grant.reason
        ),
        (GrantKind::Unlock, Some(agreement)) => format!(
            "{} ha aperto dati che la legge protegge di più, dal {from} alle {until}. Risulta il tuo consenso: {agreement}. \
             Se non l'hai dato, segnalalo al responsabile della protezione dei dati.",
            grant.name
        ),
        (GrantKind::Unlock, None) => format!(
            "{} ha aperto in emergenza dati che la legge protegge di più, dal {from} alle {until}. L'accesso è \
             registrato e lo rivede il responsabile della protezione dei dati.",
            grant.name
        ),
    };
    let patient = json!({"reference": format!("Patient/{}", grant.patient)});
    let mut notice = notice(format!("avviso-{}", grant.id), code(grant), grant.from, &what);
    let mut labels = vec![json!({"system": RESTRICTED_SYSTEM, "code": NOTICE_CODE})];
    if grant.kind == GrantKind::Unlock {
        let policies = policy::Policies::standard();
        let protects = |name: &str| name == HIDDEN_FROM_PARENT || grant.labels.iter().any(|label| label == name);
        let own = policies.labels().list().iter().filter(|label| protects(&label.name));
        labels.extend(own.map(|label| json!({"system": label.security.system, "code": label.security.code})));
    }
    notice["meta"] = json!({"security": labels});
    notice["subject"] = patient.clone();
    notice["recipient"] = json!([patient]);
    notice
}

/// What the office reads, and nobody else.
fn to_office(grant: &AccessGrant) -> Value {
    let what = format!(
        "{} ({}) ha aperto un accesso ai dati di {} (Patient/{}). Motivo: {}",
        grant.name, grant.who, grant.patient_name, grant.patient, grant.reason
    );
    let mut notice = notice(format!("dpo-{}", grant.id), code(grant), grant.from, &what);
    notice["meta"] = json!({"security": [{"system": RESTRICTED_SYSTEM, "code": RESTRICTED_CODE}]});
    notice["recipient"] = json!([{"display": "Ufficio del responsabile della protezione dei dati"}]);
    notice
}

fn notice(id: String, code: &str, sent: Timestamp, text: &str) -> Value {
    json!({
        "resourceType": "Communication", "id": id, "status": "completed",
        "category": [{"coding": [{"system": CATEGORY_SYSTEM, "code": code}]}],
        "sent": sent.to_string(), "payload": [{"contentString": text}],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(kind: GrantKind, agreement: Option<&str>) -> AccessGrant {
        AccessGrant {
            id: "1".into(),
            name: "Dott. Rossi".into(),
            patient: "anna".into(),
            kind,
            labels: vec!["hiv".into()],
            reason: "Parola libera sulla terapia antiretrovirale".into(),
            agreement: agreement.map(str::to_owned),
            ..AccessGrant::default()
        }
    }

    #[test]
    fn the_notice_of_an_unlocking_is_protected_as_what_was_unlocked_and_carries_no_free_words() {
        for agreement in [None, Some("In presenza")] {
            let notice = to_citizen(&grant(GrantKind::Unlock, agreement));
            let codes: Vec<&str> = notice["meta"]["security"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|label| label["code"].as_str())
                .collect();
            assert_eq!(codes, ["AVVISO", "HIV", "P97"]);
            assert!(!notice.to_string().contains("Parola libera"));
            assert!(is_notice(&notice));
        }
        let notice = to_citizen(&grant(GrantKind::Emergency, None));
        assert_eq!(notice["meta"]["security"].as_array().unwrap().len(), 1);
        assert!(!is_notice(&json!({"meta": {"security": []}})));
    }
}
