//! The whole program on PostgreSQL: served, killed, served again by another process, examined.

use postgres_fixture::Database;
use proof::kill::{Plan, campaign};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigkill_on_postgres_loses_nothing_and_does_nothing_twice() {
    let Some(database) = Database::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let plan = Plan {
        binary: env!("CARGO_BIN_EXE_sinfonia").into(),
        folder: folder.path().to_owned(),
        store: Some(database.address()),
        rounds: 3,
        seed: 1,
        clients: 8,
        workers: 2,
    };
    let report = campaign(&plan, |round, report| println!("{round}: {report:?}")).await;
    let report = report.unwrap_or_else(|error| panic!("{error}"));
    println!("{report:?}");
    assert!(report.kills == 3 && report.instances > 0, "{report:?}");
    assert!(
        !folder.path().join("data/sinfonia.sqlite").exists(),
        "everything is in the database"
    );
}
