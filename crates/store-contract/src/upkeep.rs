//! What is removed by policy goes, and nothing else does.

use crate::common::*;
use crate::{Knobs, Stage, Tested};
use jiff::Timestamp;
use store::{
    AuditEntry, AuditFilter, CursorWrite, DeliveryWrite, Forget, ForgetCount, HistoryPolicy, HistoryScope,
    HistoryWrite, InstanceStatus, Page, Prune, PruneCount, Query, ResourceWrite, Store, StoreError, Transaction,
};

async fn write_all(store: &dyn Store, resources: Vec<ResourceWrite>) {
    let transaction = Transaction {
        resources,
        ..Transaction::default()
    };
    store.commit(transaction).await.unwrap();
}

/// Versions 1 to `last`, one second apart.
async fn write(store: &dyn Store, rtype: &str, id: &str, last: u64) {
    for version in 1..=last {
        write_all(store, vec![resource(rtype, id, version, vec![token(1, "s", "c")])]).await;
    }
}

async fn kept(store: &dyn Store, rtype: &str, id: &str) -> Vec<u64> {
    let scope = HistoryScope::Instance {
        rtype: rtype.into(),
        id: id.into(),
    };
    let mut snapshot = store.snapshot().await.unwrap();
    let page = snapshot.history(&scope, None, 100, None).await.unwrap();
    page.versions.iter().map(|version| version.version).collect()
}

async fn accesses(store: &dyn Store, limit: usize) -> Vec<AuditEntry> {
    let mut snapshot = store.snapshot().await.unwrap();
    let page = snapshot.audit(&AuditFilter::newest(None, limit)).await.unwrap();
    page.entries()
}

fn asked<'a>(policy: &'a HistoryPolicy, seconds: i64, readers: &'a [&'a str]) -> Prune<'a> {
    Prune {
        policy,
        now: at(seconds),
        actor: "Practitioner/admin",
        readers,
    }
}

fn count(rtype: &str, versions: u64, held: u64) -> PruneCount {
    PruneCount {
        rtype: rtype.into(),
        versions,
        held,
    }
}

const DAY: i64 = 86_400;

pub async fn the_last_versions_and_the_young_ones_stay(stage: &impl Stage) {
    let Some(Tested { store, upkeep, probe }) = stage.open(Knobs::default()).await else {
        return;
    };
    for rtype in ["Patient", "Observation", "Task"] {
        write(&*store, rtype, "x", 5).await;
    }
    let policy: HistoryPolicy = "all; Patient=last:2; Task=last:1,days:1; Observation=days:1"
        .parse()
        .unwrap();
    // A day after second 4: what second 3 superseded is old enough, what second 4 did is not.
    let asked = asked(&policy, 4 + DAY, &[]);
    let expected = [count("Observation", 2, 0), count("Patient", 3, 0), count("Task", 2, 0)];
    assert_eq!(upkeep.prunable(&asked).await.unwrap(), expected);
    let all = kept(&*store, "Patient", "x").await;
    assert_eq!(all, [5, 4, 3, 2, 1], "counting changes nothing");
    assert_eq!(upkeep.prune(&asked).await.unwrap(), expected);
    assert_eq!(kept(&*store, "Patient", "x").await, [5, 4]);
    assert_eq!(kept(&*store, "Observation", "x").await, [5, 4, 3]);
    assert_eq!(kept(&*store, "Task", "x").await, [5, 4, 3]);
    assert_eq!(upkeep.prune(&asked).await.unwrap(), []);

    let mut snapshot = store.snapshot().await.unwrap();
    assert!(snapshot.vread("Patient", "x", 3).await.unwrap().is_none());
    assert!(snapshot.vread("Patient", "x", 4).await.unwrap().is_some());
    drop(snapshot);
    let audit = accesses(&*store, 10).await;
    let told: Vec<_> = audit.iter().map(|entry| (&*entry.actor, &*entry.target)).collect();
    let by = "Practitioner/admin";
    let expected = [
        (by, "Task/_history"),
        (by, "Patient/_history"),
        (by, "Observation/_history"),
    ];
    assert_eq!(told, expected);
    let outcome = &audit[1].outcome;
    assert!(outcome.contains("last:2, 3 superseded versions"), "{outcome}");
    assert_eq!(probe.problems().await, Vec::<String>::new());
}

