//! `$erase`: nothing is left of what was erased, whatever happened half-way.

use crate::server::{Reply, Server};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use store::{AuditEntry, RecordWrite, Transaction};

fn observation(id: &str) -> Value {
    json!({"resourceType": "Observation", "id": id, "status": "final", "code": {"text": "peso"},
        "subject": {"reference": "Patient/a"}})
}

async fn erase(server: &Server, references: &[&str]) -> Reply {
    let mut parameters: Vec<Value> = references
        .iter()
        .map(|one| json!({"name": "resource", "valueReference": {"reference": one}}))
        .collect();
    parameters.push(json!({"name": "by", "valueString": "Practitioner/ufficio"}));
    parameters.push(json!({"name": "reason", "valueString": "articolo 17"}));
    let body = json!({"resourceType": "Parameters", "parameter": parameters});
    let headers = [("content-type", "application/fhir+json")];
    server.call(Method::POST, "/$erase", &headers, body.to_string()).await
}

async fn gone(server: &Server, id: &str) -> bool {
    let mut snapshot = server.store.snapshot().await.unwrap();
    snapshot.vread("Observation", id, 1).await.unwrap().is_none()
}

#[tokio::test]
async fn versions_go_and_what_is_not_named_stays() {
    let server = Server::new();
    for id in ["uno", "due"] {
        assert!(server.put(&observation(id)).await.status.is_success());
    }
    let reply = erase(&server, &["Observation/uno"]).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    assert_eq!(reply.json()["parameter"][0]["valueInteger"], 1);
    assert!(gone(&server, "uno").await);
    assert!(!gone(&server, "due").await);
    let wrong = erase(&server, &["Observation/due", "Foglio/due"]).await;
    assert!(wrong.status.is_client_error(), "{}", wrong.text);
    assert!(!gone(&server, "due").await, "a list with a mistake erases nothing");
}

#[tokio::test]
async fn an_erasure_that_stopped_after_the_deletion_is_finished_later() {
    let server = Server::new();
    assert!(server.put(&observation("uno")).await.status.is_success());
    // The program stopped here: the list is written down, the resource is deleted, its versions are still kept.
    let entry = AuditEntry {
        action: "ERASE".into(),
        target: "Observation/uno".into(),
        ..AuditEntry::default()
    };
    let part = json!({"resources": [["Observation", "uno"]], "entry": entry});
    let record = RecordWrite {
        kind: "erasure".into(),
        key: "list.000000".into(),
        must_be_new: true,
        value: Some(part.to_string().into_bytes()),
    };
    let transaction = Transaction {
        records: vec![record],
        ..Transaction::default()
    };
    server.store.commit(transaction).await.unwrap();
    let deleted = server.call(Method::DELETE, "/Observation/uno", &[], "").await;
    assert!(deleted.status.is_success());
    assert!(!gone(&server, "uno").await);
    assert_eq!(server.hub.finish_erasures().await.unwrap(), 1);
    assert!(gone(&server, "uno").await);
    let left = server
        .store
        .snapshot()
        .await
        .unwrap()
        .records("erasure", "", 5)
        .await
        .unwrap();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(server.hub.finish_erasures().await.unwrap(), 0);
}
