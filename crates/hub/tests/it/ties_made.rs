//! Who makes ties, and for how long; what goes with a hidden document; what scopes with conditions let through.

use crate::server::Server;
use crate::ties::*;
use access::{Actor, STEP_DATA_EXTENSION};
use http::{Method, StatusCode};
use serde_json::{Value, json};

/// A team of one patient that names somebody.
fn team(id: &str, who: &str) -> Value {
    json!({"resourceType": "CareTeam", "id": id, "status": "active", "period": {"start": "2026-01-01"},
        "subject": {"reference": "Patient/mine"}, "participant": [{"member": {"reference": who}}]})
}

fn visit(provider: &str, period: Value) -> Value {
    json!({"resourceType": "Encounter", "status": "in-progress", "class": {"code": "AMB"}, "period": period,
        "subject": {"reference": "Patient/mine"}, "serviceProvider": {"reference": provider},
        "participant": [{"individual": {"reference": "Practitioner/gp"}}]})
}

async fn post(server: &Server, who: &Actor, value: &Value) -> String {
    let mut value = value.clone();
    value.as_object_mut().unwrap().remove("id");
    let path = format!("/{}", value["resourceType"].as_str().unwrap());
    let reply = ask(server, who, Method::POST, &path, &value).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
    format!("{path}/{}", reply.json()["id"].as_str().unwrap())
}

#[tokio::test]
async fn what_treating_staff_writes_passes_no_tie_on_and_prolongs_none() {
    let server = world().await;
    let friend = actor("Practitioner/friend", "medico");
    let written = post(&server, &gp(), &team("x", "Practitioner/friend")).await;
    let task = json!({"resourceType": "Task", "status": "requested", "intent": "order", "for": {"reference": "Patient/mine"},
        "owner": {"reference": "Practitioner/friend"},
        "extension": [{"url": STEP_DATA_EXTENSION, "valueString": "Patient Observation"}]});
    let task = post(&server, &gp(), &task).await;
    // In a transaction as well.
    let entry = json!({"resourceType": "Bundle", "type": "transaction", "entry": [{"fullUrl": "urn:uuid:1",
        "resource": team("x", "Practitioner/friend"), "request": {"method": "POST", "url": "CareTeam"}}]});
    assert!(ask(&server, &gp(), Method::POST, "", &entry).await.status.is_success());
    assert!(!sees(&server, &friend, "/Observation/o-mine").await);

    // Nor by taking the tag away, by writing it again, by a patch.
    let gone = json!({"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": {"tag": [
        {"system": "https://sinfonia.it/fhir/CodeSystem/legami", "code": "nessuno"}]}}]});
    ask(&server, &gp(), Method::POST, &format!("{written}/$meta-delete"), &gone).await;
    let mut again = team(written.rsplit('/').next().unwrap(), "Practitioner/friend");
    again["meta"] = json!({"tag": []});
    assert!(
        ask(&server, &gp(), Method::PUT, &written, &again)
            .await
            .status
            .is_success()
    );
    let reply = ask(&server, &gp(), Method::GET, &task, &Value::Null).await;
    assert_eq!(reply.json()["meta"]["tag"][0]["code"], "nessuno", "{}", reply.text);
    assert!(!sees(&server, &friend, "/Observation/o-mine").await);

    // Oneself, beyond the choice of doctor.
    post(
        &server,
        &gp(),
        &visit("Organization/unit", json!({"start": "2026-01-02"})),
    )
    .await;
    post(&server, &gp(), &team("x", "Practitioner/gp")).await;
    put(&server, patient("mine", "else")).await;
    assert!(!sees(&server, &gp(), "/Observation/o-mine").await);
}

