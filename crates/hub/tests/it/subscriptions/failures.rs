//! Receivers that fail, hang or are not there.

use super::world::*;
use http::{Method, StatusCode};
use serde_json::json;

#[tokio::test]
async fn one_resource_waits_for_its_earlier_version_and_the_others_do_not() {
    let (world, receiver) = (World::new(), Receiver::start().await);
    receiver.behave("/Observation/a", Manner::Answer(400));
    world.subscribe("s", "Observation", hook(&receiver)).await;
    world.write(observation("a", "1", 1)).await;
    world.write(observation("a", "1", 2)).await;
    world.write(observation("b", "1", 1)).await;
    world.settle().await;
    let mut got = receiver.take_whats();
    got.sort();
    assert_eq!(got, ["Observation/a 1", "Observation/b 1"]);
    assert!(world.go_on().await);
    let again = receiver.take_got();
    assert_eq!(
        (
            again.len(),
            again[0].what().as_str(),
            again[0].header("sinfonia-attempt")
        ),
        (1, "Observation/a 1", "2")
    );
    receiver.behave("/Observation/a", Manner::Answer(204));
    world.write(observation("a", "1", 3)).await;
    assert!(world.go_on().await);
    assert_eq!(
        receiver.take_whats(),
        ["Observation/a 1", "Observation/a 2", "Observation/a 3"]
    );
    assert_eq!(world.settle().await, None);
}

#[tokio::test]
async fn what_never_works_becomes_a_dead_letter_that_can_be_replayed_or_dropped() {
    let (world, receiver) = (World::new(), Receiver::start().await);
    receiver.behave("/Observation/a", Manner::Answer(422));
    world.subscribe("s", "Observation", hook(&receiver)).await;
    world.write(observation("a", "1", 1)).await;
    world.write(observation("a", "1", 2)).await;
    while world.go_on().await {}
    // Both had all their attempts, one after the other.
    let whats = receiver.take_whats();
    assert_eq!(whats.len(), 8);
    assert!(whats[..4].iter().all(|w| w == "Observation/a 1") && whats[4..].iter().all(|w| w == "Observation/a 2"));
    let failed = world.subscription("s").await;
    assert_eq!(failed["status"], "error");
    assert!(failed["error"].as_str().unwrap().contains("422"), "{failed}");
    assert_eq!(world.told("/Subscription/s/$status", "deadLetters").await, json!(2));
    let dead = world.dead("s").await;
    assert_eq!(dead.len(), 2);

    receiver.behave("/Observation/a", Manner::Answer(200));
    let one = json!({"resourceType": "Parameters", "parameter": [{"name": "delivery", "valueString": dead[0]}]});
    let (status, _) = world
        .call(Method::POST, "/Subscription/s/$replay", "mmg", Some(one.clone()))
        .await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, answer) = world
        .call(Method::POST, "/Subscription/s/$replay", "admin", Some(one))
        .await;
    assert_eq!(
        (status, &answer["parameter"][0]),
        (StatusCode::OK, &json!({"name": "replayed", "valueUnsignedInt": 1}))
    );
    world.settle().await;
    assert_eq!(receiver.take_whats(), ["Observation/a 1"]);
    assert_eq!(world.subscription("s").await["status"], "active", "it works again");

    let all = json!({"resourceType": "Parameters", "parameter": [{"name": "all", "valueBoolean": true}]});
    let (status, outcome) = world
        .call(Method::POST, "/Subscription/s/$drop", "admin", Some(all))
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{outcome}");
    let sure = json!({"resourceType": "Parameters", "parameter": [{"name": "all", "valueBoolean": true},
        {"name": "confirm", "valueString": "s"}]});
    let (status, _) = world
        .call(Method::POST, "/Subscription/s/$drop", "admin", Some(sure))
        .await;
    assert_eq!((status, world.dead("s").await.len()), (StatusCode::OK, 0));
}

#[tokio::test]
async fn a_hanging_target_is_left_alone_and_the_others_work() {
    let (world, slow, quick) = (
        World::with(|s| s.breaker_failures = 2),
        Receiver::start().await,
        Receiver::start().await,
    );
    world.subscribe("slow", "Observation", hook(&slow)).await;
    world.subscribe("quick", "Observation", hook(&quick)).await;
    for n in 0..6 {
        slow.behave(&format!("/Observation/o{n}"), Manner::Hang);
        world.write(observation(&format!("o{n}"), "1", 1)).await;
    }
    world.settle().await;
    assert_eq!(quick.take_got().len(), 6);
    assert_eq!(slow.take_got().len(), 6);
    let resting = world.subscription("slow").await;
    assert_eq!(resting["status"], "error");
    assert!(
        resting["error"].as_str().unwrap().contains("does not work"),
        "{resting}"
    );
    // While it rests nothing is sent, and what comes is kept without costing an attempt.
    world.write(observation("late", "1", 1)).await;
    let next = world.settle().await.unwrap();
    assert!(slow.take_got().is_empty());
    // Then one alone tries; it works, and all follow.
    for n in 0..6 {
        slow.behave(&format!("/Observation/o{n}"), Manner::Answer(200));
    }
    world.clock.set(next);
    world.settle().await;
    while world.told("/Subscription/slow/$status", "waiting").await != json!(0) {
        assert!(world.go_on().await);
    }
    assert_eq!(slow.take_got().len(), 7);
    assert_eq!(world.subscription("slow").await["status"], "active");
}

#[tokio::test]
async fn nobody_there_is_an_error_that_heals() {
    let world = World::new();
    let receiver = Receiver::start().await;
    // A port that nobody listens on.
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = gone.local_addr().unwrap();
    drop(gone);
    let channel =
        json!({"type": "rest-hook", "endpoint": format!("http://{address}/hook"), "payload": "application/fhir+json"});
    world.write(subscription("s", "Observation", channel)).await;
    world.settle().await;
    let failed = world.subscription("s").await;
    assert_eq!(failed["status"], "error");
    assert!(
        failed["error"].as_str().unwrap().contains("does not answer"),
        "{failed}"
    );
    let version = failed["meta"]["versionId"].clone();
    world.go_on().await;
    assert_eq!(
        world.subscription("s").await["meta"]["versionId"],
        version,
        "no version for each attempt"
    );
    world.write(subscription("s", "Observation", hook(&receiver))).await;
    world.settle().await;
    assert_eq!(world.subscription("s").await["status"], "active");
    // Given up after the last attempt, and said so.
    world
        .write(subscription(
            "t",
            "Observation",
            json!({"type": "rest-hook", "endpoint": format!("http://{address}/")}),
        ))
        .await;
    while world.go_on().await {}
    let given_up = world.subscription("t").await;
    assert!(
        given_up["error"].as_str().unwrap().contains("not tried any more"),
        "{given_up}"
    );
}

#[tokio::test]
async fn what_waits_survives_a_restart_with_its_attempts() {
    let (mut world, receiver) = (World::new(), Receiver::start().await);
    receiver.behave("/Observation/a", Manner::Answer(503));
    world.subscribe("s", "Observation", hook(&receiver)).await;
    world.write(observation("a", "1", 1)).await;
    world.write(observation("a", "1", 2)).await;
    world.settle().await;
    // Not looked at by the worker before the stop.
    world.write(observation("b", "1", 1)).await;
    receiver.take_got();
    world = world.restart().await;
    receiver.behave("/Observation/a", Manner::Answer(200));
    world.settle().await;
    assert_eq!(receiver.take_whats(), ["Observation/b 1"]);
    while world.go_on().await {}
    assert_eq!(receiver.take_whats(), ["Observation/a 1", "Observation/a 2"]);
}
