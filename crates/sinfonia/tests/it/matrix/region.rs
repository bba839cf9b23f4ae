//! A small region: five patients with the same facts, and everybody who has, had or never had something to do with them.

use super::personas::{Persona, headers, patient_of};
use crate::world::{World, send};
use access::{AccessGrant, Actor, Ask, GrantKind, Grants, Identity as _};
use axum::body::Body;
use http::Request;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use store::Clock as _;

const PATIENTS: [(&str, &str); 5] = [
    ("p1", "1970-01-01"),
    ("m1", "2016-05-05"),
    ("x1", "2008-11-21"),
    ("w1", "1950-01-01"),
    ("d1", "1945-01-01"),
];

const FISCAL: &str = "http://hl7.it/sid/codiceFiscale";
const ROLE: &str = "http://terminology.hl7.org/CodeSystem/v3-RoleCode";

const MODEL: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="t">
  <bpmn:process id="prova" isExecutable="true">
    <bpmn:startEvent id="inizio"/>
    <bpmn:sequenceFlow id="a" sourceRef="inizio" targetRef="prelievo"/>
    <bpmn:userTask id="prelievo" name="Prelievo"><bpmn:extensionElements><zeebe:assignmentDefinition candidateGroups="infermiere"/><zeebe:properties><zeebe:property name="sinfonia:data" value="Patient(name, birthDate) Observation Task"/></zeebe:properties></bpmn:extensionElements></bpmn:userTask>
    <bpmn:sequenceFlow id="b" sourceRef="prelievo" targetRef="fine"/>
    <bpmn:endEvent id="fine"/>
  </bpmn:process>
</bpmn:definitions>"#;

fn facts(id: &str, born: &str) -> Vec<Value> {
    let patient = json!({"reference": format!("Patient/{id}")});
    let osc = json!({"security": [{"system": "https://sinfonia.it/fhir/CodeSystem/oscuramento", "code": "P99"}]});
    let observation = |kind: &str, meta: &Value| {
        let id = format!("{kind}-{id}");
        json!({"resourceType": "Observation", "id": id, "meta": meta, "identifier": [{"value": id}], "status": "final",
            "code": {"text": "emoglobina"}, "subject": patient})
    };
    let hiv = json!({"coding": [{"system": "http://hl7.org/fhir/sid/icd-9-cm", "code": "042"}]});
    let doctor = if id == "m1" {
        "Practitioner/pls1"
    } else {
        "Practitioner/gp1"
    };
    vec![
        json!({"resourceType": "Patient", "id": id, "birthDate": born, "generalPractitioner": [{"reference": doctor}],
            "name": [{"family": format!("Cognome{id}"), "given": ["Nome"]}], "identifier": [{"system": FISCAL, "value": format!("CF{id}")}]}),
        observation("oss", &json!({})),
        observation("osc", &osc),
        observation("del", &json!({})),
        json!({"resourceType": "Condition", "id": format!("hiv-{id}"), "code": hiv, "subject": patient}),
        json!({"resourceType": "AdverseEvent", "id": format!("ae-{id}"), "actuality": "actual", "subject": patient}),
        json!({"resourceType": "Consent", "id": format!("c-{id}"), "status": "inactive", "scope": {"text": "x"},
            "category": [{"text": "x"}], "patient": patient, "policyRule": {"text": "x"}}),
    ]
}

/// Who has to do with whom.
fn ties() -> Vec<Value> {
    let citizen = |id: &str| {
        json!({"resourceType": "Patient", "id": id, "name": [{"family": format!("Parente{id}")}],
            "identifier": [{"system": FISCAL, "value": format!("CF{id}")}]})
    };
    let related = |id: &str, patient: &str, citizen: &str, what: &str| {
        json!({"resourceType": "RelatedPerson", "id": id, "active": true, "patient": {"reference": format!("Patient/{patient}")},
            "identifier": [{"system": FISCAL, "value": format!("CF{citizen}")}],
            "relationship": [{"coding": [{"system": ROLE, "code": what}]}]})
    };
    let delegation = |id: &str, citizen: &str, end: &str| {
        json!({"resourceType": "Consent", "id": id, "status": "active", "scope": {"text": "x"}, "policyRule": {"text": "x"},
            "category": [{"coding": [{"system": "https://sinfonia.it/fhir/CodeSystem/consent-category", "code": "delega"}]}],
            "patient": {"reference": "Patient/d1"},
            "provision": {"type": "permit", "period": {"start": "2026-01-01", "end": end}, "actor": [{
                "role": {"coding": [{"system": ROLE, "code": "DELEGATEE"}]}, "reference": {"reference": format!("Patient/{citizen}")}}]}})
    };
    let mut all: Vec<Value> = ["p2", "p2b", "p3", "p4", "p5", "p9"].map(citizen).into();
    all.extend(
        ["gp1", "gp2", "sub1", "pls1", "nurse1", "cm1"].map(|id| json!({"resourceType": "Practitioner", "id": id})),
    );
    all.extend(["reparto", "altrove"].map(|id| json!({"resourceType": "Organization", "id": id, "name": id})));
    all.extend([
        related("r-m1", "m1", "p2", "MTH"),
        related("r-x1", "x1", "p2b", "MTH"),
        related("r-w1", "w1", "p3", "GUARD"),
        delegation("del-p4", "p4", "2027-01-01"),
        delegation("del-p5", "p5", "2026-06-30"),
        json!({"resourceType": "CareTeam", "id": "equipe", "status": "active", "subject": {"reference": "Patient/p1"},
            "participant": [{"member": {"reference": "Practitioner/cm1"}}]}),
        json!({"resourceType": "Encounter", "id": "visita", "status": "in-progress", "class": {"code": "AMB"},
            "subject": {"reference": "Patient/p1"}, "serviceProvider": {"reference": "Organization/reparto"},
            "period": {"start": "2026-11-20T08:00:00Z"}}),
        json!({"resourceType": "PractitionerRole", "id": "sostituto", "active": true,
            "practitioner": {"reference": "Practitioner/sub1"}, "period": {"start": "2026-11-01", "end": "2026-12-31"},
            "code": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/practitioner-role", "code": "doctor"}]}],
            "extension": [{"url": "https://sinfonia.it/fhir/StructureDefinition/sostituisce",
                "valueReference": {"reference": "Practitioner/gp1"}}]}),
    ]);
    all
}

