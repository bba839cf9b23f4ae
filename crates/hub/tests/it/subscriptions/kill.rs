//! SIGKILL while writing, matching and delivering: whatever was acknowledged is delivered at least once, in order.
//!
//! The child is this test binary run again with [`CHILD`] set: it writes versions and prints each acknowledgement, while
//! its worker delivers to the parent's receiver. The parent kills it after some lines, and finishes over the same store.

use super::world::*;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

/// Set for the child: where the store lies, and the receiver's address.
const CHILD: &str = "HUB_SUBSCRIPTIONS_KILL_CHILD";
const ROUNDS: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_that_is_killed() {
    let Ok(given) = std::env::var(CHILD) else { return };
    let (place, url) = given.split_once('|').unwrap();
    let world = World::at(place);
    let subscribed = world.hub.read("Subscription", "s").await.is_ok();
    if !subscribed {
        let channel = json!({"type": "rest-hook", "endpoint": url, "payload": "application/fhir+json"});
        world.subscribe("s", "Observation?status=final", channel).await;
    }
    let hub = world.hub.clone();
    tokio::spawn(world.worker.run());
    for n in 0.. {
        let id = format!("o{}", n % 5);
        let written = hub
            .update("Observation", &id, observation(&id, "1", n), None)
            .await
            .unwrap();
        println!("ack {id} {}", written.resource.version);
        std::io::stdout().flush().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost() {
    let receiver = Receiver::start().await;
    let dir = tempfile::tempdir().unwrap();
    let place = test_store::Place::new(&dir.path().join("hub.db"));
    let mut acknowledged: BTreeMap<String, u64> = BTreeMap::new();
    for round in 0..ROUNDS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "subscriptions::kill::child_that_is_killed", "--nocapture"])
            .env(CHILD, format!("{}|{}", place.told(), receiver.url))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let wanted = 15 + 23 * round;
        let mut seen = 0;
        for line in lines.map_while(Result::ok) {
            let Some(rest) = line.find("ack ").map(|at| &line[at + 4..]) else {
                continue;
            };
            let (id, version) = rest.split_once(' ').unwrap();
            acknowledged.insert(id.into(), version.trim().parse().unwrap());
            seen += 1;
            if seen == wanted {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(seen >= wanted, "the child ended by itself");
    }
    let world = World::at(&place.told());
    world.settle().await;
    let mut delivered: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for got in receiver.take_got() {
        let what = got.what();
        let (id, version) = what.strip_prefix("Observation/").unwrap().split_once(' ').unwrap();
        delivered.entry(id.into()).or_default().push(version.parse().unwrap());
    }
    for (id, last) in acknowledged {
        let versions = &delivered[&id];
        let mut highest = 0;
        for version in versions {
            // Again is allowed; ahead of what was not there yet is not.
            assert!(
                *version <= highest + 1,
                "{id}: {version} came when {highest} was the last: {versions:?}"
            );
            highest = highest.max(*version);
        }
        assert!(highest >= last, "{id}: {last} was acknowledged, {highest} came");
    }
}
