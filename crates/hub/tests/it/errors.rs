//! Every error is an OperationOutcome that says what, where and what to do.

use crate::server::Server;
use axum::body::Body;
use http::{Method, StatusCode};
use hub::Validation;
use serde_json::json;

/// Verb, path, headers, body, status.
type Case = (
    Method,
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static str,
    u16,
);

const CASES: &[Case] = &[
    (Method::GET, "/Patient/none", &[], "", 404),
    (Method::GET, "/Paziente", &[], "", 404),
    (Method::GET, "/Paziente/1", &[], "", 404),
    (Method::GET, "/Patient/1/_history/1/more", &[], "", 404),
    (Method::GET, "/Patient/1/$nothing", &[], "", 404),
    (Method::PATCH, "/Patient/1", &[], "[]", 404),
    (Method::PATCH, "/Patient/1", &[], "{}", 400),
    (
        Method::PATCH,
        "/Patient/1",
        &[("content-type", "application/xml-patch+xml")],
        "<diff/>",
        415,
    ),
    (Method::PATCH, "/Patient?name=none", &[], "[]", 404),
    (Method::PUT, "/metadata", &[], "{}", 405),
    (
        Method::POST,
        "/Patient",
        &[],
        "{\n  \"resourceType\": \"Patient\",\n  oops\n}",
        400,
    ),
    (Method::POST, "/Patient", &[], "", 400),
    (Method::POST, "/Patient", &[], "[]", 400),
    (Method::POST, "/Patient", &[], "{}", 400),
    (Method::POST, "/Patient", &[], r#"{"resourceType":"Observation"}"#, 400),
    (
        Method::POST,
        "/Patient",
        &[],
        r#"{"resourceType":"Patient","nome":"x"}"#,
        422,
    ),
    (
        Method::POST,
        "/Patient",
        &[("content-type", "application/fhir+xml"), ("accept", "application/json")],
        "<Patient/>",
        422,
    ),
    (
        Method::POST,
        "/Patient",
        &[("content-type", "application/fhir+xml"), ("accept", "application/json")],
        "<Patient xmlns='http://hl7.org/fhir'>\n<active value='true'></Patient>",
        400,
    ),
    (Method::POST, "/Patient", &[("content-type", "text/turtle")], "x", 415),
    (Method::GET, "/Patient", &[("accept", "text/turtle")], "", 406),
    (Method::GET, "/Patient?_format=ttl", &[], "", 406),
    (
        Method::PUT,
        "/Patient/1",
        &[],
        r#"{"resourceType":"Patient","id":"2"}"#,
        400,
    ),
    (Method::PUT, "/Patient/1", &[], r#"{"resourceType":"Patient"}"#, 400),
    (
        Method::PUT,
        "/Patient/a_b",
        &[],
        r#"{"resourceType":"Patient","id":"a_b"}"#,
        400,
    ),
    (
        Method::POST,
        "/Patient",
        &[("if-none-exist", "nome=x")],
        r#"{"resourceType":"Patient"}"#,
        400,
    ),
    (
        Method::POST,
        "/Patient",
        &[("if-none-exist", "")],
        r#"{"resourceType":"Patient"}"#,
        400,
    ),
    (Method::GET, "/Patient?birthdate=ieri", &[], "", 400),
    (Method::GET, "/Patient?gender:in=http://x", &[], "", 400),
    (Method::GET, "/Patient?_count=-1", &[], "", 400),
    (Method::GET, "/Patient?_filter=x", &[], "", 400),
    (Method::GET, "/Patient?_text=OR", &[], "", 400),
    (Method::GET, "/Location?near=91|0", &[], "", 400),
    (Method::GET, "/Patient?gender:exact=x", &[], "", 400),
    (Method::GET, "/Observation?code-value-quantity=x", &[], "", 400),
    (Method::GET, "/Patient?name=%FF", &[], "", 400),
    (
        Method::GET,
        "/Patient?nome=x",
        &[("prefer", "handling=strict")],
        "",
        400,
    ),
    (Method::GET, "/", &[], "", 400),
    (Method::POST, "/", &[], r#"{"resourceType":"Patient"}"#, 400),
    (
        Method::POST,
        "/",
        &[],
        r#"{"resourceType":"Bundle","type":"collection"}"#,
        400,
    ),
    (
        Method::POST,
        "/Patient/_search",
        &[("content-type", "application/json")],
        "{}",
        415,
    ),
];

#[tokio::test]
async fn statuses_and_messages() {
    let server = Server::new();
    let mut told = String::new();
    for (method, path, headers, body, status) in CASES {
        let reply = server.call(method.clone(), path, headers, (*body).to_owned()).await;
        assert_eq!(reply.status.as_u16(), *status, "{method} {path}: {}", reply.text);
        assert_eq!(reply.header("content-type"), "application/fhir+json", "{method} {path}");
        let outcome = reply.json();
        let issue = &outcome["issue"][0];
        told += &format!(
            "{method} {path} -> {status} {} {}\n",
            issue["code"], issue["diagnostics"]
        );
        if let Some(expression) = issue.get("expression") {
            told += &format!("    at {expression}\n");
        }
    }
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn unknown_parameters_are_told_of_when_lenient() {
    let server = Server::new();
    server.put(&json!({"resourceType": "Patient", "id": "p1"})).await;
    let reply = server.get("/Patient?nome=x&_id=p1").await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.ids("match"), ["p1"]);
    assert_eq!(reply.link("self").unwrap(), "http://hub.test/fhir/Patient?_id=p1");
    let outcome = reply.json()["entry"][1]["resource"].clone();
    assert_eq!(outcome["issue"][0]["severity"], "warning");
    assert_eq!(
        outcome["issue"][0]["diagnostics"],
        "nome: Patient has no search parameter 'nome': the parameter was ignored"
    );
}

#[tokio::test]
async fn limits_are_clear() {
    let server = Server::with(|config| {
        config.limits.body_bytes = 2000;
        config.limits.bundle_entries = 2;
        config.limits.clauses = 3;
        config.limits.values = 4;
        config.limits.includes = 1;
    });
    let entry = json!({"request": {"method": "GET", "url": "Patient"}});
    let bundle = json!({"resourceType": "Bundle", "type": "batch", "entry": [entry, entry, entry]});
    let reply = server.post("/", &bundle).await;
    assert_eq!(
        reply.diagnostics(),
        "entries of a bundle: at most 2 are allowed, 3 were given"
    );
    let clauses = server.get("/Patient?name=a&name=b&name=c&name=d").await;
    assert_eq!(
        clauses.diagnostics(),
        "search parameter Patient: at most 3 conditions in one search are allowed, 4 were given"
    );
    let values = server.get("/Patient?name=a,b,c,d,e").await;
    assert_eq!(
        values.diagnostics(),
        "search parameter name: at most 4 values are allowed, 5 were given"
    );
    let includes = "/Patient?_include=Patient:organization&_include=Patient:link";
    let includes = server.get(includes).await;
    assert_eq!(includes.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        includes.diagnostics(),
        "search parameter _include: at most 1 includes are allowed, 2 were given"
    );
    let deep = server.get("/Patient?link.link.link.link.link.link.link.name=x").await;
    assert_eq!(deep.status, StatusCode::BAD_REQUEST);
    let told = deep.diagnostics();
    assert!(
        told.ends_with("at most 5 steps in a chain are allowed, 7 were given"),
        "{told}"
    );
    // A page that would be too large is the largest one, and the self link says so.
    for path in ["/Patient", "/Patient/_history", "/_history"] {
        let page = server.get(&format!("{path}?_count=5000")).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(page.link("self").unwrap().ends_with("?_count=1000"), "{path}");
    }
    let long = json!({"resourceType": "Patient", "id": "a".repeat(3000)});
    let large = server.post("/Patient", &long).await;
    assert_eq!(
        (large.status.as_u16(), large.diagnostics().as_str()),
        (413, "the body is larger than 2000 bytes")
    );
    let text = long.to_string();
    let size = text.len().to_string();
    let told = server
        .call(Method::POST, "/Patient", &[("content-length", size.as_str())], text)
        .await;
    assert_eq!(
        told.diagnostics(),
        format!("the body is larger than 2000 bytes: {size} were sent")
    );
    let head = server.call(Method::HEAD, "/Patient", &[], Body::empty()).await;
    assert_eq!(head.status, StatusCode::OK);
}

#[tokio::test]
async fn the_policy_decides_about_structure() {
    let value = json!({"resourceType": "Patient", "id": "p", "gender": true});
    for (policy, status) in [
        (Validation::Reject, 422),
        (Validation::Warn, 201),
        (Validation::Off, 201),
    ] {
        let server = Server::with(|config| config.validation = policy.into());
        assert_eq!(server.put(&value).await.status.as_u16(), status, "{policy:?}");
    }
}

#[tokio::test]
async fn an_overloaded_store_asks_to_come_back() {
    let server = Server::with_queue(1);
    let writes = (0..200).map(|n| {
        let value = json!({"resourceType": "Patient", "id": format!("p{n}")});
        let server = &server;
        async move { server.put(&value).await }
    });
    let replies = futures::future::join_all(writes).await;
    let busy: Vec<_> = replies
        .iter()
        .filter(|reply| reply.status == StatusCode::SERVICE_UNAVAILABLE)
        .collect();
    assert!(!busy.is_empty(), "200 writes at once did not fill a queue of 1");
    assert!(busy.iter().all(|reply| reply.header("retry-after") == "1"));
    assert!(busy[0].diagnostics().contains("overloaded"), "{}", busy[0].text);
    for (n, reply) in replies.iter().enumerate() {
        let there = server.get(&format!("/Patient/p{n}")).await.status == StatusCode::OK;
        assert_eq!(
            there,
            reply.status == StatusCode::CREATED,
            "p{n} answered {}",
            reply.status
        );
    }
}
