//! Each interaction with its status, headers and body.

use crate::server::{BASE, Server};
use axum::body::Body;
use http::{Method, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};

fn rossi() -> Value {
    json!({"resourceType": "Patient", "active": true, "name": [{"family": "Rossi", "given": ["Maria"]}]})
}

#[tokio::test]
async fn create_answers_with_identity_and_what_is_stored() {
    let server = Server::new();
    let created = server.post("/Patient", &rossi()).await;
    assert_eq!(created.status, StatusCode::CREATED);
    assert_eq!(created.header("location"), format!("{BASE}/Patient/id-1/_history/1"));
    assert_eq!(created.header("etag"), "W/\"1\"");
    assert_eq!(created.header("last-modified"), "Fri, 02 Jan 2026 03:04:05 GMT");
    assert_eq!(created.header("content-type"), "application/fhir+json");
    insta::assert_snapshot!(created.text);
    let read = server.get("/Patient/id-1").await;
    assert_eq!((read.status, &read.text), (StatusCode::OK, &created.text));
}

#[tokio::test]
async fn numbers_keep_their_digits() {
    let server = Server::new();
    let body = r#"{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},
        "valueQuantity":{"value":6.50}}"#;
    server.call(Method::PUT, "/Observation/o", &[], body).await;
    let read = server.get("/Observation/o").await;
    assert!(read.text.contains(r#""value":6.50"#), "{}", read.text);
}

#[tokio::test]
async fn a_put_that_must_create_never_replaces() {
    let server = Server::new();
    let body = json!({"resourceType": "Patient", "id": "neu"}).to_string();
    let only_new = [("if-none-match", "*")];
    let first = server.call(Method::PUT, "/Patient/neu", &only_new, body.clone()).await;
    assert_eq!(first.status, StatusCode::CREATED);
    let second = server.call(Method::PUT, "/Patient/neu", &only_new, body).await;
    assert_eq!(second.status, StatusCode::PRECONDITION_FAILED);
    for odd in ["+1", "01", "1.0"] {
        let read = server.get(&format!("/Patient/neu/_history/{odd}")).await;
        assert_eq!(read.status, StatusCode::NOT_FOUND, "{odd}");
    }
}

#[tokio::test]
async fn prefer_decides_what_a_write_sends_back() {
    let server = Server::new();
    let body = rossi().to_string();
    let minimal = server
        .call(Method::POST, "/Patient", &[("prefer", "return=minimal")], body.clone())
        .await;
    assert_eq!((minimal.status, minimal.text.as_str()), (StatusCode::CREATED, ""));
    assert!(!minimal.header("location").is_empty());
    let outcome = server
        .call(Method::POST, "/Patient", &[("prefer", "return=OperationOutcome")], body)
        .await;
    assert_eq!(outcome.diagnostics(), "created Patient/id-2 version 1");
}

#[tokio::test]
async fn updates_make_versions_and_keep_the_old_ones() {
    let server = Server::new();
    let mut value = rossi();
    value["id"] = json!("p1");
    assert_eq!(server.put(&value).await.status, StatusCode::CREATED);
    server.clock.advance(SignedDuration::from_secs(60));
    value["active"] = json!(false);
    let updated = server.put(&value).await;
    assert_eq!((updated.status, updated.header("etag")), (StatusCode::OK, "W/\"2\""));
    assert_eq!(server.get("/Patient/p1/_history/1").await.json()["active"], true);
    assert_eq!(server.get("/Patient/p1/_history/2").await.json()["active"], false);
    assert_eq!(server.get("/Patient/p1/_history/3").await.status, StatusCode::NOT_FOUND);
    assert_eq!(server.get("/Patient/p1/_history/x").await.status, StatusCode::NOT_FOUND);
    insta::assert_snapshot!(server.get("/Patient/p1/_history").await.pretty());
}

#[tokio::test]
async fn if_match_guards_against_lost_updates() {
    let server = Server::new();
    let mut value = rossi();
    value["id"] = json!("p1");
    server.put(&value).await;
    let put = |tag: &'static str| {
        let body = value.to_string();
        let server = &server;
        async move {
            server
                .call(Method::PUT, "/Patient/p1", &[("if-match", tag)], body)
                .await
        }
    };
    assert_eq!(put("W/\"1\"").await.status, StatusCode::OK);
    let stale = put("W/\"1\"").await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(
        stale.diagnostics(),
        "the request may replace only version 1 (0: none) of Patient/p1, but the current version is 2"
    );
    assert_eq!(put("W/\"two\"").await.status, StatusCode::BAD_REQUEST);
    let deleted = server
        .call(Method::DELETE, "/Patient/p1", &[("if-match", "W/\"1\"")], Body::empty())
        .await;
    assert_eq!(deleted.status, StatusCode::PRECONDITION_FAILED);
}

