//! SIGKILL under load, a few times; `bench kill` does it as often as one likes.

use proof::kill::{Plan, campaign};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigkill_loses_nothing_and_does_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let plan = Plan {
        binary: env!("CARGO_BIN_EXE_sinfonia").into(),
        folder: folder.path().to_owned(),
        rounds: 6,
        seed: 1,
        clients: 8,
        workers: 2,
    };
    let report = campaign(&plan, |round, report| println!("{round}: {report:?}")).await;
    let report = report.unwrap_or_else(|error| panic!("{error}"));
    println!("{report:?}");
    assert!(report.kills == 6 && report.instances > 0, "{report:?}");
}
