//! Merging and separating: interrupted, at the same moment, with processes under way; whatever two records hold.

use crate::matching::{decide, open, other_desk, pair, program, registry, search};
use crate::system::{System, desk};
use access::Actor;
use component::InstanceQuery;
use jiff::SignedDuration;
use orchestrator::api::{CompleteTask, Deploy, DeployFile, SendMessage, StartInstance};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

/// Types that the tests write.
const TYPES: [&str; 23] = [
    "Patient",
    "AllergyIntolerance",
    "Appointment",
    "Basic",
    "CarePlan",
    "Communication",
    "Condition",
    "Consent",
    "Coverage",
    "DocumentReference",
    "Encounter",
    "EpisodeOfCare",
    "Flag",
    "Group",
    "Immunization",
    "List",
    "MedicationRequest",
    "Observation",
    "Procedure",
    "QuestionnaireResponse",
    "RelatedPerson",
    "ServiceRequest",
    "Task",
];

/// Everything that is about somebody, without versions and moments, and without what the registry notes of merges itself; and of
/// every instance whose it is.
async fn everything(system: &System) -> Vec<Value> {
    let fhir = program(system);
    let mut all = vec![];
    for rtype in TYPES {
        let asked = [("_count", "500"), ("_sort", "_id")];
        let mut found = fhir.search_all(rtype, &asked, 5_000).await.unwrap();
        found.retain(|one| {
            let system = one["code"]["coding"][0]["system"].as_str().unwrap_or_default();
            !system.ends_with("/doppioni") && !system.ends_with("/evento-vita")
        });
        all.extend(found);
    }
    for one in &mut all {
        let meta = one["meta"].as_object_mut().unwrap();
        meta.retain(|name, _| name != "versionId" && name != "lastUpdated");
    }
    let client = system.context.peers.orchestrator(&Actor::system());
    for one in client.instances(&InstanceQuery::default()).await.unwrap().items {
        if one.patient.is_some() {
            let mut info = client.instance(&one.id).await.unwrap();
            // what it heard of the separation
            info.variables
                .retain(|name, _| name != "resource" && name != "reference");
            all.push(json!([
                info.id,
                info.patient,
                info.business_key,
                info.status,
                info.variables
            ]));
        }
    }
    all
}

/// Separates without a person: `page` is that of the merge.
async fn separate(system: &System, page: &str) -> http::StatusCode {
    let form = [("motivo", "erano due")];
    system.post(&desk(), &format!("{page}/separa"), &form).await.status
}

async fn state(system: &System, page: &str) -> String {
    let merge = system.read("Basic", page.rsplit('/').next().unwrap()).await;
    merge["code"]["coding"][1]["code"].as_str().unwrap().to_owned()
}

/// Begins a course of two steps for a person: the second waits for a message with the person's key.
async fn course(system: &System, patient: &str) -> String {
    let xml = r#"<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:sinfonia="https://sinfonia.it/bpmn" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="x">
<bpmn:message id="m" name="esito"/>
<bpmn:message id="s" name="separati"><bpmn:extensionElements><sinfonia:fhirTrigger criteria="Basic?code=https://sinfonia.it/fhir/CodeSystem/evento-vita|evento-separazione"/></bpmn:extensionElements></bpmn:message>
<bpmn:process id="percorso" name="Percorso" isExecutable="true">
<bpmn:startEvent id="a"/><bpmn:sequenceFlow id="f1" sourceRef="a" targetRef="p"/>
<bpmn:parallelGateway id="p"/><bpmn:sequenceFlow id="f2" sourceRef="p" targetRef="visita"/><bpmn:sequenceFlow id="f3" sourceRef="p" targetRef="attesa"/><bpmn:sequenceFlow id="f7" sourceRef="p" targetRef="divisi"/>
<bpmn:userTask id="visita" name="Visita"><bpmn:extensionElements><zeebe:assignmentDefinition candidateGroups="operatore-anagrafe"/></bpmn:extensionElements></bpmn:userTask><bpmn:sequenceFlow id="f4" sourceRef="visita" targetRef="referto"/>
<bpmn:userTask id="referto" name="Referto"><bpmn:extensionElements><zeebe:assignmentDefinition candidateGroups="operatore-anagrafe"/></bpmn:extensionElements></bpmn:userTask><bpmn:sequenceFlow id="f5" sourceRef="referto" targetRef="z1"/><bpmn:endEvent id="z1"/>
<bpmn:intermediateCatchEvent id="attesa"><bpmn:messageEventDefinition messageRef="m"/></bpmn:intermediateCatchEvent><bpmn:sequenceFlow id="f6" sourceRef="attesa" targetRef="z2"/><bpmn:endEvent id="z2"/>
<bpmn:intermediateCatchEvent id="divisi"><bpmn:messageEventDefinition messageRef="s"/></bpmn:intermediateCatchEvent><bpmn:sequenceFlow id="f8" sourceRef="divisi" targetRef="z3"/><bpmn:endEvent id="z3"/>
</bpmn:process></bpmn:definitions>"#;
    let client = system.context.peers.orchestrator(&Actor::system());
    let file = DeployFile {
        name: "percorso.bpmn".into(),
        content: xml.into(),
    };
    client.deploy(&Deploy { files: vec![file] }).await.unwrap();
    let start = StartInstance {
        definition: "percorso".into(),
        patient: Some(patient.into()),
        variables: json!({"assistito": format!("Patient/{patient}"), "n": 1})
            .as_object()
            .unwrap()
            .clone(),
        ..StartInstance::default()
    };
    let id = client.start(&start).await.unwrap().id;
    system.settle().await;
    id
}

