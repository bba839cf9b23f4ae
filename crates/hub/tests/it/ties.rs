//! Who sees what over FHIR: the ties that open a patient's data, what stays masked, and that nothing hidden shows.

use crate::server::{Reply, Server};
use access::{AccessGrant, Actor, GrantKind, STEP_DATA_EXTENSION};
use http::{Method, StatusCode};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use store::Transaction;

const SECURITY: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
pub const HIDING: &str = "https://sinfonia.it/fhir/CodeSystem/oscuramento";

pub fn gp() -> Actor {
    actor("Practitioner/gp", "mmg")
}

pub fn actor(subject: &str, role: &str) -> Actor {
    Actor {
        subject: subject.into(),
        name: "Prova".into(),
        roles: vec![role.into()],
        ..Actor::default()
    }
}

pub fn patient(id: &str, doctor: &str) -> Value {
    json!({"resourceType": "Patient", "id": id, "name": [{"family": "Rossi", "given": [id]}], "gender": "female",
        "birthDate": "1950-01-01", "telecom": [{"system": "phone", "value": "081"}],
        "generalPractitioner": [{"reference": format!("Practitioner/{doctor}")}]})
}

pub fn observation(id: &str, patient: &str, code: &str) -> Value {
    json!({"resourceType": "Observation", "id": id, "status": "final", "effectiveDateTime": "2025-01-01",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "subject": {"reference": format!("Patient/{patient}")}})
}

pub async fn put(server: &Server, value: Value) {
    let reply = server.put(&value).await;
    assert!(reply.status.is_success(), "{}", reply.text);
}

pub async fn world() -> Server {
    let server = Server::new();
    put(
        &server,
        json!({"resourceType": "Practitioner", "id": "gp", "name": [{"family": "Medico"}]}),
    )
    .await;
    put(
        &server,
        json!({"resourceType": "Organization", "id": "unit", "name": "Centro"}),
    )
    .await;
    for (id, doctor) in [("mine", "gp"), ("other", "else")] {
        put(&server, patient(id, doctor)).await;
        put(&server, observation(&format!("o-{id}"), id, "4548-4")).await;
    }
    server
}

pub async fn ask(server: &Server, who: &Actor, method: Method, path: &str, body: &Value) -> Reply {
    let bearer = format!("Bearer {}", server.guard.tokens().issue(who));
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/fhir+json"),
    ];
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    server.call(method, path, &headers, body).await
}

pub async fn get(server: &Server, who: &Actor, path: &str) -> Reply {
    ask(server, who, Method::GET, path, &Value::Null).await
}

pub async fn sees(server: &Server, who: &Actor, path: &str) -> bool {
    let reply = get(server, who, path).await;
    assert!(
        matches!(reply.status, StatusCode::OK | StatusCode::NOT_FOUND),
        "{path}: {}",
        reply.text
    );
    reply.status == StatusCode::OK
}

#[tokio::test]
async fn the_chosen_doctor_sees_and_writes_and_loses_it_with_the_choice() {
    let server = world().await;
    let gp = gp();
    assert!(sees(&server, &gp, "/Patient/mine").await && sees(&server, &gp, "/Observation/o-mine").await);
    assert!(!sees(&server, &gp, "/Patient/other").await && !sees(&server, &gp, "/Observation/o-other").await);
    assert_eq!(
        get(&server, &gp, "/Observation?code=4548-4&_total=accurate")
            .await
            .json()["total"],
        1
    );
    let mut new = observation("x", "mine", "1");
    new.as_object_mut().unwrap().remove("id");
    assert_eq!(
        ask(&server, &gp, Method::POST, "/Observation", &new).await.status,
        StatusCode::CREATED
    );
    new["subject"]["reference"] = json!("Patient/other");
    assert_eq!(
        ask(&server, &gp, Method::POST, "/Observation", &new).await.status,
        StatusCode::FORBIDDEN
    );
    // Another choice: with its commit the old doctor sees nothing more, the new one does.
    put(&server, patient("mine", "else")).await;
    assert!(!sees(&server, &gp, "/Patient/mine").await && !sees(&server, &gp, "/Observation/o-mine").await);
    assert!(sees(&server, &actor("Practitioner/else", "mmg"), "/Observation/o-mine").await);
}

