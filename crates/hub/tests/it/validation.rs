//! Validation on write: value sets of the store, policies that warn, references that must lead somewhere.

use crate::server::{Reply, Server};
use http::{Method, StatusCode};
use serde_json::{Value, json};

fn server(policy: &str) -> Server {
    Server::with(|config| config.validation = policy.parse().unwrap())
}

async fn sent(server: &Server, path: &str, body: &Value) -> Reply {
    let prefer = [("prefer", "return=OperationOutcome")];
    server.call(Method::POST, path, &prefer, body.to_string()).await
}

fn transaction(entries: Value) -> Value {
    json!({"resourceType": "Bundle", "type": "transaction", "entry": entries})
}

fn codes(codes: &[&str]) -> Value {
    let concepts: Vec<Value> = codes.iter().map(|code| json!({"code": code})).collect();
    json!({"resourceType": "CodeSystem", "id": "cs", "url": "http://x/cs", "status": "active", "content": "complete",
        "concept": concepts})
}

#[tokio::test]
async fn bindings_are_checked_against_the_value_sets_of_the_store() {
    let server = server("reject; Patient=reject:profiles,bindings");
    let set = json!({"resourceType": "ValueSet", "id": "vs", "url": "http://x/vs", "status": "active",
        "compose": {"include": [{"system": "http://x/cs"}]}});
    let profile = json!({"resourceType": "StructureDefinition", "id": "p", "url": "http://x/p", "name": "P", "status": "draft",
        "kind": "resource", "abstract": false, "type": "Patient", "derivation": "constraint",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
        "differential": {"element": [{"id": "Patient.maritalStatus", "path": "Patient.maritalStatus",
            "binding": {"strength": "required", "valueSet": "http://x/vs"}}]}});
    let patient = |code: &str| {
        json!({"resourceType": "Patient", "meta": {"profile": ["http://x/p"]},
            "maritalStatus": {"coding": [{"system": "http://x/cs", "code": code}]}})
    };
    assert_eq!(server.put(&profile).await.status, StatusCode::CREATED);
    // what is not known is not wrong
    assert_eq!(server.post("/Patient", &patient("b")).await.status, StatusCode::CREATED);
    assert_eq!(server.put(&set).await.status, StatusCode::CREATED);
    assert_eq!(server.put(&codes(&["a"])).await.status, StatusCode::CREATED);
    assert_eq!(server.post("/Patient", &patient("a")).await.status, StatusCode::CREATED);
    let refused = server.post("/Patient", &patient("b")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("http://x/vs"), "{}", refused.text);
    let told = server.post("/Patient/$validate", &patient("b")).await;
    assert_eq!(told.json()["issue"][0]["severity"], "error", "{}", told.text);
    // a new version of the code system counts at once
    assert_eq!(server.put(&codes(&["a", "b"])).await.status, StatusCode::OK);
    assert_eq!(server.post("/Patient", &patient("b")).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_policy_that_warns_tells_clients_that_ask() {
    let server = server("warn:all");
    let broken = json!({"resourceType": "Patient", "contact": [{"gender": "male"}]});
    let told = sent(&server, "/Patient", &broken).await;
    assert_eq!(told.status, StatusCode::CREATED, "{}", told.text);
    let issues = told.json()["issue"].as_array().unwrap().clone();
    let warning = issues
        .iter()
        .find(|issue| issue["diagnostics"].as_str().unwrap().contains("pat-1"))
        .unwrap_or_else(|| panic!("{}", told.text));
    assert_eq!(
        (&warning["severity"], &warning["expression"][0]),
        (&json!("warning"), &json!("Patient.contact[0]"))
    );
    let bundle = transaction(json!([{"resource": broken, "request": {"method": "POST", "url": "Patient"}}]));
    let reply = sent(&server, "", &bundle).await.json();
    let outcome = &reply["entry"][0]["response"]["outcome"];
    assert!(outcome.to_string().contains("pat-1"), "{reply}");
    let unknown = sent(&server, "/Patient", &json!({"resourceType": "Patient", "nome": "x"})).await;
    assert_eq!(unknown.status, StatusCode::CREATED);
    assert!(unknown.text.contains("Patient.nome"), "{}", unknown.text);
    assert_eq!(server.post("/Patient", &broken).await.json()["resourceType"], "Patient");
}

#[tokio::test]
async fn references_lead_to_what_is_stored_or_comes_with_them() {
    let server = server("reject; Observation=reject:references");
    let observation = |subject: &str| json!({"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "subject": {"reference": subject}});
    let refused = server.post("/Observation", &observation("Patient/none")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.json()["issue"][0]["expression"][0], "Observation.subject");
    let told = server
        .post("/Observation/$validate", &observation("Patient/none"))
        .await;
    assert!(told.text.contains("Patient/none"), "{}", told.text);
    let patient = json!({"resourceType": "Patient", "id": "a"});
    assert_eq!(server.put(&patient).await.status, StatusCode::CREATED);
    for good in [
        "Patient/a",
        "Patient/a/_history/1",
        "http://hub.test/fhir/Patient/a",
        "http://elsewhere/Patient/b",
    ] {
        assert_eq!(
            server.post("/Observation", &observation(good)).await.status,
            StatusCode::CREATED,
            "{good}"
        );
    }
    let post = json!({"method": "POST", "url": "Observation"});
    let link = "urn:uuid:11111111-1111-1111-1111-111111111111";
    let together = transaction(json!([
        {"resource": observation(link), "request": post},
        {"fullUrl": link, "resource": {"resourceType": "Patient"}, "request": {"method": "POST", "url": "Patient"}},
        {"resource": observation("Patient/b"), "request": post},
        {"resource": {"resourceType": "Patient", "id": "b"}, "request": {"method": "PUT", "url": "Patient/b"}}]));
    let done = server.post("", &together).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    let gone = transaction(json!([
        {"request": {"method": "DELETE", "url": "Patient/b"}},
        {"resource": observation("Patient/b"), "request": post}]));
    let refused = server.post("", &gone).await;
    assert!(refused.status.is_client_error(), "{}", refused.text);
    assert!(refused.text.contains("Patient/b"), "{}", refused.text);
    assert_eq!(server.get("/Patient/b").await.status, StatusCode::OK);
}
