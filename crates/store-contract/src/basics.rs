//! Reading back what was written; conflicts; limits; opening.

use crate::common::*;
use crate::{Knobs, Stage};
use fhir::ParamId;
use std::sync::Arc;
use store::{
    Clause, CursorWrite, DefinitionWrite, HistoryScope, HistoryWrite, InstanceFilter, InstanceStatus, Lease,
    LeaseWrite, OutboxWrite, Page, Precondition, Query, RecordWrite, Sort, SortKey, Store, StoreError, TimerWrite,
    Transaction, ValueTest, WaitKey, WaitKind, WaitWrite,
};

fn write(write: store::ResourceWrite) -> Transaction {
    Transaction {
        resources: vec![write],
        ..Transaction::default()
    }
}

fn by_token(rtype: &str, param: u16, code: &str) -> Query {
    let test = ValueTest::Token {
        system: None,
        code: Some(code.into()),
    };
    Query {
        rtype: rtype.into(),
        clauses: vec![Clause::Param {
            param: ParamId(param),
            any: vec![test],
        }],
        total: true,
        ..Query::default()
    }
}

pub async fn what_is_erased_has_no_versions_any_more(stage: &dyn Stage) {
    let Some(t) = stage.open(Knobs::default()).await else {
        return;
    };
    for (id, version) in [("gone", 1), ("gone", 2), ("kept", 1), ("kept", 2)] {
        let stored = resource("Patient", id, version, vec![token(1, "s", "x")]);
        t.store.commit(write(stored)).await.unwrap();
    }
    let names = [
        ("Patient".to_owned(), "gone".to_owned()),
        ("Patient".to_owned(), "kept".to_owned()),
        ("Device".to_owned(), "never".to_owned()),
    ];
    let entry = store::AuditEntry {
        actor: "Practitioner/office".into(),
        action: "ERASE".into(),
        ..store::AuditEntry::default()
    };
    let erased = t.store.erase(&names, entry.clone()).await.unwrap();
    assert_eq!(erased.versions, 0, "what is not deleted stays");
    t.store
        .commit(write(store::prepare_delete("Patient", "gone", 2, None, at(3))))
        .await
        .unwrap();
    let erased = t.store.erase(&names, entry).await.unwrap();
    assert_eq!(erased.versions, 2);
    let mut snapshot = t.store.snapshot().await.unwrap();
    for version in [1, 2] {
        assert!(snapshot.vread("Patient", "gone", version).await.unwrap().is_none());
        assert!(snapshot.vread("Patient", "kept", version).await.unwrap().is_some());
    }
    let left = snapshot.read("Patient", "gone").await.unwrap().unwrap();
    assert_eq!((left.version, left.body), (3, None), "the id stays taken");
    let log = snapshot.audit(&store::AuditFilter::newest(None, 5)).await.unwrap();
    let erasures = log.records.iter().filter(|record| record.entry.action == "ERASE");
    assert_eq!(erasures.count(), 2);
    assert_eq!(t.probe.problems().await, Vec::<String>::new());
}

pub async fn every_version_of_a_resource_reads_back(stage: &dyn Stage) {
    let Some(t) = stage.open(Knobs::default()).await else {
        return;
    };
    t.store
        .commit(write(resource("Patient", "a", 1, vec![token(1, "s", "x")])))
        .await
        .unwrap();
    t.store
        .commit(write(resource("Patient", "a", 2, vec![token(1, "s", "y")])))
        .await
        .unwrap();
    let done = t
        .store
        .commit(write(store::prepare_delete("Patient", "a", 2, None, at(3))))
        .await
        .unwrap();
    assert_eq!(done.seq, 3);
    let mut snapshot = t.store.snapshot().await.unwrap();
    let current = snapshot.read("Patient", "a").await.unwrap().unwrap();
    assert_eq!((current.version, current.body), (3, None));
    let second = snapshot.vread("Patient", "a", 2).await.unwrap().unwrap();
    assert!(std::str::from_utf8(&second.body.unwrap()).unwrap().contains("\"v\":2"));
    assert!(snapshot.vread("Patient", "a", 4).await.unwrap().is_none());
    assert!(snapshot.read("Patient", "b").await.unwrap().is_none());
    assert!(snapshot.read("Basic", "a").await.unwrap().is_none());
    let scope = HistoryScope::Instance {
        rtype: "Patient".into(),
        id: "a".into(),
    };
    for scope in [scope, HistoryScope::Type("Patient".into()), HistoryScope::System] {
        let first = snapshot.history(&scope, None, 2, None).await.unwrap();
        let versions: Vec<u64> = first.versions.iter().map(|version| version.version).collect();
        assert_eq!(versions, [3, 2], "{scope:?}");
        let rest = snapshot.history(&scope, None, 2, first.next.as_deref()).await.unwrap();
        assert_eq!((rest.versions.len(), rest.next), (1, None), "{scope:?}");
        assert_eq!(
            snapshot
                .history(&scope, Some(at(2)), 9, None)
                .await
                .unwrap()
                .versions
                .len(),
            2
        );
    }
    assert!(snapshot.counts().await.unwrap().is_empty());
    assert_eq!(
        snapshot.search(&by_token("Patient", 1, "y")).await.unwrap().total,
        Some(0)
    );
}

