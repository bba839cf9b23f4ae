//! History goes by policy, and nothing else does.

use crate::common::*;
use store::{AuditEntry, CursorWrite, DeliveryWrite, HistoryScope, Page, Query, Store, StoreError, Transaction};
use store_sqlite::{Depth, HistoryPolicy, Prune, PruneCount, SqliteStore};

async fn commit(store: &SqliteStore, transaction: Transaction) {
    store.commit(transaction).await.unwrap();
}

/// Versions 1 to `last`, one second apart.
async fn write(store: &SqliteStore, rtype: &str, id: &str, last: u64) {
    for version in 1..=last {
        let resources = vec![resource(rtype, id, version, vec![token(1, "s", "c")])];
        commit(
            store,
            Transaction {
                resources,
                ..Transaction::default()
            },
        )
        .await;
    }
}

async fn kept(store: &SqliteStore, rtype: &str, id: &str) -> Vec<u64> {
    let scope = HistoryScope::Instance {
        rtype: rtype.into(),
        id: id.into(),
    };
    let mut snapshot = store.snapshot().await.unwrap();
    let page = snapshot.history(&scope, None, 100, None).await.unwrap();
    page.versions.iter().map(|version| version.version).collect()
}

fn asked<'a>(policy: &'a HistoryPolicy, seconds: i64, readers: &'a [&'a str]) -> Prune<'a> {
    Prune {
        policy,
        now: at(seconds),
        actor: "Practitioner/admin",
        readers,
    }
}

fn count(rtype: &str, versions: u64, held: u64) -> PruneCount {
    PruneCount {
        rtype: rtype.into(),
        versions,
        held,
    }
}

const DAY: i64 = 86_400;

