//! Pages of one search, with writes between them, are the answer of the moment of the first page.

use crate::brute::{self, World};
use crate::common::*;
use crate::oracle::{self, REFERENCE, Step};
use crate::{Knobs, Stage, Tested};
use fhir::IndexEntry;
use parking_lot::Mutex;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestCaseError;
use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use store::{HistoryScope, Include, Method, Page, Query, ResourceWrite, SearchPage, StoreError, Transaction};

/// Values by body: what an extractor finds in it.
type Register = Arc<Mutex<HashMap<Vec<u8>, Vec<IndexEntry>>>>;

/// A store with all the writes ever done to it.
struct Play {
    t: Tested,
    register: Register,
    world: World,
    done: usize,
}

impl Play {
    async fn new(stage: &dyn Stage, probe_limit: u64) -> Option<Self> {
        let register = Register::default();
        let known = register.clone();
        let extract = move |body: &[u8]| known.lock().get(body).cloned().ok_or_else(|| "unknown".to_owned());
        let knobs = Knobs {
            extract: Arc::new(extract),
            probe_limit,
            ..Knobs::default()
        };
        Some(Self {
            t: stage.open(knobs).await?,
            register,
            world: World::new(),
            done: 0,
        })
    }

    async fn write(&mut self, steps: impl IntoIterator<Item = Step>) {
        for step in steps {
            let write = oracle::write_of(&self.world, step, self.done);
            self.done += 1;
            if let Some(body) = &write.body {
                // The same type, id and version make the same body: it is written once.
                self.register.lock().insert(body.to_vec(), write.index.clone());
            }
            let transaction = Transaction {
                resources: vec![write.clone()],
                ..Transaction::default()
            };
            self.t.store.commit(transaction).await.unwrap();
            oracle::put(&mut self.world, write);
        }
    }

    fn live(&self) -> World {
        let live = self.world.iter().filter(|resource| resource.body.is_some());
        live.cloned().collect()
    }

    async fn search(&self, query: &Query) -> Result<SearchPage, StoreError> {
        self.t.store.snapshot().await.unwrap().search(query).await
    }
}

fn find<'a>(world: &'a World, rtype: &str, id: &str) -> Option<&'a ResourceWrite> {
    world.iter().find(|found| found.rtype == rtype && found.id == id)
}

/// Follows the pages, writing between them, and compares with what brute force finds at the first.
async fn follow(play: &mut Play, query: &Query, between: &[Vec<Step>]) -> Result<(), TestCaseError> {
    let then = play.live();
    let expected: BTreeSet<&str> = then
        .iter()
        .filter(|resource| resource.rtype == query.rtype)
        .filter(|resource| query.clauses.iter().all(|clause| brute::holds(&then, resource, clause)))
        .map(|resource| resource.id.as_str())
        .collect();
    let (mut query, mut ids, mut between) = (query.clone(), Vec::<String>::new(), between.iter());
    loop {
        let page = play.search(&query).await.unwrap();
        prop_assert_eq!(page.total, Some(expected.len() as u64));
        for found in page.matches.iter().chain(&page.included) {
            let known = find(&then, &found.rtype, &found.id);
            prop_assert_eq!(known.map(|known| known.version), Some(found.version), "{}", found.id);
            prop_assert_eq!(known.and_then(|known| known.body.clone()), found.body.clone());
        }
        if let [include] = query.includes.as_slice() {
            let pointed = page.matches.iter().flat_map(|found| {
                let values = &find(&then, &found.rtype, &found.id).unwrap().index;
                values.iter().filter_map(|entry| match &entry.value {
                    fhir::IndexValue::Reference { rtype, id } if Some(entry.param) == include.param => {
                        find(&then, rtype, id)
                    }
                    _ => None,
                })
            });
            let ours = |one: &ResourceWrite| page.matches.iter().any(|m| m.rtype == one.rtype && m.id == one.id);
            let wanted: BTreeSet<_> = pointed
                .filter(|one| !ours(one))
                .map(|one| (&one.rtype, &one.id))
                .collect();
            let found: BTreeSet<_> = page.included.iter().map(|one| (&one.rtype, &one.id)).collect();
            prop_assert_eq!(found, wanted);
        }
        ids.extend(page.matches.into_iter().map(|found| found.id));
        prop_assert!(ids.len() <= expected.len(), "{:?} beyond {:?}", ids, expected);
        let Some(next) = page.next else { break };
        query.page.after = Some(next);
        if let Some(steps) = between.next() {
            play.write(steps.iter().cloned()).await;
        }
    }
    prop_assert_eq!(ids.iter().map(String::as_str).collect::<BTreeSet<_>>(), expected);
    for pair in ids.windows(2) {
        let [a, b] = [&pair[0], &pair[1]].map(|id| find(&then, &query.rtype, id).unwrap());
        let order = brute::order(&query.sort, a, b);
        prop_assert!(order != Ordering::Greater, "{:?} before {:?}", pair[0], pair[1]);
    }
    Ok(())
}