#[tokio::test]
async fn what_ties_is_not_widened_by_those_it_ties() {
    let server = world().await;
    put(&server, team("t", "Organization/unit")).await;
    let mut nurse = actor("Practitioner/n", "infermiere");
    nurse.organization = Some("unit".into());
    assert!(sees(&server, &nurse, "/Observation/o-mine").await);
    let mut change = team("t", "Organization/unit");
    change["name"] = json!("Equipe");
    assert!(
        ask(&server, &nurse, Method::PUT, "/CareTeam/t", &change)
            .await
            .status
            .is_success()
    );
    assert!(sees(&server, &nurse, "/Observation/o-mine").await);
    let friend = json!({"member": {"reference": "Practitioner/friend"}});
    change["participant"].as_array_mut().unwrap().push(friend);
    let refused = ask(&server, &nurse, Method::PUT, "/CareTeam/t", &change).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(
        refused.text.contains("Practitioner/friend") && refused.text.contains("accettazione"),
        "{}",
        refused.text
    );

    let mut stay = visit("Organization/unit", json!({"start": "2025-12-01", "end": "2025-12-10"}));
    (stay["id"], stay["status"]) = (json!("e"), json!("finished"));
    put(&server, stay.clone()).await;
    stay["period"]["end"] = json!("2026-01-02");
    let refused = ask(&server, &nurse, Method::PUT, "/Encounter/e", &stay).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text);
    stay["period"]["end"] = json!("2025-12-09");
    assert!(
        ask(&server, &nurse, Method::PUT, "/Encounter/e", &stay)
            .await
            .status
            .is_success()
    );

    // Without dates it counts from its first writing.
    let mut undated = team("u", "Organization/unit");
    undated.as_object_mut().unwrap().remove("period");
    put(&server, undated.clone()).await;
    server.clock.advance(jiff::SignedDuration::from_hours(24 * 10));
    let reply = ask(&server, &nurse, Method::PUT, "/CareTeam/u", &undated).await;
    assert!(reply.status.is_success(), "{}", reply.text);
    assert!(
        reply.json()["period"]["start"]
            .as_str()
            .unwrap()
            .starts_with("2026-01-02"),
        "{}",
        reply.text
    );
}

#[tokio::test]
async fn who_receives_somebody_ties_the_own_unit() {
    let server = world().await;
    put(
        &server,
        json!({"resourceType": "Organization", "id": "other-unit", "name": "Altro"}),
    )
    .await;
    let mut desk = actor("Practitioner/desk", "accettazione");
    desk.organization = Some("unit".into());
    let mut nurse = actor("Practitioner/n", "infermiere");
    nurse.organization = Some("unit".into());
    let mut elsewhere = nurse.clone();
    elsewhere.organization = Some("other-unit".into());
    let now = json!({"start": "2026-01-02T03:00:00Z"});
    post(&server, &desk, &visit("Organization/other-unit", now.clone())).await;
    assert!(
        !sees(&server, &elsewhere, "/Observation/o-mine").await,
        "another unit is not theirs to tie"
    );
    assert!(!sees(&server, &nurse, "/Observation/o-mine").await);
    let stay = post(&server, &desk, &visit("Organization/unit", now)).await;
    assert!(sees(&server, &nurse, "/Observation/o-mine").await);
    assert!(
        !sees(&server, &desk, "/Observation/o-mine").await,
        "who registers does not read"
    );
    let doctor = actor("Practitioner/gp2", "medico");
    assert!(!sees(&server, &doctor, "/Observation/o-mine").await);
    // The tie ends by itself, a year after its start and no later.
    server.clock.advance(jiff::SignedDuration::from_hours(24 * 367));
    assert!(!sees(&server, &nurse, "/Observation/o-mine").await, "{stay}");
}

#[tokio::test]
async fn a_file_behind_a_hidden_document_is_hidden() {
    let server = world().await;
    let file = json!({"resourceType": "Binary", "id": "f", "contentType": "text/plain", "data": "YQ==",
        "securityContext": {"reference": "Patient/mine"}});
    put(&server, file).await;
    let system = actor("client/x", "sistema");
    assert!(sees(&server, &gp(), "/Binary/f").await && sees(&server, &system, "/Binary/f").await);
    for url in ["Binary/f", "http://hub.test/fhir/Binary/f"] {
        let url = url.replace("http://hub.test/fhir", crate::server::BASE);
        let mut letter = json!({"resourceType": "DocumentReference", "id": "d", "status": "current",
            "subject": {"reference": "Patient/mine"}, "content": [{"attachment": {"url": url}}]});
        put(&server, letter.clone()).await;
        assert!(sees(&server, &gp(), "/Binary/f").await, "{url}");
        letter["meta"] = json!({"security": [{"system": HIDING, "code": "P99"}]});
        put(&server, letter).await;
        for path in ["/Binary/f", "/Binary/f/_history/1", "/Binary/f/$meta"] {
            assert!(
                !sees(&server, &gp(), path).await && !sees(&server, &system, path).await,
                "{url} {path}"
            );
        }
        assert!(
            sees(&server, &actor("Patient/mine", "assistito"), "/Binary/f").await,
            "{url}"
        );
        let found = get(&server, &system, "/Binary?_id=f").await;
        assert_eq!(found.ids("match"), [""; 0], "{url} {}", found.text);
    }
}

