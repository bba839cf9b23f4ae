//! REST hooks: life cycle, payload, secrets, rights, deletions.

use super::world::*;
use hmac::{Hmac, Mac as _};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;

#[tokio::test]
async fn what_matches_is_put_to_the_receiver_and_signed() {
    let (world, receiver) = (World::new(), Receiver::start().await);
    world.write(observation("early", "4548-4", 7)).await;
    let mut channel = hook(&receiver);
    channel["header"] = json!(["Authorization: Bearer secret-token-abc-123", "X-Tenant: roma"]);
    channel["extension"] = json!([{"url": SECRET, "valueString": "0123456789abcdef"}]);
    let mut asked = subscription("s", "Observation?code=http://loinc.org|4548-4", channel);
    asked["status"] = json!("active");
    asked["error"] = json!("not mine to say");
    world.write(asked).await;
    let stored = world.subscription("s").await;
    assert_eq!((&stored["status"], stored.get("error")), (&json!("requested"), None));
    world.settle().await;
    let stored = world.subscription("s").await;
    assert_eq!(stored["status"], "active");
    assert_eq!(stored["channel"]["header"][1], "X-Tenant: roma");
    let (_, history) = world.call(Method::GET, "/Subscription/s/_history", "admin", None).await;
    let (_, found) = world.call(Method::GET, "/Subscription?_id=s", "admin", None).await;
    assert_eq!(history["entry"].as_array().unwrap().len(), 2);
    for shown in [stored.to_string(), history.to_string(), found.to_string()] {
        assert!(
            !shown.contains("abc-123") && !shown.contains("0123456789abcdef"),
            "{shown}"
        );
    }

    world.write(observation("a", "4548-4", 7)).await;
    world.write(observation("b", "2345-7", 7)).await;
    world.write(observation("a", "4548-4", 8)).await;
    world.settle().await;
    let got = receiver.take_got();
    assert_eq!(
        got.iter().map(Got::what).collect::<Vec<_>>(),
        ["Observation/a 1", "Observation/a 2"]
    );
    let first = &got[0];
    assert_eq!(
        (&first.method, first.header("content-type")),
        (&Method::PUT, "application/fhir+json")
    );
    assert_eq!(first.header("authorization"), "Bearer secret-token-abc-123");
    assert_eq!(
        (first.header("x-tenant"), first.header("sinfonia-subscription")),
        ("roma", "s")
    );
    let trace = ::access::TraceContext::read(first.header("traceparent")).expect("a trace begins with each attempt");
    assert!(trace.sampled());
    let mut mac = Hmac::<Sha256>::new_from_slice(b"0123456789abcdef").unwrap();
    mac.update(format!("{}.{}", first.header("sinfonia-timestamp"), first.body).as_bytes());
    let expected: String = mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(first.header("sinfonia-signature"), format!("sha256={expected}"));
    assert_eq!(world.told("/Subscription/s/$status", "waiting").await, json!(0));

    let mut snapshot = world.store.snapshot().await.unwrap();
    let audit = snapshot
        .audit(&store::AuditFilter::newest(Some("p"), 10))
        .await
        .unwrap()
        .entries();
    assert!(
        audit
            .iter()
            .any(|e| e.actor == "Subscription/s" && e.target == "Observation/a/_history/2" && e.status == 200)
    );
}

#[tokio::test]
async fn without_payload_only_the_bell_rings_and_xml_is_xml() {
    let (world, receiver) = (World::new(), Receiver::start().await);
    world
        .subscribe(
            "bell",
            "Observation",
            json!({"type": "rest-hook", "endpoint": receiver.url}),
        )
        .await;
    let channel =
        json!({"type": "rest-hook", "endpoint": format!("{}/x", receiver.url), "payload": "application/fhir+xml"});
    world.subscribe("xml", "Observation?status=final", channel).await;
    world.write(observation("a", "1", 1)).await;
    world.settle().await;
    let mut got = receiver.take_got();
    got.sort_by(|a, b| a.path.cmp(&b.path));
    assert_eq!(
        (&got[0].method, got[0].path.as_str(), got[0].body.as_str()),
        (&Method::POST, "/hook", "")
    );
    assert_eq!(got[1].path, "/hook/x/Observation/a");
    assert!(
        got[1].body.contains("<Observation xmlns=\"http://hl7.org/fhir\">"),
        "{}",
        got[1].body
    );
}

