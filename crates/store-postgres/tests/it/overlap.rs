//! Groups that are written while the one before them is being committed: whatever becomes of that one, what was acknowledged is
//! stored once, and nothing else.

use crate::nodes::{open, revision, step};
use postgres_fixture::Database;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use store::{Store, StoreError, WaitKey, WaitKind, WaitWrite};
use store_postgres::PostgresStore;

/// Instances in flight.
const INSTANCES: usize = 96;
/// Steps of each.
const STEPS: u64 = 25;

/// What became of one instance's steps.
#[derive(Debug, Default)]
struct Told {
    acknowledged: u64,
    /// The connection broke, and whether it was written had to be read.
    unknown: u64,
    /// Another node had taken them.
    others: u64,
}

/// A step that takes a wait away and adds the next, as a job does.
fn job(id: &str, revision: u64) -> store::Transaction {
    let wait = |n: u64| WaitKey {
        kind: WaitKind::Job,
        name: "t".into(),
        key: "050".into(),
        instance: id.to_owned(),
        id: format!("{id}.{n}"),
    };
    let mut waits = vec![WaitWrite::Add(wait(revision + 1))];
    if revision > 0 {
        waits.push(WaitWrite::Remove(wait(revision)));
    }
    store::Transaction {
        waits,
        ..step(id, revision)
    }
}

/// Takes an instance from step to step, each begun when the one before was answered.
async fn drive(store: Arc<PostgresStore>, id: String) -> Told {
    let mut told = Told::default();
    let mut at = 0;
    while at < STEPS {
        match store.commit(job(&id, at)).await {
            Ok(_) => {
                told.acknowledged += 1;
                at += 1;
            }
            Err(StoreError::Unreachable(_) | StoreError::Backend(_)) => {
                let now = revision_again(&store, &id).await;
                assert!(now == at || now == at + 1, "{id} was at {at} and is at {now}");
                told.unknown += now - at;
                at = now;
            }
            Err(StoreError::Conflict { .. }) => {
                let now = revision_again(&store, &id).await;
                assert!(now > at, "{id} was refused at {at} and is there still");
                told.others += now - at;
                at = now;
            }
            Err(error) => panic!("{id} at {at}: {error}"),
        }
    }
    told
}

/// The revision, once the database answers.
async fn revision_again(store: &Arc<PostgresStore>, id: &str) -> u64 {
    for _ in 0..200 {
        let found = async { store.snapshot().await?.instance(id).await }.await;
        match found {
            Ok(found) => return found.map_or(0, |instance| instance.revision),
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
    panic!("the database does not answer")
}

/// Drives all instances on one node while something happens; what each was told.
async fn run(store: &Arc<PostgresStore>, meanwhile: impl Future<Output = ()>) -> BTreeMap<String, Told> {
    let tasks: Vec<_> = (0..INSTANCES)
        .map(|n| {
            let id = format!("i{n}");
            (id.clone(), tokio::spawn(drive(store.clone(), id)))
        })
        .collect();
    let all = async {
        let mut told = BTreeMap::new();
        for (id, task) in tasks {
            told.insert(id, task.await.unwrap());
        }
        told
    };
    tokio::pin!(all, meanwhile);
    let told = tokio::select! {
        told = &mut all => told,
        () = &mut meanwhile => all.await,
    };
    assert!(
        store.overlapped() > 0,
        "no group was written behind another: this test shows nothing"
    );
    told
}

/// Waits until groups were written behind others since the last time.
async fn again(store: &PostgresStore, last: &mut u64) {
    while store.overlapped() == *last {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    *last = store.overlapped();
}

/// Each step is stored once, with its history and its one wait.
async fn examine(database: &Database, told: &BTreeMap<String, Told>) {
    let count = |sql: &str| database.run(sql).parse::<u64>().unwrap();
    for (id, told) in told {
        assert_eq!(told.acknowledged + told.unknown + told.others, STEPS, "{id}");
        let state = database.run(&format!(
            "SELECT revision, convert_from(state, 'UTF8') FROM instance WHERE id = '{id}'"
        ));
        assert_eq!(state, format!("{STEPS}|{}", STEPS - 1), "{id}");
        let steps = count(&format!(
            "SELECT count(DISTINCT revision) FROM history WHERE instance = '{id}'"
        ));
        assert_eq!(steps, STEPS, "{id}");
        let wait = database.run(&format!("SELECT id FROM wait WHERE instance = '{id}'"));
        assert_eq!(wait, format!("{id}.{STEPS}"));
    }
    assert_eq!(
        count("SELECT count(*) FROM history WHERE instance LIKE 'i%'"),
        INSTANCES as u64 * STEPS
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn steps_written_behind_others_are_stored_once() {
    let Some(database) = Database::new() else { return };
    let store = open(&database).await;
    let told = run(&store, std::future::ready(())).await;
    examine(&database, &told).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_node_that_commits_between_two_groups_has_both_begun_anew() {
    let Some(database) = Database::new() else { return };
    let (store, other) = (open(&database).await, open(&database).await);
    let taken = AtomicU64::new(0);
    let others = async {
        let mut last = 0;
        for round in 0..10 {
            again(&store, &mut last).await;
            other.commit(step("other", round)).await.unwrap();
            // Which step will be next when it is this node's turn is not known: the others are refused.
            let tries = (0..16).map(|n| {
                let (other, taken) = (&other, &taken);
                let id = format!("i{}", (round as usize * 7 + n * 5) % INSTANCES);
                async move {
                    let at = revision(other, &id).await;
                    for at in at..(at + 3).min(STEPS) {
                        match other.commit(job(&id, at)).await {
                            Ok(_) => taken.fetch_add(1, Ordering::Relaxed),
                            Err(StoreError::Conflict { .. }) => continue,
                            Err(error) => panic!("{error}"),
                        };
                    }
                }
            });
            futures::future::join_all(tries).await;
        }
    };
    let told = run(&store, others).await;
    examine(&database, &told).await;
    let (seen, taken) = (told.values().map(|told| told.others).sum::<u64>(), taken.into_inner());
    // Of one that was on its way at the end it is not known what it was told.
    assert!(
        seen > 0 && (seen == taken || seen == taken + 1),
        "{seen} steps of the other node, which took {taken}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_breaks_between_two_groups_loses_and_doubles_nothing() {
    let Some(database) = Database::new() else { return };
    let store = open(&database).await;
    let cut = async {
        let mut last = 0;
        for _ in 0..10 {
            again(&store, &mut last).await;
            // Of those in a transaction, one at a time: sometimes the group that commits, sometimes the one behind it.
            database.run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()
                 AND pid <> pg_backend_pid() AND xact_start IS NOT NULL AND application_name LIKE 'sinfonia%' ORDER BY random() LIMIT 1",
            );
        }
    };
    let told = run(&store, cut).await;
    examine(&database, &told).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_that_the_database_refuses_fails_alone() {
    let Some(database) = Database::new() else { return };
    let store = open(&database).await;
    let bad = async {
        let mut last = 0;
        for n in 0..3 {
            again(&store, &mut last).await;
            let mut transaction = step(&format!("bad{n}"), 0);
            transaction.history[0].actor = "a\0b".into();
            let refused = store.commit(transaction).await.unwrap_err();
            assert!(
                matches!(refused, StoreError::Backend(_) | StoreError::Invalid(_)),
                "{refused}"
            );
        }
    };
    let told = run(&store, bad).await;
    examine(&database, &told).await;
    assert!(told.values().all(|told| told.unknown == 0));
    assert_eq!(database.run("SELECT count(*) FROM instance WHERE id LIKE 'bad%'"), "0");
}