async fn tokens(system: &System, instance: &str) -> Vec<String> {
    let client = system.context.peers.orchestrator(&Actor::system());
    let info = client.instance(instance).await.unwrap();
    let mut at: Vec<String> = info.active.into_iter().map(|one| one.element).collect();
    at.sort();
    at
}

#[tokio::test]
async fn wherever_it_is_interrupted_it_goes_on_by_itself() {
    // more than one leaf of the ledger
    let system = registry("", 60).await;
    let course = course(&system, "gen2").await;
    search(&system).await;
    let before = everything(&system).await;
    let (id, seen) = pair(&system, &desk()).await;
    let mut page = String::new();
    let (mut whole, mut halves) = (false, 0);
    for calls in [0, 2, 4, 6, 8, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 25, 30, 40, 400] {
        if whole {
            break;
        }
        let (_, fresh) = match page.as_str() {
            "" => (id.clone(), seen.clone()),
            _ => pair_again(&system, &id).await,
        };
        system.fuse.store(calls, Ordering::SeqCst);
        let form = [
            ("esito", "stessa"),
            ("resta", "gen1"),
            ("motivo", "m"),
            ("impronta", fresh.as_str()),
        ];
        let reply = system.post(&desk(), &format!("/anagrafe/doppioni/{id}"), &form).await;
        system.fuse.store(i64::MAX, Ordering::SeqCst);
        let merged = system.read("Patient", "gen2").await["active"] == false;
        if !merged {
            assert_eq!(everything(&system).await, before, "{calls} calls: nothing was written");
            system.clock.advance(SignedDuration::from_mins(6));
            system.settle_well().await;
            continue;
        }
        whole = reply.status == 303;
        let merges = system.search("Basic", &[("code", "fusione-in-corso")]).await;
        halves += merges.len();
        system.clock.advance(SignedDuration::from_mins(6));
        system.settle_well().await;
        let done = system.search("Basic", &[("code", "fusione-fatta")]).await;
        assert_eq!(done.len(), 1, "{calls} calls: it went on");
        page = format!("/anagrafe/fusioni/{}", done[0]["id"].as_str().unwrap());
        let fhir = program(&system);
        assert_eq!(fhir.count("Observation", &[("patient", "gen1")]).await.unwrap(), 120);
        assert_eq!(
            (
                open(&system, "EpisodeOfCare", "gen1").await,
                open(&system, "EpisodeOfCare", "gen2").await
            ),
            (1, 0)
        );
        let info = system
            .context
            .peers
            .orchestrator(&Actor::system())
            .instance(&course)
            .await
            .unwrap();
        assert_eq!(
            (info.patient.as_deref(), info.business_key.as_deref()),
            (Some("gen1"), Some("Patient/gen1"))
        );
        // and back, interrupted as late
        separate_with(&system, &page, calls).await;
        let now = everything(&system).await;
        assert_eq!(now.len(), before.len());
        for (now, before) in now.iter().zip(&before) {
            // the course heard of the separation: where it stands is not what the test is about
            let same = now == before || now[0] == course.as_str();
            assert!(same, "{calls} calls: {now} was {before}");
        }
    }
    assert!(whole && halves > 2, "interrupted {halves} times in the middle");
}

/// Separates while the hub answers so many calls only; it goes on by itself.
async fn separate_with(system: &System, page: &str, calls: i64) {
    system.fuse.store(calls, Ordering::SeqCst);
    separate(system, page).await;
    system.fuse.store(i64::MAX, Ordering::SeqCst);
    if state(system, page).await == "fusione-fatta" {
        separate(system, page).await;
    }
    system.clock.advance(SignedDuration::from_mins(6));
    system.settle_well().await;
    assert_eq!(state(system, page).await, "fusione-annullata", "{calls} calls");
}

