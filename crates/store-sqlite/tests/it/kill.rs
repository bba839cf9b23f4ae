//! SIGKILL under load, again and again: what was acknowledged is there, whole; nothing is half there.
//!
//! The child is this test binary run again with [`CHILD`] set. Each of its tasks commits transactions that touch every
//! table (resource, its index, instance, history, timer, wait, cursor, outbox) and prints a line for each
//! acknowledgement. The parent kills it after a number of lines that varies from round to round, then reopens the file.

use crate::common::*;
use fhir::ParamId;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use store::{
    Clause, CursorWrite, HistoryWrite, OutboxWrite, Page, Query, Snapshot, Store, TimerWrite, Transaction, ValueTest,
    WaitKind, WaitWrite,
};

/// Set for the child: the file to write to.
const CHILD: &str = "STORE_SQLITE_KILL_CHILD";
const ROUNDS: usize = 32;
const TASKS: u64 = 8;
/// Longest chain of steps of one subject before a task starts a new one.
const STEPS: u64 = 6;

/// Step `revision` of a subject: everything about it moves together.
fn step(subject: &str, revision: u64) -> Transaction {
    let event = |n: u64| format!("{subject}.{n}");
    let timer = |n: u64| (event(n), at(n as i64));
    let mut timers = vec![TimerWrite::Set {
        id: timer(revision).0,
        instance: subject.into(),
        due: timer(revision).1,
    }];
    let mut waits = vec![WaitWrite::Add(wait(subject, revision))];
    if revision > 1 {
        timers.push(TimerWrite::Remove {
            id: timer(revision - 1).0,
            due: timer(revision - 1).1,
        });
        waits.push(WaitWrite::Remove(wait(subject, revision - 1)));
    }
    let mut body = resource(
        "Basic",
        subject,
        revision,
        vec![token(1, "s", subject), token(2, "r", &revision.to_string())],
    );
    let padding = "x".repeat((revision as usize * 1_777) % 9_000);
    body.body = Some(
        format!("{{\"resourceType\":\"Basic\",\"v\":{revision},\"p\":\"{padding}\"}}")
            .into_bytes()
            .into(),
    );
    Transaction {
        resources: vec![
            body,
            resource("List", &event(revision), 1, vec![token(3, "s", subject)]),
        ],
        instances: vec![instance(subject, revision - 1)],
        history: vec![HistoryWrite {
            instance: subject.into(),
            revision,
            at: at(revision as i64),
            actor: "child".into(),
            events: padding.into_bytes(),
        }],
        timers,
        waits,
        outbox: vec![OutboxWrite::Add {
            id: event(revision),
            topic: "t".into(),
            payload: Vec::new(),
            not_before: at(0),
        }],
        cursors: vec![CursorWrite {
            name: subject.into(),
            expected: revision - 1,
            value: revision,
        }],
        ..Transaction::default()
    }
}