/// An application with these scopes, in the hands of the chosen doctor.
fn through(scopes: &[&str]) -> Actor {
    let grant = access::ClientGrant {
        client: "app".into(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        ..access::ClientGrant::default()
    };
    Actor {
        client: Some(std::sync::Arc::new(grant)),
        ..gp()
    }
}

#[tokio::test]
async fn a_scope_with_conditions_reads_and_writes_what_matches() {
    let server = world().await;
    let hba1c = "http://loinc.org|4548-4";
    let app = through(&[&format!("user/Observation.crus?code={hba1c}")]);
    put(&server, observation("weight", "mine", "29463-7")).await;
    for path in [
        "/Observation/o-mine",
        "/Observation/o-mine/_history",
        "/Observation/o-mine/_history/1",
    ] {
        assert!(sees(&server, &app, path).await, "{path}");
        let other = path.replace("o-mine", "weight");
        assert!(
            sees(&server, &gp(), &other).await && !sees(&server, &app, &other).await,
            "{other}"
        );
    }
    let told = get(&server, &app, "/Observation/weight").await.text;
    let never = get(&server, &app, "/Observation/none").await.text;
    assert_eq!(told.replace("weight", "none"), never);
    // A version that matched when it matches no more.
    put(&server, observation("turned", "mine", "4548-4")).await;
    put(&server, observation("turned", "mine", "29463-7")).await;
    assert!(sees(&server, &app, "/Observation/turned/_history/1").await);
    assert!(!sees(&server, &app, "/Observation/turned/_history").await);

    let status = async |method: Method, path: &str, value: Value| ask(&server, &app, method, path, &value).await.status;
    let mut new = observation("x", "mine", "4548-4");
    new.as_object_mut().unwrap().remove("id");
    assert_eq!(
        status(Method::POST, "/Observation", new.clone()).await,
        StatusCode::CREATED
    );
    new["code"]["coding"][0]["code"] = json!("29463-7");
    assert_eq!(status(Method::POST, "/Observation", new).await, StatusCode::FORBIDDEN);
    let put_as = async |id: &str, code: &str| {
        status(
            Method::PUT,
            &format!("/Observation/{id}"),
            observation(id, "mine", code),
        )
        .await
    };
    assert_eq!(put_as("o-mine", "4548-4").await, StatusCode::OK);
    assert_eq!(
        put_as("o-mine", "29463-7").await,
        StatusCode::FORBIDDEN,
        "out of what it may see"
    );
    assert_eq!(put_as("weight", "4548-4").await, StatusCode::NOT_FOUND, "into it");
    for (method, path) in [
        (Method::DELETE, "/Observation/o-mine"),
        (Method::PATCH, "/Observation/o-mine"),
    ] {
        let patch = json!([{"op": "replace", "path": "/status", "value": "amended"}]);
        assert_eq!(status(method, path, patch).await, StatusCode::FORBIDDEN, "{path}");
    }
    searches_by_form(&server, &app).await;
}

async fn searches_by_form(server: &Server, app: &Actor) {
    let search = async |form: &str| {
        let bearer = format!("Bearer {}", server.guard.tokens().issue(app));
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        server
            .call(Method::POST, "/Observation/_search", &headers, form.to_owned())
            .await
    };
    let found = search("patient=mine&code=http://loinc.org|29463-7").await;
    assert_eq!(found.ids("match"), [""; 0], "{}", found.text);
    assert_eq!(search("patient=mine&_id=o-mine,weight").await.ids("match"), ["o-mine"]);
    assert_eq!(
        search("_include=Observation:subject").await.status,
        StatusCode::FORBIDDEN
    );
}
