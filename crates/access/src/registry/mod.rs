//! What a person is, out of the registries in the hub: roles from the staff registry (PractitionerRole), and for whom a
//! citizen may act (RelatedPerson, Consent). Asked anew for each request, so that what ended gives nothing from that
//! minute on.

mod roles;
mod second;
#[cfg(test)]
mod tests;
mod wards;

pub use roles::panels;
pub(crate) use roles::{actor, capacities};
pub use second::{WAITING, Waiting, reciprocal_days, set_waiting, settle_roles, takes_two, waiting};
pub(crate) use wards::wards;
pub use wards::{DELEGATION_CATEGORY, DELEGATION_SYSTEM};

use crate::AccessError;
use jiff::Timestamp;
use serde_json::Value;
use store::{Clause, Page, Query, Store, StoredResource, ValueTest};

/// Resources of one kind looked at for one person, at most.
const MAX: usize = 100;

/// The resources of a type that pass these tests of their search parameters.
async fn search(store: &dyn Store, rtype: &str, tests: &[(&str, Vec<ValueTest>)]) -> Result<Vec<Value>, AccessError> {
    let mut clauses = Vec::new();
    for (code, any) in tests {
        let param = store.definitions().param(rtype, code);
        let param = param.ok_or_else(|| AccessError::Invalid {
            field: "search parameter",
            message: format!("R4 defines no '{code}' for {rtype}"),
        })?;
        clauses.push(Clause::Param {
            param: param.id,
            any: any.clone(),
        });
    }
    let query = Query {
        rtype: rtype.to_owned(),
        clauses,
        page: Page {
            count: MAX,
            after: None,
        },
        ..Query::default()
    };
    let page = store.snapshot().await?.search(&query).await?;
    Ok(page.matches.iter().filter_map(body).collect())
}

/// Systems of the codice fiscale: HL7 Italia's, and the OID of the FSE.
const FISCAL: [&str; 2] = ["http://hl7.it/sid/codiceFiscale", "urn:oid:2.16.840.1.113883.2.9.4.3.2"];

/// The people with a codice fiscale: Practitioner first, then Patient.
pub(crate) async fn by_fiscal_code(store: &dyn Store, code: &str) -> Result<Vec<String>, AccessError> {
    let mut found = Vec::new();
    for rtype in ["Practitioner", "Patient"] {
        for person in search(store, rtype, &[("identifier", fiscal_tests(code))]).await? {
            // Who left, or was merged into another record, is nobody here.
            if person["active"] != false
                && let Some(id) = person["id"].as_str()
            {
                found.push(format!("{rtype}/{id}"));
            }
        }
    }
    Ok(found)
}

fn fiscal_tests(code: &str) -> Vec<ValueTest> {
    let test = |system: &str| ValueTest::Token {
        system: Some(system.to_owned()),
        code: Some(code.to_owned()),
    };
    FISCAL.map(test).to_vec()
}

/// One resource by reference.
async fn read(store: &dyn Store, reference: &str) -> Result<Option<Value>, AccessError> {
    let Some((rtype, id)) = reference.split_once('/') else {
        return Ok(None);
    };
    Ok(store.read(rtype, id).await?.as_deref().and_then(body))
}

fn body(resource: &StoredResource) -> Option<Value> {
    serde_json::from_slice(resource.body.as_ref()?).ok()
}

/// A test for a reference such as `Patient/12`.
fn reference(to: &str) -> Option<ValueTest> {
    let (rtype, id) = to.split_once('/')?;
    Some(ValueTest::Reference {
        rtype: Some(rtype.to_owned()),
        id: id.to_owned(),
    })
}

/// Whether a FHIR Period holds at a moment; its end, if any. A period without bounds holds always; one that cannot be
/// read, never.
fn holds(period: &Value, now: Timestamp) -> (bool, Option<Timestamp>) {
    let moment = now.as_microsecond();
    let bound = |name: &str| period[name].as_str().map(fhir::date_interval);
    let begun = match bound("start") {
        None => true,
        Some(Some((from, _))) => from <= moment,
        Some(None) => false,
    };
    let (going_on, until) = match bound("end") {
        None => (true, None),
        Some(Some((_, to))) => (moment <= to, Timestamp::from_microsecond(to).ok()),
        Some(None) => (false, None),
    };
    (begun && going_on, until)
}

/// Whether a CodeableConcept (or a list of them) has one of these codes of a system.
fn has_code(concepts: &Value, system: &str, codes: &[&str]) -> bool {
    let one = |concept: &Value| {
        concept["coding"].as_array().is_some_and(|codings| {
            codings.iter().any(|coding| {
                let code = coding["code"].as_str().unwrap_or("");
                coding["system"] == system && codes.contains(&code)
            })
        })
    };
    one(concepts) || concepts.as_array().is_some_and(|list| list.iter().any(one))
}
