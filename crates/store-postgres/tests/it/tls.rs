//! TLS to a database that shows a certificate of an authority of its own.

use postgres_fixture::Database;
use std::path::Path;
use std::sync::Arc;
use store::{RecordWrite, Store as _, StoreError, Transaction};
use store_postgres::{Options, PostgresStore};

async fn open(address: &str) -> Result<Arc<PostgresStore>, StoreError> {
    PostgresStore::open(address, Options::default()).await
}

/// The address over the network with a mode and a file of authorities.
fn address(database: &Database, host: &str, mode: &str, root: Option<&str>) -> String {
    let root = root.map(|root| database.folder().join(root));
    store_postgres::with_tls(&database.network(host), Some(mode), root.as_deref()).unwrap()
}

/// Connections of the program that are encrypted, and that are not.
fn connections(database: &Database) -> (u32, u32) {
    let count = |ssl: bool| {
        let sql = format!(
            "SELECT count(*) FROM pg_stat_activity JOIN pg_stat_ssl USING (pid)
             WHERE application_name LIKE 'sinfonia%' AND datname = current_database() AND ssl = {ssl}"
        );
        database.run(&sql).parse().unwrap()
    };
    (count(true), count(false))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_goes_encrypted_to_whom_the_authority_names() {
    let Some(database) = Database::encrypted() else { return };
    let trusted = address(&database, "localhost", "verify-full", Some("ca.pem"));
    let (one, two) = (open(&trusted).await.unwrap(), open(&trusted).await.unwrap());
    // What one commits the other one hears: that connection is encrypted as well.
    let mut others = two.others().unwrap();
    let mut before = others.borrow_and_update().clone();
    let mut n = 0_u8;
    loop {
        let record = RecordWrite {
            kind: "k".into(),
            key: "x".into(),
            must_be_new: false,
            value: Some(vec![n]),
        };
        let transaction = Transaction {
            records: vec![record],
            ..Transaction::default()
        };
        one.commit(transaction).await.unwrap();
        n = n.wrapping_add(1);
        others.changed().await.unwrap();
        let now = others.borrow_and_update().clone();
        if now.changed(&before, "record:k") && !now.changed(&before, store::LOST) {
            break;
        }
        before = now;
    }
    let (encrypted, plain) = connections(&database);
    assert!(encrypted >= 4 && plain == 0, "{encrypted} encrypted, {plain} not");
    let mut snapshot = two.snapshot().await.unwrap();
    assert!(snapshot.record("k", "x").await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_else_shows_up_is_refused_in_a_sentence() {
    let Some(database) = Database::encrypted() else { return };
    for (host, mode, root, told) in [
        (
            "localhost",
            "verify-full",
            "other.pem",
            "is not of an authority in the file of root certificates",
        ),
        (
            "localhost",
            "verify-ca",
            "other.pem",
            "is not of an authority in the file of root certificates",
        ),
        (
            "localhost",
            "require",
            "other.pem",
            "is not of an authority in the file of root certificates",
        ),
        (
            "db.example.it",
            "verify-full",
            "ca.pem",
            "is not for 'db.example.it': write the host as the certificate does",
        ),
        ("localhost", "verify-full", "missing.pem", "missing.pem: "),
        (
            "localhost",
            "verify-full",
            "server.key",
            "it must be a PEM file of certificates",
        ),
    ] {
        let error = open(&address(&database, host, mode, Some(root))).await.unwrap_err();
        assert!(error.to_string().contains(told), "{mode} {root}: {error}");
    }
    assert_eq!(connections(&database), (0, 0));
    for (host, mode, root) in [
        ("db.example.it", "verify-ca", Some("ca.pem")),
        ("db.example.it", "require", None),
        ("localhost", "prefer", None),
    ] {
        let store = open(&address(&database, host, mode, root)).await.unwrap();
        let (encrypted, plain) = connections(&database);
        assert!(
            encrypted > 0 && plain == 0,
            "{mode}: {encrypted} encrypted, {plain} not"
        );
        store.close().await;
    }
    let plain = open(&address(&database, "localhost", "disable", None)).await.unwrap();
    assert!(connections(&database).1 > 0);
    plain.close().await;

    // The files stay where they are: a server that does not encrypt is not spoken to.
    database.run("ALTER SYSTEM SET ssl = off");
    database.run("SELECT pg_reload_conf()");
    while database.run("SHOW ssl") != "off" {}
    let error = open(&address(&database, "localhost", "require", None))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, StoreError::Unreachable(told) if told.contains("does not support TLS; switch it on there")),
        "{error}"
    );
    open(&address(&database, "localhost", "prefer", None)).await.unwrap();
    let root = Some(Path::new("ca.pem"));
    assert!(store_postgres::with_tls("host=x sslmode=disable", None, root).is_ok());
}
