//! Damage done on purpose to a copy is found and told.

use fhir::Definitions;
use jiff::Timestamp;
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use store::{AuditEntry, Method, Store, Transaction};
use store_sqlite::{Depth, Options, SqliteStore};

fn open(path: &Path) -> Arc<SqliteStore> {
    let options = Options {
        background: false,
        ..Options::default()
    };
    SqliteStore::open(path, options).unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap()
}

async fn put(store: &SqliteStore, id: &str, previous: u64, value: Value) {
    let write = store::prepare_write(Definitions::r4(), value, id, previous, now(), Method::Put)
        .unwrap()
        .write;
    let audit = vec![AuditEntry {
        at: now(),
        actor: "system".into(),
        action: "PUT".into(),
        target: id.into(),
        patient: Some(id.into()),
        outcome: "permit".into(),
        status: 200,
        ..AuditEntry::default()
    }];
    let resources = vec![write];
    let transaction = Transaction {
        resources,
        audit,
        ..Transaction::default()
    };
    store.commit(transaction).await.unwrap();
}

fn patient(family: &str) -> Value {
    let extension = json!([{"url": "https://example.org/shoe", "valueCode": "42"}]);
    json!({"resourceType": "Patient", "name": [{"family": family}], "gender": "female", "extension": extension})
}

/// Patients with a past, and a search parameter of the users' own.
async fn world(store: &SqliteStore) {
    let shoe = json!({"resourceType": "SearchParameter", "url": "https://example.org/shoe", "name": "shoe",
        "status": "active", "description": "x", "code": "shoe", "base": ["Patient"], "type": "token",
        "expression": "Patient.extension.where(url='https://example.org/shoe').value.as(code)"});
    put(store, "shoe", 0, shoe).await;
    for n in 0..20 {
        let id = format!("p{n}");
        put(store, &id, 0, patient("Bianchi")).await;
        put(store, &id, 1, patient("Rossi")).await;
    }
    while store.reindex_step().unwrap() {}
}

/// What is done to the copy, and words of what must be told.
const DAMAGE: &[(&str, &str)] = &[
    (
        "DELETE FROM idx WHERE rid = (SELECT max(rid) FROM resource)",
        "is missing from the index",
    ),
    ("INSERT INTO idx VALUES (3, x'0101', 1)", "the resources account for"),
    (
        "UPDATE rtype SET live = 99 WHERE name = 'Patient'",
        "Patient: counted as 99, 20 are there",
    ),
    (
        "UPDATE resource SET body = CAST(replace(body_of('p3'), 'Rossi', 'Verdi') AS BLOB) WHERE id = 'p3'",
        "Patient/p3: the index is not what its body says, in family, fullname, name, phonetic; reindex Patient",
    ),
    (
        "UPDATE resource SET body = CAST(replace(body_of('p4'), '\"42\"', '\"43\"') AS BLOB) WHERE id = 'p4'",
        "Patient/p4: the index is not what its body says, in shoe; reindex Patient",
    ),
    (
        "UPDATE resource_history SET body = x'7b22' WHERE version = 1 AND rid = (SELECT rid FROM resource WHERE id = 'p5')",
        "Patient/p5 version 1: its body cannot be read",
    ),
    (
        "UPDATE resource SET body = substr(body, 1, length(body) - 5) WHERE id = 'p10'",
        "Patient/p10 version 2: its body cannot be read",
    ),
    (
        "UPDATE resource SET keys = substr(keys, 1, length(keys) - 5) WHERE id = 'p11'",
        "Patient/p11: its search values cannot be unpacked; reindex Patient",
    ),
    (
        "UPDATE resource SET body = (SELECT body FROM resource WHERE id = 'p7') WHERE id = 'p6'",
        "Patient/p6 version 2: its body says it is Patient/p7",
    ),
    (
        "UPDATE resource SET body = (SELECT body FROM resource_history h WHERE h.rid = resource.rid) WHERE id = 'p8'",
        "Patient/p8 version 2: its body says it is version 1",
    ),
    (
        "UPDATE resource_history SET version = 7 WHERE rid = (SELECT rid FROM resource WHERE id = 'p9')",
        "the superseded version 7 is not older than the current one",
    ),
    (
        "UPDATE resource_history SET rid = 4000 WHERE rid = (SELECT rid FROM resource WHERE id = 'p9')",
        "belongs to no resource",
    ),
    (
        "INSERT INTO delivery(subscription, lane, seq, version, state, due, queued) VALUES ('s', 'Patient/p1', 4, 1, 1, 0, 0)",
        "notifications of Patient/p1 to Subscription/s wait, and none of them is ready",
    ),
    (
        "INSERT INTO delivery(subscription, lane, seq, version, state, due, queued) VALUES ('s', 'Patient/p1', 4000, 1, 0, 0, 0)",
        "is of position 4000, which was never reached",
    ),
    (
        "INSERT INTO lease VALUES ('j', 'nobody', 'work', 0, 1, x'')",
        "the lease of job j is of the instance nobody, which does not exist",
    ),
    (
        "UPDATE audit_batch SET entries = entries || 'torn' WHERE n = 2",
        "a record of row 2 of the audit cannot be read",
    ),
    (
        "UPDATE audit_batch SET count = 8 WHERE n = 3",
        "row 3 of the audit holds 1 records, 8 were written",
    ),
    (
        "UPDATE audit_batch SET patients = x'' WHERE n = 4",
        "row 4 of the audit names other patients",
    ),
];

#[tokio::test]
async fn each_damage_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("whole.db"));
    world(&store).await;
    let whole = store.examine(Depth::Full).unwrap();
    assert_eq!(whole.problems, Vec::<String>::new());
    assert_eq!((whole.resources, whole.versions, whole.extracted), (21, 41, 21));
    let sample = store.examine(Depth::Sample(7)).unwrap();
    assert_eq!(sample.problems, Vec::<String>::new());
    assert!(sample.extracted == 7, "{sample:?}");
    // Bodies lie shrunk in the file: a damage that changes words of one begins with the whole.
    let mut bodies = HashMap::new();
    for id in ["p3", "p4"] {
        let body = store.read("Patient", id).await.unwrap().unwrap().body.clone().unwrap();
        bodies.insert(id.to_owned(), String::from_utf8(body.to_vec()).unwrap());
    }
    // Closed, so that no index row waits any more: opening a copy would write those.
    store.close();
    for (n, (damage, told)) in DAMAGE.iter().enumerate() {
        let path = directory.path().join(format!("{n}.db"));
        store.backup(&path).unwrap();
        let connection = Connection::open(&path).unwrap();
        let bodies = bodies.clone();
        connection
            .create_scalar_function("body_of", 1, FunctionFlags::SQLITE_UTF8, move |context| {
                Ok(bodies[&context.get::<String>(0)?].clone())
            })
            .unwrap();
        assert!(connection.execute(damage, []).unwrap() > 0, "{damage}");
        drop(connection);
        let found = open(&path).examine(Depth::Full).unwrap().problems;
        assert!(
            found.iter().any(|problem| problem.contains(told)),
            "{damage}: {found:#?}"
        );
    }
}