#[tokio::test]
async fn the_last_versions_and_the_young_ones_stay() {
    let t = temporary();
    write(&t.store, "Patient", "p", 5).await;
    write(&t.store, "Observation", "o", 5).await;
    write(&t.store, "Task", "t", 5).await;
    let policy: HistoryPolicy = "all; Patient=last:2; Task=last:1,days:1; Observation=days:1"
        .parse()
        .unwrap();
    // A day after second 4: what second 3 superseded is old enough, what second 4 did is not.
    let asked = asked(&policy, 4 + DAY, &[]);
    let expected = [count("Observation", 2, 0), count("Patient", 3, 0), count("Task", 2, 0)];
    assert_eq!(t.store.prunable(&asked).await.unwrap(), expected);
    assert_eq!(
        kept(&t.store, "Patient", "p").await,
        [5, 4, 3, 2, 1],
        "counting changes nothing"
    );
    assert_eq!(t.store.prune(&asked).await.unwrap(), expected);
    assert_eq!(kept(&t.store, "Patient", "p").await, [5, 4]);
    assert_eq!(kept(&t.store, "Observation", "o").await, [5, 4, 3]);
    assert_eq!(kept(&t.store, "Task", "t").await, [5, 4, 3]);
    assert_eq!(t.store.prune(&asked).await.unwrap(), []);

    let mut snapshot = t.store.snapshot().await.unwrap();
    assert!(snapshot.vread("Patient", "p", 3).await.unwrap().is_none());
    assert!(snapshot.vread("Patient", "p", 4).await.unwrap().is_some());
    let audit: Vec<AuditEntry> = snapshot
        .audit(&store::AuditFilter::newest(None, 10))
        .await
        .unwrap()
        .entries();
    let told: Vec<_> = audit.iter().map(|entry| (&*entry.actor, &*entry.target)).collect();
    let by = "Practitioner/admin";
    assert_eq!(
        told,
        [
            (by, "Task/_history"),
            (by, "Patient/_history"),
            (by, "Observation/_history")
        ]
    );
    assert!(
        audit[1].outcome.contains("last:2, 3 superseded versions"),
        "{}",
        audit[1].outcome
    );
    assert_eq!(
        t.store.examine(Depth::Structure).unwrap().problems,
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn a_deleted_resource_stays_deleted() {
    let t = temporary();
    write(&t.store, "Patient", "p", 3).await;
    let delete = store::prepare_delete("Patient", "p", 3, None, at(4));
    let resources = vec![delete];
    commit(
        &t.store,
        Transaction {
            resources,
            ..Transaction::default()
        },
    )
    .await;
    let policy: HistoryPolicy = "last:1".parse().unwrap();
    assert_eq!(
        t.store.prune(&asked(&policy, 9, &[])).await.unwrap(),
        [count("Patient", 3, 0)]
    );
    assert_eq!(kept(&t.store, "Patient", "p").await, [4]);
}

#[tokio::test]
async fn many_versions_go_in_several_commits() {
    let t = temporary();
    for version in 1..=2 {
        let one = |n| resource("Observation", &format!("o{n}"), version, Vec::new());
        let resources = (0..700).map(one).collect();
        commit(
            &t.store,
            Transaction {
                resources,
                ..Transaction::default()
            },
        )
        .await;
    }
    let policy: HistoryPolicy = "last:1".parse().unwrap();
    assert_eq!(
        t.store.prune(&asked(&policy, 9, &[])).await.unwrap(),
        [count("Observation", 700, 0)]
    );
    let mut snapshot = t.store.snapshot().await.unwrap();
    assert_eq!(
        snapshot
            .audit(&store::AuditFilter::newest(None, 10))
            .await
            .unwrap()
            .entries()
            .len(),
        2
    );
    let page = snapshot
        .history(&HistoryScope::System, None, 1_000, None)
        .await
        .unwrap();
    assert!(page.versions.len() == 700 && page.versions.iter().all(|version| version.version == 2));
}

#[tokio::test]
async fn pages_that_need_what_went_expire() {
    let t = temporary();
    write(&t.store, "Patient", "a", 2).await;
    write(&t.store, "Patient", "b", 1).await;
    let query = |after| Query {
        rtype: "Patient".into(),
        page: Page { count: 1, after },
        ..Query::default()
    };
    let mut snapshot = t.store.snapshot().await.unwrap();
    let first = snapshot.search(&query(None)).await.unwrap();
    let versions = snapshot.history(&HistoryScope::System, None, 1, None).await.unwrap();
    drop(snapshot);
    for (id, version) in [("a", 3), ("b", 2)] {
        let resources = vec![resource("Patient", id, version, Vec::new())];
        commit(
            &t.store,
            Transaction {
                resources,
                ..Transaction::default()
            },
        )
        .await;
    }
    let policy: HistoryPolicy = "last:1".parse().unwrap();
    t.store.prune(&asked(&policy, 9, &[])).await.unwrap();
    let mut snapshot = t.store.snapshot().await.unwrap();
    let next = snapshot.search(&query(first.next)).await;
    assert!(matches!(next, Err(StoreError::Expired(_))), "{next:?}");
    let next = snapshot
        .history(&HistoryScope::System, None, 1, versions.next.as_deref())
        .await;
    assert!(matches!(next, Err(StoreError::Expired(_))), "{next:?}");
}

#[tokio::test]
async fn what_a_notification_still_needs_stays() {
    let t = temporary();
    write(&t.store, "Patient", "p", 4).await;
    let cursor = |expected, value| CursorWrite {
        name: "reader".into(),
        expected,
        value,
    };
    let cursors = vec![cursor(0, 2)];
    commit(
        &t.store,
        Transaction {
            cursors,
            ..Transaction::default()
        },
    )
    .await;
    let policy: HistoryPolicy = "last:1".parse().unwrap();
    let asked = asked(&policy, 9, &["reader"]);
    assert_eq!(t.store.prune(&asked).await.unwrap(), [count("Patient", 1, 2)]);
    assert_eq!(
        kept(&t.store, "Patient", "p").await,
        [4, 3, 2],
        "the reader compares version 3 with version 2"
    );
    let cursors = vec![cursor(2, 4)];
    let deliveries = vec![DeliveryWrite::Queue {
        subscription: "s".into(),
        lane: "Patient/p".into(),
        seq: 3,
        version: 3,
        at: at(9),
        coalesce: false,
    }];
    commit(
        &t.store,
        Transaction {
            cursors,
            deliveries,
            ..Transaction::default()
        },
    )
    .await;
    assert_eq!(t.store.prune(&asked).await.unwrap(), [count("Patient", 1, 1)]);
    assert_eq!(
        kept(&t.store, "Patient", "p").await,
        [4, 3],
        "version 3 is still to be sent"
    );
}
