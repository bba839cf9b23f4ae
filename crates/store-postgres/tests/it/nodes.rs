//! Nodes that write by turns to one database: what one of them left holds for it only until the other commits.

use jiff::Timestamp;
use postgres_fixture::Database;
use std::sync::Arc;
use store::{
    Clock as _, HistoryWrite, InstanceStatus, InstanceWrite, LeaseWrite, Store, StoreError, SystemClock, Transaction,
    WaitKey, WaitKind, WaitWrite,
};
use store_postgres::{NodeClock, Options, PostgresStore};

pub(crate) async fn open(database: &Database) -> Arc<PostgresStore> {
    PostgresStore::open(&database.address(), Options::default())
        .await
        .unwrap()
}

pub(crate) fn step(id: &str, expected_revision: u64) -> Transaction {
    let at = Timestamp::UNIX_EPOCH;
    let write = InstanceWrite {
        id: id.to_owned(),
        expected_revision,
        definition: "p:1".into(),
        business_key: None,
        patient: None,
        status: InstanceStatus::Active,
        started: at,
        ended: None,
        state: expected_revision.to_string().into_bytes(),
    };
    let history = HistoryWrite {
        instance: id.to_owned(),
        revision: expected_revision + 1,
        at,
        actor: "system".into(),
        events: b"[]".to_vec(),
    };
    let lease = LeaseWrite {
        id: format!("{id}.1"),
        expected: None,
        lease: None,
    };
    Transaction {
        instances: vec![write],
        history: vec![history],
        leases: vec![lease],
        ..Transaction::default()
    }
}

pub(crate) async fn revision(store: &PostgresStore, id: &str) -> u64 {
    let found = store.snapshot().await.unwrap().instance(id).await.unwrap();
    found.map_or(0, |instance| instance.revision)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_node_wrote_is_never_written_over() {
    let Some(database) = Database::new() else { return };
    let (one, other) = (open(&database).await, open(&database).await);
    for revision in 0..4 {
        one.commit(step("i", revision)).await.unwrap();
    }
    other.commit(step("i", 4)).await.unwrap();
    let refused = one.commit(step("i", 4)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict { .. }), "{refused}");
    one.commit(step("i", 5)).await.unwrap();
    for revision in 6..9 {
        one.commit(step("i", revision)).await.unwrap();
    }
    // What this node holds to be new is there already, and it has heard of nothing since.
    other.commit(step("n", 0)).await.unwrap();
    let refused = one.commit(step("n", 0)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict { .. }), "{refused}");
    one.commit(step("i", 9)).await.unwrap();
    one.commit(step("m", 0)).await.unwrap();
    let refused = one.commit(step("n", 0)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict { .. }), "{refused}");
    assert_eq!(revision(&other, "i").await, 10);
    assert_eq!(revision(&one, "n").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_nodes_that_race_each_step_is_taken_once() {
    let Some(database) = Database::new() else { return };
    let nodes = [open(&database).await, open(&database).await];
    let mut tasks = Vec::new();
    for n in 0..8 {
        let store = nodes[n % 2].clone();
        tasks.push(tokio::spawn(async move {
            let mut taken = 0;
            for k in 0..30 {
                let id = format!("i{}", (n / 2 + k) % 3);
                let expected = revision(&store, &id).await;
                match store.commit(step(&id, expected)).await {
                    Ok(_) => taken += 1,
                    Err(StoreError::Conflict { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            taken
        }));
    }
    let mut taken = 0;
    for task in tasks {
        taken += task.await.unwrap();
    }
    let (mut stored, mut told) = (0, 0);
    for id in ["i0", "i1", "i2"] {
        stored += revision(&nodes[0], id).await;
        let mut snapshot = nodes[1].snapshot().await.unwrap();
        told += snapshot.instance_history(id, 0, 1_000).await.unwrap().len() as u64;
    }
    assert_eq!((taken, taken), (stored, told));
    assert!(taken > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_that_is_there_already_is_none_to_add() {
    let Some(database) = Database::new() else { return };
    let store = open(&database).await;
    for revision in 0..5 {
        let key = WaitKey {
            kind: WaitKind::Message,
            name: "m".into(),
            key: "k".into(),
            instance: "i".into(),
            id: "i.2".into(),
        };
        let waits = vec![WaitWrite::Add(key)];
        store
            .commit(Transaction {
                waits,
                ..step("i", revision)
            })
            .await
            .unwrap();
    }
    let mut snapshot = store.snapshot().await.unwrap();
    let found = snapshot
        .waits(WaitKind::Message, Some("m"), None, None, 10)
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(revision(&store, "i").await, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clocks_of_nodes_are_compared_with_the_databases() {
    let Some(database) = Database::new() else { return };
    let (one, other) = (open(&database).await, open(&database).await);
    let now = || SystemClock.now();
    let here = one.note_clock(now).await.unwrap();
    assert!(here.abs() < 60_000, "the database is on this machine: {here}");
    let hour = jiff::SignedDuration::from_hours(1);
    let ahead = other.note_clock(|| now() + hour).await.unwrap();
    assert!((ahead - 3_600_000).abs() < 60_000, "{ahead}");
    let told = |clocks: Vec<NodeClock>| {
        let mut hours: Vec<i64> = clocks
            .iter()
            .map(|node| (node.ahead_ms + 1_800_000) / 3_600_000)
            .collect();
        hours.sort_unstable();
        hours
    };
    assert_eq!(told(one.clocks(60).await.unwrap()), [0, 1]);
    other.note_clock(now).await.unwrap();
    assert_eq!(told(one.clocks(60).await.unwrap()), [0, 0], "each node has one row");
    assert!(one.clocks(0).await.unwrap().is_empty(), "who is gone is not told");
}
