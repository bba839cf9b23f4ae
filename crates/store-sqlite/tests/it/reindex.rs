//! A file indexed under other search definitions is reindexed at open, before it serves.

use crate::common::*;
use fhir::ParamId;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use store::{Clause, Query, Store, Transaction, ValueTest};
use store_sqlite::{Extractor, Options, SqliteStore};

async fn total(store: &SqliteStore, param: u16, code: &str) -> u64 {
    let test = ValueTest::Token {
        system: None,
        code: Some(code.into()),
    };
    let clauses = vec![Clause::Param {
        param: ParamId(param),
        any: vec![test],
    }];
    let query = Query {
        rtype: "Basic".into(),
        clauses,
        total: true,
        ..Query::default()
    };
    let page = store.snapshot().await.unwrap().search(&query).await.unwrap();
    assert_eq!(page.matches.len() as u64, page.total.unwrap());
    page.total.unwrap()
}

#[tokio::test]
async fn new_definitions_replace_every_old_row_once() {
    let t = temporary();
    let writes = (0..30).map(|n| resource("Basic", &format!("r{n}"), 1, vec![token(1, "", "old")]));
    t.store
        .commit(Transaction {
            resources: writes.collect(),
            ..Transaction::default()
        })
        .await
        .unwrap();
    let gone = store::prepare_delete("Basic", "r0", 1, None, at(9));
    t.store
        .commit(Transaction {
            resources: vec![gone],
            ..Transaction::default()
        })
        .await
        .unwrap();
    assert_eq!(total(&t.store, 1, "old").await, 29);
    let path = t.path();
    let directory = t.directory;
    drop(t.store);

    let (calls, last) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let extractor = Extractor {
        fingerprint: 2,
        extract: Arc::new({
            let calls = calls.clone();
            move |body| {
                calls.fetch_add(1, Ordering::Relaxed);
                let value: serde_json::Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
                let id = value["id"].as_str().unwrap();
                // One body that the new rules cannot read must not keep the store from opening.
                if id == "r1" {
                    Err("unreadable".into())
                } else {
                    Ok(vec![token(1, "", "new"), token(7, "", id)])
                }
            }
        }),
    };
    let progress = {
        let last = last.clone();
        Arc::new(move |done, total| {
            assert_eq!(total, 29);
            last.store(done, Ordering::Relaxed);
        })
    };
    let options = Options {
        extractor: Some(extractor),
        progress: Some(progress),
        ..Options::default()
    };
    for _ in 0..2 {
        let store = SqliteStore::open(&path, options.clone()).unwrap();
        assert_eq!((total(&store, 1, "old").await, total(&store, 1, "new").await), (0, 28));
        assert_eq!((total(&store, 7, "r5").await, total(&store, 7, "r0").await), (1, 0));
        assert_eq!(store.doctor().unwrap().problems, Vec::<String>::new());
        assert_eq!(calls.load(Ordering::Relaxed), 29, "the second open has nothing to do");
    }
    assert_eq!(last.load(Ordering::Relaxed), 29);
    drop(directory);
}

#[tokio::test]
async fn a_backup_is_a_whole_store_and_never_overwrites() {
    let t = temporary();
    let write = resource("Basic", "a", 1, vec![token(1, "", "x")]);
    t.store
        .commit(Transaction {
            resources: vec![write],
            ..Transaction::default()
        })
        .await
        .unwrap();
    let copy = t.directory.path().join("copy.db");
    t.store.backup(&copy).unwrap();
    assert!(
        t.store
            .backup(&copy)
            .unwrap_err()
            .to_string()
            .contains("never overwrites")
    );
    let copied = open(&copy);
    assert_eq!(total(&copied, 1, "x").await, 1);
    assert_eq!(copied.doctor().unwrap().problems, Vec::<String>::new());
}
