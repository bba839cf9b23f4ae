//! Duplicates: found, decided, merged, separated.

use crate::system::{System, actor, desk};
use access::Actor;
use citizens::matching::{Progress, run};
use component::Fhir;
use serde_json::{Value, json};
use std::sync::Arc;

const CODE: &str = "http://hl7.it/sid/codiceFiscale";

pub fn person(id: &str, family: &str, given: &str, birth: &str, code: &str) -> Value {
    let mut one = json!({
        "resourceType": "Patient", "id": id, "active": true, "gender": "male",
        "name": [{"use": "official", "family": family, "given": [given]}], "birthDate": birth,
        "address": [{"use": "home", "line": ["Via Verdi 3"], "city": "Eboli"}],
        "telecom": [{"system": "phone", "value": "3331234567"}],
        "generalPractitioner": [{"reference": format!("Practitioner/med-{id}")}]
    });
    if !code.is_empty() {
        one["identifier"] = json!([{"system": CODE, "value": code}]);
    }
    one
}

/// What is known of a person: observations, an open choice of doctor and an open assistance.
pub fn of_person(id: &str, observations: usize) -> Vec<Value> {
    let own = json!({"reference": format!("Patient/{id}")});
    let kind = |system: &str, code: &str| json!({"coding": [{"system": format!("https://sinfonia.it/fhir/CodeSystem/{system}"), "code": code}]});
    let mut all = vec![
        json!({"resourceType": "EpisodeOfCare", "id": format!("scelta-{id}"), "status": "active", "patient": own,
            "type": [kind("scelta-medico", "mmg")], "period": {"start": "2020-01-01"},
            "careManager": {"reference": format!("Practitioner/med-{id}")}}),
        json!({"resourceType": "Coverage", "id": format!("ssn-{id}"), "status": "active", "beneficiary": own,
            "type": kind("assistenza", "ssn"), "payor": [{"reference": "Organization/asl"}],
            "period": {"start": "2020-01-01"}}),
    ];
    all.extend((0..observations).map(|n| {
        json!({"resourceType": "Observation", "id": format!("oss-{id}-{n}"), "status": "final",
            "code": {"text": "Peso"}, "subject": own, "performer": [own], "effectiveDateTime": "2025-01-01"})
    }));
    all
}

pub fn other_desk() -> Actor {
    actor("Practitioner/sportello-due", "operatore-anagrafe", Some("asl"))
}

/// Two records of one man, his brother, and what is known of them.
pub async fn registry(code_two: &str, observations: usize) -> System {
    let system = System::open().await;
    system
        .put(&json!({"resourceType": "Organization", "id": "asl", "name": "ASL di prova"}))
        .await;
    for id in ["gen1", "gen2", "ciro"] {
        let name = json!({"resourceType": "Practitioner", "id": format!("med-{id}"), "name": [{"family": "Medico"}]});
        system.put(&name).await;
    }
    let mut people = vec![
        person("gen1", "Iovine", "Gennaro", "1961-04-03", "VNIGNR61D03F839A"),
        person("gen2", "Jovine", "Gennaro", "1961-04-03", code_two),
        person("ciro", "Iovine", "Ciro", "1958-11-21", "VNICRI58S21F839B"),
    ];
    people.extend(
        ["gen1", "gen2", "ciro"]
            .iter()
            .flat_map(|id| of_person(id, observations)),
    );
    for one in &people {
        system.put(one).await;
    }
    system
}

pub fn program(system: &System) -> Fhir {
    system.context.peers.fhir(&Actor::system())
}

pub async fn search(system: &System) -> citizens::matching::Report {
    run(
        &system.context,
        "Practitioner/sportello",
        &Arc::new(Progress::default()),
    )
    .await
    .unwrap()
}

/// The id of the one pair in the queue, and the fingerprint on its page.
pub async fn pair(system: &System, who: &Actor) -> (String, String) {
    let queue = system.get(who, "/anagrafe/doppioni").await;
    let id = between(&queue.text, "href=\"/anagrafe/doppioni/", "\"");
    let page = system.get(who, &format!("/anagrafe/doppioni/{id}")).await;
    assert_eq!(page.status, 200, "{}", page.text);
    (id, between(&page.text, "name=\"impronta\" value=\"", "\""))
}

pub fn between(text: &str, start: &str, end: &str) -> String {
    let from = text.find(start).unwrap_or_else(|| panic!("{start} is not in {text}")) + start.len();
    text[from..].split(end).next().unwrap().to_owned()
}

pub async fn decide(system: &System, who: &Actor, outcome: &str, survivor: &str) -> String {
    let (id, seen) = pair(system, who).await;
    let form = [
        ("esito", outcome),
        ("resta", survivor),
        ("motivo", "visto il documento"),
        ("impronta", &seen),
    ];
    let reply = system.post(who, &format!("/anagrafe/doppioni/{id}"), &form).await;
    assert_eq!(reply.status, 303, "{}", reply.text);
    reply.location
}

