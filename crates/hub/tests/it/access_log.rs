//! The record of accesses: written with what it is about, read as AuditEvents by who may.

use crate::server::{Reply, Server};
use access::Actor;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use store::Clock as _;

fn actor(subject: &str, role: &str) -> Actor {
    Actor {
        subject: subject.into(),
        name: "Prova".into(),
        roles: vec![role.into()],
        ..Actor::default()
    }
}

async fn ask(server: &Server, who: &Actor, method: Method, path: &str, body: Value) -> Reply {
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

async fn events(server: &Server, who: &Actor, query: &str) -> Vec<Value> {
    let reply = ask(server, who, Method::GET, &format!("/AuditEvent{query}"), Value::Null).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    let entries = reply.json()["entry"].as_array().cloned().unwrap_or_default();
    entries.into_iter().map(|mut entry| entry["resource"].take()).collect()
}

fn observation(patient: &str) -> Value {
    json!({"resourceType": "Observation", "status": "final", "code": {"text": "peso"},
        "subject": {"reference": format!("Patient/{patient}")}})
}

async fn world() -> Server {
    let server = Server::new();
    for id in ["uno", "due"] {
        let patient = json!({"resourceType": "Patient", "id": id,
            "generalPractitioner": [{"reference": "Practitioner/gp"}]});
        assert!(server.put(&patient).await.status.is_success());
        assert!(server.post("/Observation", &observation(id)).await.status.is_success());
    }
    server
}

#[tokio::test]
async fn a_page_of_many_is_an_access_to_each_and_each_learns_of_their_own_share() {
    let server = world().await;
    let (gp, dpo) = (actor("Practitioner/gp", "mmg"), actor("Practitioner/dpo", "dpo"));
    let found = ask(&server, &gp, Method::GET, "/Observation?code:text=peso", Value::Null).await;
    assert_eq!(found.json()["entry"].as_array().map(Vec::len), Some(2));
    let uno = actor("Patient/uno", "assistito");
    let own = events(&server, &uno, "?agent=Practitioner/gp").await;
    assert_eq!(own.len(), 1, "{own:#?}");
    let text = own[0].to_string();
    assert!(text.contains("Patient/uno") && !text.contains("Patient/due"), "{text}");
    assert_eq!(own[0]["agent"][0]["who"]["reference"], "Practitioner/gp");
    assert!(
        own[0]["agent"][0]["policy"][0]
            .as_str()
            .unwrap()
            .ends_with("#care-read")
    );
    assert!(
        events(&server, &uno, "?patient=due").await.is_empty(),
        "another's accesses are another's"
    );
    assert!(
        events(&server, &gp, "?patient=uno").await.is_empty(),
        "the record is not the doctor's"
    );
    let all = events(&server, &dpo, "?agent=Practitioner/gp&outcome=0").await;
    let whole = all
        .iter()
        .find(|event| event.to_string().contains("Patient/due"))
        .unwrap();
    assert!(whole.to_string().contains("Patient/uno"));
    // One by one, as who may see it.
    let path = format!("/AuditEvent/{}", own[0]["id"].as_str().unwrap());
    for (who, status) in [
        (&uno, StatusCode::OK),
        (&dpo, StatusCode::OK),
        (&gp, StatusCode::NOT_FOUND),
        (&actor("Patient/tre", "assistito"), StatusCode::NOT_FOUND),
    ] {
        assert_eq!(
            ask(&server, who, Method::GET, &path, Value::Null).await.status,
            status,
            "{}",
            who.subject
        );
    }
    assert_eq!(
        ask(&server, &dpo, Method::GET, "/AuditEvent/log-0-0", Value::Null)
            .await
            .status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn what_is_written_carries_its_record_in_the_same_commit_and_once() {
    let server = world().await;
    let gp = actor("Practitioner/gp", "mmg");
    let created = ask(&server, &gp, Method::POST, "/Observation", observation("uno")).await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text);
    let refused = ask(&server, &gp, Method::POST, "/Observation", observation("nessuno")).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let snapshot = || async { server.store.snapshot().await.unwrap() };
    let filter = store::AuditFilter {
        actor: Some("Practitioner/gp".into()),
        ..store::AuditFilter::newest(None, 10)
    };
    let records = snapshot().await.audit(&filter).await.unwrap().entries();
    let said: Vec<_> = records
        .iter()
        .map(|r| (r.status, r.patient.as_deref(), r.policies.join(",")))
        .collect();
    assert_eq!(
        said,
        [(403, None, String::new()), (200, Some("uno"), "care-write".to_owned())],
        "newest first, none twice"
    );
    assert_eq!(records[1].target, "/fhir/Observation");
    // The record is in the row of the commit itself: a batch of two writes has both, each with its patient.
    let entry =
        |patient: &str| json!({"resource": observation(patient), "request": {"method": "POST", "url": "Observation"}});
    let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": [entry("uno"), entry("due")]});
    let done = ask(&server, &gp, Method::POST, "", bundle).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    let newest = snapshot().await.audit(&filter).await.unwrap().entries().remove(0);
    assert_eq!(newest.patients().collect::<Vec<_>>(), ["uno", "due"]);
}

#[tokio::test]
async fn the_record_is_paged_narrowed_and_clear_about_what_it_does_not_understand() {
    let server = world().await;
    let (gp, dpo) = (actor("Practitioner/gp", "mmg"), actor("Practitioner/dpo", "dpo"));
    for _ in 0..7 {
        assert_eq!(
            ask(&server, &gp, Method::GET, "/Patient/uno", Value::Null).await.status,
            StatusCode::OK
        );
        server.clock.advance(jiff::SignedDuration::from_hours(24));
    }
    let (mut next, mut found) = (
        Some("/AuditEvent?patient=Patient/uno&agent=Practitioner/gp&_count=3".to_owned()),
        0,
    );
    while let Some(path) = next {
        let reply = ask(&server, &dpo, Method::GET, &path, Value::Null).await;
        let bundle = reply.json();
        found += bundle["entry"].as_array().map_or(0, Vec::len);
        let links = bundle["link"].as_array().cloned().unwrap_or_default();
        let link = links.iter().find(|link| link["relation"] == "next");
        next = link.map(|link| {
            format!(
                "/AuditEvent?{}",
                link["url"].as_str().unwrap().split_once('?').unwrap().1
            )
        });
    }
    assert_eq!(found, 7);
    let day = server
        .clock
        .now()
        .checked_sub(jiff::SignedDuration::from_hours(72))
        .unwrap();
    let since = format!("?agent=Practitioner/gp&date=ge{day}");
    assert_eq!(events(&server, &dpo, &since).await.len(), 3);
    for (query, word) in [
        ("?date=ieri", "date"),
        ("?agent=a&agent=b", "agent"),
        ("?_page=x", "_page"),
        ("?_sort=date", "_sort"),
    ] {
        let reply = ask(&server, &dpo, Method::GET, &format!("/AuditEvent{query}"), Value::Null).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{query}");
        assert!(reply.text.contains(word), "{query}: {}", reply.text);
    }
    // What other systems sent is found by other parameters.
    let foreign = json!({"resourceType": "AuditEvent", "type": {"code": "rest"}, "recorded": "2026-01-01T00:00:00Z",
        "agent": [{"requestor": true}], "source": {"observer": {"display": "PACS"}}});
    let stored = server.post("/AuditEvent", &foreign).await;
    assert!(stored.status.is_success(), "{}", stored.text);
    let system = server.get("/AuditEvent?_lastUpdated=gt2020-01-01").await;
    assert_eq!(
        system.json()["entry"].as_array().map(Vec::len),
        Some(1),
        "{}",
        system.text
    );
}