pub async fn a_deleted_resource_stays_deleted(stage: &impl Stage) {
    let Some(Tested {
        store,
        upkeep,
        probe: _kept,
    }) = stage.open(Knobs::default()).await
    else {
        return;
    };
    write(&*store, "Patient", "p", 3).await;
    write_all(&*store, vec![store::prepare_delete("Patient", "p", 3, None, at(4))]).await;
    let policy: HistoryPolicy = "last:1".parse().unwrap();
    let went = upkeep.prune(&asked(&policy, 9, &[])).await.unwrap();
    assert_eq!(went, [count("Patient", 3, 0)]);
    assert_eq!(kept(&*store, "Patient", "p").await, [4]);
}

pub async fn many_versions_go_in_several_commits(stage: &impl Stage) {
    let Some(Tested {
        store,
        upkeep,
        probe: _kept,
    }) = stage.open(Knobs::default()).await
    else {
        return;
    };
    for version in 1..=2 {
        let one = |n| resource("Observation", &format!("o{n}"), version, Vec::new());
        write_all(&*store, (0..700).map(one).collect()).await;
    }
    let policy: HistoryPolicy = "last:1".parse().unwrap();
    let went = upkeep.prune(&asked(&policy, 9, &[])).await.unwrap();
    assert_eq!(went, [count("Observation", 700, 0)]);
    assert_eq!(accesses(&*store, 10).await.len(), 2);
    let mut snapshot = store.snapshot().await.unwrap();
    let page = snapshot
        .history(&HistoryScope::System, None, 1_000, None)
        .await
        .unwrap();
    assert!(page.versions.len() == 700 && page.versions.iter().all(|version| version.version == 2));
}

pub async fn pages_that_need_what_went_expire(stage: &impl Stage) {
    let Some(Tested {
        store,
        upkeep,
        probe: _kept,
    }) = stage.open(Knobs::default()).await
    else {
        return;
    };
    write(&*store, "Patient", "a", 2).await;
    write(&*store, "Patient", "b", 1).await;
    let query = |after| Query {
        rtype: "Patient".into(),
        page: Page { count: 1, after },
        ..Query::default()
    };
    let mut snapshot = store.snapshot().await.unwrap();
    let first = snapshot.search(&query(None)).await.unwrap();
    let versions = snapshot.history(&HistoryScope::System, None, 1, None).await.unwrap();
    drop(snapshot);
    for (id, version) in [("a", 3), ("b", 2)] {
        write_all(&*store, vec![resource("Patient", id, version, Vec::new())]).await;
    }
    let policy: HistoryPolicy = "last:1".parse().unwrap();
    upkeep.prune(&asked(&policy, 9, &[])).await.unwrap();
    let mut snapshot = store.snapshot().await.unwrap();
    let next = snapshot.search(&query(first.next)).await;
    assert!(matches!(next, Err(StoreError::Expired(_))), "{next:?}");
    let next = snapshot
        .history(&HistoryScope::System, None, 1, versions.next.as_deref())
        .await;
    assert!(matches!(next, Err(StoreError::Expired(_))), "{next:?}");
}

pub async fn what_a_notification_still_needs_stays(stage: &impl Stage) {
    let Some(Tested {
        store,
        upkeep,
        probe: _kept,
    }) = stage.open(Knobs::default()).await
    else {
        return;
    };
    write(&*store, "Patient", "p", 4).await;
    let moved = async |expected, value, deliveries| {
        let cursor = CursorWrite {
            name: "reader".into(),
            expected,
            value,
        };
        let transaction = Transaction {
            cursors: vec![cursor],
            deliveries,
            ..Transaction::default()
        };
        store.commit(transaction).await.unwrap();
    };
    moved(0, 2, Vec::new()).await;
    let policy: HistoryPolicy = "last:1".parse().unwrap();
    let asked = asked(&policy, 9, &["reader"]);
    assert_eq!(upkeep.prune(&asked).await.unwrap(), [count("Patient", 1, 2)]);
    let left = kept(&*store, "Patient", "p").await;
    assert_eq!(left, [4, 3, 2], "the reader compares version 3 with version 2");
    let waiting = DeliveryWrite::Queue {
        subscription: "s".into(),
        lane: "Patient/p".into(),
        seq: 3,
        version: 3,
        at: at(9),
        coalesce: false,
    };
    moved(2, 4, vec![waiting]).await;
    assert_eq!(upkeep.prune(&asked).await.unwrap(), [count("Patient", 1, 1)]);
    let left = kept(&*store, "Patient", "p").await;
    assert_eq!(left, [4, 3], "version 3 is still to be sent");
}

