//! Whose subscriptions are: what is notified is what the owner may see, and only the owner and who runs the installation
//! look after them.

use super::sockets::{hear, listen, say};
use super::world::*;
use ::access::Actor;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

const HIDING: &str = "https://sinfonia.it/fhir/CodeSystem/oscuramento";

fn owner() -> Actor {
    person("dm", "data-manager")
}

async fn ask(world: &World, who: &Actor, path: &str) -> (StatusCode, Value) {
    world.call_as(Method::GET, path, who, None).await
}

async fn subscribed(world: &World, id: &str, channel: Value) {
    let body = subscription(id, "Observation?code=1", channel);
    let path = format!("/Subscription/{id}");
    let (status, answer) = world.call_as(Method::PUT, &path, &owner(), Some(body)).await;
    assert!(status.is_success(), "{answer}");
    world.settle().await;
}

fn of_patient(id: &str, hidden: bool) -> Value {
    let mut value = observation(id, "1", 1);
    if hidden {
        value["meta"] = json!({"security": [{"system": HIDING, "code": "P99"}]});
    }
    value
}

#[tokio::test]
async fn what_the_owner_may_not_see_is_not_notified() {
    let world = World::guarded();
    let receiver = Receiver::start().await;
    world.write(json!({"resourceType": "Patient", "id": "p"})).await;
    let channel = json!({"type": "rest-hook", "endpoint": receiver.url, "payload": "application/fhir+json"});
    subscribed(&world, "s", channel).await;
    world.write(of_patient("open", false)).await;
    world.write(of_patient("hidden", true)).await;
    world.settle().await;
    assert_eq!(receiver.take_whats(), ["Observation/open 1"]);

    // The rights of the moment: a patient who restricts the use of their data is told of no more.
    let refuses = json!({"resourceType": "Consent", "id": "c", "status": "active",
        "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": "https://sinfonia.it/fhir/CodeSystem/consenso", "code": "limitazione"}]}],
        "patient": {"reference": "Patient/p"}, "provision": {"type": "deny"}});
    world.write(refuses).await;
    world.write(of_patient("restricted", false)).await;
    while world.go_on().await {}
    assert_eq!(
        receiver.take_whats(),
        [""; 0],
        "what may be used no more is not sent either"
    );
}

#[tokio::test]
async fn only_who_manages_a_subscription_looks_after_it() {
    let world = World::guarded();
    let receiver = Receiver::start().await;
    receiver.behave("/Observation/a", Manner::Answer(400));
    let channel = json!({"type": "rest-hook", "endpoint": receiver.url, "payload": "application/fhir+json"});
    subscribed(&world, "s", channel).await;
    world.write(observation("a", "1", 1)).await;
    while world.go_on().await {}
    let others = [
        person("cm", "case-manager"),
        person("dm2", "data-manager"),
        person("gp", "mmg"),
    ];
    for path in [
        "/Subscription/s/$status",
        "/Subscription/s/$waiting",
        "/Subscription/s/$dead-letters",
    ] {
        for who in &others {
            let (status, told) = ask(&world, who, path).await;
            let (_, none) = ask(&world, who, &path.replace("/s/", "/none/")).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{path} {told}");
            assert_eq!(
                told.to_string().replace("Subscription/s", "X"),
                none.to_string().replace("Subscription/none", "X")
            );
        }
        for who in [owner(), person("a", "admin")] {
            assert_eq!(
                ask(&world, &who, path).await.0,
                StatusCode::OK,
                "{path} {}",
                who.subject
            );
        }
    }
    let listed = async |who: &Actor| {
        let (status, answer) = ask(&world, who, "/Subscription/$status").await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer["parameter"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(listed(&person("dm2", "data-manager")).await, 0);
    assert_eq!(listed(&owner()).await, 2, "how far behind, and the one");
    let body = || Some(json!({"resourceType": "Parameters", "parameter": [{"name": "all", "valueBoolean": true}]}));
    let replay = "/Subscription/s/$replay";
    let (status, _) = world
        .call_as(Method::POST, replay, &person("dm2", "data-manager"), body())
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, answer) = world.call_as(Method::POST, replay, &owner(), body()).await;
    assert_eq!(
        (status, &answer["parameter"][0]["valueUnsignedInt"]),
        (StatusCode::OK, &json!(1))
    );
}

#[tokio::test]
async fn nobody_binds_anothers_subscription() {
    let world = World::guarded();
    subscribed(&world, "w", json!({"type": "websocket"})).await;
    let url = listen(&world).await;
    for (who, heard) in [
        (person("dm2", "data-manager"), "error: there is no such subscription"),
        (person("gp", "mmg"), "error: there is no such subscription"),
        (owner(), "bound w"),
        (person("a", "admin"), "bound w"),
    ] {
        let mut request = url.as_str().into_client_request().unwrap();
        let bearer = format!("Bearer {}", world.guard.tokens().issue(&who));
        request.headers_mut().insert("authorization", bearer.parse().unwrap());
        let (mut socket, _) = connect_async(request).await.unwrap();
        say(&mut socket, "bind w").await;
        assert_eq!(hear(&mut socket).await, heard, "{}", who.subject);
    }
}