#[tokio::test]
async fn unconditional_updates_at_the_same_time_all_succeed() {
    let server = Server::new();
    let writes = (0..60).map(|n| {
        let value = json!({"resourceType": "Patient", "id": "p1", "multipleBirthInteger": n});
        let server = &server;
        async move { server.put(&value).await.status }
    });
    let statuses = futures::future::join_all(writes).await;
    assert!(statuses.iter().all(|s| s.is_success()), "{statuses:?}");
    assert_eq!(server.get("/Patient/p1").await.header("etag"), "W/\"60\"");
}

#[tokio::test]
async fn deletes_leave_a_trace_and_can_be_undone() {
    let server = Server::new();
    let mut value = rossi();
    value["id"] = json!("p1");
    server.put(&value).await;
    let delete = || server.call(Method::DELETE, "/Patient/p1", &[], Body::empty());
    let deleted = delete().await;
    assert_eq!(
        (deleted.status, deleted.header("etag")),
        (StatusCode::NO_CONTENT, "W/\"2\"")
    );
    assert_eq!(delete().await.status, StatusCode::NO_CONTENT);
    let gone = server.get("/Patient/p1").await;
    assert_eq!(
        (gone.status, gone.diagnostics().as_str()),
        (StatusCode::GONE, "Patient/p1 was deleted (version 2)")
    );
    assert_eq!(server.get("/Patient/p1/_history/2").await.status, StatusCode::GONE);
    assert_eq!(server.get("/Patient/p1/_history/1").await.status, StatusCode::OK);
    assert!(server.get("/Patient?family=Rossi").await.ids("match").is_empty());
    let history = server.get("/Patient/p1/_history").await.json();
    assert_eq!(history["entry"][0]["request"]["method"], "DELETE");
    let again = server.put(&value).await;
    assert_eq!((again.status, again.header("etag")), (StatusCode::CREATED, "W/\"3\""));
}

