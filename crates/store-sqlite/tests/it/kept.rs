//! Readers go on in the transaction they have while only access records are written; nobody misses anything by it.

use crate::common::*;
use store::{AuditEntry, AuditFilter, Store, Transaction};
use store_sqlite::SqliteStore;

async fn access(store: &SqliteStore, n: i64) {
    let entry = AuditEntry {
        at: at(n),
        actor: "Practitioner/a".into(),
        target: format!("Patient/{n}"),
        ..AuditEntry::default()
    };
    let audit = vec![entry];
    store
        .commit(Transaction {
            audit,
            ..Transaction::default()
        })
        .await
        .unwrap();
}

async fn write(store: &SqliteStore, id: &str) {
    let resources = vec![resource("Basic", id, 1, vec![token(1, "s", "x")])];
    store
        .commit(Transaction {
            resources,
            ..Transaction::default()
        })
        .await
        .unwrap();
}

async fn resources(store: &SqliteStore) -> u64 {
    let counts = store.snapshot().await.unwrap().counts().await.unwrap();
    counts.first().map_or(0, |(_, count)| *count)
}

/// Bytes of the log.
fn log(t: &Temporary) -> u64 {
    let log = t.path().with_extension("db-wal");
    std::fs::metadata(log).map_or(0, |metadata| metadata.len())
}

#[tokio::test]
async fn what_was_written_and_every_access_are_seen_at_once() {
    let t = temporary();
    for n in 0..20 {
        assert_eq!(resources(&t.store).await, n);
        access(&t.store, n as i64).await;
        assert_eq!(resources(&t.store).await, n, "an access changes nothing of it");
        let mut snapshot = t.store.snapshot().await.unwrap();
        let newest = snapshot.audit(&AuditFilter::newest(None, 1)).await.unwrap().entries();
        assert_eq!(newest[0].target, format!("Patient/{n}"));
        drop(snapshot);
        write(&t.store, &format!("b{n}")).await;
    }
    assert_eq!(resources(&t.store).await, 20);
}

#[tokio::test]
async fn a_snapshot_stays_where_it_is_beside_one_that_goes_on() {
    let t = temporary();
    write(&t.store, "a").await;
    let mut early = t.store.snapshot().await.unwrap();
    assert_eq!(early.counts().await.unwrap()[0].1, 1);
    write(&t.store, "b").await;
    assert_eq!(resources(&t.store).await, 2);
    assert_eq!(early.counts().await.unwrap()[0].1, 1);
    drop(early);
    assert_eq!(resources(&t.store).await, 2);
}

#[tokio::test]
async fn readers_at_rest_do_not_hold_the_log() {
    let t = temporary();
    write(&t.store, "a").await;
    // Several readers go back with a transaction of this moment.
    let mut readers = vec![];
    for _ in 0..4 {
        readers.push(t.store.snapshot().await.unwrap());
        assert_eq!(readers.last_mut().unwrap().counts().await.unwrap()[0].1, 1);
    }
    drop(readers);
    access(&t.store, 1).await;
    assert!(t.store.compact().await.unwrap(), "the log is empty");
    assert_eq!(log(&t), 0);
    assert_eq!(resources(&t.store).await, 1);
    write(&t.store, "b").await;
    assert_eq!(resources(&t.store).await, 2);
    assert!(log(&t) > 0);
    t.store.close();
    assert_eq!(log(&t), 0, "what ends well leaves no log");
}
