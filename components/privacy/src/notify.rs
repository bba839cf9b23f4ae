//! What follows the opening of an access, once each whatever happens in between: a notice to the citizen, one to the office
//! for data protection, and the review. There is no outgoing mail in this program yet: the notices are in the portal.

use crate::rules::RULES;
use crate::{CATEGORY_SYSTEM, RESTRICTED_CODE, RESTRICTED_SYSTEM, grants};
use access::{AccessGrant, Actor, GrantKind, Grants};
use bytes::Bytes;
use component::{Context, InstanceQuery, PeerError};
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
        if fhir.find("Communication", id).await.map_err(told)?.is_none() {
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
    let running = InstanceQuery {
        definition: Some(REVIEW_PROCESS.into()),
        business_key: Some(grant.id.clone()),
        ..InstanceQuery::default()
    };
    if !context
        .peers
        .orchestrator(&system)
        .instances(&running)
        .await?
        .items
        .is_empty()
    {
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

/// Code of a notice.
fn code(grant: &AccessGrant) -> &'static str {
    match grant.kind {
        GrantKind::Emergency => "accesso-emergenza",
        GrantKind::Unlock => "sblocco",
    }
}

/// What the citizen reads. Which categories were unlocked is not in it: a notice is seen by who looks over a shoulder.
fn to_citizen(grant: &AccessGrant) -> Value {
    let (from, until) = (web::date_time(grant.from), web::time(grant.until));
    let what = match (grant.kind, &grant.agreement) {
        (GrantKind::Emergency, _) => format!(
            "Il {from} {} ha aperto i tuoi dati sanitari in emergenza, fino alle {until}. Motivo: {}. L'accesso è registrato e \
             lo rivede il responsabile della protezione dei dati.",
            grant.name, grant.reason
        ),
        (GrantKind::Unlock, Some(agreement)) => format!(
            "Il {from} {} ha aperto dati che la legge protegge di più, fino alle {until}. Risulta il tuo consenso: {agreement}. \
             Se non l'hai dato, segnalalo al responsabile della protezione dei dati.",
            grant.name
        ),
        (GrantKind::Unlock, None) => format!(
            "Il {from} {} ha aperto in emergenza dati che la legge protegge di più, fino alle {until}. Motivo: {}. L'accesso è \
             registrato e lo rivede il responsabile della protezione dei dati.",
            grant.name, grant.reason
        ),
    };
    let patient = json!({"reference": format!("Patient/{}", grant.patient)});
    let mut notice = notice(format!("avviso-{}", grant.id), code(grant), grant.from, &what);
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
