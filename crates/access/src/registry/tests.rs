//! Roles and wards out of resources in the real store, at moments of a virtual clock.

use super::*;
use crate::local::Account;
use crate::{Actor, WardReason};
use serde_json::json;
use std::sync::Arc;
use store::{Method, Store, Transaction, prepare_write};

const ROLE: &str = "https://sinfonia.it/fhir/CodeSystem/role";
const ROLE_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-RoleCode";
const FISCAL: &str = "http://hl7.it/sid/codiceFiscale";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

async fn store() -> (test_store::Stand, Arc<dyn Store>) {
    let (store, folder) = test_store::stand();
    (folder, store)
}

async fn put(store: &dyn Store, resource: serde_json::Value) {
    let (rtype, id) = (
        resource["resourceType"].as_str().unwrap().to_owned(),
        resource["id"].as_str().unwrap().to_owned(),
    );
    let previous = store.read(&rtype, &id).await.unwrap().map_or(0, |old| old.version);
    let prepared = prepare_write(
        store.definitions(),
        resource,
        &id,
        previous,
        at("2026-01-01T00:00:00Z"),
        Method::Put,
    )
    .unwrap();
    let transaction = Transaction {
        resources: vec![prepared.write],
        ..Transaction::default()
    };
    store.commit(transaction).await.unwrap();
}

fn doctor() -> Account {
    let actor = Actor {
        subject: "Practitioner/rossi".into(),
        name: "Maria Rossi".into(),
        ..Actor::default()
    };
    let mut account = Account::new("rossi".into(), actor, at("2026-01-01T00:00:00Z"));
    account.registry = true;
    account
}

fn role(id: &str, organization: &str, code: &str, period: serde_json::Value) -> serde_json::Value {
    json!({
        "resourceType": "PractitionerRole", "id": id, "period": period,
        "practitioner": {"reference": "Practitioner/rossi"},
        "organization": {"reference": format!("Organization/{organization}"), "display": format!("ASL {organization}")},
        "code": [{"coding": [{"system": ROLE, "code": code}]}],
    })
}

