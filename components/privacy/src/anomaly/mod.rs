//! Anomalies in the log of accesses. [`evaluate`] is pure: entries, facts, what is remembered of each person, rules; out of
//! it come findings. The watch reads the log from where it stopped, and writes findings, memories and the new position in
//! one commit, so that nothing is found twice and nothing left out, whenever the program stops.

mod change;
mod checks;
mod evaluate;
mod facts;
mod finding;
mod list;
mod memory;
mod rule;
mod show;

pub use change::{change, evaluate_now};
pub(crate) use evaluate::evaluate;
pub(crate) use facts::Facts;
pub(crate) use finding::{Finding, count_new};
pub use list::list;
pub(crate) use list::{Row, newest};
pub(crate) use memory::{MEMORY, Memory, Peers, restricted};
pub(crate) use rule::ANOMALIES;
pub use show::show;

use access::{AccessGrant, Actor};
use component::Context;

/// Opens the finding of a review that found an access not justified; once.
pub(crate) async fn not_justified(context: &Context, grant: &AccessGrant) -> Result<(), String> {
    let today = web::local_date(context.clock.now());
    let Some(rule) = ANOMALIES
        .in_force(today)
        .find(|rule| matches!(rule.check, rule::Check::NotJustified {}))
    else {
        return Ok(());
    };
    let note = grant
        .reviews
        .last()
        .map(|review| review.note.as_str())
        .unwrap_or_default();
    let finding = Finding {
        rule: rule.id.clone(),
        severity: rule.severity.clone(),
        key: grant.id.clone(),
        person: grant.who.clone(),
        patient: Some(grant.patient.clone()),
        at: context.clock.now(),
        text: format!(
            "L'accesso di {} ai dati di {} del {} non è risultato giustificato. Motivo dato: {} Nota della revisione: {note}",
            grant.name,
            grant.patient_name,
            web::date_time(grant.from),
            grant.reason
        ),
        entries: Vec::new(),
        grant: Some(grant.id.clone()),
    };
    let fhir = context.peers.fhir(&Actor::system());
    let told = |error: component::PeerError| error.to_string();
    if fhir.find("DetectedIssue", &finding.id()).await.map_err(told)?.is_none() {
        fhir.update(&finding.resource()).await.map_err(told)?;
    }
    Ok(())
}
