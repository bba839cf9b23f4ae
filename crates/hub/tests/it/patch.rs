//! JSON Patch over HTTP, by condition, and in bundles.

use crate::server::Server;
use base64::Engine as _;
use http::{Method, StatusCode};
use serde_json::{Value, json};

const PATCH: (&str, &str) = ("content-type", "application/json-patch+json");

async fn server() -> Server {
    let server = Server::new();
    let patient = json!({"resourceType": "Patient", "id": "p", "active": true,
        "identifier": [{"system": "s", "value": "1"}], "telecom": [{"value": "06"}]});
    assert_eq!(server.put(&patient).await.status, StatusCode::CREATED);
    server
}

fn entry(url: &str, patch: &Value) -> Value {
    let data = base64::engine::general_purpose::STANDARD.encode(patch.to_string());
    json!({"resource": {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": data},
        "request": {"method": "PATCH", "url": url}})
}

#[tokio::test]
async fn a_patch_makes_the_next_version() {
    let server = server().await;
    let patch = json!([
        {"op": "test", "path": "/active", "value": true},
        {"op": "replace", "path": "/active", "value": false},
        {"op": "add", "path": "/name", "value": [{"family": "Rossi"}]},
        {"op": "remove", "path": "/telecom/0"},
    ]);
    let tag = ("if-match", "W/\"1\"");
    let done = server
        .call(Method::PATCH, "/Patient/p", &[PATCH, tag], patch.to_string())
        .await;
    assert_eq!(
        (done.status, done.header("etag")),
        (StatusCode::OK, "W/\"2\""),
        "{}",
        done.text
    );
    let now = server.get("/Patient/p").await.json();
    assert_eq!(
        (&now["active"], &now["name"][0]["family"]),
        (&json!(false), &json!("Rossi"))
    );
    assert!(now.get("telecom").is_none(), "what is empty is left out");
    let stale = server
        .call(Method::PATCH, "/Patient/p", &[PATCH, tag], patch.to_string())
        .await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
    let failed = server
        .call(Method::PATCH, "/Patient/p", &[PATCH], patch.to_string())
        .await;
    assert_eq!(failed.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        failed.diagnostics(),
        "the patch does not fit Patient/p: operation 0: the test failed: /active is not what the patch expects"
    );
}

#[tokio::test]
async fn a_patch_cannot_break_the_resource_or_its_identity() {
    let server = server().await;
    for (patch, status) in [
        (
            json!([{"op": "replace", "path": "/id", "value": "q"}]),
            StatusCode::BAD_REQUEST,
        ),
        (
            json!([{"op": "replace", "path": "/resourceType", "value": "Group"}]),
            StatusCode::BAD_REQUEST,
        ),
        (
            json!([{"op": "add", "path": "/nome", "value": "x"}]),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
    ] {
        let done = server
            .call(Method::PATCH, "/Patient/p", &[PATCH], patch.to_string())
            .await;
        assert_eq!(done.status, status, "{}", done.text);
    }
    assert_eq!(server.get("/Patient/p").await.header("etag"), "W/\"1\"");
}

#[tokio::test]
async fn patches_by_condition_and_at_the_same_time_all_count() {
    let server = server().await;
    let one = |n: usize| {
        let patch = json!([{"op": "add", "path": "/telecom/-", "value": {"value": n.to_string()}}]);
        let server = &server;
        async move {
            server
                .call(Method::PATCH, "/Patient?identifier=s|1", &[PATCH], patch.to_string())
                .await
                .status
        }
    };
    let statuses = futures::future::join_all((0..20).map(one)).await;
    assert!(statuses.iter().all(|status| *status == StatusCode::OK), "{statuses:?}");
    let now = server.get("/Patient/p").await.json();
    assert_eq!(now["telecom"].as_array().unwrap().len(), 21);
}

#[tokio::test]
async fn bundles_patch_too() {
    let server = server().await;
    for kind in ["batch", "transaction"] {
        let patch = json!([{"op": "add", "path": "/gender", "value": "female"},
            {"op": "add", "path": "/managingOrganization", "value": {"reference": "Organization/o"}}]);
        let bundle = json!({"resourceType": "Bundle", "type": kind,
            "entry": [entry("Patient?identifier=s|1", &patch)]});
        let done = server.post("/", &bundle).await;
        assert_eq!(done.json()["entry"][0]["response"]["status"], "200 OK", "{}", done.text);
        assert_eq!(server.get("/Patient/p").await.json()["gender"], "female");
    }
    assert_eq!(server.get("/Patient/p").await.header("etag"), "W/\"3\"");
    // one that does not fit undoes the rest
    let bad = json!([{"op": "remove", "path": "/photo"}]);
    let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": [
        {"resource": {"resourceType": "Patient", "id": "q"}, "request": {"method": "PUT", "url": "Patient/q"}},
        entry("Patient/p", &bad)]});
    let done = server.post("/", &bundle).await;
    assert_eq!(done.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", done.text);
    assert_eq!(server.get("/Patient/q").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn parameters_patch_by_fhirpath_in_json_xml_and_bundles() {
    let server = server().await;
    let parameters = |value: &str| {
        json!({"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [
            {"name": "type", "valueCode": "replace"},
            {"name": "path", "valueString": "Patient.telecom.where(value = '06').value"},
            {"name": "value", "valueString": value}]}]})
    };
    let json = ("content-type", "application/fhir+json");
    let done = server
        .call(Method::PATCH, "/Patient/p", &[json], parameters("07").to_string())
        .await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    assert_eq!(server.get("/Patient/p").await.json()["telecom"][0]["value"], "07");
    let again = server
        .call(Method::PATCH, "/Patient/p", &[json], parameters("08").to_string())
        .await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "06 is no longer there");
    let xml = "<Parameters xmlns='http://hl7.org/fhir'><parameter><name value='operation'/>\
        <part><name value='type'/><valueCode value='delete'/></part>\
        <part><name value='path'/><valueString value='Patient.telecom[0]'/></part></parameter></Parameters>";
    let done = server
        .call(
            Method::PATCH,
            "/Patient/p",
            &[("content-type", "application/fhir+xml")],
            xml,
        )
        .await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    assert!(server.get("/Patient/p").await.json().get("telecom").is_none());
    let gender = json!({"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [
        {"name": "type", "valueCode": "add"}, {"name": "path", "valueString": "Patient"},
        {"name": "name", "valueString": "gender"}, {"name": "value", "valueCode": "female"}]}]});
    let bundle = json!({"resourceType": "Bundle", "type": "transaction",
        "entry": [{"resource": gender, "request": {"method": "PATCH", "url": "Patient/p"}}]});
    let done = server.post("/", &bundle).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    assert_eq!(server.get("/Patient/p").await.json()["gender"], "female");
}

#[tokio::test]
async fn a_merge_patch_replaces_what_it_names() {
    let server = Server::new();
    server
        .put(
            &json!({"resourceType": "Patient", "id": "m", "active": true, "gender": "male", "name": [{"family": "A"}]}),
        )
        .await;
    let change = json!({"active": null, "name": [{"family": "B"}], "birthDate": "1950"}).to_string();
    for media in ["application/merge-patch+json", "application/json"] {
        let headers = [("content-type", media)];
        let done = server.call(Method::PATCH, "/Patient/m", &headers, change.clone()).await;
        assert_eq!(done.status, StatusCode::OK, "{media}: {}", done.text);
        let value = done.json();
        assert_eq!((value.get("active"), &value["gender"]), (None, &json!("male")));
        assert_eq!(
            (&value["name"][0]["family"], &value["birthDate"]),
            (&json!("B"), &json!("1950"))
        );
    }
}
