//! Whatever the interleaving, the outcome is that of some serial order.
//!
//! Several tasks run random read-modify-write transactions over a few keys: each reads versions, then writes some and
//! expects others unchanged. Every committed transaction knows what it saw and what it made, and its place in the change
//! feed; replaying in that order must find each expectation true, and end in the stored state.

use crate::common::*;
use crate::{Knobs, Stage};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{
    CursorWrite, HistoryWrite, InstanceWrite, Precondition, ResourceWrite, Store, StoreError, Transaction, WaitKind,
    WaitWrite,
};
use tokio::sync::Barrier;

const KEYS: usize = 4;

/// What one transaction does with each key: nothing, expects it as read, or writes it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Act {
    Leave,
    Expect,
    Write,
}

/// A committed transaction: its place, the versions it saw of what it expected or wrote, and what it wrote.
#[derive(Debug)]
struct Done {
    seq: u64,
    saw: BTreeMap<usize, u64>,
    wrote: Vec<usize>,
}

/// Each key is a resource and an instance of the same number, moved together, plus a counter cursor for them all.
async fn run(store: Arc<dyn Store>, start: Arc<Barrier>, plan: Vec<[Act; KEYS]>) -> (Vec<Done>, usize) {
    let (mut done, mut conflicts) = (Vec::new(), 0);
    start.wait().await;
    for acts in plan {
        let mut saw = BTreeMap::new();
        let mut snapshot = store.snapshot().await.unwrap();
        for key in (0..KEYS).filter(|key| acts[*key] != Act::Leave) {
            let version = snapshot
                .read("Basic", &format!("k{key}"))
                .await
                .unwrap()
                .map_or(0, |found| found.version);
            saw.insert(key, version);
        }
        drop(snapshot);
        let wrote: Vec<usize> = (0..KEYS).filter(|key| acts[*key] == Act::Write).collect();
        let transaction = Transaction {
            preconditions: (0..KEYS)
                .filter(|key| acts[*key] == Act::Expect)
                .map(|key| expect(key, saw[&key]))
                .collect(),
            resources: wrote.iter().map(|key| make(*key, saw[key] + 1)).collect(),
            instances: wrote.iter().map(|key| move_instance(*key, saw[key])).collect(),
            history: wrote.iter().map(|key| tell(*key, saw[key] + 1)).collect(),
            waits: wrote.iter().flat_map(|key| advance(*key, saw[key])).collect(),
            ..Transaction::default()
        };
        if wrote.is_empty() {
            continue;
        }
        match store.commit(transaction).await {
            Ok(committed) => done.push(Done {
                seq: committed.seq,
                saw,
                wrote,
            }),
            Err(StoreError::Conflict { .. }) => conflicts += 1,
            Err(other) => panic!("{other}"),
        }
    }
    (done, conflicts)
}

fn expect(key: usize, version: u64) -> Precondition {
    Precondition::Version {
        rtype: "Basic".into(),
        id: format!("k{key}"),
        version,
    }
}

fn make(key: usize, version: u64) -> ResourceWrite {
    resource(
        "Basic",
        &format!("k{key}"),
        version,
        vec![token(1, "version", &version.to_string())],
    )
}

fn move_instance(key: usize, revision: u64) -> InstanceWrite {
    instance(&format!("k{key}"), revision)
}

fn tell(key: usize, revision: u64) -> HistoryWrite {
    HistoryWrite {
        instance: format!("k{key}"),
        revision,
        at: at(0),
        actor: "test".into(),
        events: b"[]".to_vec(),
    }
}

/// One wait for each instance, numbered as its revision.
fn advance(key: usize, revision: u64) -> [WaitWrite; 2] {
    let wait = |n| wait(&format!("k{key}"), n);
    [WaitWrite::Remove(wait(revision)), WaitWrite::Add(wait(revision + 1))]
}

