//! The whole program on PostgreSQL: served, killed, served again by another process, examined.

use postgres_fixture::Database;
use proof::kill::{Plan, campaign};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigkill_on_postgres_loses_nothing_and_does_nothing_twice() {
    kill(1, 3).await;
}

/// Both answer, one does the background work; whichever is killed, the other goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_on_one_database_never_do_a_step_twice() {
    kill(2, 4).await;
}

async fn kill(nodes: usize, rounds: u32) {
    let Some(database) = Database::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let plan = Plan {
        binary: env!("CARGO_BIN_EXE_sinfonia").into(),
        folder: folder.path().to_owned(),
        store: Some(database.address()),
        nodes,
        rounds,
        seed: 1,
        clients: 8,
        workers: 2,
        faults: None,
    };
    let report = campaign(&plan, |round, report| println!("{round}: {report:?}")).await;
    let report = report.unwrap_or_else(|error| panic!("{error}"));
    println!("{report:?}");
    assert!(report.kills == rounds && report.instances > 0, "{report:?}");
    assert!(
        !folder.path().join("data/sinfonia.sqlite").exists(),
        "everything is in the database"
    );
}