pub fn pages_are_those_of_the_moment_of_the_first(stage: &dyn Stage) {
    let config = ProptestConfig {
        cases: stage.tries(40),
        max_shrink_iters: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(steps in vec(oracle::step(), 5..40), searches in vec((oracle::query(), any::<bool>(), 1..4usize, vec(vec(oracle::step(), 0..12), 1..4)), 20), probe_limit in select(vec![1, 3, 4096]))| {
        let runtime = crate::runtime();
        runtime.block_on(async {
            let Some(mut play) = Play::new(stage, probe_limit).await else {
                return Ok(());
            };
            play.write(steps).await;
            for (mut query, includes, count, between) in searches {
                query.page.count = count;
                if includes {
                    let rtype = oracle::TYPES.iter().position(|name| *name == query.rtype).unwrap();
                    query.includes = vec![Include {
                        reverse: false,
                        source: query.rtype.clone(),
                        param: Some(oracle::param(rtype, REFERENCE)),
                        target: None,
                        iterate: false,
                    }];
                }
                follow(&mut play, &query, &between).await.map_err(|error| match error {
                    TestCaseError::Fail(reason) => TestCaseError::fail(format!("{reason}\n{query:#?}")),
                    other => other,
                })?;
            }
            Ok::<(), TestCaseError>(())
        })?;
    });
}

pub fn history_pages_are_those_of_the_moment_of_the_first(stage: &dyn Stage) {
    let config = ProptestConfig {
        cases: stage.tries(40),
        max_shrink_iters: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(steps in vec(oracle::step(), 5..30), between in vec(vec(oracle::step(), 0..6), 0..6), count in 1..5usize, scope in 0..3usize)| {
        let runtime = crate::runtime();
        runtime.block_on(async {
            let Some(mut play) = Play::new(stage, 4096).await else {
                return Ok(());
            };
            play.write(steps).await;
            let scope = match scope {
                0 => HistoryScope::System,
                1 => HistoryScope::Type("Patient".into()),
                _ => HistoryScope::Instance { rtype: "Patient".into(), id: "r1".into() },
            };
            let store = play.t.store.clone();
            let read = async |count: usize, after: Option<String>| {
                store.snapshot().await.unwrap().history(&scope, None, count, after.as_deref()).await.unwrap()
            };
            let name = |page: &store::VersionPage| -> Vec<(String, String, u64, Method)> {
                page.versions.iter().map(|v| (v.rtype.clone(), v.id.clone(), v.version, v.method)).collect()
            };
            let whole = read(10_000, None).await;
            let (mut seen, mut after, mut between) = (Vec::new(), None, between.into_iter());
            loop {
                let page = read(count, after).await;
                prop_assert_eq!(page.total, whole.total);
                seen.extend(name(&page));
                after = page.next.clone();
                if after.is_none() {
                    break;
                }
                play.write(between.next().unwrap_or_default()).await;
            }
            prop_assert_eq!(seen, name(&whole));
            Ok(())
        })?;
    });
}

pub async fn a_mark_of_another_store_is_refused(stage: &dyn Stage) {
    let Some(t) = stage.open(Knobs::default()).await else {
        return;
    };
    for n in 0..3 {
        let resources = vec![resource("Basic", &format!("r{n}"), 1, vec![])];
        let transaction = Transaction {
            resources,
            ..Transaction::default()
        };
        t.store.commit(transaction).await.unwrap();
    }
    let mut query = Query {
        rtype: "Basic".into(),
        page: Page { count: 1, after: None },
        ..Query::default()
    };
    let first = t.store.snapshot().await.unwrap().search(&query).await.unwrap();
    query.page.after = first.next;
    let Some(younger) = stage.open(Knobs::default()).await else {
        return;
    };
    let transaction = Transaction {
        resources: vec![resource("Basic", "r0", 1, vec![])],
        ..Transaction::default()
    };
    younger.store.commit(transaction).await.unwrap();
    let refused = younger.store.snapshot().await.unwrap().search(&query).await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
}
