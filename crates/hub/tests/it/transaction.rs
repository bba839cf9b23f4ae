//! Bundles: all or nothing, references, conditions, order; batches entry by entry.

use crate::server::{BASE, Reply, Server};
use http::StatusCode;
use serde_json::{Value, json};

fn bundle(kind: &str, entries: Value) -> Value {
    json!({"resourceType": "Bundle", "type": kind, "entry": entries})
}

fn create(full_url: &str, resource: Value) -> Value {
    json!({"fullUrl": full_url, "request": {"method": "POST", "url": resource["resourceType"]}, "resource": resource})
}

fn observation(subject: &str) -> Value {
    json!({"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "subject": {"reference": subject}})
}

async fn transact(server: &Server, entries: Value) -> Reply {
    server.post("/", &bundle("transaction", entries)).await
}

#[tokio::test]
async fn references_between_entries_are_resolved() {
    let server = Server::new();
    let other = "http://elsewhere.example/fhir";
    let reply = transact(&server, json!([
        create("urn:uuid:1b2f", json!({"resourceType": "Patient",
            "text": {"status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\"><a href=\"urn:uuid:1b2f\">io</a></div>"},
            "identifier": [{"system": "urn:x", "value": "urn:uuid:1b2f"}]})),
        create("urn:uuid:obs1", observation("urn:uuid:1b2f")),
        create(&format!("{other}/Patient/7"), json!({"resourceType": "Patient"})),
        create(&format!("{other}/Observation/7"), observation("Patient/7")),
        create(&format!("{other}/Observation/8"), observation(&format!("{other}/Patient/7"))),
        create("urn:uuid:obs2", observation(&format!("{BASE}/Patient/p9"))),
        create("urn:uuid:obs3", observation("Patient/p9")),
    ])).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    insta::assert_snapshot!(reply.pretty());
    let subject = |id: &'static str| {
        let server = &server;
        async move { server.get(&format!("/Observation/{id}")).await.json()["subject"]["reference"].clone() }
    };
    assert_eq!(subject("id-2").await, "Patient/id-1");
    assert_eq!(subject("id-4").await, "Patient/id-3");
    assert_eq!(subject("id-5").await, "Patient/id-3");
    assert_eq!(subject("id-6").await, "Patient/p9");
    assert_eq!(subject("id-7").await, "Patient/p9");
    let patient = server.get("/Patient/id-1").await;
    assert!(patient.text.contains("href=\\\"Patient/id-1\\\""), "{}", patient.text);
    assert_eq!(
        patient.json()["identifier"][0]["value"],
        "urn:uuid:1b2f",
        "an identifier is no link"
    );
}

#[tokio::test]
async fn one_bad_entry_and_nothing_is_stored() {
    let server = Server::new();
    let good = create("urn:uuid:1", json!({"resourceType": "Patient"}));
    let bad: &[(Value, &str, u16)] = &[
        (
            create("urn:uuid:2", json!({"resourceType": "Patient", "nome": "x"})),
            "Bundle.entry[1].resource.nome",
            422,
        ),
        (
            create("urn:uuid:2", observation("urn:uuid:none")),
            "Bundle.entry[1]",
            400,
        ),
        (
            create("urn:uuid:2", observation("Patient?identifier=none")),
            "Bundle.entry[1]",
            412,
        ),
        (
            json!({"request": {"method": "PATCH", "url": "Patient/1"}}),
            "Bundle.entry[1]",
            400,
        ),
        (json!({"resource": {"resourceType": "Patient"}}), "Bundle.entry[1]", 400),
        (
            json!({"request": {"method": "PUT", "url": "Patient/1", "ifMatch": "W/\"4\""},
            "resource": {"resourceType": "Patient", "id": "1"}}),
            "Bundle.entry[1]",
            412,
        ),
        (
            json!({"request": {"method": "PUT", "url": "Patient/1"}, "resource": {"resourceType": "Patient"}}),
            "Bundle.entry[1]",
            400,
        ),
        (
            json!({"request": {"method": "POST", "url": "Paziente"}, "resource": {"resourceType": "Patient"}}),
            "Bundle.entry[1]",
            404,
        ),
    ];
    for (entry, place, status) in bad {
        let reply = transact(&server, json!([good, entry])).await;
        assert_eq!(reply.status.as_u16(), *status, "{}", reply.text);
        let expression = reply.json()["issue"][0]["expression"][0].clone();
        assert_eq!(expression.as_str().unwrap(), *place, "{}", reply.text);
    }
    assert_eq!(server.get("/Patient?_summary=count").await.json()["total"], 0);
}

#[tokio::test]
async fn the_same_resource_twice_is_refused() {
    let server = Server::new();
    let put =
        json!({"request": {"method": "PUT", "url": "Patient/1"}, "resource": {"resourceType": "Patient", "id": "1"}});
    let delete = json!({"request": {"method": "DELETE", "url": "Patient/1"}});
    let reply = transact(&server, json!([put, put])).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        reply.diagnostics(),
        "entry 0 already changes Patient/1: one entry for each resource"
    );
    server.put(&json!({"resourceType": "Patient", "id": "1"})).await;
    let reply = transact(&server, json!([put, delete])).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{}", reply.text);
    assert_eq!(server.get("/Patient/1").await.header("etag"), "W/\"1\"");
}

