//! The terminology operations.

use crate::server::Server;
use axum::body::Body;
use http::{Method, StatusCode};
use serde_json::{Value, json};

const TABLE: &str = "http://example.it/fhir/CodeSystem/esenzioni";
const SET: &str = "http://example.it/fhir/ValueSet/esenzioni";

fn table(version: &str) -> Value {
    json!({"resourceType": "CodeSystem", "id": "esenzioni", "url": TABLE, "version": version, "name": "Esenzioni",
        "status": "active", "content": "complete", "language": "it", "concept": [
            {"code": "E", "display": "Reddito", "concept": [
                {"code": "E01", "display": "Età e reddito", "definition": "Meno di 6 anni o più di 65",
                    "designation": [{"language": "en", "value": "Age and income"}]},
                {"code": "E02", "display": "Disoccupati", "property": [{"code": "anno", "valueInteger": 2011}]}]},
            {"code": "013", "display": "Diabete mellito"}]})
}

fn set() -> Value {
    json!({"resourceType": "ValueSet", "id": "esenzioni", "url": SET, "status": "active", "name": "Esenzioni",
        "compose": {"include": [{"system": TABLE}], "exclude": [{"system": TABLE, "concept": [{"code": "E"}]}]}})
}

async fn region() -> Server {
    let server = Server::new();
    server.put(&table("1")).await;
    server.put(&set()).await;
    server
}

fn codes(expanded: &Value) -> Vec<&str> {
    let contains = expanded["expansion"]["contains"].as_array();
    contains
        .into_iter()
        .flatten()
        .map(|one| one["code"].as_str().unwrap())
        .collect()
}

/// The value of an answer's parameter.
fn of<'a>(answer: &'a Value, name: &str) -> &'a Value {
    let list = answer["parameter"].as_array().unwrap_or_else(|| panic!("{answer}"));
    let Some(found) = list.iter().find(|one| one["name"] == name) else {
        return &Value::Null;
    };
    found
        .as_object()
        .unwrap()
        .iter()
        .find(|(key, _)| key.starts_with("value"))
        .map_or(found, |(_, value)| value)
}

fn parameters(list: Value) -> Value {
    json!({"resourceType": "Parameters", "parameter": list})
}

#[tokio::test]
async fn value_sets_are_expanded_by_url_by_id_and_as_sent() {
    let server = region().await;
    let reply = server.get(&format!("/ValueSet/$expand?url={SET}")).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    let expanded = reply.json();
    assert_eq!(codes(&expanded), ["E01", "E02", "013"]);
    assert_eq!(
        (&expanded["url"], &expanded["expansion"]["total"]),
        (&json!(SET), &json!(3))
    );
    assert!(expanded["compose"].is_null() && expanded["expansion"]["timestamp"].is_string());
    let by_id = server
        .get("/ValueSet/esenzioni/$expand?filter=eta&displayLanguage=en")
        .await
        .json();
    assert_eq!(codes(&by_id), [] as [&str; 0], "the English name is another");
    let by_id = server
        .get("/ValueSet/esenzioni/$expand?filter=redd&includeDesignations=true")
        .await
        .json();
    assert_eq!(
        by_id["expansion"]["contains"][0]["designation"][0]["value"],
        "Age and income"
    );
    let page = server
        .get(&format!("/ValueSet/$expand?url={SET}&count=1&offset=1"))
        .await
        .json();
    assert_eq!((codes(&page), &page["expansion"]["total"]), (vec!["E02"], &json!(3)));
    let sent = json!({"resourceType": "ValueSet", "status": "draft", "compose": {"include": [
        {"system": TABLE, "filter": [{"property": "concept", "op": "descendent-of", "value": "E"}]}]}});
    let sent = server
        .post(
            "/ValueSet/$expand",
            &parameters(json!([{"name": "valueSet", "resource": sent}])),
        )
        .await;
    assert_eq!(codes(&sent.json()), ["E01", "E02"]);
    let nested = json!({"resourceType": "ValueSet", "status": "draft", "compose": {"include": [{"system": TABLE}]}});
    let nested = server
        .post("/ValueSet/$expand?excludeNested=false", &nested)
        .await
        .json();
    assert_eq!(codes(&nested), ["E", "013"]);
    assert_eq!(nested["expansion"]["contains"][0]["contains"][1]["code"], "E02");
    let builtin = server
        .get("/ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender")
        .await
        .json();
    assert_eq!(codes(&builtin), ["male", "female", "other", "unknown"]);
}