#[tokio::test]
async fn a_role_holds_from_its_first_to_its_last_minute() {
    let (_folder, store) = store().await;
    let period = json!({"start": "2026-03-01T08:00:00+01:00", "end": "2026-03-31T20:00:00+02:00"});
    put(store.as_ref(), role("a", "1", "mmg", period)).await;
    put(store.as_ref(), role("b", "2", "diabetologo", json!({}))).await;
    put(store.as_ref(), role("c", "2", "unheard-of", json!({}))).await;
    let roles = |all: Vec<crate::Capacity>| -> Vec<(String, String)> {
        all.into_iter()
            .map(|c| (c.organization.unwrap(), c.roles.join(",")))
            .collect()
    };
    let account = doctor();
    let one = ("1".to_owned(), "mmg".to_owned());
    let two = ("2".to_owned(), "diabetologo".to_owned());
    for (moment, expected) in [
        ("2026-03-01T06:59:59Z", vec![two.clone()]),
        ("2026-03-01T07:00:00Z", vec![one.clone(), two.clone()]),
        ("2026-03-31T17:59:59Z", vec![one.clone(), two.clone()]),
        ("2026-03-31T18:00:01Z", vec![two.clone()]),
    ] {
        assert_eq!(
            roles(capacities(store.as_ref(), &account, at(moment)).await.unwrap()),
            expected,
            "{moment}"
        );
    }
    let all = capacities(store.as_ref(), &account, at("2026-03-02T00:00:00Z"))
        .await
        .unwrap();
    let chosen = actor(&account, &all, Some("Practitioner/rossi@1"));
    assert_eq!(
        (chosen.roles, chosen.organization),
        (vec!["mmg".into()], Some("1".into()))
    );
    let later = capacities(store.as_ref(), &account, at("2026-04-02T00:00:00Z"))
        .await
        .unwrap();
    let ended = actor(&account, &later, Some("Practitioner/rossi@1"));
    assert_eq!(
        (ended.subject.as_str(), ended.roles.len(), ended.organization),
        ("Practitioner/rossi", 0, None)
    );
    // Made inactive: nothing, at once.
    let mut inactive = role("b", "2", "diabetologo", json!({}));
    inactive["active"] = json!(false);
    put(store.as_ref(), inactive).await;
    assert!(
        capacities(store.as_ref(), &account, at("2026-04-02T00:00:00Z"))
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_substitute_has_the_panel_while_it_lasts() {
    let (_folder, store) = store().await;
    let mut substitute = role("s", "1", "mmg", json!({"start": "2026-08-01", "end": "2026-08-15"}));
    substitute["extension"] =
        json!([{"url": roles::SUBSTITUTES, "valueReference": {"reference": "Practitioner/bianchi"}}]);
    put(store.as_ref(), substitute).await;
    let of = |moment| panels(store.as_ref(), "Practitioner/rossi", moment);
    assert_eq!(of(at("2026-08-10T12:00:00Z")).await.unwrap(), ["Practitioner/bianchi"]);
    assert!(of(at("2026-08-16T12:00:00Z")).await.unwrap().is_empty());
}

fn citizen(id: &str, code: &str, born: &str) -> serde_json::Value {
    json!({
        "resourceType": "Patient", "id": id, "birthDate": born,
        "name": [{"family": "Neri", "given": [id]}], "identifier": [{"system": FISCAL, "value": code}],
    })
}

fn related(id: &str, patient: &str, code: &str, relationship: &str) -> serde_json::Value {
    json!({
        "resourceType": "RelatedPerson", "id": id, "patient": {"reference": format!("Patient/{patient}")},
        "identifier": [{"system": FISCAL, "value": code}],
        "relationship": [{"coding": [{"system": ROLE_CODE, "code": relationship}]}],
    })
}

#[tokio::test]
async fn a_parent_acts_until_the_eighteenth_birthday_and_only_for_the_own_child() {
    let (_folder, store) = store().await;
    put(store.as_ref(), citizen("madre", "NREMDR80A41H501X", "1980-01-01")).await;
    put(store.as_ref(), citizen("figlia", "NREFGL10P41H501X", "2010-09-01")).await;
    put(store.as_ref(), citizen("altro", "NRELTR12A01H501X", "2012-01-01")).await;
    put(store.as_ref(), related("r1", "figlia", "NREMDR80A41H501X", "MTH")).await;
    put(store.as_ref(), related("r2", "altro", "ALTRA", "MTH")).await;
    put(store.as_ref(), related("r3", "altro", "NREMDR80A41H501X", "SIS")).await;
    let madre = Actor {
        subject: "Patient/madre".into(),
        ..Actor::default()
    };
    let of = |moment: &str| wards(store.as_ref(), &madre, at(moment));
    let before = wards(store.as_ref(), &madre, at("2028-08-31T21:59:00Z")).await.unwrap();
    assert_eq!(before.len(), 1);
    assert_eq!(
        (before[0].patient.as_str(), before[0].why),
        ("Patient/figlia", WardReason::Parent)
    );
    assert_eq!(before[0].until, Some(at("2028-08-31T22:00:00Z")), "midnight in Rome");
    assert!(of("2028-08-31T22:00:00Z").await.unwrap().is_empty());
    put(store.as_ref(), related("r4", "altro", "NREMDR80A41H501X", "GUARD")).await;
    let after = of("2040-01-01T00:00:00Z").await.unwrap();
    assert_eq!((after.len(), after[0].why), (1, WardReason::Guardian));
    let doctor = Actor {
        subject: "Practitioner/madre".into(),
        ..Actor::default()
    };
    assert!(
        wards(store.as_ref(), &doctor, at("2026-01-01T00:00:00Z"))
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_delegation_holds_while_it_says_so() {
    let (_folder, store) = store().await;
    put(store.as_ref(), citizen("nonno", "A", "1940-01-01")).await;
    put(store.as_ref(), citizen("nipote", "B", "1990-01-01")).await;
    let consent = |status: &str, role: &str| {
        json!({
            "resourceType": "Consent", "id": "d", "status": status, "patient": {"reference": "Patient/nonno"},
            "category": [{"coding": [{"system": DELEGATION_SYSTEM, "code": DELEGATION_CATEGORY}]}],
            "provision": {"type": "permit", "period": {"start": "2026-01-01", "end": "2026-06-30"}, "actor": [{
                "role": {"coding": [{"system": ROLE_CODE, "code": role}]}, "reference": {"reference": "Patient/nipote"}}]},
        })
    };
    let nipote = Actor {
        subject: "Patient/nipote".into(),
        ..Actor::default()
    };
    put(store.as_ref(), consent("active", "DELEGATEE")).await;
    let of = |moment: &str| wards(store.as_ref(), &nipote, at(moment));
    let now = of("2026-03-01T00:00:00Z").await.unwrap();
    assert_eq!(
        (now[0].patient.as_str(), now[0].why),
        ("Patient/nonno", WardReason::Delegate)
    );
    assert!(of("2026-07-02T00:00:00Z").await.unwrap().is_empty());
    put(store.as_ref(), consent("inactive", "DELEGATEE")).await;
    assert!(of("2026-03-01T00:00:00Z").await.unwrap().is_empty());
    put(store.as_ref(), consent("active", "PRCP")).await;
    assert!(of("2026-03-01T00:00:00Z").await.unwrap().is_empty());
}

#[tokio::test]
async fn what_waits_for_a_second_person_counts_as_before_while_both_hold() {
    let (_folder, store) = store().await;
    let waits = |mut role: serde_json::Value, counts: Option<&str>| {
        role["meta"] = json!({"tag": [{"system": WAITING, "code": "Practitioner/x"}]});
        if let Some(version) = counts {
            role["meta"]["tag"][0]["version"] = json!(version);
        }
        role
    };
    let now = at("2026-06-01T00:00:00Z");
    let account = doctor();
    let held = async || -> Vec<String> {
        let all = capacities(store.as_ref(), &account, now).await.unwrap();
        all.into_iter().flat_map(|one| one.roles).collect()
    };
    put(
        store.as_ref(),
        waits(role("n", "1", "operatore-anagrafe", json!({})), None),
    )
    .await;
    assert!(held().await.is_empty(), "a new one");
    put(store.as_ref(), role("a", "2", "mmg", json!({"end": "2026-12-31"}))).await;
    put(
        store.as_ref(),
        waits(role("a", "2", "risk-manager", json!({})), Some("1")),
    )
    .await;
    assert_eq!(held().await, ["mmg"], "as before");
    let over = json!({"end": "2026-05-01"});
    put(store.as_ref(), waits(role("a", "2", "risk-manager", over), Some("1"))).await;
    assert!(held().await.is_empty(), "an end counts at once");
    put(store.as_ref(), role("a", "2", "risk-manager", json!({}))).await;
    assert_eq!(held().await, ["risk-manager"], "confirmed");
}
