//! Limits and opening, as SQLite has them.

use crate::common::*;
use store::{Store, StoreError, Transaction};
use store_sqlite::{Options, SqliteStore};

fn write(write: store::ResourceWrite) -> Transaction {
    Transaction {
        resources: vec![write],
        ..Transaction::default()
    }
}

#[tokio::test]
async fn too_many_snapshots_are_refused() {
    let t = temporary_with(Options {
        snapshots: 2,
        ..options()
    });
    let first = t.store.snapshot().await.unwrap();
    let _second = t.store.snapshot().await.unwrap();
    assert!(matches!(t.store.snapshot().await, Err(StoreError::Overloaded { .. })));
    drop(first);
    t.store.snapshot().await.unwrap();
}

#[tokio::test]
async fn a_second_opener_is_refused_until_the_first_closes() {
    let t = temporary();
    t.store
        .commit(write(resource("Patient", "a", 1, vec![])))
        .await
        .unwrap();
    let refused = SqliteStore::open(t.path(), options()).unwrap_err().to_string();
    assert!(refused.contains("one process per file"), "{refused}");
    let path = t.path();
    t.store.close();
    assert!(matches!(
        t.store.commit(Transaction::default()).await,
        Err(StoreError::Closed)
    ));
    let directory = t.directory;
    drop(t.store);
    let store = open(&path);
    assert_eq!(*store.changes().borrow(), 1);
    assert!(
        store
            .snapshot()
            .await
            .unwrap()
            .read("Patient", "a")
            .await
            .unwrap()
            .is_some()
    );
    let done = store.commit(write(resource("Patient", "b", 1, vec![]))).await.unwrap();
    assert_eq!(done.seq, 2, "the change feed goes on where it was");
    drop(directory);
}

#[tokio::test]
async fn an_oversized_value_harms_only_its_own_transaction() {
    let t = temporary();
    // More than SQLite's billion bytes cannot be bound; many writers share its batch.
    let mut huge = resource("Basic", "huge", 1, vec![]);
    huge.body = Some(vec![b'x'; 1_000_000_001].into());
    let store = t.store.clone();
    let bad = tokio::spawn(async move { store.commit(write(huge)).await });
    let mut good = Vec::new();
    for n in 0..50 {
        let store = t.store.clone();
        good.push(tokio::spawn(async move {
            store
                .commit(write(resource("Basic", &format!("r{n}"), 1, vec![])))
                .await
        }));
    }
    assert!(matches!(bad.await.unwrap(), Err(StoreError::Backend(_))));
    for task in good {
        task.await.unwrap().unwrap();
    }
    assert_eq!(
        t.store.snapshot().await.unwrap().counts().await.unwrap(),
        [("Basic".to_owned(), 50)]
    );
}
