//! `Patient/$match` and `Patient/$ihe-pix`.

use crate::server::{Reply, Server};
use http::{Method, StatusCode};
use serde_json::{Value, json};

const CODE: &str = "http://hl7.it/sid/codiceFiscale";
const STP: &str = "http://hl7.it/sid/stp";

fn person(id: &str, family: &str, given: &str, birth: &str, code: &str) -> Value {
    json!({
        "resourceType": "Patient", "id": id, "active": true, "gender": if given.ends_with('o') { "male" } else { "female" },
        "identifier": [{"system": CODE, "value": code}],
        "name": [{"use": "official", "family": family, "given": [given]}], "birthDate": birth,
        "address": [{"use": "home", "line": ["Via Verdi 3"], "city": "Eboli"}],
        "telecom": [{"system": "phone", "value": "0811234567"}]
    })
}

async fn registry() -> Server {
    let server = Server::new();
    for one in [
        person("gennaro", "Iovine", "Gennaro", "1961-04-03", "VNIGNR61D03F839A"),
        person("ciro", "Iovine", "Ciro", "1958-11-21", "VNICRI58S21F839B"),
        person("anna", "De Luca", "Anna", "1990-01-01", "DLCNNA90A41F839C"),
        person("other", "Scognamiglio", "Ugo", "1961-04-03", "SCGGUO61D03F839D"),
    ] {
        assert!(server.put(&one).await.status.is_success());
    }
    server
}

async fn ask(server: &Server, patient: &Value, more: &[Value]) -> Reply {
    let mut parameters = vec![json!({"name": "resource", "resource": patient})];
    parameters.extend_from_slice(more);
    let body = json!({"resourceType": "Parameters", "parameter": parameters}).to_string();
    let headers = [("content-type", "application/fhir+json")];
    server.call(Method::POST, "/Patient/$match", &headers, body).await
}

#[tokio::test]
async fn a_person_is_found_in_spite_of_mistakes_and_relatives_are_not_taken_for_one() {
    let server = registry().await;
    let mut asked = person("x", "Jovine", "Gennaro", "1961-03-04", "VNIGNR61D03F839A");
    asked["identifier"] = json!([]);
    let reply = ask(&server, &asked, &[]).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    assert_eq!(reply.ids("match")[0], "gennaro", "{}", reply.text);
    assert!(
        !reply.ids("match").contains(&"ciro".to_owned()),
        "a brother is another person"
    );
    assert_eq!(reply.text.matches("\"certain\"").count(), 1, "{}", reply.text);
    let search = reply.json()["entry"][0]["search"].clone();
    assert!(search["score"].as_f64().unwrap() > 0.5, "{search}");
    let grade = &search["extension"][0];
    assert_eq!(grade["url"], "http://hl7.org/fhir/StructureDefinition/match-grade");
    assert!(["certain", "probable"].contains(&grade["valueCode"].as_str().unwrap()));
    assert!(
        search.to_string().contains("Data di nascita: uguale in altra forma"),
        "{search}"
    );
    let certain = json!({"name": "onlyCertainMatches", "valueBoolean": true});
    let exact = person("x", "Iovine", "Gennaro", "1961-04-03", "VNIGNR61D03F839A");
    let reply = ask(
        &server,
        &exact,
        &[certain.clone(), json!({"name": "count", "valueInteger": 1})],
    )
    .await;
    assert_eq!(reply.ids("match"), ["gennaro"]);
    assert_eq!(
        reply.json()["entry"][0]["search"]["extension"][0]["valueCode"],
        "certain"
    );
    let vague = json!({"resourceType": "Patient", "name": [{"family": "Iovine"}], "birthDate": "1961"});
    assert!(ask(&server, &vague, &[certain]).await.ids("match").is_empty());
    assert_eq!(
        ask(&server, &json!({"resourceType": "Practitioner"}), &[]).await.status,
        StatusCode::BAD_REQUEST
    );
    let text = server.get("/metadata").await.text;
    assert!(text.contains("IHE.PIXm.Manager") && text.contains("OperationDefinition/Patient-match"));
}