/// The pair again at the desk, after its records were separated and changed back and forth.
async fn pair_again(system: &System, id: &str) -> (String, String) {
    let mut kept = system.read("Basic", id).await;
    kept["code"]["coding"][1]["code"] = json!("coppia-da-vedere");
    system.put(&kept).await;
    let page = system.get(&desk(), &format!("/anagrafe/doppioni/{id}")).await;
    let at = page.text.find("name=\"impronta\" value=\"").unwrap() + 23;
    (id.to_owned(), page.text[at..].split('"').next().unwrap().to_owned())
}

#[tokio::test]
async fn of_two_requests_at_once_one_wins_and_the_other_is_told() {
    let system = registry("", 3).await;
    search(&system).await;
    let (id, seen) = pair(&system, &desk()).await;
    let path = format!("/anagrafe/doppioni/{id}");
    let form = |survivor: &'static str| {
        [
            ("esito", "stessa"),
            ("resta", survivor),
            ("motivo", "m"),
            ("impronta", seen.as_str()),
        ]
    };
    let (one, two) = (form("gen1"), form("gen2"));
    let (first, second) = (desk(), other_desk());
    let (a, b) = tokio::join!(system.post(&first, &path, &one), system.post(&second, &path, &two));
    let won = |reply: &crate::system::Reply| reply.location.starts_with("/anagrafe/fusioni/");
    assert!(
        won(&a) != won(&b),
        "{} {} / {} {}",
        a.status,
        a.location,
        b.status,
        b.location
    );
    let (winner, loser) = if won(&a) { (&a, &b) } else { (&b, &a) };
    assert!(
        loser.status == 409 || loser.location == path,
        "{} {}",
        loser.status,
        loser.location
    );
    assert_eq!(system.search("Patient", &[("active", "false")]).await.len(), 1);
    assert_eq!(system.search("Basic", &[("code", "fusione-fatta")]).await.len(), 1);

    // two separations, and a merge of the survivor into a third record meanwhile
    let page = winner.location.clone();
    let separa = format!("{page}/separa");
    let why = [("motivo", "erano due")];
    let (a, b) = tokio::join!(system.post(&first, &separa, &why), system.post(&second, &separa, &why));
    for reply in [&a, &b] {
        assert!(reply.status == 303 || reply.status == 409, "{}", reply.status);
    }
    assert_eq!(state(&system, &page).await, "fusione-annullata");
    let fhir = program(&system);
    for patient in ["gen1", "gen2"] {
        assert_eq!(fhir.count("Observation", &[("patient", patient)]).await.unwrap(), 3);
        assert_eq!(system.read("Patient", patient).await["active"], true);
    }
    let told = system.search("Basic", &[("code", "evento-separazione")]).await;
    assert_eq!(told.len(), 2, "once about each record: {told:#?}");
    assert!(told.iter().all(|one| one["extension"][1]["valueReference"].is_object()));
}

#[tokio::test]
async fn a_merge_and_a_separation_at_once_leave_one_of_the_two() {
    let system = registry("", 3).await;
    search(&system).await;
    let page = decide(&system, &desk(), "stessa", "gen1").await;
    // a record that is the survivor's, too
    let mut third = system.read("Patient", "gen1").await;
    third["id"] = json!("gen3");
    third["name"][0]["family"] = json!("Jovine");
    for name in ["link", "meta", "identifier"] {
        third.as_object_mut().unwrap().remove(name);
    }
    system.put(&third).await;
    search(&system).await;
    let (id, seen) = pair(&system, &desk()).await;
    let path = format!("/anagrafe/doppioni/{id}");
    let form = [
        ("esito", "stessa"),
        ("resta", "gen3"),
        ("motivo", "m"),
        ("impronta", seen.as_str()),
    ];
    let separa = format!("{page}/separa");
    let why = [("motivo", "erano due")];
    let (first, second) = (desk(), other_desk());
    let (a, b) = tokio::join!(system.post(&first, &path, &form), system.post(&second, &separa, &why));
    let merged = a.location.starts_with("/anagrafe/fusioni/");
    let separated = state(&system, &page).await == "fusione-annullata";
    assert!(
        merged != separated,
        "{} {} / {} {}",
        a.status,
        a.location,
        b.status,
        b.location
    );
    let gone = |id: &str| {
        let id = id.to_owned();
        let fhir = program(&system);
        async move { fhir.read("Patient", &id).await.unwrap()["active"] == false }
    };
    assert_eq!((gone("gen1").await, gone("gen2").await), (merged, merged));
    let loser = if merged { &b } else { &a };
    let back = if merged { &page } else { &path };
    assert!(
        loser.status == 409 || loser.location == *back,
        "{} {}",
        loser.status,
        loser.location
    );
}