#[tokio::test]
async fn conditions_inside_a_transaction() {
    let server = Server::new();
    let doctor = json!({"resourceType": "Practitioner", "identifier": [{"system": "urn:cf", "value": "A"}]});
    let mut entry = create("urn:uuid:d", doctor.clone());
    entry["request"]["ifNoneExist"] = json!("identifier=urn:cf|A");
    let mut twin = entry.clone();
    twin["fullUrl"] = json!("urn:uuid:d2");
    let performer = |who: &str| {
        let mut value = observation("Patient/p");
        value["performer"] = json!([{"reference": who}]);
        value
    };
    let entries = json!([
        entry,
        twin,
        create("urn:uuid:1", performer("urn:uuid:d")),
        create("urn:uuid:2", performer("urn:uuid:d2")),
        create("urn:uuid:3", performer("Practitioner?identifier=urn:cf|A")),
    ]);
    for round in ["201 Created", "200 OK"] {
        let reply = transact(&server, entries.clone()).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
        let answer = reply.json();
        assert_eq!(answer["entry"][0]["response"]["status"], round);
        assert_eq!(answer["entry"][1]["response"]["status"], "200 OK");
        assert_eq!(
            answer["entry"][0]["response"]["location"],
            answer["entry"][1]["response"]["location"]
        );
    }
    assert_eq!(server.get("/Practitioner?_summary=count").await.json()["total"], 1);
    assert_eq!(
        server
            .get("/Observation?performer:Practitioner.identifier=A&_summary=count")
            .await
            .json()["total"],
        6
    );
}

#[tokio::test]
async fn concurrent_transactions_with_one_condition_make_one() {
    let server = Server::new();
    let one = |n: usize| {
        let mut entry = create(
            "urn:uuid:d",
            json!({"resourceType": "Practitioner",
            "identifier": [{"system": "urn:cf", "value": "A"}]}),
        );
        entry["request"]["ifNoneExist"] = json!("identifier=urn:cf|A");
        let mut value = observation("Patient/p");
        value["performer"] = json!([{"reference": "urn:uuid:d"}]);
        value["id"] = json!(format!("ignored-{n}"));
        let entries = json!([entry, create("urn:uuid:o", value)]);
        let server = &server;
        async move { transact(server, entries).await.status }
    };
    let statuses = futures::future::join_all((0..30).map(one)).await;
    assert!(statuses.iter().all(|s| *s == StatusCode::OK), "{statuses:?}");
    assert_eq!(server.get("/Practitioner?_summary=count").await.json()["total"], 1);
    assert_eq!(
        server
            .get("/Observation?performer:Practitioner.identifier=A&_summary=count")
            .await
            .json()["total"],
        30
    );
}

#[tokio::test]
async fn verbs_go_in_the_order_of_the_standard() {
    let server = Server::new();
    server
        .put(&json!({"resourceType": "Patient", "id": "old", "identifier": [{"value": "A"}]}))
        .await;
    let mut made = create(
        "urn:uuid:1",
        json!({"resourceType": "Patient", "identifier": [{"value": "A"}]}),
    );
    made["request"]["ifNoneExist"] = json!("identifier=A");
    let reply = transact(
        &server,
        json!([
            {"request": {"method": "GET", "url": "Patient?identifier=A"}},
            {"request": {"method": "GET", "url": "Patient/old"}},
            {"request": {"method": "PUT", "url": "Group/g"},
                "resource": {"resourceType": "Group", "id": "g", "type": "person", "actual": true}},
            made,
            {"request": {"method": "DELETE", "url": "Patient/old"}},
        ]),
    )
    .await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    let answer = reply.json();
    let status = |n: usize| answer["entry"][n]["response"]["status"].as_str().unwrap().to_owned();
    assert_eq!(
        (0..5).map(status).collect::<Vec<_>>(),
        ["200 OK", "410 Gone", "201 Created", "201 Created", "204 No Content"]
    );
    assert_eq!(answer["entry"][0]["resource"]["total"], 1);
}