#[tokio::test]
async fn what_cannot_be_expanded_is_told() {
    let server = region().await;
    let unknown = server.get("/ValueSet/$expand?url=http://nowhere/vs").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert!(unknown.diagnostics().contains("http://nowhere/vs"), "{}", unknown.text);
    assert_eq!(server.get("/ValueSet/$expand").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(server.get("/Patient/$expand").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(server.get("/ValueSet/none/$expand").await.status, StatusCode::NOT_FOUND);
    let circle = |id: &str, other: &str| {
        json!({"resourceType": "ValueSet", "id": id, "url": format!("http://x/{id}"), "status": "active",
            "compose": {"include": [{"valueSet": [format!("http://x/{other}")]}]}})
    };
    server.put(&circle("a", "b")).await;
    server.put(&circle("b", "a")).await;
    let circle = server.get("/ValueSet/a/$expand").await;
    assert_eq!(circle.json()["issue"][0]["code"], "too-costly", "{}", circle.text);
    let many: Vec<Value> = (0..20_001).map(|n| json!({"code": n.to_string()})).collect();
    let big = json!({"resourceType": "ValueSet", "status": "draft", "compose": {"include": [
        {"system": "http://x", "concept": many}]}});
    let costly = server.post("/ValueSet/$expand", &big).await;
    assert_eq!(costly.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(costly.diagnostics().contains("count and offset"), "{}", costly.text);
    assert_eq!(
        codes(&server.post("/ValueSet/$expand?count=3", &big).await.json()),
        ["0", "1", "2"]
    );
}

#[tokio::test]
async fn what_is_asked_is_what_is_stored_now() {
    let server = region().await;
    let display = async || {
        let answer = server
            .get(&format!("/CodeSystem/$lookup?system={TABLE}&code=013"))
            .await
            .json();
        of(&answer, "display").as_str().unwrap().to_owned()
    };
    assert_eq!(display().await, "Diabete mellito");
    let mut changed = table("1");
    changed["concept"][1]["display"] = json!("Diabete");
    server.put(&changed).await;
    assert_eq!(display().await, "Diabete");
    let mut newer = table("2");
    newer["id"] = json!("esenzioni-2");
    newer["concept"][1]["display"] = json!("Diabete 2");
    server.put(&newer).await;
    assert_eq!(display().await, "Diabete 2");
    let old = server
        .get(&format!("/CodeSystem/$lookup?system={TABLE}&version=1&code=013"))
        .await
        .json();
    assert_eq!(of(&old, "display"), "Diabete");
    server
        .call(Method::DELETE, "/CodeSystem/esenzioni-2", &[], Body::empty())
        .await;
    assert_eq!(display().await, "Diabete");
}

#[tokio::test]
async fn codes_are_looked_up() {
    let server = region().await;
    let coding = parameters(
        json!([{"name": "coding", "valueCoding": {"system": TABLE, "code": "E01"}},
        {"name": "displayLanguage", "valueCode": "en"}]),
    );
    let answer = server.post("/CodeSystem/$lookup", &coding).await.json();
    assert_eq!(
        (of(&answer, "name"), of(&answer, "version")),
        (&json!("Esenzioni"), &json!("1"))
    );
    assert_eq!(of(&answer, "display"), "Age and income");
    let text = answer.to_string();
    assert!(text.contains("Meno di 6 anni") && text.contains("\"parent\""), "{text}");
    let one = server
        .get(&format!("/CodeSystem/$lookup?system={TABLE}&code=E02&property=anno"))
        .await
        .json();
    assert_eq!(of(&one, "property")["part"][1]["valueInteger"], 2011);
    let none = server
        .get(&format!("/CodeSystem/$lookup?system={TABLE}&code=E99"))
        .await;
    assert_eq!(
        (none.status, none.json()["issue"][0]["code"].clone()),
        (StatusCode::NOT_FOUND, json!("not-found"))
    );
    assert_eq!(
        server.get("/CodeSystem/$lookup?code=x").await.status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn codes_are_validated_and_never_refused_for_want_of_content() {
    let server = region().await;
    let ask = async |path: String| server.get(&path).await.json();
    let good = ask(format!(
        "/ValueSet/$validate-code?url={SET}&system={TABLE}&code=013&display=diabete%20MELLITO"
    ))
    .await;
    assert_eq!(of(&good, "result"), true, "{good}");
    let inferred = ask("/ValueSet/esenzioni/$validate-code?code=E01".into()).await;
    assert_eq!(
        (of(&inferred, "result"), of(&inferred, "system")),
        (&json!(true), &json!(TABLE))
    );
    let bad = ask(format!("/ValueSet/$validate-code?url={SET}&system={TABLE}&code=E")).await;
    assert_eq!(of(&bad, "result"), false);
    let display = ask(format!(
        "/ValueSet/$validate-code?url={SET}&system={TABLE}&code=013&display=Asma"
    ))
    .await;
    assert_eq!(of(&display, "result"), false);
    assert!(of(&display, "message").as_str().unwrap().contains("'Diabete mellito'"));
    let concept = parameters(json!([{"name": "url", "valueUri": SET}, {"name": "codeableConcept",
        "valueCodeableConcept": {"coding": [{"system": "http://x", "code": "y"}, {"system": TABLE, "code": "E02"}]}}]));
    let concept = server.post("/ValueSet/$validate-code", &concept).await.json();
    assert_eq!(
        (of(&concept, "result"), of(&concept, "code")),
        (&json!(true), &json!("E02"))
    );
    let system = ask(format!("/CodeSystem/$validate-code?url={TABLE}&code=E99")).await;
    assert_eq!(of(&system, "result"), false);
    let instance = ask("/CodeSystem/esenzioni/$validate-code?code=E01&display=x".into()).await;
    assert_eq!(of(&instance, "result"), false);
    let language = ask("/CodeSystem/$validate-code?url=urn:ietf:bcp:47&code=it-IT".into()).await;
    assert_eq!(of(&language, "result"), true);
    let snomed = "/ValueSet/$validate-code?url=http://hl7.org/fhir/ValueSet/condition-code\
        &system=http://snomed.info/sct&code=73211009";
    let unknown = server.get(snomed).await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", unknown.text);
    assert_eq!(unknown.json()["issue"][0]["code"], "not-supported");
}

#[tokio::test]
async fn codes_are_compared() {
    let server = region().await;
    let ask = async |a: &str, b: &str| {
        let path = format!("/CodeSystem/$subsumes?system={TABLE}&codeA={a}&codeB={b}");
        of(&server.get(&path).await.json(), "outcome")
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(ask("E", "E01").await, "subsumes");
    assert_eq!(ask("E01", "E").await, "subsumed-by");
    assert_eq!(ask("E01", "E01").await, "equivalent");
    assert_eq!(ask("E01", "013").await, "not-subsumed");
    let codings = parameters(
        json!([{"name": "codingA", "valueCoding": {"system": TABLE, "code": "E"}},
        {"name": "codingB", "valueCoding": {"system": TABLE, "code": "E02"}}]),
    );
    assert_eq!(
        of(&server.post("/CodeSystem/$subsumes", &codings).await.json(), "outcome"),
        "subsumes"
    );
    let instance = server
        .get("/CodeSystem/esenzioni/$subsumes?codeA=E&codeB=nessuno")
        .await;
    assert_eq!(instance.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn codes_are_translated() {
    let server = region().await;
    let map = json!({"resourceType": "ConceptMap", "id": "old", "url": "http://x/map", "status": "active",
        "sourceUri": SET, "targetUri": "http://x/new", "group": [{"source": TABLE, "target": "http://x/codes",
            "element": [{"code": "E01", "target": [
                {"code": "N1", "equivalence": "wider"},
                {"code": "N2", "equivalence": "equivalent", "dependsOn": [{"property": "http://x/sex", "value": "F"}]}]}],
            "unmapped": {"mode": "fixed", "code": "ALTRO"}}]});
    server.put(&map).await;
    let ask = async |query: &str| server.get(&format!("/ConceptMap/$translate?{query}")).await.json();
    let by_url = ask(&format!("url=http://x/map&system={TABLE}&code=E01")).await;
    assert_eq!(of(&by_url, "result"), true);
    assert_eq!(
        of(&by_url, "match")["part"][1]["valueCoding"],
        json!({"system": "http://x/codes", "code": "N1"})
    );
    assert_eq!(by_url["parameter"].as_array().unwrap().len(), 2);
    for query in [
        format!("system={TABLE}&code=E01"),
        format!("source={SET}&code=E01&target=http://x/new"),
    ] {
        assert_eq!(of(&ask(&query).await, "result"), true, "{query}");
    }
    let fixed = ask(&format!("url=http://x/map&system={TABLE}&code=013")).await;
    assert_eq!(of(&fixed, "match")["part"][1]["valueCoding"]["code"], "ALTRO");
    let back = server
        .get("/ConceptMap/old/$translate?system=http://x/codes&code=N1&reverse=true")
        .await
        .json();
    assert_eq!(of(&back, "match")["part"][0]["valueCode"], "narrower");
    assert_eq!(of(&back, "match")["part"][1]["valueCoding"]["code"], "E01");
    let woman = parameters(
        json!([{"name": "url", "valueUri": "http://x/map"}, {"name": "system", "valueUri": TABLE},
        {"name": "code", "valueCode": "E01"}, {"name": "dependency", "part": [
            {"name": "element", "valueUri": "http://x/sex"},
            {"name": "concept", "valueCodeableConcept": {"coding": [{"code": "F"}]}}]}]),
    );
    let woman = server.post("/ConceptMap/$translate", &woman).await.json();
    assert_eq!(woman["parameter"].as_array().unwrap().len(), 3);
    let gender = "url=http://hl7.org/fhir/ConceptMap/cm-administrative-gender-v2&code=male\
        &system=http://hl7.org/fhir/administrative-gender";
    assert_eq!(of(&ask(gender).await, "match")["part"][1]["valueCoding"]["code"], "M");
}

#[tokio::test]
async fn the_service_says_what_it_can_and_is_for_professionals() {
    let server = region().await;
    let capabilities = server.get("/metadata?mode=terminology").await.json();
    assert_eq!(capabilities["resourceType"], "TerminologyCapabilities");
    assert!(capabilities["codeSystem"].as_array().unwrap().len() > 1_000);
    let statement = server.get("/metadata").await.json();
    let resources = statement["rest"][0]["resource"].as_array().unwrap();
    let sets = resources.iter().find(|one| one["type"] == "ValueSet").unwrap();
    assert!(
        sets["operation"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["name"] == "expand")
    );
    let bearer = server.bearer("Patient/a", "assistito");
    let path = format!("/ValueSet/$expand?url={SET}");
    let refused = server
        .call(Method::GET, &path, &[("authorization", bearer.as_str())], Body::empty())
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let entry = json!({"request": {"method": "GET", "url": format!("ValueSet/$expand?url={SET}")}});
    let batch = json!({"resourceType": "Bundle", "type": "batch", "entry": [entry]});
    let done = server.post("/", &batch).await.json();
    assert_eq!(codes(&done["entry"][0]["resource"]), ["E01", "E02", "013"]);
}

#[tokio::test]
async fn many_ask_at_once() {
    let server = region().await;
    let many: Vec<Value> = (0..5_000)
        .map(|n| json!({"code": n.to_string(), "display": "x"}))
        .collect();
    let big = json!({"resourceType": "CodeSystem", "id": "big", "url": "http://x/big", "status": "active",
        "content": "complete", "concept": many});
    assert_eq!(server.put(&big).await.status, StatusCode::CREATED);
    let set = json!({"resourceType": "ValueSet", "id": "big", "url": "http://x/all", "status": "active",
        "compose": {"include": [{"system": "http://x/big"}]}});
    server.put(&set).await;
    let asks = (0..24).map(|n| {
        let path = format!("/ValueSet/big/$expand?count=1&offset={n}");
        let server = &server;
        async move { codes(&server.get(&path).await.json()) == [n.to_string()] }
    });
    assert!(futures::future::join_all(asks).await.into_iter().all(|right| right));
}

#[tokio::test]
async fn searches_ask_for_value_sets_and_hierarchies() {
    let server = region().await;
    for (id, code) in [
        ("c1", "E01"),
        ("c2", "E02"),
        ("c3", "013"),
        ("c4", "E"),
        ("c5", "altro"),
    ] {
        let condition = json!({"resourceType": "Condition", "id": id, "subject": {"reference": "Patient/p"},
            "code": {"coding": [{"system": TABLE, "code": code}]}});
        server.put(&condition).await;
    }
    let narrow = json!({"resourceType": "ValueSet", "id": "e", "url": "http://x/e", "status": "active",
        "compose": {"include": [{"system": TABLE, "filter": [
            {"property": "concept", "op": "descendent-of", "value": "E"}]}]}});
    server.put(&narrow).await;
    let ids = async |query: String| {
        let reply = server.get(&format!("/Condition?{query}")).await;
        assert_eq!(reply.status, StatusCode::OK, "{query} {}", reply.text);
        let mut ids = reply.ids("match");
        ids.sort();
        ids
    };
    assert_eq!(ids("code:in=http://x/e".into()).await, ["c1", "c2"]);
    assert_eq!(ids("code:in=ValueSet/e".into()).await, ["c1", "c2"]);
    assert_eq!(ids("code:not-in=http://x/e".into()).await, ["c3", "c4", "c5"]);
    assert_eq!(ids(format!("code:below={TABLE}|E")).await, ["c1", "c2", "c4"]);
    assert_eq!(ids(format!("code:above={TABLE}|E01")).await, ["c1", "c4"]);
    for query in ["code:in=http://nowhere", "code:below=E"] {
        let reply = server.get(&format!("/Condition?{query}")).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{query} {}", reply.text);
    }
}

#[tokio::test]
async fn italian_tables_are_there_without_loading() {
    let server = Server::new();
    let base = "https://www.hl7.it/fhir/terminology";
    let path = format!("/CodeSystem/$lookup?system={base}/CodeSystem/istat-comuni&code=063049");
    assert_eq!(of(&server.get(&path).await.json(), "display"), "Napoli");
    let path = format!("/ValueSet/$expand?url={base}/ValueSet/all-istat-comuni&filter=ercolan");
    let found = server.get(&path).await.json();
    assert_eq!(found["expansion"]["contains"][0]["display"], "Ercolano");
}