#[tokio::test]
async fn teams_units_and_episodes_tie_while_they_last() {
    let server = world().await;
    let mut nurse = actor("Practitioner/nurse", "infermiere");
    nurse.organization = Some("unit".into());
    assert!(!sees(&server, &nurse, "/Patient/other").await);
    let mut episode = json!({"resourceType": "EpisodeOfCare", "id": "e", "status": "active",
        "patient": {"reference": "Patient/other"}, "managingOrganization": {"reference": "Organization/unit"}});
    put(&server, episode.clone()).await;
    assert!(sees(&server, &nurse, "/Observation/o-other").await);
    episode["status"] = json!("finished");
    put(&server, episode.clone()).await;
    assert!(!sees(&server, &nurse, "/Observation/o-other").await);
    episode["status"] = json!("active");
    episode["period"] = json!({"start": "2020-01-01", "end": "2026-01-03"});
    put(&server, episode).await;
    assert!(sees(&server, &nurse, "/Observation/o-other").await);
    server.clock.advance(jiff::SignedDuration::from_hours(48));
    assert!(
        !sees(&server, &nurse, "/Observation/o-other").await,
        "the period has ended"
    );
    let team = json!({"resourceType": "CareTeam", "id": "t", "status": "active", "subject": {"reference": "Patient/mine"},
        "participant": [{"member": {"reference": "Practitioner/nurse"}}]});
    put(&server, team).await;
    assert!(sees(&server, &nurse, "/Observation/o-mine").await);
    // The tie without a role that cares opens nothing.
    nurse.roles = vec!["programmatore".into()];
    assert!(!sees(&server, &nurse, "/Observation/o-mine").await);
}

#[tokio::test]
async fn a_step_in_hand_opens_what_it_declares_and_no_more() {
    let server = world().await;
    let worker = actor("Practitioner/w", "fisioterapista");
    let mut task = json!({"resourceType": "Task", "id": "t", "status": "in-progress", "intent": "order",
        "extension": [{"url": STEP_DATA_EXTENSION, "valueString": "Patient(name) Observation"}],
        "for": {"reference": "Patient/other"}, "owner": {"reference": "Practitioner/w"}});
    put(&server, task.clone()).await;
    let shown = get(&server, &worker, "/Patient/other").await.json();
    assert_eq!(shown["name"][0]["family"], "Rossi");
    assert!(
        shown.get("telecom").is_none() && shown.get("birthDate").is_none(),
        "{shown}"
    );
    let found = get(&server, &worker, "/Patient?family=Rossi").await.json();
    assert_eq!(found["entry"][0]["resource"]["id"], "other");
    assert!(found["entry"][0]["resource"].get("telecom").is_none(), "{found}");
    assert!(sees(&server, &worker, "/Observation/o-other").await);
    assert!(
        !sees(&server, &worker, "/Task/t").await,
        "what the step does not declare stays closed"
    );
    assert!(!sees(&server, &worker, "/Observation/o-mine").await);
    task["status"] = json!("completed");
    put(&server, task).await;
    assert!(!sees(&server, &worker, "/Patient/other").await, "the step is over");
}

#[tokio::test]
async fn consent_opens_refusal_closes_and_both_at_once() {
    let server = world().await;
    let doctor = actor("Practitioner/d", "medico");
    let consent = |id: &str, kind: &str, who: &str| {
        json!({"resourceType": "Consent", "id": id, "status": "active", "patient": {"reference": "Patient/other"},
        "scope": {"text": "x"}, "category": [{"text": "x"}], "policyRule": {"text": "x"},
        "provision": {"type": kind, "actor": [{"role": {"text": "x"}, "reference": {"reference": who}}]}})
    };
    put(&server, consent("c", "permit", "Practitioner/d")).await;
    assert!(sees(&server, &doctor, "/Observation/o-other").await);
    let mut gone = consent("c", "permit", "Practitioner/d");
    gone["status"] = json!("inactive");
    put(&server, gone).await;
    assert!(!sees(&server, &doctor, "/Observation/o-other").await, "revoked at once");
    assert!(sees(&server, &gp(), "/Observation/o-mine").await);
    let mut refusal = consent("r", "deny", "Practitioner/gp");
    refusal["patient"]["reference"] = json!("Patient/mine");
    put(&server, refusal).await;
    assert!(!sees(&server, &gp(), "/Observation/o-mine").await, "refused");
}

