//! The index against brute force: random resources (created, updated, deleted), random queries of every kind of clause,
//! any page size, any plan.

use crate::brute::{self, World};
use crate::common::*;
use crate::{Knobs, Stage};
use fhir::{Canonical, IndexEntry, IndexValue, ParamId, normalize_string};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestCaseError;
use std::cmp::Ordering;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use store::{
    Clause, Include, Page, Patients, Query, ResourceWrite, Seen, Sight, SightGroup, Sort, SortKey, Store, Transaction,
    TypeSight, ValueTest, Words,
};

pub(crate) const TYPES: [&str; 2] = ["Patient", "Observation"];
const DAY: i64 = 86_400_000_000;

// Parameters of Patient are 10 + kind, of Observation 20 + kind.
const TOKEN: u16 = 0;
const STRING: u16 = 1;
const DATE: u16 = 2;
const QUANTITY: u16 = 3;
pub(crate) const REFERENCE: u16 = 4;
// 5: URI
const ONE_DATE: u16 = 6;
const COMPOSITE: u16 = 7;
const POSITION: u16 = 8;

fn code() -> impl Strategy<Value = String> {
    select(vec!["", "a", "ab", "b", "a\u{1}", "è"]).prop_map(str::to_owned)
}

fn long_or_short() -> impl Strategy<Value = String> {
    let long = "l".repeat(239);
    select(vec![
        "a".into(),
        "Rossi".into(),
        "Rossi Ènea".into(),
        long.clone(),
        long.clone() + "a",
        long.clone() + "ab",
        long.repeat(3),
    ])
}

fn id() -> impl Strategy<Value = String> {
    (0..8u8).prop_map(|n| format!("r{n}"))
}

fn moment() -> impl Strategy<Value = i64> {
    prop_oneof![
        8 => (-3..4i64, -1..2i64).prop_map(|(days, more)| days * DAY + more),
        1 => Just(i64::MIN),
        1 => Just(i64::MAX),
    ]
}

fn number() -> impl Strategy<Value = f64> {
    select(vec![-2.0, -0.0, 0.0, 0.5, 1.0, 7.25])
}

/// Values of one element: a code may have a text and a type beside it.
fn element(kind: u16) -> BoxedStrategy<Vec<IndexValue>> {
    if kind != TOKEN {
        return value(kind).prop_map(|value| vec![value]).boxed();
    }
    let token = (code(), code()).boxed();
    let text = select(vec!["a", "ab b", "b a", "mal di testa"]).boxed();
    prop_oneof![
        3 => token.clone().prop_map(|(system, code)| vec![IndexValue::Token { system, code }]),
        1 => (token.clone(), text.clone()).prop_map(|((system, code), text)| vec![
            IndexValue::Token { system, code }, IndexValue::Text(text.into(), false)]),
        1 => text.prop_map(|text| vec![IndexValue::Text(text.into(), true)]),
        1 => (token.clone(), token).prop_map(|((system, code), (s, c))| vec![
            IndexValue::Token { system, code: code.clone() }, IndexValue::OfType { system: s, code: c, value: code }]),
    ]
    .boxed()
}

fn place() -> impl Strategy<Value = (f64, f64)> {
    let latitude = select(vec![-90.0, -89.99, 0.0, 40.85, 40.86, 89.99, 90.0]);
    (latitude, select(vec![-180.0, -179.99, 0.0, 14.25, 14.27, 179.99]))
}

fn value(kind: u16) -> BoxedStrategy<IndexValue> {
    let date = || {
        (moment(), select(vec![0, 1, DAY - 1, DAY, DAY + 1, 40 * DAY, i64::MAX])).prop_map(|(lo, span)| {
            IndexValue::Date {
                lo,
                hi: lo.saturating_add(span),
            }
        })
    };
    match kind {
        TOKEN => (code(), code()).prop_map(|(system, code)| IndexValue::Token { system, code }).boxed(),
        STRING => long_or_short()
            .prop_map(|exact| IndexValue::String { normalized: normalize_string(&exact), exact })
            .boxed(),
        DATE | ONE_DATE => date().boxed(),
        QUANTITY => prop_oneof![
            number().prop_map(IndexValue::Number),
            (number(), code(), code(), code(), proptest::option::of((number(), code()))).prop_map(
                |(value, system, code, unit, canonical)| IndexValue::Quantity {
                    value: value + 0.0,
                    system,
                    code,
                    unit,
                    canonical: canonical.map(|(value, base)| Canonical { value: value + 0.0, base: base.into() }),
                }
            ),
        ]
        .boxed(),
        REFERENCE => prop_oneof![
            6 => (select(TYPES.to_vec()), id()).prop_map(|(rtype, id)| IndexValue::Reference { rtype: rtype.into(), id }),
            1 => code().prop_map(IndexValue::ReferenceUrl),
            1 => (code(), code()).prop_map(|(system, value)| IndexValue::ReferenceIdentifier { system, value }),
        ]
        .boxed(),
        COMPOSITE => (value(TOKEN), composite_part().prop_flat_map(value))
            .prop_map(|(first, second)| IndexValue::Composite(vec![first, second]))
            .boxed(),
        POSITION => place()
            .prop_map(|(latitude, longitude)| IndexValue::Position { latitude, longitude })
            .boxed(),
        _ => long_or_short().prop_map(IndexValue::Uri).boxed(),
    }
}

