//! Search parameters that users define.

use crate::server::{Reply, Server};
use axum::body::Body;
use http::{Method, StatusCode};
use serde_json::{Value, json};

fn definition(status: &str, code: &str, expression: &str) -> Value {
    json!({"resourceType": "SearchParameter", "id": "birth-city", "url": "https://example.org/birth-city",
        "name": "birthCity", "status": status, "description": "Where a person was born", "code": code,
        "base": ["Patient"], "type": "string", "expression": expression})
}

const CITY: &str =
    "Patient.extension('http://hl7.org/fhir/StructureDefinition/patient-birthPlace').value.as(Address).city";

async fn born(server: &Server, id: &str, city: &str) {
    let patient = json!({"resourceType": "Patient", "id": id, "extension": [{
        "url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace", "valueAddress": {"city": city}}]});
    assert_eq!(server.put(&patient).await.status, StatusCode::CREATED);
}

/// Asks for the state of the index until nothing is left to do.
async fn settled(server: &Server) -> Reply {
    loop {
        let reply = server.get("/$reindex").await;
        if reply.status == StatusCode::OK {
            return reply;
        }
        assert_eq!(reply.status, StatusCode::ACCEPTED, "{}", reply.text);
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_is_used_once_it_is_built_and_gone_when_retired() {
    let server = Server::new();
    born(&server, "a", "Forlì").await;
    let unknown = server
        .call(
            Method::GET,
            "/Patient?birth-city=forli",
            &[("prefer", "handling=strict")],
            "",
        )
        .await;
    assert_eq!(unknown.status, StatusCode::BAD_REQUEST);
    let reply = server.put(&definition("active", "birth-city", CITY)).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
    born(&server, "b", "Forlimpopoli").await;
    let told = settled(&server).await.json();
    assert_eq!(
        told["parameter"][0]["part"][3],
        json!({"name": "ready", "valueBoolean": true})
    );
    assert_eq!(
        server
            .get("/Patient?birth-city=forli&_sort=birth-city")
            .await
            .ids("match"),
        ["a", "b"]
    );
    assert_eq!(
        server.get("/Patient?birth-city:exact=Forl%C3%AC").await.ids("match"),
        ["a"]
    );
    assert_eq!(
        server.get("/Patient?birth-city:missing=true").await.ids("match").len(),
        0
    );
    let listed = |statement: Value| {
        let types = statement["rest"][0]["resource"].as_array().unwrap().clone();
        let patient = types.into_iter().find(|one| one["type"] == "Patient").unwrap();
        let params = patient["searchParam"].as_array().unwrap().clone();
        params.into_iter().find(|one| one["name"] == "birth-city")
    };
    let shown = listed(server.get("/metadata").await.json()).unwrap();
    assert_eq!(shown["definition"], "https://example.org/birth-city");
    server.put(&definition("retired", "birth-city", CITY)).await;
    let strict = server
        .call(
            Method::GET,
            "/Patient?birth-city=forli",
            &[("prefer", "handling=strict")],
            "",
        )
        .await;
    assert_eq!(strict.status, StatusCode::BAD_REQUEST, "{}", strict.text);
    assert!(listed(server.get("/metadata").await.json()).is_none());
    settled(&server).await;
}

#[tokio::test]
async fn what_cannot_be_put_in_force_is_refused_unless_a_draft() {
    let server = Server::new();
    let reply = server.put(&definition("active", "family", CITY)).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        reply.diagnostics().contains("has a parameter 'family' already"),
        "{}",
        reply.diagnostics()
    );
    assert_eq!(reply.json()["issue"][0]["expression"], json!(["SearchParameter.code"]));
    let reply = server.put(&definition("active", "x", "Patient.nme")).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        server.put(&definition("draft", "x", "Patient.nme")).await.status,
        StatusCode::CREATED
    );
    let mut other = definition("active", "x", CITY);
    assert_eq!(server.put(&other).await.status, StatusCode::OK);
    other["id"] = json!("other");
    other["url"] = json!("https://example.org/other");
    let clash = server.put(&other).await;
    assert_eq!(clash.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", clash.text);
    assert!(
        clash
            .diagnostics()
            .contains("defined by https://example.org/birth-city already")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn indexing_again_is_for_who_runs_the_installation() {
    let server = Server::new();
    born(&server, "a", "Forlì").await;
    let call = |who: (&'static str, &'static str), method: Method, body: &'static str| {
        let bearer = server.bearer(who.0, who.1);
        let server = &server;
        async move {
            let headers = [
                ("authorization", bearer.as_str()),
                ("content-type", "application/fhir+json"),
            ];
            server
                .call(method, "/$reindex", &headers, Body::from(body))
                .await
                .status
        }
    };
    assert_eq!(
        call(("Patient/a", "assistito"), Method::GET, "").await,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        call(("Practitioner/1", "mmg"), Method::POST, "").await,
        StatusCode::FORBIDDEN
    );
    let one = r#"{"resourceType":"Parameters","parameter":[{"name":"type","valueCode":"Patient"}]}"#;
    let started = call(("Practitioner/1", "admin"), Method::POST, one).await;
    assert!(matches!(started, StatusCode::ACCEPTED | StatusCode::OK), "{started}");
    let none = r#"{"resourceType":"Parameters","parameter":[{"name":"type","valueCode":"Pazient"}]}"#;
    assert_eq!(
        call(("Practitioner/1", "admin"), Method::POST, none).await,
        StatusCode::NOT_FOUND
    );
    settled(&server).await;
    assert_eq!(server.get("/Patient?_id=a").await.ids("match"), ["a"]);
}