async fn tell(world: &World, method: &str, path: &str, body: Value) -> Value {
    let request = Request::builder().method(method).uri(path);
    let request = request.header("authorization", world.bearer(&Actor::system()));
    let request = request.header("content-type", "application/json");
    let answer = send(
        &world.system.router,
        request.body(Body::from(body.to_string())).unwrap(),
    )
    .await;
    assert!(
        answer.status.is_success(),
        "{method} {path}: {} {}",
        answer.status,
        answer.text()
    );
    serde_json::from_slice(&answer.body).unwrap_or(Value::Null)
}

async fn emergency(world: &World, who: &str, from: Timestamp, until: Timestamp) {
    let grant = AccessGrant {
        id: AccessGrant::new_id(from, who),
        who: format!("Practitioner/{who}"),
        name: who.into(),
        patient: "p1".into(),
        kind: GrantKind::Emergency,
        reason_code: "emergenza".into(),
        reason: "paziente incosciente in pronto soccorso".into(),
        from,
        until,
        ..AccessGrant::default()
    };
    world
        .system
        .identity
        .ask(Ask::Grants(Grants::Open(Box::new(grant))))
        .await
        .unwrap();
}

/// Fills the region, and gives the personas of the table with what identifies them.
pub async fn settle(world: &World, names: &[&'static str]) -> Vec<Persona> {
    let facts = PATIENTS.iter().flat_map(|(id, born)| facts(id, born));
    let entries: Vec<Value> = facts
        .chain(ties())
        .map(|resource| {
            let url = format!(
                "{}/{}",
                resource["resourceType"].as_str().unwrap(),
                resource["id"].as_str().unwrap()
            );
            json!({"request": {"method": "PUT", "url": url}, "resource": resource})
        })
        .collect();
    let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": entries});
    tell(world, "POST", "/fhir", bundle).await;
    let files = json!({"files": [{"name": "prova.bpmn", "content": MODEL}]});
    tell(world, "POST", "/orchestrator/deployments", files).await;
    let mut work = BTreeMap::new();
    for (patient, _) in PATIENTS {
        let start = json!({"definition": "prova", "patient": patient, "variables": {"segreto": format!("riservato-{patient}")}});
        let instance = tell(world, "POST", "/orchestrator/instances", start).await;
        let instance = instance["id"]
            .as_str()
            .or(instance["instance"].as_str())
            .unwrap()
            .to_owned();
        world.system.orchestrator.settle().await.unwrap();
        let tasks = tell(
            world,
            "GET",
            &format!("/orchestrator/tasks?instance={instance}"),
            Value::Null,
        )
        .await;
        let task = tasks["items"][0]["id"].as_str().unwrap().to_owned();
        work.insert(patient, (task, instance));
    }
    let (task, _) = &work["p1"];
    let hand = json!({"assignee": "Practitioner/nurse1", "reason": "prova"});
    tell(world, "POST", &format!("/orchestrator/tasks/{task}/reassign"), hand).await;

    let before = world.clock.now();
    emergency(world, "emerx1", before, before + SignedDuration::from_mins(30)).await;
    world.clock.advance(SignedDuration::from_hours(1));
    let now = world.clock.now();
    emergency(world, "emer1", now, now + SignedDuration::from_mins(30)).await;

    let mut personas = vec![];
    for name in names {
        let patient = patient_of(name);
        let (task, instance) = work[patient].clone();
        personas.push(Persona {
            name,
            patient,
            task,
            instance,
            headers: headers(world, name).await,
        });
    }
    personas
}
