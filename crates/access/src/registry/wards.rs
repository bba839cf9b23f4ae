//! For whom a citizen may act: a minor child, a ward, who gave a delegation.
//!
//! - Parent (art. 316 c.c., responsabilità genitoriale) and guardian (artt. 343, 404 c.c.: tutore, amministratore di
//!   sostegno): a RelatedPerson of the other, active and within its period, that carries the citizen's codice fiscale, with
//!   a relationship of HL7's RoleCode. A parent's right ends with the eighteenth birthday (art. 2 c.c.), a guardian's with
//!   the period.
//! - Delegation: an active Consent of the other of category [`DELEGATION_CATEGORY`] whose provision permits, holds now and
//!   names the citizen as `DELEGATEE`. It is revoked by making it inactive: the next request no longer passes.

use super::{FISCAL, fiscal_tests, has_code, holds, read, reference, search};
use crate::{AccessError, Actor, Ward, WardReason};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde_json::Value;
use store::Store;

/// System of [`DELEGATION_CATEGORY`].
pub const DELEGATION_SYSTEM: &str = "https://sinfonia.it/fhir/CodeSystem/consent-category";
/// `Consent.category` of a delegation.
pub const DELEGATION_CATEGORY: &str = "delega";

const ROLE_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-RoleCode";
const PARENTS: &[&str] = &[
    "PRN", "FTH", "MTH", "NFTH", "NMTH", "ADOPTP", "ADOPTF", "ADOPTM", "NPRN",
];
const GUARDIANS: &[&str] = &["GUARD", "POWATT", "HPOWATT"];

/// Everybody the actor may act for now; empty for who is no citizen.
pub(crate) async fn wards(store: &dyn Store, actor: &Actor, now: Timestamp) -> Result<Vec<Ward>, AccessError> {
    if !actor.subject.starts_with("Patient/") {
        return Ok(Vec::new());
    }
    let mut all = relatives(store, &actor.subject, now).await?;
    for ward in delegations(store, &actor.subject, now).await? {
        if !all.iter().any(|known| known.patient == ward.patient) {
            all.push(ward);
        }
    }
    all.retain(|ward| ward.patient != actor.subject);
    Ok(all)
}

async fn relatives(store: &dyn Store, subject: &str, now: Timestamp) -> Result<Vec<Ward>, AccessError> {
    let Some(own) = read(store, subject).await?.as_ref().and_then(fiscal_code) else {
        return Ok(Vec::new());
    };
    let mut all = Vec::new();
    for related in search(store, "RelatedPerson", &[("identifier", fiscal_tests(&own))]).await? {
        let (going_on, until) = holds(&related["period"], now);
        let patient = related["patient"]["reference"].as_str().unwrap_or("");
        if related["active"] == false || !going_on || !patient.starts_with("Patient/") {
            continue;
        }
        let Some(person) = read(store, patient).await? else {
            continue;
        };
        let (why, until) = if has_code(&related["relationship"], ROLE_CODE, GUARDIANS) {
            (WardReason::Guardian, until)
        } else if has_code(&related["relationship"], ROLE_CODE, PARENTS) {
            let Some(adult) = adulthood(&person).filter(|adult| now < *adult) else {
                continue;
            };
            (WardReason::Parent, Some(until.map_or(adult, |until| until.min(adult))))
        } else {
            continue;
        };
        all.push(ward(patient, &person, why, until));
    }
    Ok(all)
}

async fn delegations(store: &dyn Store, subject: &str, now: Timestamp) -> Result<Vec<Ward>, AccessError> {
    let Some(actor) = reference(subject) else {
        return Ok(Vec::new());
    };
    let mut all = Vec::new();
    for consent in search(store, "Consent", &[("actor", vec![actor])]).await? {
        let provision = &consent["provision"];
        let (going_on, until) = holds(&provision["period"], now);
        let named = provision["actor"].as_array().into_iter().flatten().any(|actor| {
            actor["reference"]["reference"] == subject && has_code(&actor["role"], ROLE_CODE, &["DELEGATEE"])
        });
        let meant = has_code(&consent["category"], DELEGATION_SYSTEM, &[DELEGATION_CATEGORY]);
        let permits = consent["status"] == "active" && provision["type"] == "permit";
        let Some(patient) = consent["patient"]["reference"].as_str() else {
            continue;
        };
        if !(meant && named && permits && going_on) {
            continue;
        }
        if let Some(person) = read(store, patient).await? {
            all.push(ward(patient, &person, WardReason::Delegate, until));
        }
    }
    Ok(all)
}

fn ward(patient: &str, person: &Value, why: WardReason, until: Option<Timestamp>) -> Ward {
    Ward {
        patient: patient.to_owned(),
        name: name(person),
        why,
        until,
    }
}

/// The moment of the eighteenth birthday, Italian time; `None` when the birth date is not known to the day.
fn adulthood(person: &Value) -> Option<Timestamp> {
    let born: Date = person["birthDate"].as_str()?.parse().ok()?;
    let birthday = born.checked_add(18.years()).ok()?;
    let rome = TimeZone::get("Europe/Rome").unwrap_or(TimeZone::UTC);
    Some(birthday.to_zoned(rome).ok()?.timestamp())
}

fn fiscal_code(person: &Value) -> Option<String> {
    let identifiers = person["identifier"].as_array()?;
    let own = identifiers
        .iter()
        .find(|identifier| FISCAL.iter().any(|system| identifier["system"] == *system))?;
    own["value"].as_str().map(str::to_owned)
}

fn name(person: &Value) -> String {
    let name = &person["name"][0];
    if let Some(text) = name["text"].as_str() {
        return text.to_owned();
    }
    let given = name["given"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let words: Vec<&str> = given.chain(name["family"].as_str()).collect();
    words.join(" ")
}
