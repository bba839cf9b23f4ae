//! Many subscriptions, much that waits, and the largest that are allowed.

use super::world::*;
use serde_json::json;

#[tokio::test]
async fn a_thousand_subscriptions_each_get_their_own() {
    let (world, receiver) = (World::new(), Receiver::start().await);
    for n in 0..1_000 {
        let channel = json!({"type": "rest-hook", "endpoint": format!("{}/{n}", receiver.url)});
        world
            .write(subscription(
                &format!("s{n}"),
                &format!("Observation?code=c{n}&status=final"),
                channel,
            ))
            .await;
    }
    world.settle().await;
    assert_eq!(world.subscription("s999").await["status"], "active");
    for n in [3, 500, 999] {
        world.write(observation(&format!("o{n}"), &format!("c{n}"), 1)).await;
    }
    world.write(observation("other", "none", 1)).await;
    world.settle().await;
    let mut paths: Vec<String> = receiver.take_got().into_iter().map(|got| got.path).collect();
    paths.sort();
    assert_eq!(paths, ["/hook/3", "/hook/500", "/hook/999"]);
    let (_, all) = world
        .call(http::Method::GET, "/Subscription/$status?_count=1000", "admin", None)
        .await;
    let listed = all["parameter"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|p| p["name"] == "subscription")
        .count();
    assert_eq!(listed, 1_000);
    assert_eq!(world.told("/Subscription/s3/$status", "lag").await, json!(0));
}

#[tokio::test]
async fn too_much_waiting_switches_off_with_a_reason_and_what_waits_is_still_sent() {
    let (world, receiver) = (World::with(|s| s.waiting_per_subscription = 3), Receiver::start().await);
    for n in 0..6 {
        receiver.behave(&format!("/Observation/o{n}"), Manner::Answer(500));
    }
    world.subscribe("s", "Observation", hook(&receiver)).await;
    for n in 0..6 {
        world.write(observation(&format!("o{n}"), "1", 1)).await;
    }
    world.settle().await;
    let off = world.subscription("s").await;
    assert_eq!(off["status"], "off");
    assert!(
        off["error"]
            .as_str()
            .unwrap()
            .contains("as many notifications wait as are kept"),
        "{off}"
    );
    assert_eq!(world.told("/Subscription/s/$status", "waiting").await, json!(3));
    receiver.take_got();
    for n in 0..6 {
        receiver.behave(&format!("/Observation/o{n}"), Manner::Answer(200));
    }
    while world.go_on().await {}
    let mut got = receiver.take_whats();
    got.sort();
    assert_eq!(got, ["Observation/o0 1", "Observation/o1 1", "Observation/o2 1"]);
    let mut again = off.clone();
    again["status"] = json!("requested");
    world.write(again).await;
    world.settle().await;
    world.write(observation("o5", "1", 2)).await;
    world.settle().await;
    assert_eq!(receiver.take_whats(), ["Observation/o5 2"]);
}

#[tokio::test]
async fn what_is_too_large_is_a_dead_letter_and_too_many_are_an_error() {
    let (world, receiver) = (
        World::with(|s| {
            s.payload_bytes = 600;
            s.active = 2;
            s.searching = 1;
        }),
        Receiver::start().await,
    );
    world.subscribe("s", "Observation", hook(&receiver)).await;
    let mut large = observation("a", "1", 1);
    large["note"] = json!([{"text": "x".repeat(700)}]);
    world.write(large).await;
    world.write(observation("a", "1", 1)).await;
    world.settle().await;
    assert_eq!(receiver.take_whats(), ["Observation/a 2"]);
    assert_eq!(world.dead("s").await.len(), 1);
    world
        .subscribe("chain", "Observation?patient.name=rossi", hook(&receiver))
        .await;
    world
        .write(subscription("more", "Observation?patient.name=verdi", hook(&receiver)))
        .await;
    world.settle().await;
    let refused = world.subscription("more").await;
    assert_eq!(refused["status"], "error");
    assert!(
        refused["error"].as_str().unwrap().contains("the most there may be"),
        "{refused}"
    );
}
