//! The feed for programs inside.

use super::world::*;
use hub::subscriptions::Feed;
use store::{RecordWrite, Transaction};

#[tokio::test]
async fn a_named_feed_goes_on_where_its_effects_ended() {
    let world = World::new();
    world.write(observation("early", "1", 1)).await;
    let criteria = ["Observation?code=1", "Patient"];
    let mut feed = Feed::open(&world.hub, "recalls", &criteria).await.unwrap();
    for (id, code) in [("a", "1"), ("b", "2"), ("a", "1")] {
        world.write(observation(id, code, 1)).await;
    }
    let batch = feed.next(10).await.unwrap();
    let seen = |batch: &hub::subscriptions::FeedBatch| -> Vec<String> {
        batch
            .changes
            .iter()
            .map(|c| format!("{} {}", c.resource.id, c.resource.version))
            .collect()
    };
    assert_eq!(seen(&batch), ["a 1", "a 2"]);
    drop(feed);
    // Nothing was committed: another reader of the name gets the same.
    let mut feed = Feed::open(&world.hub, "recalls", &criteria).await.unwrap();
    let again = feed.next(10).await.unwrap();
    assert_eq!(seen(&again), ["a 1", "a 2"]);
    let effect = RecordWrite {
        kind: "recall".into(),
        key: "a".into(),
        must_be_new: true,
        value: Some(vec![1]),
    };
    let transaction = Transaction {
        records: vec![effect],
        ..Transaction::default()
    };
    feed.commit(&again, transaction.clone()).await.unwrap();
    let mut other = Feed::open(&world.hub, "recalls", &criteria).await.unwrap();
    let rest = other.next(10).await.unwrap();
    assert!(rest.changes.is_empty() && rest.is_last());
    // A repetition of the effect changes nothing.
    assert!(feed.commit(&again, transaction).await.is_err());
    let mut snapshot = world.store.snapshot().await.unwrap();
    assert_eq!(snapshot.record("recall", "a").await.unwrap(), Some(vec![1]));
    assert!(Feed::open(&world.hub, "x", &["Patient?colour=red"]).await.is_err());
}