fn composite_part() -> impl Strategy<Value = u16> {
    select(vec![TOKEN, STRING, DATE, QUANTITY, REFERENCE])
}

fn test(kind: u16) -> BoxedStrategy<ValueTest> {
    use ValueTest as V;
    let some = |text: fn() -> BoxedStrategy<String>| proptest::option::of(text());
    let code_: fn() -> BoxedStrategy<String> = || code().boxed();
    match kind {
        TOKEN => prop_oneof![
            4 => (some(code_), some(code_)).prop_map(|(system, code)| V::Token { system, code }),
            1 => select(vec!["a", "b", "ab b", "di te"]).prop_map(|text| V::Text(text.into())),
            1 => (code(), code(), code()).prop_map(|(system, code, value)| V::OfType { system, code, value }),
        ]
        .boxed(),
        COMPOSITE => (test(TOKEN), composite_part().prop_flat_map(test))
            .prop_map(|(first, second)| V::Composite(vec![first, second]))
            .boxed(),
        POSITION => (place(), select(vec![0.0, 1_000.0, 3_000.0, 1e6, 2e7]))
            .prop_map(|((latitude, longitude), distance_m)| V::Near {
                latitude,
                longitude,
                distance_m,
            })
            .boxed(),
        STRING => prop_oneof![
            long_or_short().prop_map(|text| V::StringStarts(normalize_string(&text))),
            long_or_short().prop_map(|text| V::StringContains(normalize_string(&text).chars().skip(1).collect())),
            long_or_short().prop_map(V::StringExact),
        ]
        .boxed(),
        DATE | ONE_DATE => prop_oneof![
            (moment(), moment()).prop_map(|(lo, hi)| V::DateWithin { lo, hi }),
            (moment(), moment()).prop_map(|(lo, hi)| V::DateNotWithin { lo, hi }),
            (moment(), any::<bool>()).prop_map(|(at, or_equal)| V::DateHiAbove { at, or_equal }),
            (moment(), any::<bool>()).prop_map(|(at, or_equal)| V::DateLoBelow { at, or_equal }),
            moment().prop_map(|at| V::DateLoAbove { at }),
            moment().prop_map(|at| V::DateHiBelow { at }),
        ]
        .boxed(),
        QUANTITY => bounds(),
        REFERENCE => prop_oneof![
            4 => (some(|| select(TYPES.to_vec()).prop_map(str::to_owned).boxed()), id())
                .prop_map(|(rtype, id)| V::Reference { rtype, id }),
            1 => code().prop_map(V::ReferenceUrl),
            1 => (some(code_), code()).prop_map(|(system, value)| V::ReferenceIdentifier { system, value }),
        ]
        .boxed(),
        _ => prop_oneof![
            long_or_short().prop_map(V::Uri),
            long_or_short().prop_map(|uri| V::UriBelow(uri.chars().take(3).collect())),
            long_or_short().prop_map(|uri| V::UriAbove(uri + "x")),
        ]
        .boxed(),
    }
}

fn bounds() -> BoxedStrategy<ValueTest> {
    let limits = (
        prop_oneof![number(), Just(f64::NEG_INFINITY)],
        prop_oneof![number(), Just(f64::INFINITY)],
        any::<(bool, bool, bool)>(),
    )
        .boxed();
    let unit = || proptest::option::of(code());
    prop_oneof![
        2 => (limits.clone(), unit(), unit()).prop_map(|((lo, hi, (lo_open, hi_open, inside)), system, code)| {
            ValueTest::Number { lo, hi, lo_open, hi_open, inside, system, code }
        }),
        1 => (limits, code()).prop_map(|((lo, hi, (lo_open, hi_open, inside)), base)| {
            ValueTest::Canonical { lo, hi, lo_open, hi_open, inside, base }
        }),
    ]
    .boxed()
}

