//! Index rows that are not in the file yet are found all the same, by every snapshot those of its own moment.

use crate::common::*;
use fhir::ParamId;
use rusqlite::Connection;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::{Clause, Page, Query, Store, Transaction, ValueTest};
use store_sqlite::{Options, SqliteStore};

const CODE: u16 = 1;

/// All resources with the code, a page of one with the total.
fn question(code: &str) -> Query {
    Query {
        rtype: "Basic".into(),
        clauses: vec![Clause::Param {
            param: ParamId(CODE),
            any: vec![ValueTest::Token {
                system: Some("s".into()),
                code: Some(code.into()),
            }],
        }],
        total: true,
        page: Page { count: 1, after: None },
        ..Query::default()
    }
}

async fn total(store: &SqliteStore, code: &str) -> u64 {
    let mut snapshot = store.snapshot().await.unwrap();
    snapshot.search(&question(code)).await.unwrap().total.unwrap()
}

async fn create(store: &SqliteStore, n: usize) {
    let resources = vec![resource("Basic", &format!("b{n}"), 1, vec![token(CODE, "s", "x")])];
    store
        .commit(Transaction {
            resources,
            ..Transaction::default()
        })
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_snapshot_sees_the_rows_of_its_moment() {
    let t = temporary();
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..3)
        .map(|_| {
            let (store, done) = (t.store.clone(), done.clone());
            tokio::spawn(async move {
                while !done.load(Ordering::Relaxed) {
                    let mut snapshot = store.snapshot().await.unwrap();
                    let counts = snapshot.counts().await.unwrap();
                    tokio::task::yield_now().await;
                    let found = snapshot.search(&question("x")).await.unwrap().total.unwrap();
                    assert_eq!(counts.first().map_or(0, |(_, count)| *count), found);
                }
            })
        })
        .collect();
    for n in 0..400 {
        create(&t.store, n).await;
    }
    done.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
    assert_eq!(total(&t.store, "x").await, 400);
}

#[tokio::test]
async fn rows_that_wait_are_written_at_close_or_when_the_file_is_opened_again() {
    let t = temporary_with(Options {
        index_rows: 1_000,
        background: false,
        ..options()
    });
    let rows = |path: &std::path::Path| -> i64 {
        let connection = Connection::open(path).unwrap();
        connection
            .query_row("SELECT count(*) FROM idx", [], |row| row.get(0))
            .unwrap()
    };
    for n in 0..10 {
        create(&t.store, n).await;
    }
    // What a crash would leave: the file without the memory.
    let copy = t.directory.path().join("copy.db");
    t.store.backup(&copy).unwrap();
    assert_eq!(rows(&copy), 0);
    let opened = open(&copy);
    assert_eq!(total(&opened, "x").await, 10);
    assert_eq!(opened.doctor().unwrap().problems, Vec::<String>::new());
    assert_eq!(rows(&copy), 10);
    t.store.close();
    assert_eq!(rows(&t.path()), 10);
}

#[tokio::test]
async fn a_row_that_waits_is_removed_and_comes_again() {
    let t = temporary();
    create(&t.store, 0).await;
    for version in 2..200 {
        let code = if version % 2 == 0 { "y" } else { "x" };
        let resources = vec![resource("Basic", "b0", version, vec![token(CODE, "s", code)])];
        let write = Transaction {
            resources,
            ..Transaction::default()
        };
        t.store.commit(write).await.unwrap();
        let other = if code == "x" { "y" } else { "x" };
        assert_eq!((total(&t.store, code).await, total(&t.store, other).await), (1, 0));
    }
    assert_eq!(t.store.doctor().unwrap().problems, Vec::<String>::new());
    assert_eq!(t.store.doctor().unwrap().index_rows, 1);
}