#[tokio::test]
async fn a_batch_does_what_it_can() {
    let server = Server::new();
    server
        .put(&json!({"resourceType": "Patient", "id": "p", "name": [{"family": "Rossi"}]}))
        .await;
    let reply = server.post("/", &bundle("batch", json!([
        {"request": {"method": "GET", "url": "Patient/p"}},
        {"request": {"method": "GET", "url": "Patient?family=rossi"}},
        {"request": {"method": "GET", "url": "Patient/none"}},
        {"request": {"method": "PUT", "url": "Patient/q"}, "resource": {"resourceType": "Patient", "id": "q"}},
        {"request": {"method": "POST", "url": "Patient"}, "resource": {"resourceType": "Patient", "nome": 1}},
        {"request": {"method": "GET", "url": "Patient/p/_history/1", "ifNoneMatch": "W/\"1\""}},
        {"request": {"method": "DELETE", "url": "/Patient/p"}},
        {"request": {"url": "Patient/p"}},
        {"request": {"method": "GET", "url": "metadata"}},
        {"request": {"method": "GET", "url": "nowhere/at/all/never"}},
    ]))).await;
    assert_eq!(reply.status, StatusCode::OK);
    let answer = reply.json();
    let status = |n: usize| answer["entry"][n]["response"]["status"].as_str().unwrap()[..3].to_owned();
    let statuses: Vec<String> = (0..10).map(status).collect();
    assert_eq!(
        statuses,
        ["200", "200", "404", "201", "422", "304", "204", "400", "200", "404"]
    );
    assert_eq!(answer["entry"][1]["resource"]["total"], 1);
    assert_eq!(
        answer["entry"][4]["response"]["outcome"]["resourceType"],
        "OperationOutcome"
    );
}

#[tokio::test]
async fn a_representation_is_sent_when_preferred() {
    let server = Server::new();
    let entries = json!([create("urn:uuid:1", json!({"resourceType": "Patient"}))]);
    let headers = [("prefer", "return=representation")];
    let text = bundle("transaction", entries).to_string();
    let reply = server.call(http::Method::POST, "/", &headers, text).await.json();
    assert_eq!(reply["entry"][0]["resource"]["id"], "id-1");
}

#[tokio::test]
async fn a_full_url_is_of_one_entry_and_no_version() {
    let server = Server::new();
    let twin = create("urn:uuid:1", json!({"resourceType": "Patient"}));
    let reply = transact(&server, json!([twin, twin])).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        reply.diagnostics(),
        "fullUrl 'urn:uuid:1' is that of entry 0 too; each entry needs its own"
    );
    let of_version = create("http://x/fhir/Patient/1/_history/2", json!({"resourceType": "Patient"}));
    assert_eq!(
        transact(&server, json!([of_version])).await.status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn conditional_entries_name_each_other() {
    let server = Server::new();
    let put = json!({"request": {"method": "PUT", "url": "Practitioner?identifier=urn:cf|A"},
        "resource": {"resourceType": "Practitioner", "identifier": [{"system": "urn:cf", "value": "A"}]}});
    let mut about = observation("Patient/p");
    about["performer"] = json!([{"reference": "Practitioner?identifier=urn:cf|A"}]);
    let mut made = create("urn:uuid:o", about);
    // the whole URL of a search is taken as its criteria
    made["request"]["ifNoneExist"] = json!(format!("{BASE}/Observation?identifier=urn:o|1"));
    made["resource"]["identifier"] = json!([{"system": "urn:o", "value": "1"}]);
    let only_new = json!({"request": {"method": "PUT", "url": "Patient/p", "ifNoneMatch": "*"},
        "resource": {"resourceType": "Patient", "id": "p"}});
    let head = json!({"request": {"method": "HEAD", "url": "Patient/p"}});
    let reply = transact(&server, json!([put, made, only_new, head])).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    let answer = reply.json();
    assert_eq!(answer["entry"][3]["response"]["status"], "200 OK");
    assert!(answer["entry"][3].get("resource").is_none());
    let found = server.get("/Observation?performer:Practitioner.identifier=A").await;
    assert_eq!(found.ids("match").len(), 1);
    let again = transact(&server, json!([put, made])).await.json();
    assert_eq!(again["entry"][1]["response"]["status"], "200 OK");
    assert_eq!(
        transact(&server, json!([only_new])).await.status,
        StatusCode::PRECONDITION_FAILED
    );
}

#[tokio::test]
async fn a_thousand_entries_are_one_commit() {
    let server = Server::new();
    let mut entries = vec![create("urn:uuid:p", json!({"resourceType": "Patient"}))];
    entries.extend((0..999).map(|n| create(&format!("urn:uuid:o{n}"), observation("urn:uuid:p"))));
    let reply = transact(&server, Value::from(entries)).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(
        server.get("/Observation?patient=id-1&_summary=count").await.json()["total"],
        999
    );
}