#[tokio::test]
async fn protected_categories_are_masked_until_unlocked_and_hidden_facts_always() {
    let server = world().await;
    let mut hiv = observation("hiv", "mine", "68961-2");
    put(&server, hiv.clone()).await;
    let stored = get(&server, &actor("Patient/mine", "assistito"), "/Observation/hiv")
        .await
        .json();
    assert_eq!(stored["meta"]["security"][0]["code"], "HIV", "labelled by its code");
    assert!(!sees(&server, &gp(), "/Observation/hiv").await);
    assert_eq!(
        get(&server, &gp(), "/Observation?_total=accurate").await.json()["total"],
        1
    );
    grant(&server, GrantKind::Unlock, "Practitioner/gp", "mine").await;
    assert!(sees(&server, &gp(), "/Observation/hiv").await);
    assert_eq!(
        get(&server, &gp(), "/Observation?_total=accurate").await.json()["total"],
        2
    );
    hiv["code"]["coding"][0]["code"] = json!("other");
    let taken = ask(&server, &gp(), Method::PUT, "/Observation/hiv", &hiv).await;
    assert_eq!(
        taken.status,
        StatusCode::FORBIDDEN,
        "a label is not taken away by writing anew"
    );
    let mut hidden = observation("h", "mine", "4548-4");
    hidden["meta"] = json!({"security": [{"system": HIDING, "code": "P99"}]});
    put(&server, hidden).await;
    assert!(!sees(&server, &gp(), "/Observation/h").await);
    let own = actor("Patient/mine", "assistito");
    assert!(sees(&server, &own, "/Observation/h").await && sees(&server, &own, "/Observation/hiv").await);
    let mut mother = actor("Patient/mother", "assistito");
    mother.acts_for = Some("Patient/mine".into());
    assert!(sees(&server, &mother, "/Observation/o-mine").await);
    assert!(!sees(&server, &mother, "/Observation/h").await && !sees(&server, &mother, "/Observation/hiv").await);
    let codes = [SECURITY, HIDING].map(|system| format!("/Observation?_security={system}|"));
    for path in codes {
        let found = get(&server, &mother, &path).await;
        assert_eq!(found.ids("match"), [] as [&str; 0], "{path}");
    }
}

async fn grant(server: &Server, kind: GrantKind, who: &str, patient: &str) {
    let now = store::Clock::now(server.clock.as_ref());
    let grant = AccessGrant {
        id: "g".into(),
        who: who.into(),
        name: "x".into(),
        patient: patient.into(),
        kind,
        labels: vec!["hiv".into()],
        reason: "x".into(),
        from: now,
        until: now + jiff::SignedDuration::from_hours(1),
        ..AccessGrant::default()
    };
    let transaction = Transaction {
        records: vec![grant.record()],
        ..Transaction::default()
    };
    server.guard.authorizer().store().commit(transaction).await.unwrap();
}

#[tokio::test]
async fn an_emergency_opens_for_its_time() {
    let server = world().await;
    let doctor = actor("Practitioner/d", "medico");
    assert!(!sees(&server, &doctor, "/Observation/o-other").await);
    grant(&server, GrantKind::Emergency, "Practitioner/d", "other").await;
    assert!(sees(&server, &doctor, "/Observation/o-other").await);
    assert!(!sees(&server, &doctor, "/Observation/o-mine").await);
    server.clock.advance(jiff::SignedDuration::from_hours(2));
    assert!(!sees(&server, &doctor, "/Observation/o-other").await);
}