#[tokio::test]
async fn a_secret_belongs_to_its_subscription_and_target() {
    let (world, receiver) = (World::new(), Receiver::start().await);
    let mut channel = hook(&receiver);
    channel["header"] = json!(["Authorization: Bearer abc"]);
    world.subscribe("s", "Observation", channel).await;
    // Read, changed and written back: the sealed value stays good.
    let mut same = world.subscription("s").await;
    same["reason"] = json!("another");
    world.write(same.clone()).await;
    world.settle().await;
    assert_eq!(world.subscription("s").await["status"], "active");
    world.write(observation("a", "1", 1)).await;
    world.settle().await;
    assert_eq!(receiver.take_got()[0].header("authorization"), "Bearer abc");
    // Moved to another target, or into another subscription, it is refused.
    let mut moved = same.clone();
    moved["channel"]["endpoint"] = json!("https://thief.example.org/");
    let (status, outcome) = world.call(Method::PUT, "/Subscription/s", "admin", Some(moved)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{outcome}");
    let mut copied = same;
    copied["id"] = json!("t");
    let (status, outcome) = world.call(Method::PUT, "/Subscription/t", "admin", Some(copied)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{outcome}");
    assert!(outcome.to_string().contains("does not open"), "{outcome}");
}

#[tokio::test]
async fn what_cannot_work_is_refused_with_its_place() {
    let world = World::with(|settings| settings.endpoints = hub::subscriptions::EndpointPolicy::default());
    let hook = |endpoint: &str| json!({"type": "rest-hook", "endpoint": endpoint});
    let good = "https://example.org/";
    for (criteria, channel, place, reason) in [
        (
            "Observation",
            hook("http://127.0.0.1:1/"),
            "channel.endpoint",
            "inside this network",
        ),
        (
            "Observation",
            hook("https://169.254.169.254/"),
            "channel.endpoint",
            "inside this network",
        ),
        (
            "Observation",
            json!({"type": "rest-hook"}),
            "channel.endpoint",
            "needs an endpoint",
        ),
        (
            "Observation",
            json!({"type": "email", "endpoint": "mailto:a@b"}),
            "channel.type",
            "not supported",
        ),
        ("Observation?colour=red", hook(good), "criteria", "colour"),
        ("Observation?_sort=date", hook(good), "criteria", "conditions"),
        ("Nothing?x=1", hook(good), "criteria", "resource type"),
        (
            "Observation",
            json!({"type": "rest-hook", "endpoint": good, "payload": "text/plain"}),
            "channel.payload",
            "text/plain",
        ),
        (
            "Observation",
            json!({"type": "rest-hook", "endpoint": good, "header": ["Host: x"]}),
            "channel.header",
            "this server",
        ),
        (
            "Observation",
            json!({"type": "rest-hook", "endpoint": good, "header": ["Authorization: sealed:AAAA"]}),
            "channel.header",
            "does not open",
        ),
    ] {
        let (status, outcome) = world
            .call(
                Method::POST,
                "/Subscription",
                "admin",
                Some(subscription("x", criteria, channel)),
            )
            .await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{criteria}: {outcome}");
        let issue = &outcome["issue"][0];
        assert_eq!(issue["expression"][0], format!("Subscription.{place}"), "{outcome}");
        assert!(issue["diagnostics"].as_str().unwrap().contains(reason), "{outcome}");
    }
}

#[tokio::test]
async fn only_those_named_may_write_and_also_in_bundles() {
    let world = World::with(|settings| settings.managers = vec!["data-manager".into()]);
    let one = || subscription("x", "Observation", json!({"type": "websocket"}));
    let entry = json!({"resource": one(), "request": {"method": "PUT", "url": "Subscription/x"}});
    let bundle = |kind: &str| json!({"resourceType": "Bundle", "type": kind, "entry": [entry]});
    let (refused, _) = world.call(Method::PUT, "/Subscription/x", "mmg", Some(one())).await;
    assert_eq!(refused, StatusCode::FORBIDDEN);
    let (refused, _) = world.call(Method::POST, "/", "mmg", Some(bundle("transaction"))).await;
    assert_eq!(refused, StatusCode::FORBIDDEN);
    let (_, answer) = world.call(Method::POST, "/", "mmg", Some(bundle("batch"))).await;
    assert!(
        answer["entry"][0]["response"]["status"]
            .as_str()
            .unwrap()
            .starts_with("403"),
        "{answer}"
    );
    let (_, answer) = world
        .call(Method::POST, "/", "data-manager", Some(bundle("transaction")))
        .await;
    assert!(
        answer["entry"][0]["response"]["status"]
            .as_str()
            .unwrap()
            .starts_with("201"),
        "{answer}"
    );
    world.settle().await;
    assert_eq!(world.subscription("x").await["status"], "active");
    let (refused, _) = world.call(Method::DELETE, "/Subscription/x", "mmg", None).await;
    assert_eq!(refused, StatusCode::FORBIDDEN);
    let (refused, _) = world.call(Method::GET, "/Subscription/x", "assistito", None).await;
    assert_ne!(refused, StatusCode::OK);
}

#[tokio::test]
async fn a_deletion_is_told_to_those_who_asked_and_whose_version_it_was() {
    let (world, receiver) = (World::new(), Receiver::start().await);
    world.subscribe("plain", "Observation?code=1", hook(&receiver)).await;
    let mut asked = subscription("told", "Observation?code=1", hook(&receiver));
    asked["extension"] = json!([{"url": DELETIONS, "valueBoolean": true}]);
    world.write(asked).await;
    world.settle().await;
    world.write(observation("a", "1", 1)).await;
    world.write(observation("b", "2", 1)).await;
    world.settle().await;
    assert_eq!(receiver.take_got().len(), 2);
    world.hub.delete("Observation", "a", None).await.unwrap();
    world.hub.delete("Observation", "b", None).await.unwrap();
    world.settle().await;
    let got = receiver.take_got();
    assert_eq!(got.len(), 1);
    assert_eq!(
        (&got[0].method, got[0].path.as_str()),
        (&Method::DELETE, "/hook/Observation/a")
    );
    assert_eq!(got[0].header("sinfonia-subscription"), "told");
}

#[tokio::test]
async fn off_drops_what_waits_and_an_end_switches_off() {
    let (world, receiver) = (World::new(), Receiver::start().await);
    receiver.behave("/Observation/a", Manner::Answer(500));
    world.subscribe("s", "Observation", hook(&receiver)).await;
    world.write(observation("a", "1", 1)).await;
    world.settle().await;
    assert_eq!(world.told("/Subscription/s/$status", "waiting").await, json!(1));
    let mut off = world.subscription("s").await;
    off["status"] = json!("off");
    world.write(off.clone()).await;
    world.write(observation("b", "1", 1)).await;
    world.settle().await;
    assert_eq!(world.told("/Subscription/s/$status", "waiting").await, json!(0));
    receiver.take_got();
    // On again: from now on, not what was meanwhile.
    off["status"] = json!("requested");
    off["end"] = json!("2026-01-02T04:00:00Z");
    world.write(off).await;
    world.settle().await;
    world.write(observation("c", "1", 1)).await;
    assert_eq!(world.settle().await, Some("2026-01-02T04:00:00Z".parse().unwrap()));
    assert_eq!(receiver.take_whats(), ["Observation/c 1"]);
    world.advance(3_600);
    world.write(observation("d", "1", 1)).await;
    world.settle().await;
    let ended = world.subscription("s").await;
    assert_eq!(ended["status"], "off");
    assert!(ended["error"].as_str().unwrap().contains("end"), "{ended}");
    assert!(receiver.take_got().is_empty());
}

#[tokio::test]
async fn changing_an_active_subscription_does_not_interrupt_it() {
    let (world, receiver) = (World::new(), Receiver::start().await);
    world.subscribe("s", "Observation?code=1", hook(&receiver)).await;
    let changed: Value = subscription("s", "Observation?code=1,2", hook(&receiver));
    world.write(changed).await;
    // Written before the worker looks at the change.
    world.write(observation("a", "1", 1)).await;
    world.write(observation("b", "2", 1)).await;
    world.settle().await;
    let mut got = receiver.take_whats();
    got.sort();
    assert_eq!(got, ["Observation/a 1", "Observation/b 1"]);
    assert_eq!(world.subscription("s").await["status"], "active");
}