fn plans() -> impl Strategy<Value = Vec<Vec<[Act; KEYS]>>> {
    let act = prop_oneof![3 => Just(Act::Leave), 1 => Just(Act::Expect), 2 => Just(Act::Write)];
    vec(vec([act.clone(), act.clone(), act.clone(), act], 1..25), 2..9)
}

pub fn any_interleaving_equals_a_serial_order(stage: &dyn Stage) {
    let config = ProptestConfig {
        cases: stage.tries(24),
        max_shrink_iters: 50,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(plans in plans(), batch in 1..64usize)| {
        let runtime = crate::runtime();
        runtime.block_on(async {
            let Some(t) = stage.open(Knobs { batch, ..Knobs::default() }).await else { return Ok(()) };
            let start = Arc::new(Barrier::new(plans.len()));
            let tasks: Vec<_> = plans.into_iter().map(|plan| tokio::spawn(run(t.store.clone(), start.clone(), plan))).collect();
            let mut done = Vec::new();
            for task in tasks {
                done.extend(task.await.unwrap().0);
            }
            verify(&t.store, done).await
        })?;
    });
}

/// Replays the committed transactions in the order of the change feed.
async fn verify(store: &Arc<dyn Store>, mut done: Vec<Done>) -> Result<(), proptest::test_runner::TestCaseError> {
    done.sort_by_key(|done| done.seq);
    let mut versions = [0u64; KEYS];
    let mut seq = 0;
    for done in &done {
        for (key, version) in &done.saw {
            prop_assert_eq!(versions[*key], *version, "what {:?} saw of key {}", done, key);
        }
        for key in &done.wrote {
            versions[*key] += 1;
        }
        seq += done.wrote.len() as u64;
        prop_assert_eq!(done.seq, seq, "places in the feed are those of this order");
    }
    let mut snapshot = store.snapshot().await.unwrap();
    for (key, version) in versions.into_iter().enumerate() {
        let id = format!("k{key}");
        let stored = snapshot
            .read("Basic", &id)
            .await
            .unwrap()
            .map_or(0, |found| found.version);
        prop_assert_eq!(stored, version);
        let revision = snapshot.instance(&id).await.unwrap().map_or(0, |found| found.revision);
        prop_assert_eq!(revision, version);
        prop_assert_eq!(
            snapshot.instance_history(&id, 0, 1000).await.unwrap().len() as u64,
            version
        );
    }
    let waits = snapshot.waits(WaitKind::Job, None, None, None, 100).await.unwrap();
    let expected: Vec<_> = (0..KEYS)
        .filter(|key| versions[*key] > 0)
        .map(|key| wait(&format!("k{key}"), versions[key]))
        .collect();
    prop_assert_eq!(waits, expected);
    Ok(())
}

/// The classic lost update: many tasks add one to a cursor, retrying on conflict; none is lost.
pub async fn no_increment_is_lost(stage: &dyn Stage) {
    let Some(t) = stage.open(Knobs::default()).await else {
        return;
    };
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let store = t.store.clone();
        tasks.push(tokio::spawn(async move {
            let (mut done, mut conflicts) = (0, 0);
            while done < 25 {
                let value = store.snapshot().await.unwrap().cursor("n").await.unwrap();
                let write = CursorWrite {
                    name: "n".into(),
                    expected: value,
                    value: value + 1,
                };
                match store
                    .commit(Transaction {
                        cursors: vec![write],
                        ..Transaction::default()
                    })
                    .await
                {
                    Ok(_) => done += 1,
                    Err(StoreError::Conflict { .. }) => conflicts += 1,
                    Err(other) => panic!("{other}"),
                }
            }
            conflicts
        }));
    }
    let mut conflicts = 0;
    for task in tasks {
        conflicts += task.await.unwrap();
    }
    assert_eq!(t.store.snapshot().await.unwrap().cursor("n").await.unwrap(), 200);
    assert!(conflicts > 0, "the tasks never met: the test shows nothing");
}