#[tokio::test]
async fn a_course_goes_on_under_the_record_that_stays_and_goes_back_with_its_steps() {
    let system = registry("", 1).await;
    let course = course(&system, "gen2").await;
    let client = system.context.peers.orchestrator(&Actor::system());
    search(&system).await;
    let page = decide(&system, &desk(), "stessa", "gen1").await;
    let tasks = |patient: &'static str| {
        let client = system.context.peers.orchestrator(&Actor::system());
        async move {
            client
                .tasks(&component::TaskQuery::of_patient(patient))
                .await
                .unwrap()
                .items
        }
    };
    assert_eq!((tasks("gen1").await.len(), tasks("gen2").await.len()), (1, 0));
    assert_eq!(
        system.read("CarePlan", &course).await["subject"]["reference"],
        "Patient/gen1"
    );
    let info = client.instance(&course).await.unwrap();
    assert_eq!(info.variables["assistito"], "Patient/gen1");
    // a message for the record that stays reaches it, and its next step is of that record
    let message = SendMessage {
        name: "esito".into(),
        key: Some("Patient/gen1".into()),
        ..SendMessage::default()
    };
    assert_eq!(
        client.send_message(&message).await.unwrap().delivered,
        std::slice::from_ref(&course)
    );
    let task = tasks("gen1").await.remove(0);
    client.complete(&task.id, &CompleteTask::default()).await.unwrap();
    assert_eq!(tasks("gen1").await[0].name, "Referto");
    assert_eq!(separate(&system, &page).await, 303);
    assert_eq!((tasks("gen1").await.len(), tasks("gen2").await.len()), (0, 1));
    for task in system.search("Task", &[("group-identifier", &course)]).await {
        assert_eq!(
            (&task["for"], &task["focus"]),
            (
                &json!({"reference": "Patient/gen2"}),
                &json!({"reference": "Patient/gen2"})
            )
        );
    }
    let info = client.instance(&course).await.unwrap();
    assert_eq!(
        (info.patient.as_deref(), info.business_key.as_deref()),
        (Some("gen2"), Some("Patient/gen2"))
    );
    assert_eq!(info.variables["assistito"], "Patient/gen2");
    // it heard that the records were separated
    system.settle_well().await;
    assert_eq!(tokens(&system, &course).await, ["referto"]);
    let added = system.get(&desk(), &page).await.text;
    assert!(
        !added.contains("Task/"),
        "its steps are not for a person to assign: {added}"
    );
}

#[tokio::test]
async fn who_is_dead_by_one_record_has_nothing_open_by_the_other() {
    let system = registry("", 1).await;
    search(&system).await;
    let before = everything(&system).await;
    let mut dead = system.read("Patient", "gen2").await;
    dead["deceasedDateTime"] = json!("2025-03-04");
    system.put(&dead).await;
    assert_eq!(
        decide(&system, &desk(), "stessa", "gen1").await,
        "/anagrafe/doppioni",
        "two people decide"
    );
    let page = decide(&system, &other_desk(), "stessa", "gen1").await;
    let person = system.read("Patient", "gen1").await;
    assert_eq!(
        (&person["deceasedDateTime"], &person["generalPractitioner"]),
        (&json!("2025-03-04"), &Value::Null)
    );
    for rtype in ["EpisodeOfCare", "Coverage"] {
        assert_eq!(open(&system, rtype, "gen1").await, 0, "{rtype}");
        let all = system.search(rtype, &[("patient", "gen1")]).await;
        assert!(all.iter().all(|one| one["period"]["end"] == "2025-03-04"), "{all:#?}");
    }
    assert_eq!(separate(&system, &page).await, 303);
    dead["deceasedDateTime"].take();
    dead.as_object_mut().unwrap().remove("deceasedDateTime");
    dead["meta"].as_object_mut().unwrap().remove("versionId");
    system.put(&dead).await;
    assert_eq!(everything(&system).await, before);
}

/// A small generator of numbers: the same seed gives the same records.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % n as u64).unwrap()
    }
}