pub(crate) fn param(rtype: usize, kind: u16) -> ParamId {
    ParamId(10 * (rtype as u16 + 1) + kind)
}

fn clause(rtype: usize, depth: u32) -> BoxedStrategy<Clause> {
    let leaf = (0..=POSITION).prop_flat_map(move |kind| {
        let param = param(rtype, kind);
        prop_oneof![
            6 => vec(test(kind), 1..3).prop_map(move |any| Clause::Param { param, any }),
            1 => vec(test(kind), 1..3).prop_map(move |any| Clause::Not { param, any }),
            1 => any::<bool>().prop_map(move |missing| Clause::Missing { param, missing }),
        ]
    });
    let flat = prop_oneof![
        12 => leaf,
        1 => vec(id(), 0..4).prop_map(Clause::Id),
        1 => (proptest::option::of(0..8i64), proptest::option::of(0..8i64))
            .prop_map(|(from, until)| Clause::LastUpdated { from: from.map(at), until: until.map(at) }),
        1 => id().prop_map(Clause::Patient),
        1 => words().prop_map(|words| Clause::Words { of: store::Texts::All, words }),
        1 => Just(Clause::Never),
    ];
    if depth == 0 {
        return flat.boxed();
    }
    let reference = |rtype| param(rtype, REFERENCE);
    prop_oneof![
        10 => flat,
        2 => (0..2usize).prop_flat_map(move |other| vec(clause(other, depth - 1), 0..3).prop_map(move |clauses| Clause::Chain {
            param: reference(rtype), target: TYPES[other].into(), clauses })),
        2 => (0..2usize).prop_flat_map(move |other| vec(clause(other, depth - 1), 0..3).prop_map(move |clauses| Clause::Has {
            source: TYPES[other].into(), param: reference(other), clauses })),
        2 => vec(clause(rtype, depth - 1), 0..3).prop_map(Clause::Or),
    ]
    .boxed()
}

fn words() -> impl Strategy<Value = Words> {
    let word = select(vec!["r", "r1", "r2", "none"]).prop_map(|word| Words::Word(word.into()));
    word.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 1..3).prop_map(Words::And),
            vec(inner.clone(), 1..3).prop_map(Words::Or),
            inner.prop_map(|words| Words::Not(Box::new(words))),
        ]
    })
}

fn sort(rtype: usize) -> impl Strategy<Value = Vec<Sort>> {
    let key = prop_oneof![
        1 => Just(SortKey::Id),
        1 => Just(SortKey::LastUpdated),
        4 => (0..=ONE_DATE).prop_map(move |kind| SortKey::Param(param(rtype, kind))),
    ];
    let sort = (key, any::<bool>()).prop_map(|(key, descending)| Sort { key, descending });
    prop_oneof![Just(Vec::new()), vec(sort.clone(), 1), vec(sort, 2..4)]
}

pub(crate) fn query() -> impl Strategy<Value = Query> {
    (0..2usize).prop_flat_map(|rtype| {
        (vec(clause(rtype, 2), 0..4), sort(rtype), 1..12usize).prop_map(move |(clauses, sort, count)| Query {
            rtype: TYPES[rtype].into(),
            clauses,
            sort,
            page: Page { count, after: None },
            total: true,
            includes: Vec::new(),
            sight: None,
        })
    })
}

/// What may be seen of the two types.
#[derive(Debug)]
struct Fixed([Arc<TypeSight>; 2]);

impl Sight for Fixed {
    fn of(&self, rtype: &str) -> Arc<TypeSight> {
        let index = TYPES.iter().position(|this| *this == rtype).unwrap();
        self.0[index].clone()
    }
}

fn type_sight() -> impl Strategy<Value = TypeSight> {
    let ids = || vec(id(), 0..3).prop_map(|ids| Arc::new(ids.into_iter().collect::<HashSet<_>>()));
    let patients = prop_oneof![
        1 => Just(Patients::All),
        1 => ids().prop_map(Patients::AllBut),
        4 => ids().prop_map(Patients::These),
    ];
    let group = patients.prop_map(|patients| SightGroup {
        patients,
        without: Arc::from([]),
    });
    (any::<bool>(), vec(group, 0..3)).prop_map(|(outside, groups)| TypeSight {
        outside,
        groups,
        ..TypeSight::default()
    })
}