/// Everything in the registry without versions and moments, but what the program keeps of the matching.
async fn everything(system: &System) -> Vec<Value> {
    let fhir = program(system);
    let mut all = vec![];
    for rtype in ["Patient", "Observation", "EpisodeOfCare", "Coverage"] {
        all.extend(
            fhir.search_all(rtype, &[("_count", "500"), ("_sort", "_id")], 5_000)
                .await
                .unwrap(),
        );
    }
    for one in &mut all {
        let meta = one["meta"].as_object_mut().unwrap();
        meta.retain(|name, _| name != "versionId" && name != "lastUpdated");
    }
    all
}

pub async fn open(system: &System, rtype: &str, patient: &str) -> usize {
    let found = program(system)
        .search(rtype, &[("patient", patient), ("status", "active")])
        .await
        .unwrap();
    found.len()
}

#[tokio::test]
async fn a_pair_is_found_merged_and_separated_as_if_nothing_had_been() {
    // more than a leaf of the ledger, so that it takes several transactions
    let system = registry("", 120).await;
    let before = everything(&system).await;
    let report = search(&system).await;
    assert_eq!((report.certain + report.review, report.written), (1, 1), "{report:?}");
    let queue = system.get(&desk(), "/anagrafe/doppioni").await.text;
    assert!(
        queue.contains("Iovine Gennaro") && queue.contains("Jovine Gennaro") && !queue.contains("Ciro"),
        "{queue}"
    );
    let csv = system.get(&desk(), "/anagrafe/doppioni.csv").await.text;
    assert!(csv.contains("gen1,gen2,"), "{csv}");
    let page = decide(&system, &desk(), "stessa", "gen1").await;
    let fhir = program(&system);
    let (one, two) = (
        fhir.read("Patient", "gen1").await.unwrap(),
        fhir.read("Patient", "gen2").await.unwrap(),
    );
    assert_eq!(two["active"], false);
    assert_eq!(
        two["link"][0],
        json!({"other": {"reference": "Patient/gen1"}, "type": "replaced-by"})
    );
    assert_eq!(one["link"][0]["type"], "replaces");
    assert_eq!(two["generalPractitioner"], one["generalPractitioner"]);
    let count = fhir.count("Observation", &[("patient", "gen1")]).await.unwrap();
    assert_eq!(count, 240, "what was known of both");
    for rtype in ["EpisodeOfCare", "Coverage"] {
        assert_eq!(
            (open(&system, rtype, "gen1").await, open(&system, rtype, "gen2").await),
            (1, 0),
            "{rtype}"
        );
    }
    assert_eq!(
        fhir.count("Basic", &[("patient", "gen1")]).await.unwrap(),
        1,
        "the event for others"
    );
    // no second merge of the same record, no pair left
    assert!(
        !system
            .get(&desk(), "/anagrafe/doppioni")
            .await
            .text
            .contains("href=\"/anagrafe/doppioni/coppia")
    );
    let told = system.get(&desk(), &page).await;
    assert!(
        told.text.contains("Separa le schede") && told.text.contains("Iovine Gennaro"),
        "{}",
        told.text
    );
    let back = system
        .post(&desk(), &format!("{page}/separa"), &[("motivo", "erano due")])
        .await;
    assert_eq!(back.status, 303, "{}", back.text);
    assert_eq!(everything(&system).await, before);
    let told = system.get(&desk(), &page).await.text;
    assert!(told.contains("erano due") && !told.contains("Cambiato dopo"), "{told}");
    // told apart, they come back only when their data change
    assert_eq!(search(&system).await.decided, 1);
    let mut changed = fhir.read("Patient", "gen2").await.unwrap();
    changed["name"][0]["family"] = json!("Iovine");
    system.put(&changed).await;
    assert_eq!(search(&system).await.written, 1);
}

#[tokio::test]
async fn what_the_rules_call_so_takes_two_people() {
    let system = registry("VNIGNR61D03F839K", 1).await;
    let mut other = program(&system).read("Patient", "gen2").await.unwrap();
    other["identifier"][0]["value"] = json!("VNIGNR61D13F839K");
    system.put(&other).await;
    search(&system).await;
    assert_eq!(
        decide(&system, &desk(), "stessa", "gen1").await,
        "/anagrafe/doppioni",
        "a proposal"
    );
    assert_eq!(program(&system).read("Patient", "gen2").await.unwrap()["active"], true);
    let own = decide(&system, &desk(), "stessa", "gen1").await;
    assert!(
        own.starts_with("/anagrafe/doppioni/coppia"),
        "the same person cannot confirm: {own}"
    );
    let wrong = decide(&system, &other_desk(), "stessa", "gen2").await;
    assert!(
        wrong.starts_with("/anagrafe/doppioni/coppia"),
        "another survivor than proposed: {wrong}"
    );
    let page = decide(&system, &other_desk(), "stessa", "gen1").await;
    assert!(page.starts_with("/anagrafe/fusioni/"), "{page}");
    let merged = program(&system).read("Patient", "gen1").await.unwrap();
    assert_eq!(merged["identifier"][1]["use"], "old", "{merged}");
}

