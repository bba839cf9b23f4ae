//! `$viewdefinition-run` in every format.

use crate::server::Server;
use axum::body::Body;
use http::{Method, StatusCode};
use serde_json::{Value, json};

fn view() -> Value {
    json!({"resourceType": "ViewDefinition", "name": "patients", "url": "http://example.org/patients", "status": "active",
        "resource": "Patient", "select": [
            {"column": [{"name": "id", "path": "getResourceKey()"}, {"name": "born", "path": "birthDate"}]},
            {"forEachOrNull": "name", "column": [{"name": "family", "path": "family"},
                {"name": "given", "path": "given", "collection": true}]}]})
}

fn run(view: Value, format: &str, more: &[Value]) -> String {
    let mut list = vec![
        json!({"name": "viewResource", "resource": view}),
        json!({"name": "_format", "valueCode": format}),
    ];
    list.extend_from_slice(more);
    json!({"resourceType": "Parameters", "parameter": list}).to_string()
}

async fn filled() -> Server {
    let server = Server::new();
    for n in 0..1200 {
        let patient = json!({"resourceType": "Patient", "id": format!("p{n:04}"), "birthDate": "1980-01-01",
            "name": [{"family": format!("F{n}"), "given": ["A", "B"]}]});
        assert_eq!(server.put(&patient).await.status, StatusCode::CREATED);
    }
    server
}

const JSON: (&str, &str) = ("content-type", "application/fhir+json");

#[tokio::test]
async fn rows_come_in_the_format_that_is_asked_for() {
    let server = filled().await;
    let post = async |path: &str, body: String| server.call(Method::POST, path, &[JSON], body).await;
    let lines = post("/$viewdefinition-run", run(view(), "ndjson", &[])).await;
    assert_eq!(lines.status, StatusCode::OK, "{}", lines.text);
    assert_eq!(lines.text.lines().count(), 1200);
    assert_eq!(
        lines.text.lines().next(),
        Some(r#"{"id":"Patient/p0000","born":"1980-01-01","family":"F0","given":["A","B"]}"#)
    );
    let limit = json!({"name": "_limit", "valueInteger": 2});
    let csv = post("/ViewDefinition/$run", run(view(), "csv", std::slice::from_ref(&limit))).await;
    assert_eq!(
        csv.text,
        "id,born,family,given\r\nPatient/p0000,1980-01-01,F0,\"[\"\"A\"\",\"\"B\"\"]\"\r\n\
         Patient/p0001,1980-01-01,F1,\"[\"\"A\"\",\"\"B\"\"]\"\r\n"
    );
    let headless = json!({"name": "header", "valueBoolean": false});
    let csv = post("/ViewDefinition/$run", run(view(), "csv", &[limit, headless])).await;
    assert!(csv.text.starts_with("Patient/p0000,"), "{}", csv.text);
    let array = post("/$viewdefinition-run", run(view(), "json", &[])).await;
    assert_eq!(array.json().as_array().unwrap().len(), 1200);
    let patient = json!({"name": "patient", "valueReference": {"reference": "Patient/p0007"}});
    let one = post("/$viewdefinition-run", run(view(), "json", &[patient])).await;
    assert_eq!(one.json().as_array().unwrap().len(), 1);
    let given = json!({"name": "resource", "resource": {"resourceType": "Patient", "id": "x"}});
    let given = post("/$viewdefinition-run", run(view(), "json", &[given])).await;
    assert_eq!(
        given.json(),
        json!([{"id": "Patient/x", "born": null, "family": null, "given": []}])
    );
}

#[tokio::test]
async fn views_are_kept_and_named() {
    let server = Server::new();
    server
        .put(&json!({"resourceType": "Patient", "id": "p", "birthDate": "1980"}))
        .await;
    let put = server
        .call(Method::PUT, "/ViewDefinition/v", &[JSON], view().to_string())
        .await;
    assert_eq!(put.status, StatusCode::CREATED, "{}", put.text);
    for path in [
        "/ViewDefinition/v/$viewdefinition-run?_format=json",
        "/ViewDefinition/v/$run?_format=json",
        "/$viewdefinition-run?_format=json&viewReference=ViewDefinition/v",
        "/$viewdefinition-run?_format=json&viewReference=http://example.org/patients",
    ] {
        let reply = server.get(path).await;
        assert_eq!(reply.status, StatusCode::OK, "{path}: {}", reply.text);
        assert_eq!(reply.json()[0]["born"], "1980", "{path}");
    }
    assert_eq!(server.get("/ViewDefinition/v").await.json()["name"], "patients");
    assert_eq!(server.get("/ViewDefinition").await.json()["total"], 1);
    // Other paths below the word are what they were.
    assert_eq!(
        server.get("/ViewDefinition/v/_history").await.status,
        StatusCode::NOT_FOUND
    );
    let gone = server
        .call(Method::DELETE, "/ViewDefinition/v", &[], Body::empty())
        .await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(server.get("/ViewDefinition/v").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn mistakes_are_told_before_the_first_row() {
    let server = filled().await;
    let mut wrong = view();
    wrong["select"][0]["column"][0]["path"] = json!("nothing()");
    let reply = server
        .call(Method::POST, "/$viewdefinition-run", &[JSON], run(wrong, "csv", &[]))
        .await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        reply.json()["issue"][0]["expression"][0],
        "ViewDefinition.select[0].column[0].path"
    );
    let mut many = view();
    many["select"][1]["column"][1]["collection"] = json!(false);
    let reply = server
        .call(Method::POST, "/$viewdefinition-run", &[JSON], run(many, "ndjson", &[]))
        .await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", reply.text);
    assert!(
        reply.diagnostics().contains("Patient/p0000, column 'given'"),
        "{}",
        reply.text
    );
    let reply = server
        .call(Method::POST, "/$viewdefinition-run", &[JSON], run(view(), "xlsx", &[]))
        .await;
    assert!(reply.diagnostics().contains("the format 'xlsx'"), "{}", reply.text);
    let bearer = server.bearer("Patient/p0001", "assistito");
    let headers = [JSON, ("authorization", bearer.as_str())];
    let reply = server
        .call(Method::POST, "/$viewdefinition-run", &headers, run(view(), "json", &[]))
        .await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn parquet_is_parquet() {
    let server = filled().await;
    let request = http::Request::builder()
        .method(Method::POST)
        .uri("/fhir/$viewdefinition-run");
    let request = request.header("content-type", "application/fhir+json");
    let bytes = server
        .bytes(request.body(Body::from(run(view(), "parquet", &[]))).unwrap())
        .await;
    assert_eq!((&bytes[..4], &bytes[bytes.len() - 4..]), (&b"PAR1"[..], &b"PAR1"[..]));
    // For an independent reader: SINFONIA_KEEP_PARQUET=file keeps it.
    if let Some(path) = std::env::var_os("SINFONIA_KEEP_PARQUET") {
        std::fs::write(path, &bytes).unwrap();
    }
}