/// A search by somebody who may not see everything.
fn gated_query() -> impl Strategy<Value = Query> {
    (query(), type_sight(), type_sight()).prop_map(|(query, one, other)| Query {
        sight: Some(Seen(Arc::new(Fixed([Arc::new(one), Arc::new(other)])))),
        ..query
    })
}

/// The world as the query may see it: what is hidden is not there at all.
fn visible(world: &World, query: &Query) -> World {
    let Some(sight) = &query.sight else {
        return world.clone();
    };
    let sees = |resource: &&ResourceWrite| {
        let sight = sight.0.of(&resource.rtype);
        sight.group(resource.patient.as_deref()).is_some()
    };
    world.iter().filter(sees).cloned().collect()
}

/// One write: type, id, whether it deletes, values, compartment.
pub(crate) type Step = (usize, String, bool, Vec<(u16, Vec<IndexValue>)>, Option<String>);

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let values = vec((0..=POSITION).prop_flat_map(|kind| (Just(kind), element(kind))), 0..8).prop_map(|mut values| {
        // One parameter never has two values, so that ranges of several conditions may be intersected.
        let mut seen = false;
        values.retain(|(kind, _)| *kind != ONE_DATE || !std::mem::replace(&mut seen, true));
        values
    });
    let deletes = proptest::bool::weighted(0.1);
    (0..2usize, id(), deletes, values, proptest::option::of(id()))
}

/// Writes the steps, a few to a transaction; what is live afterwards.
async fn build(store: &Arc<dyn Store>, steps: Vec<Step>) -> World {
    let (mut world, mut waiting): (World, Vec<ResourceWrite>) = (Vec::new(), Vec::new());
    for (n, step) in steps.into_iter().enumerate() {
        let write = write_of(&world, step, n);
        // One transaction holds a resource once.
        if waiting.len() == 6
            || waiting
                .iter()
                .any(|old| (&old.rtype, &old.id) == (&write.rtype, &write.id))
        {
            commit(store, &mut waiting).await;
        }
        waiting.push(write.clone());
        put(&mut world, write);
    }
    commit(store, &mut waiting).await;
    world.retain(|resource| resource.body.is_some());
    world
}

async fn commit(store: &Arc<dyn Store>, waiting: &mut Vec<ResourceWrite>) {
    let transaction = Transaction {
        resources: std::mem::take(waiting),
        ..Transaction::default()
    };
    store.commit(transaction).await.unwrap();
}

/// The write of the step in place `n`, on a world that still holds the deleted.
pub(crate) fn write_of(world: &World, (rtype, id, deletes, values, patient): Step, n: usize) -> ResourceWrite {
    let old = world.iter().find(|old| old.rtype == TYPES[rtype] && old.id == id);
    let version = old.map_or(0, |old| old.version) + 1;
    let index = values
        .into_iter()
        .flat_map(|(kind, values)| values.into_iter().map(move |value| (kind, value)))
        .map(|(kind, value)| IndexEntry {
            param: param(rtype, kind),
            value,
        })
        .collect();
    let mut write = resource(TYPES[rtype], &id, version, index);
    write.patient = patient;
    if deletes {
        write = store::prepare_delete(TYPES[rtype], &id, version - 1, None, at(0));
    }
    write.last_updated = at(n as i64 % 9);
    write
}

/// Puts a write in the place of what it replaces.
pub(crate) fn put(world: &mut World, write: ResourceWrite) {
    match world
        .iter_mut()
        .find(|old| old.rtype == write.rtype && old.id == write.id)
    {
        Some(old) => *old = write,
        None => world.push(write),
    }
}

