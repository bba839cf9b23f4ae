//! The same resources in XML, asked for and sent in every way the standard knows.

use crate::server::Server;
use axum::body::Body;
use http::{Method, StatusCode};
use hub::Validation;
use serde_json::json;

const XML: (&str, &str) = ("content-type", "application/fhir+xml; charset=utf-8");
const ROSSI: &str = "<Patient xmlns=\"http://hl7.org/fhir\"><id value=\"p\"/><active value=\"true\"/></Patient>";

#[tokio::test]
async fn a_client_that_speaks_xml_is_answered_in_xml() {
    let server = Server::new();
    let put = server.call(Method::PUT, "/Patient/p", &[XML], ROSSI).await;
    assert_eq!(put.status, StatusCode::CREATED, "{}", put.text);
    assert_eq!(put.header("content-type"), "application/fhir+xml");
    insta::assert_snapshot!(put.text);
    let stored = server.get("/Patient/p").await;
    assert_eq!(stored.header("content-type"), "application/fhir+json");
    assert_eq!(stored.json()["active"], true);
    for accept in ["application/fhir+xml", "text/xml", "application/xml;q=0.9, text/html"] {
        let read = server
            .call(Method::GET, "/Patient/p", &[("accept", accept)], Body::empty())
            .await;
        assert_eq!(
            (read.header("content-type"), &read.text),
            ("application/fhir+xml", &put.text)
        );
    }
    // _format wins over Accept
    for (format, accept, media) in [
        ("xml", "application/fhir+json", "application/fhir+xml"),
        ("application/fhir+xml", "*/*", "application/fhir+xml"),
        ("json", "application/fhir+xml", "application/fhir+json"),
    ] {
        let path = format!("/Patient/p?_format={format}");
        let read = server
            .call(Method::GET, &path, &[("accept", accept)], Body::empty())
            .await;
        assert_eq!((read.status, read.header("content-type")), (StatusCode::OK, media));
    }
}

#[tokio::test]
async fn searches_capabilities_and_errors_come_in_xml_too() {
    let server = Server::new();
    server.call(Method::PUT, "/Patient/p", &[XML], ROSSI).await;
    let found = server.get("/Patient?_format=xml").await;
    assert!(
        found.text.contains("<resource><Patient><id value=\"p\"/>") && found.text.contains("<total value=\"1\"/>"),
        "{}",
        found.text
    );
    let metadata = server.get("/metadata?_format=xml").await;
    assert!(metadata.text.contains("<CapabilityStatement ") && metadata.text.contains("<format value=\"xml\"/>"));
    let none = server.get("/Patient/none?_format=xml").await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    assert!(
        none.text
            .contains("<diagnostics value=\"Patient/none does not exist\"/>"),
        "{}",
        none.text
    );
}

#[tokio::test]
async fn a_transaction_in_xml_is_done_and_answered_in_xml() {
    let server = Server::new();
    let bundle = format!(
        "<Bundle xmlns=\"http://hl7.org/fhir\"><type value=\"transaction\"/><entry><resource>{}</resource>\
         <request><method value=\"PUT\"/><url value=\"Patient/p\"/></request></entry></Bundle>",
        ROSSI.replace(" xmlns=\"http://hl7.org/fhir\"", "")
    );
    let done = server.call(Method::POST, "/", &[XML], bundle).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    assert!(done.text.contains("<status value=\"201 Created\"/>"), "{}", done.text);
    assert_eq!(server.get("/Patient/p").await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_xml_cannot_hold_is_told_in_json() {
    let server = Server::with(|config| config.validation = Validation::Off.into());
    server
        .put(&json!({"resourceType": "Patient", "id": "p", "name": [{"family": "a\u{7}"}]}))
        .await;
    let read = server.get("/Patient/p?_format=xml").await;
    assert_eq!(read.status, StatusCode::NOT_ACCEPTABLE);
    assert_eq!(
        read.diagnostics(),
        "this has no XML form, ask for JSON: Patient.name[0].family: holds the control character U+0007, which XML cannot hold"
    );
}