#[tokio::test]
async fn writes_do_not_tell_what_is_hidden() {
    let server = world().await;
    let gp = gp();
    let text = |reply: &Reply, id: &str| (reply.status, reply.text.replace(id, "ID"));
    type Path = fn(&str) -> String;
    let calls: [(Method, Path, Value); 7] = [
        (Method::PUT, |id| format!("/Observation/{id}"), json!("own")),
        (Method::DELETE, |id| format!("/Observation/{id}"), Value::Null),
        (
            Method::PATCH,
            |id| format!("/Observation/{id}"),
            json!({"status": "amended"}),
        ),
        (Method::GET, |id| format!("/Observation/{id}/_history/1"), Value::Null),
        (Method::GET, |id| format!("/Observation/{id}/$meta"), Value::Null),
        (
            Method::POST,
            |id| format!("/Observation/{id}/$meta-add"),
            json!({"resourceType": "Parameters",
            "parameter": [{"name": "meta", "valueMeta": {"tag": [{"code": "x"}]}}]}),
        ),
        (Method::GET, |id| format!("/Observation/{id}/$validate"), Value::Null),
    ];
    for (method, path, body) in calls {
        let mut seen = Vec::new();
        for id in ["o-other", "o-nothing"] {
            let body = if body == "own" {
                observation(id, "mine", "1")
            } else {
                body.clone()
            };
            let reply = ask(&server, &gp, method.clone(), &path(id), &body).await;
            seen.push(text(&reply, id));
        }
        assert_eq!(seen[0], seen[1], "{method}");
        assert!(seen[0].0.is_client_error(), "{method} {:?}", seen[0]);
    }
    // What a write refers to: hidden and not there are the same.
    for reference in ["Encounter/none", "Observation/o-other"] {
        let mut new = observation("x", "mine", "1");
        new.as_object_mut().unwrap().remove("id");
        new["hasMember"] = json!([{"reference": reference}]);
        let reply = ask(&server, &gp, Method::POST, "/Observation", &new).await;
        assert!(reply.status == StatusCode::CREATED || reply.status == StatusCode::UNPROCESSABLE_ENTITY);
    }
    // A conditional create does not find it.
    let bearer = format!("Bearer {}", server.guard.tokens().issue(&gp));
    let mut new = observation("x", "mine", "77");
    new.as_object_mut().unwrap().remove("id");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/fhir+json"),
        ("if-none-exist", "_id=o-other"),
    ];
    let reply = server
        .call(Method::POST, "/Observation", &headers, new.to_string())
        .await;
    assert_eq!(reply.status, StatusCode::CREATED);
    let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": [
        {"request": {"method": "DELETE", "url": "Observation/o-other"}}]});
    assert_eq!(
        ask(&server, &gp, Method::POST, "/", &bundle).await.status,
        StatusCode::NOT_FOUND
    );
}

/// A search that anybody may type.
fn search() -> impl Strategy<Value = String> {
    let rtype = select(vec!["Patient", "Observation", "Condition", "Encounter"]);
    let condition = select(vec![
        "family=Rossi",
        "gender=female",
        "birthdate=ge1900",
        "general-practitioner=Practitioner/gp",
        "_has:Observation:subject:code=4548-4",
        "_has:Condition:subject:code=x",
        "subject:Patient.family=Rossi",
        "subject=Patient/other",
        "patient=other",
        "patient=mine",
        "code=4548-4",
        "code:not=1",
        "date=ge2000",
        "status=final",
        "subject:missing=false",
        "_id=o-other,o-mine,mine,other,h1",
        "_lastUpdated=ge2000",
        "_security:not=x",
        "encounter.subject:Patient.family=Rossi",
        "_content=Rossi",
        "performer:missing=true",
        "patient.gender=female",
        "subject.general-practitioner=Practitioner/else",
    ]);
    let result = select(vec![
        "_total=accurate",
        "_summary=count",
        "_count=1",
        "_count=2",
        "_sort=-_lastUpdated",
        "_sort=date",
        "_sort=_id",
        "_sort=family",
        "_revinclude=Observation:subject",
        "_include=Observation:subject",
        "_include=*",
        "_revinclude:iterate=*:*",
        "_include:iterate=Observation:encounter",
        "_elements=id",
        "_revinclude=Condition:patient",
    ]);
    (
        rtype,
        proptest::collection::vec(condition, 0..3),
        proptest::collection::vec(result, 0..3),
    )
        .prop_map(|(rtype, conditions, results)| format!("/{rtype}?{}", [conditions, results].concat().join("&")))
}

