//! HTTP around FHIR: encodings, media types, views, raw Binary, verbs, foreign origins.

use crate::server::{BASE, Server};
use axum::body::Body;
use base64::Engine as _;
use http::{Method, Request, StatusCode};
use hub::Origins;
use serde_json::{Value, json};
use std::io::Write as _;
use tower::ServiceExt as _;

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn bodies_come_compressed_marked_and_whole() {
    let server = Server::new();
    let text = json!({"resourceType": "Patient", "id": "p"}).to_string();
    let put = |headers: &'static [(&str, &str)], body: Vec<u8>| {
        let server = &server;
        async move { server.call(Method::PUT, "/Patient/p", headers, body).await }
    };
    let packed = put(&[("content-encoding", "gzip")], gzip(&text)).await;
    assert_eq!(packed.status, StatusCode::CREATED, "{}", packed.text);
    let broken = put(&[("content-encoding", "gzip")], text.clone().into_bytes()).await;
    assert_eq!(broken.status, StatusCode::BAD_REQUEST);
    let unknown = put(&[("content-encoding", "br")], text.clone().into_bytes()).await;
    assert_eq!(unknown.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(
        put(&[], format!("\u{feff}{text}").into_bytes()).await.status,
        StatusCode::OK
    );
    let twice = put(&[], br#"{"resourceType":"Patient","id":"p","id":"p"}"#.to_vec()).await;
    assert_eq!(
        (
            twice.status.as_u16(),
            twice.diagnostics().contains("\"id\" stands twice")
        ),
        (400, true)
    );
    let not_utf8 = put(&[], b"{\"resourceType\":\"Patient\",\"id\":\"\xff\"}".to_vec()).await;
    assert_eq!(not_utf8.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn what_is_asked_for_is_told_by_parameters_too() {
    let server = Server::new();
    server
        .put(&json!({"resourceType": "Patient", "id": "p", "active": true}))
        .await;
    for (accept, status) in [
        ("application/fhir+json; fhirVersion=4.0", 200),
        ("application/fhir+json; fhirVersion=3.0", 406),
        ("application/fhir+json; charset=utf-8", 200),
    ] {
        let read = server
            .call(Method::GET, "/Patient/p", &[("accept", accept)], Body::empty())
            .await;
        assert_eq!(read.status.as_u16(), status, "{accept}");
    }
    let pretty = server.get("/Patient/p?_format=xml&_pretty=true").await.text;
    assert!(pretty.contains("\n  <id value=\"p\"/>\n"), "{pretty}");
    let traced = server
        .call(
            Method::GET,
            "/Patient/p",
            &[("x-request-id", "abc"), ("x-correlation-id", "d")],
            Body::empty(),
        )
        .await;
    assert_eq!(
        (traced.header("x-request-id"), traced.header("x-correlation-id")),
        ("abc", "d")
    );
    assert_eq!(
        traced.header("content-location"),
        format!("{BASE}/Patient/p/_history/1")
    );
}

#[tokio::test]
async fn unknown_operations_and_verbs_are_told_apart() {
    let server = Server::new();
    for (method, path, status) in [
        (Method::GET, "/Patient/$nothing", 404),
        (Method::POST, "/Patient/p/$nothing", 404),
        (Method::POST, "/$nothing", 404),
        (Method::DELETE, "/Patient/p/$meta", 405),
        (Method::POST, "/Patient/p", 405),
    ] {
        let reply = server.call(method.clone(), path, &[], "{}").await;
        assert_eq!(reply.status.as_u16(), status, "{method} {path}: {}", reply.text);
        assert_eq!(reply.json()["issue"][0]["code"], "not-supported", "{method} {path}");
    }
    let refused = server.call(Method::POST, "/Patient/p", &[], "{}").await;
    assert_eq!(refused.header("allow"), "GET, HEAD, PUT, PATCH, DELETE, OPTIONS");
}

#[tokio::test]
async fn a_binary_goes_in_and_out_as_it_is() {
    let server = Server::new();
    let bytes: Vec<u8> = (0..=255).collect();
    let sent = server
        .call(
            Method::POST,
            "/Binary",
            &[("content-type", "image/png"), ("x-security-context", "Patient/1")],
            bytes.clone(),
        )
        .await;
    assert_eq!(sent.status, StatusCode::CREATED, "{}", sent.text);
    let value = sent.json();
    assert_eq!(
        (&value["contentType"], &value["securityContext"]["reference"]),
        (&json!("image/png"), &json!("Patient/1"))
    );
    let id = value["id"].as_str().unwrap();
    let data = base64::engine::general_purpose::STANDARD.encode(&bytes);
    assert_eq!(value["data"], data.as_str());
    let path = format!("/Binary/{id}");
    let pdf = server
        .call(
            Method::PUT,
            &path,
            &[("content-type", "text/plain"), ("accept", "application/fhir+json")],
            "ciao",
        )
        .await;
    assert_eq!(
        (pdf.status, &pdf.json()["contentType"]),
        (StatusCode::OK, &json!("text/plain"))
    );
    for (accept, media) in [
        ("", "text/plain"),
        ("*/*", "text/plain"),
        ("text/plain", "text/plain"),
        ("application/fhir+json", "application/fhir+json"),
        ("application/json", "application/fhir+json"),
        ("application/fhir+xml", "application/fhir+xml"),
    ] {
        let headers: &[(&str, &str)] = if accept.is_empty() { &[] } else { &[("accept", accept)] };
        let read = server.call(Method::GET, &path, headers, Body::empty()).await;
        assert_eq!(
            (read.status, read.header("content-type")),
            (StatusCode::OK, media),
            "{accept}"
        );
        if media == "text/plain" {
            assert_eq!(read.text, "ciao");
        }
    }
    let other = server
        .call(Method::GET, &path, &[("accept", "image/gif")], Body::empty())
        .await;
    assert_eq!(other.status, StatusCode::NOT_ACCEPTABLE);
    // a Binary follows what it is about
    let me = [
        server.bearer("Patient/1", "assistito"),
        server.bearer("Patient/2", "assistito"),
    ];
    server.put(&json!({"resourceType": "Patient", "id": "1"})).await;
    server
        .put(
            &json!({"resourceType": "Binary", "id": "b", "contentType": "text/html", "data": "YQ==",
            "securityContext": {"reference": "Patient/1"}}),
        )
        .await;
    for (bearer, status) in me.iter().zip([200, 404]) {
        let headers = [("authorization", bearer.as_str())];
        let read = server.call(Method::GET, "/Binary/b", &headers, Body::empty()).await;
        assert_eq!(read.status.as_u16(), status);
    }
    assert_eq!(
        server.get("/Binary/b").await.header("content-disposition"),
        "attachment"
    );
}

#[tokio::test]
async fn criteria_may_delete_several_where_the_installation_says_so() {
    let server = Server::with(|config| config.delete_matches = 2);
    let make = |n: usize| json!({"resourceType": "Patient", "id": format!("p{n}"), "name": [{"family": "Rossi"}]});
    for n in 0..3 {
        server.put(&make(n)).await;
    }
    let delete = || {
        server.call(
            Method::DELETE,
            "/Patient?family=Rossi",
            &[("prefer", "return=OperationOutcome")],
            Body::empty(),
        )
    };
    assert_eq!(delete().await.status, StatusCode::PRECONDITION_FAILED);
    server.call(Method::DELETE, "/Patient/p0", &[], Body::empty()).await;
    let told = delete().await;
    assert_eq!(
        (told.status, told.json()["issue"].as_array().unwrap().len()),
        (StatusCode::OK, 2)
    );
    assert_eq!(server.get("/Patient?_summary=count").await.json()["total"], 0);
    let patient = server.get("/metadata").await.json()["rest"][0]["resource"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["type"] == "Patient")
        .unwrap()
        .clone();
    assert_eq!(patient["conditionalDelete"], "multiple");
}

#[tokio::test]
async fn labels_are_added_deleted_and_listed() {
    let server = Server::new();
    server.put(&json!({"resourceType": "Patient", "id": "p"})).await;
    let tag = |code: &str| json!({"system": "urn:t", "code": code});
    let meta =
        |value: Value| json!({"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": value}]});
    let add = meta(json!({"tag": [tag("a"), tag("b")], "profile": ["urn:p"]}));
    let added = server.post("/Patient/p/$meta-add", &add).await;
    assert_eq!(added.status, StatusCode::OK, "{}", added.text);
    assert_eq!(
        added.json()["parameter"][0]["valueMeta"]["tag"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(server.post("/Patient/p/$meta-add", &add).await.status, StatusCode::OK);
    assert_eq!(
        server.get("/Patient/p").await.header("etag"),
        "W/\"2\"",
        "adding again changes nothing"
    );
    let gone = server
        .post(
            "/Patient/p/$meta-delete",
            &meta(json!({"tag": [tag("a")], "profile": ["urn:p"]})),
        )
        .await;
    let left = gone.json()["parameter"][0]["valueMeta"].clone();
    assert_eq!((&left["tag"], left.get("profile")), (&json!([tag("b")]), None));
    server
        .put(&json!({"resourceType": "Basic", "id": "x", "code": {"text": "x"}, "meta": {"tag": [tag("c")]}}))
        .await;
    let of = |path: &'static str| {
        let server = &server;
        async move { server.get(path).await.json()["parameter"][0]["valueMeta"]["tag"].clone() }
    };
    assert_eq!(of("/Patient/$meta").await, json!([tag("b")]));
    assert_eq!(of("/$meta").await.as_array().unwrap().len(), 2);
    assert_eq!(
        server
            .post("/Patient/p/$meta-add", &json!({"resourceType": "Parameters"}))
            .await
            .status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn pages_of_other_origins_call_when_admitted() {
    let server = Server::new();
    let origins = Origins::new(["https://app.example.it".to_owned()]).unwrap();
    let router = hub::routes(server.hub.clone()).guard(&server.guard);
    let router = router.layer(axum::middleware::from_fn(move |request, next| {
        hub::cross_origin(origins.clone(), request, next)
    }));
    let send = |method: Method, origin: &'static str| {
        let request = Request::builder()
            .method(method)
            .uri("/fhir/Patient")
            .header("origin", origin);
        let request = request
            .header("sec-fetch-site", "cross-site")
            .header("content-type", "application/fhir+json");
        let router = router.clone();
        async move {
            let body = json!({"resourceType": "Patient"}).to_string();
            router.oneshot(request.body(Body::from(body)).unwrap()).await.unwrap()
        }
    };
    let allow = "access-control-allow-origin";
    let preflight = send(Method::OPTIONS, "https://app.example.it").await;
    assert_eq!(preflight.status(), StatusCode::NO_CONTENT);
    assert_eq!(preflight.headers()[allow], "https://app.example.it");
    assert_eq!(
        preflight.headers()["access-control-allow-methods"],
        "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
    );
    let made = send(Method::POST, "https://app.example.it").await;
    assert_eq!(
        (made.status(), &made.headers()[allow]),
        (StatusCode::CREATED, &"https://app.example.it".parse().unwrap())
    );
    let foreign = send(Method::POST, "https://evil.example").await;
    assert!(foreign.status().is_client_error() && foreign.headers().get(allow).is_none());
    assert!(
        send(Method::OPTIONS, "https://evil.example")
            .await
            .headers()
            .get(allow)
            .is_none()
    );
}