/// Something about `one` that names `two` as well.
fn something(n: usize, kind: usize, one: &str, two: &str) -> Value {
    let (own, other) = (
        json!({"reference": format!("Patient/{one}")}),
        json!({"reference": format!("Patient/{two}")}),
    );
    let text = json!({"text": "Prova"});
    // No search parameter finds who wrote another's plan, nor an extension of another's: those stay (README).
    let own_only = if one == "ciro" && [15, 17].contains(&kind) {
        own.clone()
    } else {
        other.clone()
    };
    let mut value = match kind {
        0 => {
            json!({"resourceType": "Observation", "status": "final", "code": text, "subject": own, "performer": [other, own]})
        }
        1 => json!({"resourceType": "Condition", "code": text, "subject": own, "asserter": other}),
        2 => json!({"resourceType": "Encounter", "status": "finished", "class": {"code": "AMB"}, "subject": own}),
        3 => json!({"resourceType": "Procedure", "status": "completed", "subject": own, "performer": [{"actor": own}]}),
        4 => json!({"resourceType": "AllergyIntolerance", "patient": own, "recorder": other}),
        5 => {
            json!({"resourceType": "Appointment", "status": "booked", "participant": [{"actor": own, "status": "accepted"}, {"actor": other, "status": "accepted"}]})
        }
        6 => {
            json!({"resourceType": "Communication", "status": "completed", "subject": own, "recipient": [own, other], "sender": other})
        }
        7 => {
            json!({"resourceType": "DocumentReference", "status": "current", "subject": own, "author": [own], "content": [{"attachment": {"title": "x"}}]})
        }
        8 => json!({"resourceType": "Flag", "status": "active", "code": text, "subject": own, "author": other}),
        9 => {
            json!({"resourceType": "List", "status": "current", "mode": "working", "entry": [{"item": own}, {"item": other}]})
        }
        10 => {
            json!({"resourceType": "Group", "type": "person", "actual": true, "member": [{"entity": own}, {"entity": other}]})
        }
        11 => json!({"resourceType": "RelatedPerson", "patient": own, "name": [{"text": "Zio"}]}),
        12 => {
            json!({"resourceType": "ServiceRequest", "status": "active", "intent": "order", "code": text, "subject": own, "requester": other})
        }
        13 => {
            json!({"resourceType": "QuestionnaireResponse", "status": "completed", "subject": own, "author": other, "source": own})
        }
        14 => {
            json!({"resourceType": "Task", "status": "requested", "intent": "order", "for": own, "focus": other, "owner": own})
        }
        15 => {
            json!({"resourceType": "CarePlan", "status": "active", "intent": "plan", "subject": own, "author": own_only})
        }
        16 => json!({"resourceType": "Basic", "code": text, "subject": own, "author": other}),
        17 => json!({"resourceType": "Observation", "status": "final", "code": text, "subject": own,
            "derivedFrom": [{"reference": format!("Patient/{two}/_history/1")}], "extension": [{"url": "https://sinfonia.it/x", "valueReference": own_only}],
            "contained": [{"resourceType": "Practitioner", "id": "c", "extension": [{"url": "https://sinfonia.it/x", "valueReference": own}]}]}),
        _ => json!({"resourceType": "Consent", "status": "active", "scope": text, "category": [text], "patient": own,
            "provision": {"actor": [{"role": text, "reference": other}]}, "policyRule": text}),
    };
    value["id"] = json!(format!("cosa-{n}"));
    value
}

#[tokio::test]
async fn whatever_two_records_hold_merging_and_separating_gives_it_back() {
    for seed in 0..4 {
        let mut random = Random(seed);
        let system = registry("", random.below(3)).await;
        for n in 0..30 {
            let people = ["gen1", "gen2", "ciro"];
            let (one, two) = (people[random.below(3)], people[random.below(3)]);
            system.put(&something(n, (n + random.below(2)) % 19, one, two)).await;
        }
        for patient in ["gen1", "gen2", "gen2"] {
            if random.below(3) > 0 {
                course(&system, patient).await;
            }
        }
        search(&system).await;
        let before = everything(&system).await;
        let survivor = ["gen1", "gen2"][random.below(2)];
        let page = decide(&system, &desk(), "stessa", survivor).await;
        let gone = if survivor == "gen1" {
            "Patient/gen2\""
        } else {
            "Patient/gen1\""
        };
        // what still names the record that is out of use: itself and the links
        for one in everything(&system).await {
            let says = one["resourceType"] != "Patient" && one.to_string().contains(gone);
            assert!(!says, "seed {seed}: {one}");
        }
        assert_eq!(separate(&system, &page).await, 303, "seed {seed}");
        let after = everything(&system).await;
        assert_eq!(after.len(), before.len(), "seed {seed}");
        for (now, before) in after.iter().zip(&before) {
            assert_eq!(now.to_string(), before.to_string(), "seed {seed}");
        }
    }
}
