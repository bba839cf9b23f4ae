//! $everything, $validate, $meta and $lastn.

use crate::server::{BASE, Reply, Server};
use axum::body::Body;
use http::{Method, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn observation(id: &str, patient: &str, code: &Value, date: &str) -> Value {
    json!({"resourceType": "Observation", "id": id, "status": "final", "code": code,
        "effectiveDateTime": date, "subject": {"reference": format!("Patient/{patient}")},
        "performer": [{"reference": "Practitioner/dr"}]})
}

fn weight() -> Value {
    json!({"coding": [{"system": "http://loinc.org", "code": "29463-7"}]})
}

async fn region() -> Server {
    let server = Server::new();
    let mut all = vec![json!({"resourceType": "Practitioner", "id": "dr"})];
    for patient in ["a", "b"] {
        all.push(
            json!({"resourceType": "Patient", "id": patient, "managingOrganization": {"reference": "Organization/o"},
            "link": [{"other": {"reference": "Patient/b"}, "type": "seealso"}]}),
        );
        for n in 1..=3 {
            let date = format!("2025-01-0{n}");
            all.push(observation(&format!("{patient}{n}"), patient, &weight(), &date));
        }
        all.push(json!({"resourceType": "Condition", "id": format!("{patient}c"),
            "subject": {"reference": format!("Patient/{patient}")}}));
    }
    all.push(json!({"resourceType": "Organization", "id": "o"}));
    for resource in all {
        assert!(server.put(&resource).await.status.is_success());
    }
    server
}

fn both(reply: &Reply) -> (BTreeSet<String>, BTreeSet<String>) {
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    (
        reply.ids("match").into_iter().collect(),
        reply.ids("include").into_iter().collect(),
    )
}

fn set(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

#[tokio::test]
async fn everything_of_a_patient_and_nothing_of_others() {
    let server = region().await;
    let all = server.get("/Patient/a/$everything").await;
    assert_eq!(both(&all), (set(&["a", "a1", "a2", "a3", "ac"]), set(&["dr", "o"])));
    assert_eq!(all.ids("match")[0], "a", "the patient comes first");
    let some = server.get("/Patient/a/$everything?_type=Observation").await;
    assert_eq!(both(&some), (set(&["a1", "a2", "a3"]), set(&[])));
    for (path, status) in [
        ("/Patient/none/$everything", StatusCode::NOT_FOUND),
        ("/Encounter/a/$everything", StatusCode::NOT_FOUND),
        ("/Condition/ac/$everything", StatusCode::BAD_REQUEST),
        ("/Patient/a/$everything?_type=Visita", StatusCode::NOT_FOUND),
        ("/Patient/a/$everything?_page=x", StatusCode::BAD_REQUEST),
        ("/Patient/a/$everything?start=ieri", StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(server.get(path).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn everything_comes_in_pages_and_since_a_moment() {
    let server = region().await;
    let mut next = Some(format!("{BASE}/Patient/a/$everything?_count=2"));
    let (mut ids, mut pages) = (Vec::new(), 0);
    while let Some(url) = next {
        let page = server.get(&url).await;
        let matches = page.ids("match");
        assert!(matches.len() <= 2 && pages < 10);
        ids.extend(matches);
        next = page.link("next");
        pages += 1;
    }
    ids.sort();
    assert_eq!(ids, ["a", "a1", "a2", "a3", "ac"]);
    server.clock.advance(SignedDuration::from_hours(1));
    server.put(&observation("a4", "a", &weight(), "2025-02-01")).await;
    let news = server.get("/Patient/a/$everything?_since=2026-01-02T03:30:00Z").await;
    assert_eq!(both(&news), (set(&["a4"]), set(&["dr"])));
}

#[tokio::test]
async fn what_is_referred_to_comes_once_whatever_the_pages() {
    let server = region().await;
    for count in [1, 2, 3, 100] {
        let mut next = Some(format!("{BASE}/Patient/a/$everything?_count={count}"));
        let mut seen = Vec::new();
        while let Some(url) = next {
            let page = server.get(&url).await;
            let here = [page.ids("match"), page.ids("include")].concat();
            assert!(here.len() <= count, "{here:?}");
            seen.extend(here);
            next = page.link("next");
        }
        seen.sort();
        assert_eq!(seen, ["a", "a1", "a2", "a3", "ac", "dr", "o"], "_count={count}");
    }
}

#[tokio::test]
async fn everything_of_an_encounter_and_of_all_patients() {
    let server = region().await;
    server
        .put(&json!({"resourceType": "Encounter", "id": "e", "status": "finished",
            "class": {"code": "AMB"}, "subject": {"reference": "Patient/a"}}))
        .await;
    let mut of = observation("oe", "a", &weight(), "2024-05-05");
    of["encounter"] = json!({"reference": "Encounter/e"});
    server.put(&of).await;
    let found = server.get("/Encounter/e/$everything").await;
    assert_eq!(found.ids("match"), ["e", "oe"]);
    assert!(found.ids("include").contains(&"a".to_owned()), "{}", found.text);
    let dated = server
        .get("/Patient/a/$everything?start=2024-05-01&end=2024-05-31&_type=Observation")
        .await;
    assert_eq!(dated.ids("match"), ["oe"]);
    let parameters = json!({"resourceType": "Parameters", "parameter": [
        {"name": "start", "valueDate": "2024-05-01"}, {"name": "_type", "valueCode": "Observation"},
        {"name": "end", "valueDate": "2024-05-31"}]});
    assert_eq!(
        server.post("/Patient/a/$everything", &parameters).await.ids("match"),
        ["oe"]
    );
    for count in [1, 2, 100] {
        let mut next = Some(format!(
            "{BASE}/Patient/$everything?_type=Patient,Observation&_count={count}"
        ));
        let mut seen = Vec::new();
        while let Some(url) = next {
            let page = server.get(&url).await;
            assert_eq!(page.status, StatusCode::OK, "{}", page.text);
            seen.extend(page.ids("match"));
            next = page.link("next");
        }
        seen.sort();
        assert_eq!(
            seen,
            ["a", "a1", "a2", "a3", "b", "b1", "b2", "b3", "oe"],
            "_count={count}"
        );
    }
}

#[tokio::test]
async fn an_assistito_gets_everything_of_their_own_only() {
    let server = region().await;
    let bearer = server.bearer("Patient/a", "assistito");
    let headers = [("authorization", bearer.as_str())];
    let get = |path: &'static str| server.call(Method::GET, path, &headers, Body::empty());
    let own = get("/Patient/a/$everything").await;
    // The directory of who works for the health service is for everybody.
    assert_eq!(both(&own), (set(&["a", "a1", "a2", "a3", "ac"]), set(&["dr", "o"])));
    for path in [
        "/Patient/b/$everything",
        "/Patient/b/$meta",
        "/Observation/b1/$validate",
    ] {
        assert_eq!(get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(get("/Observation/$lastn?patient=b").await.ids("match"), [] as [&str; 0]);
}

#[tokio::test]
async fn validate_tells_and_stores_nothing() {
    let server = region().await;
    let sound = json!({"resourceType": "Patient", "active": true});
    let severity = |reply: &Reply| {
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
        reply.json()["issue"][0]["severity"].as_str().unwrap().to_owned()
    };
    let reply = server.post("/Patient/$validate", &sound).await;
    assert_eq!(severity(&reply), "information");
    let bad = server
        .post("/Patient/$validate", &json!({"resourceType": "Patient", "nome": "x"}))
        .await;
    assert_eq!(severity(&bad), "error");
    assert_eq!(bad.json()["issue"][0]["expression"][0], "Patient.nome");
    assert_eq!(severity(&server.post("/Observation/$validate", &sound).await), "error");
    let wrapped = json!({"resourceType": "Parameters", "parameter": [
        {"name": "resource", "resource": sound}, {"name": "mode", "valueCode": "create"},
        {"name": "profile", "valueUri": "http://x"}]});
    let reply = server.post("/Patient/$validate", &wrapped).await;
    assert_eq!(severity(&reply), "error", "a profile that is asked for must be known");
    let rule = json!({"resourceType": "Patient", "contact": [{"gender": "male"}], "gender": "m"});
    let found = server.post("/Patient/$validate", &rule).await;
    assert!(
        found.text.contains("pat-1") && found.text.contains("administrative-gender"),
        "{}",
        found.text
    );
    // a profile that is stored is used; without a snapshot one is made
    let profile = json!({"resourceType": "StructureDefinition", "id": "p", "url": "http://x", "name": "P", "status": "draft",
        "kind": "resource", "abstract": false, "type": "Patient", "derivation": "constraint",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
        "differential": {"element": [{"id": "Patient.birthDate", "path": "Patient.birthDate", "min": 1}]}});
    assert_eq!(server.put(&profile).await.status, StatusCode::CREATED);
    let found = server.post("/Patient/$validate", &wrapped).await;
    assert!(
        found.text.contains("lacks the required element 'birthDate'"),
        "{}",
        found.text
    );
    // an instance: what is sent must be that one; without a body, what is stored
    assert_eq!(severity(&server.post("/Patient/a/$validate", &sound).await), "error");
    assert_eq!(severity(&server.get("/Patient/a/$validate").await), "information");
    let mode = json!({"resourceType": "Parameters", "parameter": [{"name": "mode", "valueCode": "delete"}]});
    assert_eq!(
        severity(&server.post("/Patient/a/$validate", &mode).await),
        "information"
    );
    assert_eq!(
        server.post("/Patient/$validate", &mode).await.status,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(server.get("/Patient/a").await.header("etag"), "W/\"1\"");
    assert_eq!(server.get("/Patient?_summary=count").await.json()["total"], 2);
}

#[tokio::test]
async fn meta_comes_alone() {
    let server = region().await;
    let meta = server.get("/Patient/a/$meta").await.json();
    assert_eq!(meta["parameter"][0]["name"], "return");
    assert_eq!(meta["parameter"][0]["valueMeta"]["versionId"], "1");
    assert_eq!(server.get("/Patient/none/$meta").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn lastn_keeps_the_newest_of_each_code() {
    let server = region().await;
    // shares one of its codings with the others
    let alias = json!({"coding": [{"system": "x", "code": "peso"}, {"system": "http://loinc.org", "code": "29463-7"}]});
    server.put(&observation("alias", "a", &alias, "2025-01-09")).await;
    server
        .put(&observation("text", "a", &json!({"text": "altro"}), "2020-01-01"))
        .await;
    let ids = |reply: Reply| reply.ids("match");
    let last = server.get("/Observation/$lastn?patient=a").await;
    assert_eq!(ids(last), ["alias", "text"]);
    let last = server.get("/Observation/$lastn?subject=Patient/a&max=3").await;
    assert_eq!(ids(last), ["alias", "a3", "a2", "text"]);
    let last = server
        .get("/Observation/$lastn?patient=a&code=http://loinc.org|29463-7&date=lt2025-01-03")
        .await;
    assert_eq!(ids(last), ["a2"]);
    for path in [
        "/Observation/$lastn",
        "/Observation/$lastn?patient=a&max=0",
        "/Observation/$lastn?patient=a&nome=x",
        "/Condition/$lastn?patient=a",
    ] {
        assert_eq!(server.get(path).await.status, StatusCode::BAD_REQUEST, "{path}");
    }
}

#[tokio::test]
async fn operations_are_done_in_a_batch_and_listed() {
    let server = region().await;
    let get = |url: &str| json!({"request": {"method": "GET", "url": url}});
    let bundle = json!({"resourceType": "Bundle", "type": "batch",
        "entry": [get("Observation/$lastn?patient=a"), get("Patient/a/$everything?_type=Patient")]});
    let prefer = ("prefer", "return=representation");
    let done = server
        .call(Method::POST, "/", &[prefer], bundle.to_string())
        .await
        .json();
    assert_eq!(done["entry"][0]["resource"]["entry"][0]["resource"]["id"], "a3");
    assert_eq!(done["entry"][1]["resource"]["entry"][0]["resource"]["id"], "a");
    let capabilities = server.get("/metadata").await.json();
    let resources = capabilities["rest"][0]["resource"].as_array().unwrap();
    let patient = resources.iter().find(|one| one["type"] == "Patient").unwrap();
    let named = |name: &str| {
        patient["operation"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["name"] == name)
    };
    assert!(named("everything") && named("validate") && named("meta") && !named("lastn"));
    assert!(
        patient["interaction"]
            .as_array()
            .unwrap()
            .contains(&json!({"code": "patch"}))
    );
}