#[tokio::test]
async fn conditional_reads_save_the_body() {
    let server = Server::new();
    server.post("/Patient", &rossi()).await;
    let read = |name: &'static str, value: &'static str| {
        let server = &server;
        async move {
            server
                .call(Method::GET, "/Patient/id-1", &[(name, value)], Body::empty())
                .await
        }
    };
    let same = read("if-none-match", "W/\"1\"").await;
    assert_eq!((same.status, same.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
    assert_eq!(read("if-none-match", "W/\"2\"").await.status, StatusCode::OK);
    assert_eq!(
        read("if-modified-since", "Fri, 02 Jan 2026 03:04:05 GMT").await.status,
        StatusCode::NOT_MODIFIED
    );
    assert_eq!(
        read("if-modified-since", "Thu, 01 Jan 2026 03:04:05 GMT").await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn conditional_creates_at_the_same_time_make_one() {
    let server = Server::new();
    let mut value = rossi();
    value["identifier"] = json!([{"system": "http://hl7.it/sid/codiceFiscale", "value": "RSSMRA50A41F839X"}]);
    let criteria = "identifier=http://hl7.it/sid/codiceFiscale|RSSMRA50A41F839X";
    let create = || {
        let (server, body) = (&server, value.to_string());
        async move {
            server
                .call(Method::POST, "/Patient", &[("if-none-exist", criteria)], body)
                .await
        }
    };
    let replies = futures::future::join_all((0..6).map(|_| create())).await;
    let created = replies.iter().filter(|r| r.status == StatusCode::CREATED).count();
    let existed = replies.iter().filter(|r| r.status == StatusCode::OK).count();
    assert_eq!((created, existed), (1, 5));
    let total = server.get("/Patient?_summary=count").await.json();
    assert_eq!(total["total"], 1);
    // A second one made without condition: the criteria are no longer unique.
    server.post("/Patient", &value).await;
    assert_eq!(create().await.status, StatusCode::PRECONDITION_FAILED);
}

#[tokio::test]
async fn conditional_update_and_delete_find_their_one() {
    let server = Server::new();
    let mut value = rossi();
    value["identifier"] = json!([{"system": "urn:x", "value": "1"}]);
    let put = |value: &Value| {
        let (server, body) = (&server, value.to_string());
        async move { server.call(Method::PUT, "/Patient?identifier=urn:x|1", &[], body).await }
    };
    assert_eq!(put(&value).await.status, StatusCode::CREATED);
    let updated = put(&value).await;
    assert_eq!((updated.status, updated.header("etag")), (StatusCode::OK, "W/\"2\""));
    let delete = || server.call(Method::DELETE, "/Patient?identifier=urn:x|1", &[], Body::empty());
    assert_eq!(delete().await.header("etag"), "W/\"3\"");
    assert_eq!(delete().await.status, StatusCode::NO_CONTENT);
    let everything = server.call(Method::DELETE, "/Patient", &[], Body::empty()).await;
    assert_eq!(
        everything.status,
        StatusCode::BAD_REQUEST,
        "a delete without criteria must not delete"
    );
}

#[tokio::test]
async fn history_of_types_and_server_pages() {
    let server = Server::new();
    for n in 0..5 {
        server.clock.advance(SignedDuration::from_secs(1));
        server
            .put(&json!({"resourceType": "Patient", "id": format!("p{n}")}))
            .await;
        server
            .put(&json!({"resourceType": "Group", "id": format!("g{n}"), "type": "person", "actual": true}))
            .await;
    }
    for (path, expected) in [("/Patient/_history?_count=2", 5), ("/_history?_count=3", 10)] {
        let mut seen = Vec::new();
        let mut next = Some(path.to_owned());
        while let Some(url) = next {
            let page = server.get(&url).await;
            assert_eq!(page.status, StatusCode::OK, "{}", page.text);
            let bundle = page.json();
            assert_eq!(bundle["type"], "history");
            let entries = bundle["entry"].as_array().unwrap();
            seen.extend(entries.iter().map(|e| e["fullUrl"].as_str().unwrap().to_owned()));
            next = page.link("next");
        }
        assert_eq!(seen.len(), expected, "{seen:?}");
        seen.dedup();
        assert_eq!(seen.len(), expected);
    }
    let since = server.get("/Patient/_history?_since=2026-01-02T03:04:09Z").await.json();
    assert_eq!(since["entry"].as_array().unwrap().len(), 2);
    assert_eq!(server.get("/Patient/none/_history").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn metadata_promises_what_is_done() {
    let server = Server::new();
    let reply = server.get("/metadata").await;
    assert_eq!(reply.status, StatusCode::OK);
    let statement = reply.json();
    assert_eq!(statement["fhirVersion"], "4.0.1");
    fhir::check(fhir::Definitions::r4(), &statement).expect("the statement is a sound resource");
    let resources = statement["rest"][0]["resource"].as_array().unwrap();
    assert!(resources.len() > 140, "{}", resources.len());
    let patient = resources.iter().find(|r| r["type"] == "Patient").unwrap();
    let codes: Vec<&str> = patient["interaction"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| i["code"].as_str().unwrap())
        .collect();
    for code in [
        "read",
        "vread",
        "create",
        "update",
        "delete",
        "history-instance",
        "history-type",
        "search-type",
    ] {
        assert!(codes.contains(&code), "{code} is missing in {codes:?}");
    }
    // Every promised parameter is accepted.
    for param in patient["searchParam"].as_array().unwrap() {
        let (name, kind) = (param["name"].as_str().unwrap(), param["type"].as_str().unwrap());
        let value = match kind {
            "string" if name.ends_with("-born") => "1946+x",
            "date" => "2020",
            "number" | "quantity" => "1",
            _ => "x",
        };
        let path = format!("/Patient?{name}={value}");
        let reply = server
            .call(Method::GET, &path, &[("prefer", "handling=strict")], Body::empty())
            .await;
        assert_eq!(reply.status, StatusCode::OK, "{name}: {}", reply.text);
    }
}

#[tokio::test]
async fn views_show_less_or_prettier() {
    let server = Server::new();
    let value = json!({"resourceType": "Patient", "id": "p", "text": {"status": "generated", "div": "<div>x</div>"},
        "gender": "female", "birthDate": "1950-01-01"});
    server.put(&value).await;
    let elements = server.get("/Patient/p?_elements=birthDate").await.json();
    assert_eq!(elements["birthDate"], "1950-01-01");
    assert!(elements.get("gender").is_none());
    assert_eq!(elements["meta"]["tag"][0]["code"], "SUBSETTED");
    assert!(
        server
            .get("/Patient/p?_summary=data")
            .await
            .json()
            .get("text")
            .is_none()
    );
    let text = server.get("/Patient?_summary=text").await.json();
    assert!(text["entry"][0]["resource"].get("gender").is_none());
    assert!(text["entry"][0]["resource"].get("text").is_some());
    assert!(
        server
            .get("/Patient/p?_pretty=true")
            .await
            .text
            .contains("\n  \"resourceType\"")
    );
}
