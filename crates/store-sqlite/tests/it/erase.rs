//! What is erased is gone: from reads, history and search, and from the bytes of the file.

use crate::common::*;
use store::{AuditEntry, Method, Store, Transaction};

const SECRET: &str = "diagnosi-da-dimenticare";

async fn write(t: &Temporary, id: &str, version: u64, method: Method) {
    let mut write = resource("Observation", id, version, vec![token(1, "s", SECRET)]);
    write.method = method;
    write.body = (method != Method::Delete).then(|| format!("{{\"resourceType\":\"Observation\",\"status\":\"final\",\"subject\":{{\"reference\":\"Patient/anna\"}},\"note\":\"{SECRET}-{version}\"}}").into_bytes().into());
    if method == Method::Delete {
        write.index.clear();
    }
    let resources = vec![write];
    t.store
        .commit(Transaction {
            resources,
            ..Transaction::default()
        })
        .await
        .unwrap();
}

fn in_file(t: &Temporary, text: &str) -> bool {
    let files = std::fs::read_dir(t.directory.path()).unwrap();
    files
        .map(|file| store_sqlite::legible(&std::fs::read(file.unwrap().path()).unwrap()))
        .any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
}

#[tokio::test]
async fn the_bytes_are_gone_and_the_record_says_who_erased_what() {
    let t = temporary();
    for version in 1..=3 {
        write(&t, "o", version, Method::Put).await;
    }
    write(&t, "other", 1, Method::Put).await;
    let entry = AuditEntry {
        actor: "Practitioner/ufficio".into(),
        action: "ERASE".into(),
        target: "Observation/o".into(),
        outcome: "permit".into(),
        ..AuditEntry::default()
    };
    let names = [
        ("Observation".to_owned(), "o".to_owned()),
        ("Observation".to_owned(), "other".to_owned()),
    ];
    // What is not deleted stays.
    assert_eq!(t.store.erase(&names, entry.clone()).await.unwrap().versions, 0);
    write(&t, "o", 4, Method::Delete).await;
    assert!(in_file(&t, &format!("{SECRET}-2")));
    let erased = t.store.erase(&names, entry).await.unwrap();
    assert!(erased.versions == 3 && erased.compacted, "{erased:?}");
    for version in 2..=3 {
        assert!(
            !in_file(&t, &format!("{SECRET}-{version}")),
            "version {version} is still in the file"
        );
    }
    let mut snapshot = t.store.snapshot().await.unwrap();
    assert!(snapshot.vread("Observation", "o", 2).await.unwrap().is_none());
    assert!(
        snapshot.read("Observation", "o").await.unwrap().unwrap().body.is_none(),
        "the id stays taken"
    );
    assert!(
        snapshot
            .read("Observation", "other")
            .await
            .unwrap()
            .unwrap()
            .body
            .is_some()
    );
    let log = snapshot
        .audit(&store::AuditFilter::newest(None, 5))
        .await
        .unwrap()
        .entries();
    assert!(
        log.iter()
            .any(|entry| entry.action == "ERASE" && entry.target == "Observation/o")
    );
}
