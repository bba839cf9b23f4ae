//! Criteria against the search: the same resources must come by notification and by search.

use super::world::*;
use http::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn resources() -> Vec<Value> {
    let mut all = vec![
        json!({"resourceType": "Patient", "id": "p", "active": true, "birthDate": "1970-05-01", "gender": "male",
            "name": [{"family": "Rossi", "given": ["Mario"]}], "identifier": [{"system": "urn:cf", "value": "RSSMRA70E01H501X"}]}),
        json!({"resourceType": "Patient", "id": "q", "birthDate": "1985", "gender": "female",
            "name": [{"family": "D'Àmico"}], "generalPractitioner": [{"reference": "Practitioner/x"}]}),
        json!({"resourceType": "ValueSet", "id": "v", "status": "active", "url": "http://example.org/fhir/vs/a"}),
    ];
    for (n, (code, value, date)) in [
        ("4548-4", 7, "2026-01-01"),
        ("4548-4", 9, "2025-06-01T10:00:00Z"),
        ("2345-7", 120, "2024"),
    ]
    .iter()
    .enumerate()
    {
        let mut one = observation(&format!("o{n}"), code, *value);
        one["effectiveDateTime"] = json!(date);
        if n == 1 {
            one["subject"]["reference"] = json!("Patient/q");
            one["derivedFrom"] = json!([{"reference": "Observation/o0"}]);
        }
        all.push(one);
    }
    all
}

const CRITERIA: &[&str] = &[
    "Patient",
    "Patient?name=ross",
    "Patient?name:exact=Rossi",
    "Patient?name:contains=mic",
    "Patient?family=damico,d%20amico",
    "Patient?birthdate=1970",
    "Patient?birthdate=ge1980",
    "Patient?birthdate=lt1985-06",
    "Patient?birthdate=ne1970-05-01",
    "Patient?birthdate=sa1975&gender=female",
    "Patient?gender:not=male",
    "Patient?general-practitioner:missing=true",
    "Patient?active=true",
    "Patient?identifier=urn:cf|RSSMRA70E01H501X",
    "Patient?identifier=urn:cf|",
    "Patient?_id=q,zz",
    "Patient?_lastUpdated=ge2026",
    "Patient?general-practitioner=Practitioner/x",
    "Patient?general-practitioner=x",
    "Patient?_has:Observation:patient:code=2345-7",
    "ValueSet?url=http://example.org/fhir/vs/a",
    "ValueSet?url:below=http://example.org/fhir",
    "Observation?code=http://loinc.org|4548-4",
    "Observation?code=|4548-4",
    "Observation?code=4548-4,2345-7&status=final",
    "Observation?value-quantity=gt8",
    "Observation?value-quantity=7||%25",
    "Observation?value-quantity=le7|http://unitsofmeasure.org|%25",
    "Observation?date=2025",
    "Observation?date=eb2025",
    "Observation?patient=p",
    "Observation?subject:Patient=q&code=4548-4",
    "Observation?patient.name=rossi",
    "Observation?patient:Patient.birthdate=lt1980&date=gt2025",
    "Observation?derived-from:Observation.code=4548-4",
    "Observation?_has:Observation:derived-from:code=4548-4",
];

#[tokio::test]
async fn a_notification_comes_exactly_for_what_a_search_finds() {
    let (world, receiver) = (World::new(), Receiver::start().await);
    for (n, criteria) in CRITERIA.iter().enumerate() {
        let channel =
            json!({"type": "rest-hook", "endpoint": format!("{}/{n}", receiver.url), "payload": "application/json"});
        world.subscribe(&format!("s{n}"), criteria, channel).await;
    }
    // In one commit, so that those that look at others find them.
    let entry = |value: &Value| {
        let url = format!(
            "{}/{}",
            value["resourceType"].as_str().unwrap(),
            value["id"].as_str().unwrap()
        );
        json!({"resource": value, "request": {"method": "PUT", "url": url}})
    };
    let entries: Vec<Value> = resources().iter().map(entry).collect();
    let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": entries});
    let (status, answer) = world.call(Method::POST, "/", "system", Some(bundle)).await;
    assert!(status.is_success(), "{answer}");
    world.settle().await;
    let got = receiver.take_got();
    for (n, criteria) in CRITERIA.iter().enumerate() {
        let start = format!("/hook/{n}/");
        let told: BTreeSet<String> = got
            .iter()
            .filter_map(|g| g.path.strip_prefix(&start).map(str::to_owned))
            .collect();
        let (_, found) = world.call(Method::GET, &format!("/{criteria}"), "system", None).await;
        let found: BTreeSet<String> = found["entry"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|e| {
                format!(
                    "{}/{}",
                    e["resource"]["resourceType"].as_str().unwrap(),
                    e["resource"]["id"].as_str().unwrap()
                )
            })
            .collect();
        assert_eq!(told, found, "{criteria}");
        assert!(
            !found.is_empty() || criteria.contains("damico") || criteria.contains("=|"),
            "{criteria} finds nothing"
        );
    }
}