/// Everything about the patients that nobody here is tied to.
async fn hide(server: &Server) {
    for n in 0..6 {
        let id = format!("h{n}");
        put(server, patient(&id, "else")).await;
        put(server, observation(&format!("ho{n}"), &id, "4548-4")).await;
        put(
            server,
            json!({"resourceType": "Condition", "id": format!("hc{n}"), "code": {"coding": [{"code": "x"}]},
            "subject": {"reference": format!("Patient/{id}")}}),
        )
        .await;
        put(
            server,
            json!({"resourceType": "Encounter", "id": format!("he{n}"), "status": "finished",
            "class": {"code": "AMB"}, "subject": {"reference": format!("Patient/{id}")},
            "partOf": {"reference": format!("Encounter/e-mine")}}),
        )
        .await;
    }
    let mut hidden = observation("hidden", "mine", "4548-4");
    hidden["meta"] = json!({"security": [{"system": HIDING, "code": "P99"}]});
    put(server, hidden).await;
}

/// What a client learns: everything but moments and page marks, which are random to it.
fn learned(reply: &Reply) -> (StatusCode, Value) {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(object) => {
                object.retain(|name, _| name != "lastUpdated" && name != "versionId" && name != "url");
                object.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut value = reply.json();
    strip(&mut value);
    if let Some(entries) = value["entry"].as_array_mut() {
        entries.sort_by_key(|entry| entry["fullUrl"].as_str().map(str::to_owned));
    }
    (reply.status, value)
}

#[test]
fn no_sequence_of_searches_tells_of_what_is_hidden() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (with, without) = runtime.block_on(async {
        let mut servers = Vec::new();
        for hides in [true, false] {
            let server = world().await;
            put(
                &server,
                json!({"resourceType": "Encounter", "id": "e-mine", "status": "in-progress",
                "class": {"code": "AMB"}, "subject": {"reference": "Patient/mine"}}),
            )
            .await;
            if hides {
                hide(&server).await;
            }
            servers.push(server);
        }
        let last = servers.pop().unwrap();
        (servers.pop().unwrap(), last)
    });
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let mut mother = actor("Patient/mother", "assistito");
    mother.acts_for = Some("Patient/mine".into());
    let people = [gp(), mother, actor("Practitioner/w", "infermiere")];
    runner
        .run(&(search(), 0..people.len()), |(path, who)| {
            let who = &people[who];
            let (a, b) = runtime.block_on(async { (get(&with, who, &path).await, get(&without, who, &path).await) });
            prop_assert_eq!(learned(&a), learned(&b), "{} as {}", path, who.subject);
            Ok(())
        })
        .unwrap();
}

#[tokio::test]
async fn an_application_ends_at_its_patient() {
    let server = world().await;
    let with = |who: &str, role: &str, scope: &str, patient: Option<&str>| Actor {
        client: Some(std::sync::Arc::new(access::ClientGrant {
            client: "app".into(),
            scopes: vec![scope.into()],
            patient: patient.map(str::to_owned),
            purpose: None,
        })),
        ..actor(who, role)
    };
    put(&server, patient("second", "gp")).await;
    let all = with("Practitioner/gp", "mmg", "user/*.rs", None);
    assert_eq!(get(&server, &all, "/Patient").await.ids("match"), ["mine", "second"]);
    let one = with("Practitioner/gp", "mmg", "patient/*.rs", Some("mine"));
    assert_eq!(get(&server, &one, "/Patient").await.ids("match"), ["mine"]);
    assert!(!sees(&server, &one, "/Patient/second").await);
    let none = with("Practitioner/gp", "mmg", "patient/*.rs", None);
    assert_eq!(get(&server, &none, "/Patient").await.status, StatusCode::FORBIDDEN);
    let stranger = with("Practitioner/gp", "mmg", "patient/*.rs", Some("other"));
    assert!(
        !sees(&server, &stranger, "/Patient/other").await,
        "the context gives no tie"
    );
    let machine = with("client/x", "sistema", "system/*.rs", None);
    assert_eq!(get(&server, &machine, "/Patient").await.ids("match").len(), 3);
    let writes = ask(
        &server,
        &machine,
        Method::POST,
        "/Observation",
        &observation("x", "mine", "1"),
    )
    .await;
    assert_eq!(writes.status, StatusCode::FORBIDDEN, "no scope to write");
}
