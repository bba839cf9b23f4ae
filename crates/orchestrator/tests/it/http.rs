//! The REST API behind the guard.

use crate::models::{line, user_task};
use crate::support::System;
use access::Guard;
use axum::body::Body;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

pub async fn call(
    router: &axum::Router,
    method: &str,
    path: &str,
    key: Option<&str>,
    body: Option<Value>,
) -> (u16, String, Value) {
    let mut request = http::Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/json");
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    let body = body.map_or_else(Body::empty, |b| Body::from(b.to_string()));
    let response = router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let kind = response
        .headers()
        .get("content-type")
        .map_or("", |v| v.to_str().unwrap())
        .to_owned();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, kind, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

#[tokio::test]
async fn the_whole_way_over_http() {
    let system = System::new();
    system.patient("p1").await;
    let guard = Guard::open(system.store.clone(), system.clock.clone());
    let router = orchestrator::routes(system.orchestrator.clone()).guard(&guard);
    let model = line("", "visita", &[user_task("visita-mmg", "mmg")]);
    let files = json!({"files": [{"name": "visita.bpmn", "content": model}]});
    let (status, _, body) = call(&router, "POST", "/orchestrator/deployments", None, Some(files)).await;
    assert_eq!((status, &body["keys"][0]), (200, &json!("visita:1")));

    let start = json!({"definition": "visita", "patient": "p1"});
    let (status, _, first) = call(
        &router,
        "POST",
        "/orchestrator/instances",
        Some("k"),
        Some(start.clone()),
    )
    .await;
    assert_eq!((status, &first["businessKey"]), (201, &json!("Patient/p1")));
    let (status, _, again) = call(&router, "POST", "/orchestrator/instances", Some("k"), Some(start)).await;
    assert_eq!((status, &again["id"]), (201, &first["id"]));

    let (_, _, tasks) = call(&router, "GET", "/orchestrator/tasks?patient=p1&role=mmg", None, None).await;
    let task = tasks["items"][0]["id"].as_str().unwrap().to_owned();
    let (status, _, claimed) = call(
        &router,
        "POST",
        &format!("/orchestrator/tasks/{task}/claim"),
        None,
        None,
    )
    .await;
    assert_eq!((status, &claimed["status"]), (200, &json!("in-progress")));
    let complete = format!("/orchestrator/tasks/{task}/complete");
    let (status, _, done) = call(&router, "POST", &complete, None, Some(json!({"variables": {"x": 1}}))).await;
    assert_eq!((status, &done["status"]), (200, &json!("completed")));
    let (status, kind, problem) = call(&router, "POST", &complete, None, Some(json!({}))).await;
    assert_eq!((status, kind.as_str()), (409, "application/problem+json"));
    assert!(problem["detail"].as_str().unwrap().len() > 20, "{problem}");
    let history = format!("/orchestrator/instances/{}/history", first["id"].as_str().unwrap());
    let (status, _, body) = call(&router, "GET", &history, None, None).await;
    assert!(
        status == 200 && body["items"].as_array().unwrap().len() == 3,
        "start, claim, complete: {body}"
    );
}

#[tokio::test]
async fn bad_requests_are_told_what_is_wrong() {
    let system = System::new();
    let guard = Guard::open(system.store.clone(), system.clock.clone());
    let router = orchestrator::routes(system.orchestrator.clone()).guard(&guard);
    for (method, path, body, status) in [
        ("GET", "/orchestrator/instances/nothing", None, 404),
        ("GET", "/orchestrator/tasks/nothing.1", None, 404),
        ("GET", "/orchestrator/definitions/nothing/xml", None, 404),
        ("GET", "/orchestrator/instances?limit=0", None, 400),
        ("GET", "/orchestrator/instances?limit=many", None, 400),
        ("GET", "/orchestrator/instances?status=asleep", None, 400),
        ("GET", "/orchestrator/tasks?state=asleep", None, 400),
        ("GET", "/orchestrator/tasks?assignee=nobody", None, 400),
        (
            "POST",
            "/orchestrator/instances",
            Some(json!({"definition": "nothing"})),
            404,
        ),
        ("POST", "/orchestrator/instances", Some(json!({"definition": 7})), 400),
        ("POST", "/orchestrator/tasks/nothing.1/complete", Some(json!({})), 404),
        (
            "POST",
            "/orchestrator/messages",
            Some(json!({"name": "x", "key": "y"})),
            404,
        ),
        ("POST", "/orchestrator/deployments", Some(json!({"files": []})), 422),
    ] {
        let (found, kind, problem) = call(&router, method, path, None, body).await;
        assert_eq!(
            (found, kind.as_str()),
            (status, "application/problem+json"),
            "{method} {path}: {problem}"
        );
        assert!(problem["detail"].is_string(), "{problem}");
    }
}