async fn compare(store: &Arc<dyn Store>, world: &World, query: &Query) -> Result<(), TestCaseError> {
    let world = &visible(world, query);
    let expected: BTreeSet<&str> = world
        .iter()
        .filter(|resource| resource.rtype == query.rtype)
        .filter(|resource| query.clauses.iter().all(|clause| brute::holds(world, resource, clause)))
        .map(|resource| resource.id.as_str())
        .collect();
    let mut snapshot = store.snapshot().await.unwrap();
    let (mut query, mut ids) = (query.clone(), Vec::new());
    loop {
        let page = snapshot.search(&query).await.unwrap();
        prop_assert_eq!(page.total, Some(expected.len() as u64));
        prop_assert!(page.matches.len() <= query.page.count);
        ids.extend(page.matches.into_iter().map(|found| found.id));
        prop_assert!(ids.len() <= expected.len(), "{:?} beyond {:?}", ids, expected);
        match page.next {
            Some(next) => query.page.after = Some(next),
            None => break,
        }
    }
    prop_assert_eq!(ids.iter().map(String::as_str).collect::<BTreeSet<_>>(), expected);
    let find = |id: &String| {
        world
            .iter()
            .find(|found| found.rtype == query.rtype && found.id == *id)
            .unwrap()
    };
    for pair in ids.windows(2) {
        let order = brute::order(&query.sort, find(&pair[0]), find(&pair[1]));
        prop_assert!(order != Ordering::Greater, "{:?} before {:?}", pair[0], pair[1]);
    }
    Ok(())
}

pub fn a_search_finds_what_brute_force_finds(stage: &dyn Stage) {
    let config = ProptestConfig {
        cases: stage.tries(40),
        max_shrink_iters: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(steps in vec(step(), 0..40), queries in vec(prop_oneof![query().boxed(), gated_query().boxed()], 150), probe_limit in select(vec![1, 3, 4096]))| {
        let runtime = crate::runtime();
        runtime.block_on(async {
            let Some(t) = stage.open(Knobs { probe_limit, ..Knobs::default() }).await else { return Ok(()) };
            let world = build(&t.store, steps).await;
            for query in &queries {
                compare(&t.store, &world, query).await.map_err(|error| match error {
                    TestCaseError::Fail(reason) => TestCaseError::fail(format!("{reason}\n{query:#?}")),
                    other => other,
                })?;
            }
            prop_assert_eq!(t.probe.problems().await, Vec::<String>::new());
            Ok(())
        })?;
    });
}

fn link(rtype: &str, id: &str, param: ParamId, to: &[(&str, &str)]) -> Transaction {
    let index = to.iter().map(|(rtype, id)| reference(param.0, rtype, id)).collect();
    Transaction {
        resources: vec![resource(rtype, id, 1, index)],
        ..Transaction::default()
    }
}

pub async fn includes_follow_references_both_ways_and_again(stage: &dyn Stage) {
    let Some(t) = stage.open(Knobs::default()).await else {
        return;
    };
    let (patients, observations) = (param(0, REFERENCE), param(1, REFERENCE));
    for transaction in [
        link("Patient", "p", patients, &[("Patient", "mother"), ("Patient", "gone")]),
        link(
            "Patient",
            "mother",
            patients,
            &[("Patient", "grandmother"), ("Patient", "p")],
        ),
        link("Patient", "grandmother", patients, &[]),
        link("Observation", "o1", observations, &[("Patient", "p")]),
        link(
            "Observation",
            "o2",
            observations,
            &[("Patient", "p"), ("Observation", "o1")],
        ),
        link("Observation", "o3", observations, &[("Patient", "mother")]),
    ] {
        t.store.commit(transaction).await.unwrap();
    }
    let mut snapshot = t.store.snapshot().await.unwrap();
    let forward = |param, iterate| Include {
        reverse: false,
        source: "Patient".into(),
        param,
        target: None,
        iterate,
    };
    let reverse = |target: Option<&str>| Include {
        reverse: true,
        source: "Observation".into(),
        param: Some(observations),
        target: target.map(str::to_owned),
        iterate: false,
    };
    for (includes, expected) in [
        (vec![forward(Some(patients), false)], vec!["mother"]),
        (vec![forward(Some(patients), true)], vec!["grandmother", "mother"]),
        (vec![forward(None, false)], vec!["mother"]),
        (vec![reverse(None)], vec!["o1", "o2"]),
        (vec![reverse(Some("Device"))], vec![]),
        (
            vec![reverse(Some("Patient")), forward(Some(patients), false)],
            vec!["mother", "o1", "o2"],
        ),
    ] {
        let clauses = vec![Clause::Id(vec!["p".into()])];
        let query = Query {
            rtype: "Patient".into(),
            clauses,
            includes: includes.clone(),
            ..Query::default()
        };
        let page = snapshot.search(&query).await.unwrap();
        let found: BTreeSet<&str> = page.included.iter().map(|found| found.id.as_str()).collect();
        assert_eq!(page.included.len(), found.len(), "no repeats");
        assert_eq!(found.into_iter().collect::<Vec<_>>(), expected, "{includes:?}");
    }
}