#[tokio::test]
async fn a_decision_is_about_what_was_seen() {
    let system = registry("", 2).await;
    search(&system).await;
    // somebody changes a record while the desk looks at the pair
    let (id, seen) = pair(&system, &desk()).await;
    let fhir = program(&system);
    let mut two = fhir.read("Patient", "gen2").await.unwrap();
    two["telecom"] = json!([{"system": "phone", "value": "3337654321"}]);
    system.put(&two).await;
    let form = [
        ("esito", "stessa"),
        ("resta", "gen1"),
        ("motivo", "m"),
        ("impronta", seen.as_str()),
    ];
    let reply = system.post(&desk(), &format!("/anagrafe/doppioni/{id}"), &form).await;
    assert_eq!(reply.location, format!("/anagrafe/doppioni/{id}"));
    assert_eq!(
        fhir.read("Patient", "gen2").await.unwrap()["active"],
        true,
        "nothing was done"
    );
}

#[tokio::test]
async fn what_changed_meanwhile_is_never_lost() {
    let system = registry("", 2).await;
    search(&system).await;
    let fhir = program(&system);
    let page = decide(&system, &desk(), "stessa", "gen1").await;
    system.clock.advance(jiff::SignedDuration::from_hours(1));
    // after the merge: the survivor moves, a moved observation is corrected, a new one is written
    let mut one = fhir.read("Patient", "gen1").await.unwrap();
    one["maritalStatus"] = json!({"text": "coniugato"});
    system.put(&one).await;
    let mut moved = fhir.read("Observation", "oss-gen2-0").await.unwrap();
    moved["status"] = json!("corrected");
    system.put(&moved).await;
    let mut new = of_person("gen1", 1).pop().unwrap();
    new["id"] = json!("nuova");
    system.put(&new).await;
    // written under the old record by who did not know yet: it can follow
    let mut late = of_person("gen2", 1).pop().unwrap();
    late["id"] = json!("tardi");
    system.put(&late).await;
    assert!(
        system.get(&desk(), &page).await.text.contains("1 cose"),
        "what is left is told"
    );
    system.post(&desk(), &format!("{page}/riprendi"), &[]).await;
    let subject = async |id: &str| fhir.read("Observation", id).await.unwrap()["subject"]["reference"].clone();
    assert_eq!(subject("tardi").await, "Patient/gen1");
    system
        .post(&desk(), &format!("{page}/separa"), &[("motivo", "erano due")])
        .await;
    let told = system.get(&desk(), &page).await.text;
    assert!(
        told.contains("Patient/gen1: maritalStatus") && told.contains("Observation/oss-gen2-0"),
        "{told}"
    );
    assert_eq!(
        fhir.read("Patient", "gen1").await.unwrap()["maritalStatus"]["text"],
        "coniugato"
    );
    assert_eq!(fhir.read("Patient", "gen2").await.unwrap()["active"], true);
    let corrected = fhir.read("Observation", "oss-gen2-0").await.unwrap();
    assert_eq!(
        (corrected["status"].clone(), subject("oss-gen2-0").await),
        (json!("corrected"), json!("Patient/gen2"))
    );
    assert_eq!(subject("tardi").await, "Patient/gen2");
    assert_eq!(subject("nuova").await, "Patient/gen1");
    assert!(told.contains("Observation/nuova"), "{told}");
    system
        .post(
            &desk(),
            &format!("{page}/assegna"),
            &[("risorsa", "Observation/nuova"), ("risorsa", "Patient/gen1")],
        )
        .await;
    assert_eq!(subject("nuova").await, "Patient/gen2");
    for rtype in ["EpisodeOfCare", "Coverage"] {
        assert_eq!(
            (open(&system, rtype, "gen1").await, open(&system, rtype, "gen2").await),
            (1, 1),
            "{rtype}"
        );
    }
    // separated once: not again
    let again = system
        .post(&desk(), &format!("{page}/separa"), &[("motivo", "ancora")])
        .await;
    assert_eq!(again.location, page);
}

#[tokio::test]
async fn only_the_desk_decides() {
    let system = registry("", 0).await;
    search(&system).await;
    for who in [crate::system::anna(), crate::system::doctor("med-gen1")] {
        for path in ["/anagrafe/doppioni", "/anagrafe/doppioni.csv", "/anagrafe/fusioni"] {
            assert_eq!(system.get(&who, path).await.status, 403, "{path}");
        }
        assert_eq!(system.post(&who, "/anagrafe/doppioni/cerca", &[]).await.status, 403);
    }
}