/// An instance with so many steps, which ended at this second if at all.
async fn run(store: &dyn Store, id: &str, steps: u64, ended: Option<i64>) {
    for revision in 0..steps {
        let last = revision + 1 == steps;
        let mut write = instance(id, revision);
        write.ended = ended.filter(|_| last).map(at);
        if write.ended.is_some() {
            write.status = InstanceStatus::Completed;
        }
        let step = HistoryWrite {
            instance: id.into(),
            revision: revision + 1,
            at: at(0),
            actor: "system".into(),
            events: b"[]".to_vec(),
        };
        let transaction = Transaction {
            instances: vec![write],
            history: vec![step],
            ..Transaction::default()
        };
        store.commit(transaction).await.unwrap();
    }
}

pub async fn instances_that_ended_long_ago_go_with_their_history(stage: &impl Stage) {
    let Some(Tested {
        store,
        upkeep,
        probe: _kept,
    }) = stage.open(Knobs::default()).await
    else {
        return;
    };
    for n in 0..205 {
        run(&*store, &format!("old-{n:03}"), 1, Some(10)).await;
    }
    run(&*store, "old", 3, Some(10)).await;
    run(&*store, "young", 2, Some(100)).await;
    run(&*store, "running", 2, None).await;
    let rules = [Forget {
        definition: "p:1".into(),
        ended_before: at(50),
        why: "delibera".into(),
    }];
    let expected = [ForgetCount {
        definition: "p:1".into(),
        instances: 206,
        steps: 208,
    }];
    assert_eq!(upkeep.forgettable_instances(&rules).await.unwrap(), expected);
    let went = upkeep.forget_instances(&rules, "system", at(60)).await.unwrap();
    assert_eq!(went, expected);
    let mut snapshot = store.snapshot().await.unwrap();
    for (id, steps) in [("old", 0), ("old-204", 0), ("young", 2), ("running", 2)] {
        assert_eq!(snapshot.instance(id).await.unwrap().is_some(), steps > 0, "{id}");
        assert_eq!(snapshot.instance_history(id, 0, 9).await.unwrap().len(), steps, "{id}");
    }
    drop(snapshot);
    let again = upkeep.forget_instances(&rules, "system", at(60)).await.unwrap();
    assert!(again.is_empty(), "{again:?}");
    let told = accesses(&*store, 10).await;
    assert_eq!(told.len(), 2, "one record for each commit");
    assert_eq!(told[0].target, "/orchestrator/definitions/p:1/history");
    // Asked for by name, what has not ended stays.
    let ids = vec!["running".to_owned()];
    assert_eq!(upkeep.remove_instances(ids, AuditEntry::default()).await.unwrap(), 0);
    assert!(
        store
            .snapshot()
            .await
            .unwrap()
            .instance("running")
            .await
            .unwrap()
            .is_some()
    );
}

pub async fn old_records_go_and_the_chain_still_holds(stage: &impl Stage) {
    let Some(Tested { store, upkeep, probe }) = stage.open(Knobs::default()).await else {
        return;
    };
    let day = |day: i64| Timestamp::from_second(day * DAY).unwrap();
    for n in 0..600 {
        let entry = AuditEntry {
            at: day(n),
            actor: "Practitioner/a".into(),
            patient: Some("p".into()),
            outcome: "permit".into(),
            ..AuditEntry::default()
        };
        let transaction = Transaction {
            audit: vec![entry],
            ..Transaction::default()
        };
        store.commit(transaction).await.unwrap();
    }
    let forget = || upkeep.forget_accesses(day(550), "operator", "prova", day(600));
    assert_eq!(forget().await.unwrap(), 550);
    assert_eq!(
        probe.chain().await,
        (50 + 2, Vec::new()),
        "the two removals are recorded"
    );
    let filter = AuditFilter::newest(Some("p"), 500);
    let left = store.snapshot().await.unwrap().audit(&filter).await.unwrap().entries();
    assert_eq!(left.len(), 50);
    let older = AuditFilter {
        until: Some(day(560)),
        ..AuditFilter::newest(None, 500)
    };
    let left = store.snapshot().await.unwrap().audit(&older).await.unwrap().entries();
    assert_eq!(left.len(), 10);
    assert_eq!(forget().await.unwrap(), 0, "again: nothing");
}
