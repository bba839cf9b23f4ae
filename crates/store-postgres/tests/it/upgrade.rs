//! Programs of two versions over one database.

use jiff::Timestamp;
use postgres_fixture::Database;
use search::Extractor;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use store::{Method, Store, StoreError, Transaction, prepare_write};
use store_postgres::{Options, PostgresStore, upgrade};

async fn open(database: &Database, fingerprint: u64) -> Result<Arc<PostgresStore>, StoreError> {
    let extractor = Extractor {
        fingerprint,
        ..Extractor::r4()
    };
    let options = Options {
        extractor: Some(extractor),
        ..Options::default()
    };
    PostgresStore::open(&database.address(), options).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_index_is_not_made_anew_under_the_feet_of_other_programs() {
    let Some(database) = Database::new() else { return };
    let first = open(&database, 1).await.unwrap();
    let body = json!({"resourceType": "Patient", "id": "p"});
    let now: Timestamp = "2026-11-22T08:00:00Z".parse().unwrap();
    let prepared = prepare_write(first.definitions(), body, "p", 0, now, Method::Post).unwrap();
    let resources = vec![prepared.write];
    first
        .commit(Transaction {
            resources,
            ..Transaction::default()
        })
        .await
        .unwrap();
    let beside = open(&database, 1).await.expect("the same definitions: nothing to make");
    let refused = open(&database, 2).await.unwrap_err();
    assert!(matches!(refused, StoreError::InUse(_)), "{refused}");
    let seen = upgrade::look(&database.address()).await.unwrap();
    assert!(seen.older().is_empty() && seen.schema == seen.known, "{seen:?}");
    first.close().await;
    beside.close().await;
    let mut opened = Err(refused);
    for _ in 0..100 {
        // The server ends the connections of who left in its own time.
        opened = open(&database, 2).await;
        if !matches!(opened, Err(StoreError::InUse(_))) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let opened = opened.unwrap();
    assert!(opened.examine().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contracting_waits_for_whoever_does_not_say_its_version() {
    let Some(database) = Database::new() else { return };
    let store = open(&database, 1).await.unwrap();
    let address = database.address();
    let (from, to) = upgrade::contract(&address).await.unwrap();
    assert!(from <= to && to == upgrade::look(&address).await.unwrap().least);
    let old = std::process::Command::new("psql")
        .args([
            &format!("{address} application_name=sinfonia"),
            "-c",
            "SELECT pg_sleep(60)",
        ])
        .spawn();
    let Ok(mut old) = old else {
        return eprintln!("SKIPPED: there is no psql in the path");
    };
    let mut told = None;
    for _ in 0..100 {
        if let Err(error) = upgrade::contract(&address).await {
            told = Some(error.to_string());
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    old.kill().unwrap();
    old.wait().unwrap();
    assert!(told.is_some_and(|told| told.contains("end them first")));
    store.close().await;
}