pub async fn a_search_follows_updates_and_never_shows_old_values(stage: &dyn Stage) {
    let Some(t) = stage.open(Knobs::default()).await else {
        return;
    };
    for n in 0..5 {
        t.store
            .commit(write(resource(
                "Patient",
                &format!("p{n}"),
                1,
                vec![token(1, "s", "x")],
            )))
            .await
            .unwrap();
    }
    t.store
        .commit(write(resource(
            "Patient",
            "p2",
            2,
            vec![token(1, "s", "y"), token(2, "", "z")],
        )))
        .await
        .unwrap();
    let mut snapshot = t.store.snapshot().await.unwrap();
    let page = snapshot.search(&by_token("Patient", 1, "x")).await.unwrap();
    let ids: Vec<&str> = page.matches.iter().map(|found| found.id.as_str()).collect();
    assert_eq!((ids, page.total), (vec!["p0", "p1", "p3", "p4"], Some(4)));
    assert_eq!(
        snapshot.search(&by_token("Patient", 1, "y")).await.unwrap().total,
        Some(1)
    );
    assert_eq!(snapshot.counts().await.unwrap(), [("Patient".to_owned(), 5)]);
    assert_eq!(t.probe.problems().await, Vec::<String>::new());
}

pub async fn a_snapshot_does_not_move(stage: &dyn Stage) {
    let Some(t) = stage.open(Knobs::default()).await else {
        return;
    };
    let mut before = t.store.snapshot().await.unwrap();
    t.store
        .commit(write(resource("Patient", "a", 1, vec![])))
        .await
        .unwrap();
    assert!(before.read("Patient", "a").await.unwrap().is_none());
    assert!(
        t.store
            .snapshot()
            .await
            .unwrap()
            .read("Patient", "a")
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(*t.store.changes().borrow(), 1);
}

/// A transaction that touches every table of process state.
fn everything() -> Transaction {
    let timer = |n| TimerWrite::Set {
        id: format!("i.{n}"),
        instance: "i".into(),
        due: at(n),
    };
    let events = HistoryWrite {
        instance: "i".into(),
        revision: 1,
        at: at(0),
        actor: "x".into(),
        events: b"[]".to_vec(),
    };
    Transaction {
        instances: vec![instance("i", 0)],
        history: vec![events],
        timers: vec![timer(2), timer(1), timer(9)],
        waits: vec![
            WaitWrite::Add(wait("i", 1)),
            WaitWrite::Add(wait("i", 2)),
            WaitWrite::Add(wait("i", 1)),
        ],
        definitions: vec![DefinitionWrite {
            key: "p:1".into(),
            kind: "bpmn".into(),
            name: "p".into(),
            version: 1,
            deployed: at(5),
            file: "p.bpmn".into(),
            source: b"<xml/>".to_vec(),
        }],
        outbox: vec![OutboxWrite::Add {
            id: "o".into(),
            topic: "t".into(),
            payload: b"{}".to_vec(),
            not_before: at(3),
        }],
        cursors: vec![CursorWrite {
            name: "c".into(),
            expected: 0,
            value: 7,
        }],
        records: vec![RecordWrite {
            kind: "k".into(),
            key: "ab".into(),
            must_be_new: true,
            value: Some(vec![1]),
        }],
        ..Transaction::default()
    }
}

pub async fn process_state_reads_back(stage: &dyn Stage) {
    let Some(t) = stage.open(Knobs::default()).await else {
        return;
    };
    let transaction = everything();
    t.store.commit(transaction.clone()).await.unwrap();
    let mut s = t.store.snapshot().await.unwrap();
    let found = s.instance("i").await.unwrap().unwrap();
    assert_eq!((found.revision, found.state.as_slice()), (1, b"state 1".as_slice()));
    let due: Vec<String> = s
        .timers_due(at(2), 9)
        .await
        .unwrap()
        .into_iter()
        .map(|timer| timer.id)
        .collect();
    assert_eq!(due, ["i.1", "i.2"]);
    assert_eq!(s.next_timer().await.unwrap().unwrap().due, at(1));
    assert_eq!(
        s.waits(WaitKind::Job, Some("work"), None, None, 9).await.unwrap(),
        [wait("i", 1), wait("i", 2)]
    );
    assert_eq!(
        s.waits(WaitKind::Job, None, Some(""), Some(&wait("i", 1)), 9)
            .await
            .unwrap(),
        [wait("i", 2)]
    );
    assert_eq!(s.definitions().await.unwrap()[0].deployed, at(5));
    assert_eq!(s.outbox("t", at(2), 9).await.unwrap().len(), 0);
    assert_eq!(s.outbox("t", at(3), 9).await.unwrap()[0].id, "o");
    assert_eq!(s.cursor("c").await.unwrap(), 7);
    assert_eq!(s.records("k", "a", 9).await.unwrap(), [("ab".to_owned(), vec![1])]);
    assert_eq!(s.instance_history("i", 1, 9).await.unwrap()[0].actor, "x");
    assert!(matches!(
        t.store.commit(transaction).await,
        Err(StoreError::Conflict { index: 0, .. })
    ));
}

/// Twelve instances of three versions, two statuses, some with a patient, one with a business key.
async fn twelve_instances(store: &Arc<dyn Store>) {
    for n in 0..12u8 {
        let mut write = instance(&format!("i{n:02}"), 0);
        write.definition = format!("p:{}", n % 3);
        write.status = if n % 2 == 0 {
            InstanceStatus::Active
        } else {
            InstanceStatus::Completed
        };
        write.patient = (n % 4 == 0).then(|| "pat".into());
        write.business_key = (n == 5).then(|| "key".into());
        store
            .commit(Transaction {
                instances: vec![write],
                ..Transaction::default()
            })
            .await
            .unwrap();
    }
}

pub async fn instances_are_listed_by_any_filter_in_id_order(stage: &dyn Stage) {
    let Some(t) = stage.open(Knobs::default()).await else {
        return;
    };
    twelve_instances(&t.store).await;
    let mut s = t.store.snapshot().await.unwrap();
    let mut ids = async |filter: InstanceFilter| -> Vec<String> {
        s.instances(&filter)
            .await
            .unwrap()
            .into_iter()
            .map(|found| found.id)
            .collect()
    };
    let filter = InstanceFilter {
        limit: 100,
        ..InstanceFilter::default()
    };
    let process = InstanceFilter {
        definition: Some("p".into()),
        limit: 5,
        ..filter.clone()
    };
    assert_eq!(ids(process.clone()).await, ["i00", "i01", "i02", "i03", "i04"]);
    assert_eq!(
        ids(InstanceFilter {
            after: Some("i04".into()),
            ..process
        })
        .await
        .first()
        .unwrap(),
        "i05"
    );
    let one = InstanceFilter {
        definition: Some("p:1".into()),
        status: Some(InstanceStatus::Active),
        ..filter.clone()
    };
    assert_eq!(ids(one).await, ["i04", "i10"]);
    assert_eq!(
        ids(InstanceFilter {
            patient: Some("pat".into()),
            ..filter.clone()
        })
        .await,
        ["i00", "i04", "i08"]
    );
    assert_eq!(
        ids(InstanceFilter {
            business_key: Some("key".into()),
            ..filter.clone()
        })
        .await,
        ["i05"]
    );
    let active = InstanceFilter {
        status: Some(InstanceStatus::Active),
        limit: 2,
        ..filter.clone()
    };
    assert_eq!(ids(active).await, ["i00", "i02"]);
    assert_eq!(ids(filter).await.len(), 12);
}

pub async fn a_conflict_touches_only_its_own_transaction(stage: &dyn Stage) {
    let Some(t) = stage.open(Knobs::default()).await else {
        return;
    };
    let mut tasks = Vec::new();
    for n in 0..200u64 {
        let store = t.store.clone();
        // Every fourth expects a version that is not there, after writes that would be valid by themselves.
        let version = if n % 4 == 0 { 2 } else { 1 };
        tasks.push(tokio::spawn(async move {
            let transaction = Transaction {
                resources: vec![
                    resource("Basic", &format!("ok{n}"), 1, vec![token(1, "", "all")]),
                    resource("Basic", &format!("r{n}"), version, vec![]),
                ],
                instances: vec![instance(&format!("i{n}"), 0)],
                waits: vec![WaitWrite::Add(wait(&format!("i{n}"), 1))],
                ..Transaction::default()
            };
            store.commit(transaction).await
        }));
    }
    let mut s = None;
    for (n, task) in tasks.into_iter().enumerate() {
        let result = task.await.unwrap();
        if n % 4 == 0 {
            assert!(
                matches!(result, Err(StoreError::Conflict { index: 1, .. })),
                "{result:?}"
            );
        } else {
            result.unwrap();
        }
    }
    let s = s.get_or_insert(t.store.snapshot().await.unwrap());
    for n in 0..200 {
        let there = n % 4 != 0;
        assert_eq!(s.read("Basic", &format!("ok{n}")).await.unwrap().is_some(), there);
        assert_eq!(s.instance(&format!("i{n}")).await.unwrap().is_some(), there);
    }
    assert_eq!(s.search(&by_token("Basic", 1, "all")).await.unwrap().total, Some(150));
    assert_eq!(s.waits(WaitKind::Job, None, None, None, 1000).await.unwrap().len(), 150);
}

pub async fn preconditions_are_named_by_their_position(stage: &dyn Stage) {
    let Some(t) = stage.open(Knobs::default()).await else {
        return;
    };
    t.store
        .commit(write(resource("Patient", "a", 1, vec![token(1, "s", "x")])))
        .await
        .unwrap();
    let version = |version| Precondition::Version {
        rtype: "Patient".into(),
        id: "a".into(),
        version,
    };
    let exists = |id: &str| Precondition::Exists {
        rtype: "Patient".into(),
        id: id.into(),
    };
    for (precondition, fails) in [
        (version(1), false),
        (version(0), true),
        (exists("a"), false),
        (exists("b"), true),
        (Precondition::NoMatch(by_token("Patient", 1, "x")), true),
        (Precondition::NoMatch(by_token("Patient", 1, "y")), false),
        (Precondition::NoMatch(by_token("Device", 1, "y")), false),
    ] {
        let transaction = Transaction {
            preconditions: vec![version(1), precondition.clone()],
            ..Transaction::default()
        };
        let result = t.store.commit(transaction).await;
        assert_eq!(
            matches!(result, Err(StoreError::Conflict { index: 1, .. })),
            fails,
            "{precondition:?}: {result:?}"
        );
    }
    let twice = Transaction {
        cursors: vec![CursorWrite {
            name: "c".into(),
            expected: 3,
            value: 4,
        }],
        ..Transaction::default()
    };
    let message = t.store.commit(twice).await.unwrap_err().to_string();
    assert!(
        message.contains("cursor c is at 0") && message.contains("expects 3"),
        "{message}"
    );
    let same = resource("Patient", "n", 1, vec![]);
    let repeated = Transaction {
        resources: vec![same.clone(), same],
        ..Transaction::default()
    };
    assert!(matches!(t.store.commit(repeated).await, Err(StoreError::Invalid(_))));
}

pub async fn a_job_goes_from_its_wait_to_a_lease_and_only_one_taker_wins(stage: &dyn Stage) {
    let Some(t) = stage.open(Knobs::default()).await else {
        return;
    };
    let wait = WaitKey {
        kind: WaitKind::Job,
        name: "mail".into(),
        key: "1000000".into(),
        instance: "i".into(),
        id: "i.1".into(),
    };
    let offer = Transaction {
        waits: vec![WaitWrite::Add(wait.clone())],
        ..Transaction::default()
    };
    t.store.commit(offer).await.unwrap();
    let until: jiff::Timestamp = "2026-01-01T08:05:00Z".parse().unwrap();
    let lease = |fence| Lease {
        id: "i.1".into(),
        instance: "i".into(),
        job_type: "mail".into(),
        until,
        fence,
        data: b"{}".to_vec(),
    };
    let take = Transaction {
        preconditions: vec![Precondition::Waits(wait.clone())],
        waits: vec![WaitWrite::Remove(wait)],
        leases: vec![LeaseWrite {
            id: "i.1".into(),
            expected: Some(0),
            lease: Some(lease(4)),
        }],
        ..Transaction::default()
    };
    t.store.commit(take.clone()).await.unwrap();
    let second = t.store.commit(take).await;
    assert!(
        matches!(second, Err(StoreError::Conflict { index: 0, .. })),
        "{second:?}"
    );
    let mut snapshot = t.store.snapshot().await.unwrap();
    assert_eq!(snapshot.lease("i.1").await.unwrap(), Some(lease(4)));
    assert_eq!(snapshot.leases("mail", until, 9).await.unwrap(), [lease(4)]);
    let before = until - jiff::SignedDuration::from_micros(1);
    assert_eq!(snapshot.leases("mail", before, 9).await.unwrap(), []);
    drop(snapshot);
    let change = |expected, to| Transaction {
        leases: vec![LeaseWrite {
            id: "i.1".into(),
            expected,
            lease: to,
        }],
        ..Transaction::default()
    };
    let stale = t
        .store
        .commit(change(Some(3), Some(lease(5))))
        .await
        .unwrap_err()
        .to_string();
    assert!(stale.contains("number 4") && stale.contains("expects 3"), "{stale}");
    t.store.commit(change(Some(4), Some(lease(5)))).await.unwrap();
    t.store.commit(change(None, None)).await.unwrap();
    assert_eq!(t.store.snapshot().await.unwrap().lease("i.1").await.unwrap(), None);
}

pub async fn a_full_queue_refuses_and_nothing_is_lost(stage: &dyn Stage) {
    let Some(t) = stage
        .open(Knobs {
            queue: 4,
            batch: 1,
            ..Knobs::default()
        })
        .await
    else {
        return;
    };
    let mut tasks = Vec::new();
    for n in 0..400 {
        let store = t.store.clone();
        tasks.push(tokio::spawn(async move {
            (
                n,
                store
                    .commit(write(resource("Basic", &format!("r{n}"), 1, vec![])))
                    .await,
            )
        }));
    }
    let (mut done, mut refused) = (Vec::new(), 0);
    for task in tasks {
        match task.await.unwrap() {
            (n, Ok(_)) => done.push(n),
            (_, Err(StoreError::Overloaded { waiting })) => {
                assert_eq!(waiting, 4);
                refused += 1;
            }
            (_, Err(other)) => panic!("{other}"),
        }
    }
    assert!(refused > 0 && !done.is_empty(), "{refused} refused");
    let mut s = t.store.snapshot().await.unwrap();
    assert_eq!(s.counts().await.unwrap(), [("Basic".to_owned(), done.len() as u64)]);
}

pub async fn sorted_pages_go_on_where_they_stopped(stage: &dyn Stage) {
    let Some(t) = stage.open(Knobs::default()).await else {
        return;
    };
    for n in 0..40 {
        let index = if n % 5 == 0 {
            vec![]
        } else {
            vec![token(3, "", &format!("c{}", n % 7))]
        };
        t.store
            .commit(write(resource("Basic", &format!("r{n:02}"), 1, index)))
            .await
            .unwrap();
    }
    let mut s = t.store.snapshot().await.unwrap();
    let mut query = Query {
        rtype: "Basic".into(),
        sort: vec![Sort {
            key: SortKey::Param(ParamId(3)),
            descending: true,
        }],
        page: Page { count: 7, after: None },
        ..Query::default()
    };
    let mut ids = Vec::new();
    loop {
        let page = s.search(&query).await.unwrap();
        ids.extend(page.matches.into_iter().map(|found| found.id));
        match page.next {
            Some(next) => query.page.after = Some(next),
            None => break,
        }
    }
    assert_eq!(ids.len(), 40);
    assert_eq!((ids[0].as_str(), ids[39].as_str()), ("r34", "r00"), "{ids:?}");
    query.page.after = Some("rubbish".into());
    assert!(matches!(s.search(&query).await, Err(StoreError::Invalid(_))));
}