/// The child: commits until killed.
#[test]
fn child_that_is_killed() {
    let Ok(path) = std::env::var(CHILD) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = open(Path::new(&path));
        let round = std::env::var("ROUND").unwrap();
        let tasks: Vec<_> = (0..TASKS)
            .map(|task| {
                let (store, round) = (store.clone(), round.clone());
                tokio::spawn(async move {
                    for n in 0.. {
                        let subject = format!("r{round}-t{task}-n{n}");
                        for revision in 1..=STEPS {
                            store.commit(step(&subject, revision)).await.unwrap();
                            let mut out = std::io::stdout().lock();
                            writeln!(out, "ACK {subject} {revision}")
                                .and_then(|()| out.flush())
                                .unwrap();
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

/// Runs a child until it has acknowledged `lines` transactions, kills it, and returns what it acknowledged, also what
/// it managed to say between the decision and the kill.
fn killed_child(path: &Path, round: usize, lines: usize) -> BTreeMap<String, u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "kill::child_that_is_killed",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(CHILD, path)
        .env("ROUND", round.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged = BTreeMap::new();
    let mut note = |line: std::io::Result<String>| {
        // A line torn by the kill has no newline after it and may be cut: only whole lines with all parts count.
        let line = line.ok()?;
        let mut parts = line.split(' ').skip_while(|part| *part != "ACK").skip(1);
        let (subject, revision) = (parts.next()?.to_owned(), parts.next()?.parse::<u64>().ok()?);
        let known = acknowledged.entry(subject).or_insert(0);
        *known = revision.max(*known);
        Some(())
    };
    let mut seen = 0;
    while seen < lines {
        let line = output.next().expect("the child ended by itself");
        seen += usize::from(note(line).is_some());
    }
    child.kill().unwrap();
    for line in output {
        note(line);
    }
    let status = child.wait().unwrap();
    assert_eq!(
        std::os::unix::process::ExitStatusExt::signal(&status),
        Some(9),
        "killed, not ended: {status}"
    );
    acknowledged
}

/// The revision a subject has in every table, or a sentence that says where they differ.
async fn whole(s: &mut Box<dyn Snapshot>, subject: &str) -> Result<u64, String> {
    let revision = s.instance(subject).await.unwrap().map_or(0, |found| found.revision);
    let check = |what: &str, found: u64, wanted: u64| {
        if found == wanted {
            Ok(())
        } else {
            Err(format!("{subject}: instance at {revision}, but {what} is {found}"))
        }
    };
    check(
        "resource version",
        s.read("Basic", subject).await.unwrap().map_or(0, |found| found.version),
        revision,
    )?;
    check("cursor", s.cursor(subject).await.unwrap(), revision)?;
    let history = s.instance_history(subject, 0, 100).await.unwrap();
    check("history length", history.len() as u64, revision)?;
    for old in 1..=revision {
        let version = s
            .vread("Basic", subject, old)
            .await
            .unwrap()
            .ok_or(format!("{subject}: version {old} is lost"))?;
        let value: serde_json::Value = serde_json::from_slice(&version.body.unwrap()).unwrap();
        check("body", value["v"].as_u64().unwrap_or(0) + revision - old, revision)?;
        let list = s.read("List", &format!("{subject}.{old}")).await.unwrap();
        check("list", u64::from(list.is_some()), 1)?;
    }
    for (rtype, param, wanted) in [("Basic", 1, 1), ("List", 3, revision)] {
        let test = ValueTest::Token {
            system: Some("s".into()),
            code: Some(subject.into()),
        };
        let query = Query {
            rtype: rtype.into(),
            clauses: vec![Clause::Param {
                param: ParamId(param),
                any: vec![test],
            }],
            page: Page {
                count: 100,
                after: None,
            },
            ..Query::default()
        };
        check(
            "search",
            s.search(&query).await.unwrap().matches.len() as u64,
            wanted.min(revision),
        )?;
    }
    Ok(revision)
}

#[tokio::test]
async fn sigkill_loses_nothing_acknowledged_and_leaves_nothing_half() {
    if std::env::var(CHILD).is_ok() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s.db");
    let mut all: BTreeMap<String, u64> = BTreeMap::new();
    let mut acknowledgements = 0;
    for round in 0..ROUNDS {
        // From the very first acknowledgement to several hundred later, never twice the same.
        let acknowledged = killed_child(&path, round, 1 + (round * 37) % 300);
        acknowledgements += acknowledged.values().sum::<u64>();
        all.extend(acknowledged);
        let store = open(&path);
        check_round(&store, round, &all).await;
        store.close();
    }
    assert!(
        acknowledgements as usize > ROUNDS * 50,
        "too few to show anything: {acknowledgements}"
    );
    let store = open(&path);
    let mut s = store.snapshot().await.unwrap();
    for (subject, revision) in &all {
        let found = whole(&mut s, subject).await.unwrap();
        assert!(
            found >= *revision,
            "{subject} was acknowledged at {revision}, found at {found}"
        );
    }
    assert_eq!(store.doctor().unwrap().problems, Vec::<String>::new());
}

/// Everything this round left behind is whole: acknowledged subjects, and those in flight when the kill came.
async fn check_round(store: &Arc<store_sqlite::SqliteStore>, round: usize, all: &BTreeMap<String, u64>) {
    assert_eq!(store.doctor().unwrap().problems, Vec::<String>::new(), "round {round}");
    let mut s = store.snapshot().await.unwrap();
    let prefix = format!("r{round}-");
    let mut subjects: Vec<String> = all
        .keys()
        .filter(|subject| subject.starts_with(&prefix))
        .cloned()
        .collect();
    let filter = store::InstanceFilter {
        after: Some(prefix.clone()),
        limit: 100_000,
        ..Default::default()
    };
    let instances = s.instances(&filter).await.unwrap().into_iter().map(|found| found.id);
    subjects.extend(instances.filter(|id| id.starts_with(&prefix)));
    let mut revisions = BTreeMap::new();
    for subject in subjects {
        let revision = whole(&mut s, &subject)
            .await
            .unwrap_or_else(|error| panic!("round {round}: {error}"));
        assert!(
            revision >= all.get(&subject).copied().unwrap_or(0),
            "{subject} at {revision} lost what was acknowledged"
        );
        revisions.insert(subject, revision);
    }
    // One timer and one wait for each subject, of its own revision, and none for any other.
    let own = |instance: &String| instance.starts_with(&prefix);
    let event = |(subject, revision): (&String, &u64)| format!("{subject}.{revision}");
    let mut expected: Vec<String> = revisions.iter().map(event).collect();
    expected.sort();
    let timers = s.timers_due(jiff::Timestamp::MAX, usize::MAX).await.unwrap();
    let mut timers: Vec<String> = timers
        .into_iter()
        .filter(|timer| own(&timer.instance))
        .map(|timer| timer.id)
        .collect();
    timers.sort();
    assert_eq!(timers, expected, "round {round}: timers");
    let waits = s.waits(WaitKind::Job, None, None, None, usize::MAX).await.unwrap();
    let mut waits: Vec<String> = waits
        .into_iter()
        .filter(|wait| own(&wait.instance))
        .map(|wait| wait.id)
        .collect();
    waits.sort();
    assert_eq!(waits, expected, "round {round}: waits");
}
