//! User-defined search parameters: in force from their commit on, indexed beside other work, gone when retired.

use fhir::Definitions;
use jiff::Timestamp;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use store::{Clause, Method, Page, Query, Sort, SortKey, Store, StoreError, Transaction, ValueTest};
use store_sqlite::{Options, SqliteStore};

/// A store that indexes only when told to, three resources at a time.
fn open(path: &Path) -> Arc<SqliteStore> {
    let options = Options {
        reindex_chunk: 3,
        background: false,
        ..Options::default()
    };
    SqliteStore::open(path, options).unwrap()
}

/// Live resources by type and id, with the version last written.
type World = BTreeMap<(&'static str, String), (u64, Option<Value>)>;

async fn put(
    store: &SqliteStore,
    world: &mut World,
    rtype: &'static str,
    id: &str,
    value: Option<Value>,
) -> Result<(), StoreError> {
    let entry = world.entry((rtype, id.to_owned())).or_default();
    let now = Timestamp::from_second(1_700_000_000).unwrap();
    let write = match &value {
        Some(value) => {
            let mut value = value.clone();
            value["resourceType"] = json!(rtype);
            store::prepare_write(Definitions::r4(), value, id, entry.0, now, Method::Put)
                .unwrap()
                .write
        }
        None => store::prepare_delete(rtype, id, entry.0, None, now),
    };
    let resources = vec![write];
    let transaction = Transaction {
        resources,
        ..Transaction::default()
    };
    store.commit(transaction).await?;
    *entry = (entry.0 + 1, value);
    Ok(())
}

/// The parameter `shoe` on Patient (an extension) and, with another base, on Practitioner.
fn shoe(expression: &str, status: &str) -> Value {
    json!({"url": "https://example.org/shoe", "name": "shoe", "status": status, "description": "x", "code": "shoe",
        "base": ["Patient"], "type": "token", "expression": expression})
}

async fn define(store: &SqliteStore, world: &mut World, id: &str, value: Value) -> Result<(), StoreError> {
    put(store, world, "SearchParameter", id, Some(value)).await
}

const BY_EXTENSION: &str = "Patient.extension.where(url='https://example.org/shoe').value.as(code)";

fn wearing(sizes: &[u8]) -> Value {
    let extension = |size: &u8| json!({"url": "https://example.org/shoe", "valueCode": size.to_string()});
    json!({"extension": sizes.iter().map(extension).collect::<Vec<_>>(), "gender": "other"})
}

async fn found(store: &SqliteStore, code: &str, size: u8) -> Result<BTreeSet<String>, StoreError> {
    let param = store.definitions().param("Patient", code).unwrap().id;
    let test = ValueTest::Token {
        system: None,
        code: Some(size.to_string()),
    };
    let query = Query {
        rtype: "Patient".into(),
        clauses: vec![Clause::Param { param, any: vec![test] }],
        page: Page {
            count: 1_000,
            after: None,
        },
        total: true,
        ..Query::default()
    };
    let page = store.snapshot().await.unwrap().search(&query).await?;
    let ids: BTreeSet<String> = page.matches.into_iter().map(|found| found.id).collect();
    assert_eq!(page.total, Some(ids.len() as u64), "no row twice");
    Ok(ids)
}

fn wanted(world: &World, size: u8) -> BTreeSet<String> {
    let wears = |value: &Value| {
        let list = value["extension"].as_array();
        let size = json!(size.to_string());
        list.is_some_and(|list| list.iter().any(|one| one["valueCode"] == size))
    };
    let live = world
        .iter()
        .filter(|((rtype, _), (_, value))| *rtype == "Patient" && value.as_ref().is_some_and(wears));
    live.map(|((_, id), _)| id.clone()).collect()
}

/// A write of a patient, or a chunk of the reindex, or the end of the program and a new start.
#[derive(Debug, Clone)]
enum Move {
    Write(u8, Option<Vec<u8>>),
    Step,
    Reopen,
}

fn any_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        6 => (0..12u8, proptest::option::weighted(0.85, vec(0..3u8, 0..3))).prop_map(|(id, sizes)| Move::Write(id, sizes)),
        4 => Just(Move::Step),
        1 => Just(Move::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_row_is_missed_or_doubled_whatever_happens_meanwhile(
        before in vec(any_move(), 0..40), during in vec(any_move(), 0..40), after in vec(any_move(), 0..10),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        runtime.block_on(async {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("s.db");
            let (mut store, mut world) = (open(&path), World::new());
            for (n, moves) in [before, during, after].into_iter().enumerate() {
                if n == 1 {
                    define(&store, &mut world, "shoe", shoe(BY_EXTENSION, "active")).await.unwrap();
                }
                if n == 2 {
                    while step(&store) {}
                }
                for one in moves {
                    match one {
                        Move::Write(id, sizes) => {
                            let value = sizes.map(|sizes| wearing(&sizes));
                            put(&store, &mut world, "Patient", &format!("p{id}"), value).await.unwrap();
                        }
                        Move::Step => {
                            step(&store);
                        }
                        Move::Reopen => {
                            drop(store);
                            store = open(&path);
                        }
                    }
                    // Asked at any moment it answers whole or not at all.
                    if n > 0 {
                        match found(&store, "shoe", 1).await {
                            Ok(ids) => prop_assert_eq!(ids, wanted(&world, 1)),
                            Err(error) => prop_assert!(matches!(error, StoreError::NotReady(_)) && n == 1, "{}", error),
                        }
                    }
                }
            }
            while step(&store) {}
            for size in 0..3 {
                prop_assert_eq!(found(&store, "shoe", size).await.unwrap(), wanted(&world, size));
            }
            prop_assert_eq!(store.doctor().unwrap().problems, Vec::<String>::new());
            Ok::<(), TestCaseError>(())
        })?;
    }
}

fn step(store: &SqliteStore) -> bool {
    tokio::task::block_in_place(|| store.reindex_step()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_that_changes_is_built_again_and_a_retired_one_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s.db");
    let (store, mut world) = (open(&path), World::new());
    for n in 0..10 {
        put(&store, &mut world, "Patient", &format!("p{n}"), Some(wearing(&[n % 2])))
            .await
            .unwrap();
    }
    define(&store, &mut world, "shoe", shoe(BY_EXTENSION, "active"))
        .await
        .unwrap();
    let refused = found(&store, "shoe", 1).await.unwrap_err().to_string();
    assert!(
        refused.contains("'shoe' on Patient is being built (0 of 10 resources)"),
        "{refused}"
    );
    step(&store);
    let progress = store.snapshot().await.unwrap().reindexing().await.unwrap();
    assert_eq!((progress[0].done, progress[0].total), (3, 10));
    while step(&store) {}
    assert_eq!(found(&store, "shoe", 1).await.unwrap().len(), 5);
    let first = store.definitions().param("Patient", "shoe").unwrap().id;
    let rows = store.doctor().unwrap().index_rows;

    define(&store, &mut world, "shoe", shoe("Patient.gender", "active"))
        .await
        .unwrap();
    assert!(matches!(found(&store, "shoe", 1).await, Err(StoreError::NotReady(_))));
    while step(&store) {}
    assert_eq!(found(&store, "shoe", 1).await.unwrap().len(), 0);
    let second = store.definitions().param("Patient", "shoe").unwrap().id;
    assert_ne!(first, second, "a number is never given twice");
    assert_eq!(store.doctor().unwrap().problems, Vec::<String>::new());

    define(&store, &mut world, "shoe", shoe("Patient.gender", "retired"))
        .await
        .unwrap();
    assert!(store.definitions().param("Patient", "shoe").is_none());
    while step(&store) {}
    let doctor = store.doctor().unwrap();
    assert_eq!(doctor.problems, Vec::<String>::new());
    assert!(doctor.index_rows < rows);

    define(&store, &mut world, "shoe", shoe("Patient.gender", "active"))
        .await
        .unwrap();
    put(&store, &mut world, "SearchParameter", "shoe", None).await.unwrap();
    assert!(store.definitions().param("Patient", "shoe").is_none());
    drop(store);
    let store = open(&path);
    assert!(store.definitions().param("Patient", "shoe").is_none());
    while step(&store) {}
    assert_eq!(store.doctor().unwrap().problems, Vec::<String>::new());
}

#[tokio::test]
async fn a_second_definition_of_the_same_name_is_refused_alone() {
    let directory = tempfile::tempdir().unwrap();
    let (store, mut world) = (open(&directory.path().join("s.db")), World::new());
    define(&store, &mut world, "one", shoe(BY_EXTENSION, "active"))
        .await
        .unwrap();
    let refused = define(&store, &mut world, "two", shoe("Patient.gender", "active")).await;
    let text = refused.unwrap_err().to_string();
    assert!(
        text.contains("SearchParameter/one defines 'shoe' on Patient already"),
        "{text}"
    );
    define(&store, &mut world, "three", shoe("Patient.gender", "draft"))
        .await
        .unwrap();
    assert_eq!(store.snapshot().await.unwrap().search_params().await.unwrap().len(), 1);
}

#[tokio::test]
async fn it_sorts_and_its_first_use_on_an_empty_type_needs_no_waiting() {
    let directory = tempfile::tempdir().unwrap();
    let (store, mut world) = (open(&directory.path().join("s.db")), World::new());
    define(&store, &mut world, "shoe", shoe(BY_EXTENSION, "active"))
        .await
        .unwrap();
    for (id, size) in [("a", 2), ("b", 0), ("c", 1)] {
        put(&store, &mut world, "Patient", id, Some(wearing(&[size])))
            .await
            .unwrap();
    }
    let param = store.definitions().param("Patient", "shoe").unwrap().id;
    let query = Query {
        rtype: "Patient".into(),
        sort: vec![Sort {
            key: SortKey::Param(param),
            descending: true,
        }],
        ..Query::default()
    };
    let page = store.snapshot().await.unwrap().search(&query).await.unwrap();
    let ids: Vec<&str> = page.matches.iter().map(|found| found.id.as_str()).collect();
    assert_eq!(ids, ["a", "c", "b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_thread_does_it_while_others_write() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path().join("s.db"), Options::default()).unwrap();
    let mut world = World::new();
    for n in 0..50u8 {
        put(&store, &mut world, "Patient", &format!("p{n}"), Some(wearing(&[n % 3])))
            .await
            .unwrap();
    }
    define(&store, &mut world, "shoe", shoe(BY_EXTENSION, "active"))
        .await
        .unwrap();
    for n in 30..70u8 {
        put(&store, &mut world, "Patient", &format!("p{n}"), Some(wearing(&[1])))
            .await
            .unwrap();
    }
    tokio::task::block_in_place(|| store.settle());
    assert_eq!(found(&store, "shoe", 1).await.unwrap(), wanted(&world, 1));
    store.reindex(&["Patient".into()]).await.unwrap();
    tokio::task::block_in_place(|| store.settle());
    assert!(store.snapshot().await.unwrap().reindexing().await.unwrap().is_empty());
    assert_eq!(store.doctor().unwrap().problems, Vec::<String>::new());
}