#[tokio::test]
async fn merged_records_answer_as_one() {
    let server = registry().await;
    let mut old = person("old", "Iovine", "Gennaro", "1961-04-03", "");
    old["identifier"] = json!([{"system": STP, "value": "STP1234567890123"}]);
    old["active"] = json!(false);
    old["link"] = json!([{"other": {"reference": "Patient/gennaro"}, "type": "replaced-by"}]);
    assert!(server.put(&old).await.status.is_success());
    let mut asked = old.clone();
    asked["telecom"] = json!([]);
    assert_eq!(ask(&server, &asked, &[]).await.ids("match")[0], "gennaro");
    let found = server
        .get("/Patient/$ihe-pix?sourceIdentifier=http://hl7.it/sid/stp|STP1234567890123")
        .await;
    assert_eq!(found.status, StatusCode::OK, "{}", found.text);
    let parameters = found.json()["parameter"].clone();
    assert_eq!(parameters[0]["valueIdentifier"]["value"], "VNIGNR61D03F839A");
    assert_eq!(
        parameters[1]["valueReference"]["reference"],
        "http://hub.test/fhir/Patient/gennaro"
    );
    assert_eq!(parameters.as_array().unwrap().len(), 2, "{parameters}");
    for (query, status) in [
        ("sourceIdentifier=http://hl7.it/sid/stp|none", StatusCode::NOT_FOUND),
        ("sourceIdentifier=none", StatusCode::BAD_REQUEST),
        ("", StatusCode::BAD_REQUEST),
    ] {
        let reply = server.get(&format!("/Patient/$ihe-pix?{query}")).await;
        assert_eq!(reply.status, status, "{query} {}", reply.text);
    }
    let other = "/Patient/$ihe-pix?sourceIdentifier=http://hl7.it/sid/stp|STP1234567890123&targetSystem=urn:oid:1.2.3";
    assert_eq!(server.get(other).await.json()["parameter"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_misspelt_first_letter_another_day_and_another_form_of_the_code_are_found() {
    let server = registry().await;
    let bare = |family: &str, given: &str, birth: &str| {
        let mut one = person("x", family, given, birth, "");
        one["identifier"] = json!([]);
        one["telecom"] = json!([]);
        one
    };
    for (asked, expected) in [
        // another first letter of the surname, and another day
        (bare("Jovine", "Gennaro", "1961-04-13"), "gennaro"),
        (bare("Tovine", "Gennaro", "1961-04-13"), "gennaro"),
        // another spelling that sounds the same, and another year
        (bare("Skognamiglio", "Hugo", "1960-04-03"), "other"),
    ] {
        let reply = ask(&server, &asked, &[]).await;
        assert_eq!(reply.ids("match"), [expected], "{asked}: {}", reply.text);
    }
    // only the code, in a form with letters for digits
    let base = codicefiscale::CodiceFiscale::parse("RSSMRA41R64F839J").unwrap_or_else(|error| panic!("{error}"));
    let stored = base.omocode(&[5, 6]);
    let there = person("maria", "Rossi", "Maria", "1941-10-24", stored.as_str());
    assert!(server.put(&there).await.status.is_success());
    let mut asked = person("x", "Rossi", "Maria", "1941-10-24", base.as_str());
    asked["birthDate"] = json!("1942-11-25");
    asked["name"][0]["family"] = json!("Bianchi");
    asked["telecom"] = json!([]);
    let reply = ask(&server, &asked, &[]).await;
    assert_eq!(reply.ids("match"), ["maria"], "{}", reply.text);
}

#[tokio::test]
async fn what_was_learnt_of_the_registry_weighs() {
    let server = registry().await;
    let asked = person("x", "Iovine", "Gennaro", "1961-04-03", "VNIGNR61D03F839A");
    let weight = async || {
        let reply = ask(&server, &asked, &[]).await;
        let search = reply.json()["entry"][0]["search"].to_string();
        let at = search.find("\"url\":\"weight\"").unwrap_or_else(|| panic!("{search}"));
        search[at..].to_owned()
    };
    let before = weight().await;
    let mut learnt = linkage::Fitted::of_program().clone();
    for levels in &mut learnt.model.m {
        levels.iter_mut().for_each(|share| *share *= 0.5);
    }
    let mut kept = json!({
        "resourceType": "Basic", "id": linkage::LEARNT_ID, "code": {"text": "modello"},
        "extension": [{"url": linkage::LEARNT_IN, "valueString": serde_json::to_string(&learnt).unwrap()}],
    });
    assert!(server.put(&kept).await.status.is_success());
    assert_eq!(weight().await, before, "what somebody else wrote does not count");
    kept["meta"] = json!({"security": [{"system": "https://sinfonia.it/fhir/CodeSystem/oscuramento", "code": "P99"}]});
    assert!(server.put(&kept).await.status.is_success());
    assert_ne!(weight().await, before);
    kept["extension"][0]["valueString"] = json!("{}");
    assert!(server.put(&kept).await.status.is_success());
    assert_eq!(weight().await, before, "one that cannot be read is not used");
}
