//! What patients said to everybody, as Consents that name no actor: restriction of processing (GDPR 18), no consultation of
//! the record, no secondary use. The same for every actor, so it is read once for all.
//!
//! The number of patients who say one of these is bounded as that of any tie (`super::MAX`).

use super::Ties;
use super::search::{each, period, tokens, within};
use fhir::{IndexEntry, IndexValue};
use jiff::Timestamp;
use policy::Relation;
use store::{Store, StoreError};

/// In whose name what was said to everybody is remembered.
pub(in crate::authorize) const EVERYBODY: (&str, &str) = ("Everybody", "all");

/// Code system of the kinds of consent.
const SYSTEM: &str = "https://sinfonia.it/fhir/CodeSystem/consenso";

/// The kinds that speak to everybody, and what a refusal of each makes of a patient.
const KINDS: &[(&str, Relation)] = &[
    ("limitazione", Relation::Restricted),
    ("fse", Relation::NotConsulted),
    ("uso-secondario", Relation::SecondaryRefused),
];

/// Whether a Consent with these search values may be one of those.
pub(in crate::authorize) fn concerns(index: &[IndexEntry]) -> bool {
    index.iter().any(|entry| match &entry.value {
        IndexValue::Token { system, code } => system == SYSTEM && KINDS.iter().any(|(kind, _)| kind == code),
        _ => false,
    })
}

pub(super) async fn read(store: &dyn Store, now: Timestamp) -> Result<Ties, StoreError> {
    let mut ties = Ties::default();
    let codes: Vec<&str> = KINDS.iter().map(|(code, _)| *code).collect();
    let clauses = vec![
        tokens("Consent", "category", Some(SYSTEM), &codes)?,
        tokens("Consent", "status", None, &["active"])?,
    ];
    each(store, "Consent", clauses, |resource, consent| {
        let provision = &consent["provision"];
        let Some(patient) = resource.patient.as_deref().filter(|_| provision["type"] == "deny") else {
            return Ok(());
        };
        let time = period(&provision["period"]);
        [time.0, time.1]
            .into_iter()
            .flatten()
            .for_each(|moment| ties.changes_at(moment, now));
        if !within(time, now) {
            return Ok(());
        }
        let codings = consent["category"].as_array().into_iter().flatten();
        let codings = codings.flat_map(|category| category["coding"].as_array().into_iter().flatten());
        for coding in codings.filter(|coding| coding["system"] == SYSTEM) {
            if let Some((_, relation)) = KINDS.iter().find(|(kind, _)| coding["code"] == *kind) {
                ties.tie(patient, *relation)?;
            }
        }
        Ok(())
    })
    .await?;
    Ok(ties)
}
