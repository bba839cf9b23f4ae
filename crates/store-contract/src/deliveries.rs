//! Notifications: order within a lane, coalescing, dead letters, counts; and the feed they come from.

use crate::common::*;
use crate::{Knobs, Stage};
use jiff::Timestamp;
use std::sync::Arc;
use store::{DeliveryRecord, DeliveryState, DeliveryWrite, Store, Transaction};

fn queue(lane: &str, seq: u64, coalesce: bool) -> DeliveryWrite {
    DeliveryWrite::Queue {
        subscription: "s".into(),
        lane: lane.into(),
        seq,
        version: seq,
        at: at(seq as i64),
        coalesce,
    }
}

async fn write(store: &Arc<dyn Store>, deliveries: Vec<DeliveryWrite>) {
    let transaction = Transaction {
        deliveries,
        ..Transaction::default()
    };
    store.commit(transaction).await.unwrap();
}

async fn list(store: &Arc<dyn Store>, state: DeliveryState) -> Vec<DeliveryRecord> {
    let mut snapshot = store.snapshot().await.unwrap();
    snapshot
        .deliveries("s", state, Timestamp::MAX, None, 100)
        .await
        .unwrap()
}

async fn seqs(store: &Arc<dyn Store>, state: DeliveryState) -> Vec<u64> {
    list(store, state).await.into_iter().map(|one| one.seq).collect()
}

pub async fn the_earliest_of_a_lane_goes_first_and_other_lanes_do_not_wait(stage: &dyn Stage) {
    let Some(temporary) = stage.open(Knobs::default()).await else {
        return;
    };
    let store = &temporary.store;
    write(
        store,
        vec![
            queue("a", 1, false),
            queue("b", 2, false),
            queue("a", 3, false),
            queue("a", 4, false),
        ],
    )
    .await;
    assert_eq!(seqs(store, DeliveryState::Ready).await, [1, 2]);
    assert_eq!(seqs(store, DeliveryState::Behind).await, [3, 4]);

    let first = list(store, DeliveryState::Ready).await.remove(0);
    let retry = DeliveryWrite::Retry {
        n: first.n,
        due: at(90),
        error: "closed".into(),
    };
    write(store, vec![retry]).await;
    let ready = list(store, DeliveryState::Ready).await;
    assert_eq!(
        ready.iter().map(|one| (one.seq, one.attempts)).collect::<Vec<_>>(),
        [(2, 0), (1, 1)]
    );
    let mut snapshot = store.snapshot().await.unwrap();
    let due = snapshot
        .deliveries("s", DeliveryState::Ready, at(50), None, 10)
        .await
        .unwrap();
    assert_eq!(due.len(), 1, "the other is not due yet");
    drop(snapshot);

    let dead = DeliveryWrite::Dead {
        n: first.n,
        at: at(91),
        error: "closed".into(),
    };
    write(store, vec![dead]).await;
    assert_eq!(
        seqs(store, DeliveryState::Ready).await,
        [2, 3],
        "the dead one makes way"
    );
    assert_eq!(list(store, DeliveryState::Dead).await[0].attempts, 2);

    // Replayed behind the one under way, before the later one.
    write(store, vec![DeliveryWrite::Replay { n: first.n, at: at(95) }]).await;
    assert_eq!(seqs(store, DeliveryState::Behind).await, [4, 1]);
    let third = list(store, DeliveryState::Ready).await.remove(1);
    write(store, vec![DeliveryWrite::Done { n: third.n, seq: 3 }]).await;
    assert_eq!(seqs(store, DeliveryState::Ready).await, [2, 1]);
    write(
        store,
        vec![DeliveryWrite::Drop { n: first.n }, DeliveryWrite::Drop { n: 99 }],
    )
    .await;
    assert_eq!(seqs(store, DeliveryState::Ready).await, [2, 4]);
    let counts = store.snapshot().await.unwrap().delivery_counts(None).await.unwrap();
    assert_eq!((counts.len(), counts[0].count, counts[0].due), (1, 2, at(2)));
}

pub async fn a_coalesced_one_that_took_in_a_later_change_is_not_done(stage: &dyn Stage) {
    let Some(temporary) = stage.open(Knobs::default()).await else {
        return;
    };
    let store = &temporary.store;
    write(store, vec![queue("", 1, true)]).await;
    write(store, vec![queue("", 2, true)]).await;
    let only = list(store, DeliveryState::Ready).await;
    assert_eq!((only.len(), only[0].seq), (1, 2));
    write(store, vec![DeliveryWrite::Done { n: only[0].n, seq: 1 }]).await;
    assert_eq!(seqs(store, DeliveryState::Ready).await, [2]);
    write(store, vec![DeliveryWrite::Done { n: only[0].n, seq: 2 }]).await;
    write(store, vec![queue("", 3, true)]).await;
    let next = list(store, DeliveryState::Ready).await;
    assert!(next[0].n > only[0].n, "numbers are not given twice");
}

pub async fn the_feed_holds_every_version_in_the_order_of_the_commits(stage: &dyn Stage) {
    let Some(temporary) = stage.open(Knobs::default()).await else {
        return;
    };
    let store = &temporary.store;
    for (rtype, version) in [("Basic", 1), ("List", 1), ("Basic", 2), ("Basic", 3)] {
        let transaction = Transaction {
            resources: vec![resource(rtype, "x", version, vec![])],
            ..Transaction::default()
        };
        store.commit(transaction).await.unwrap();
    }
    let delete = store::prepare_delete("Basic", "x", 3, None, at(9));
    store
        .commit(Transaction {
            resources: vec![delete],
            ..Transaction::default()
        })
        .await
        .unwrap();
    let types = ["Basic".to_owned()];
    let mut snapshot = store.snapshot().await.unwrap();
    let (mut seen, mut position) = (Vec::new(), 0);
    loop {
        let page = snapshot.feed(position, 2, &types).await.unwrap();
        if page.position == position {
            break;
        }
        position = page.position;
        seen.extend(
            page.changes
                .into_iter()
                .map(|c| (c.resource.version, c.resource.body.is_some())),
        );
    }
    assert_eq!(seen, [(1, true), (2, true), (3, true), (4, false)]);
}
