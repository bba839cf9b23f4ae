//! SIGKILL under load, a few times; `bench kill` does it as often as one likes.

use proof::kill::{Plan, batch, campaign};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigkill_loses_nothing_and_does_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let plan = Plan {
        binary: env!("CARGO_BIN_EXE_sinfonia").into(),
        folder: folder.path().to_owned(),
        store: None,
        nodes: 1,
        rounds: 6,
        seed: 1,
        clients: 8,
        workers: 2,
        faults: None,
    };
    let report = campaign(&plan, |round, report| println!("{round}: {report:?}")).await;
    let report = report.unwrap_or_else(|error| panic!("{error}"));
    println!("{report:?}");
    assert!(report.kills == 6 && report.instances > 0, "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_goes_on_after_sigkill_and_does_each_instance_once() {
    let folder = tempfile::tempdir().unwrap();
    let plan = Plan {
        binary: env!("CARGO_BIN_EXE_sinfonia").into(),
        folder: folder.path().to_owned(),
        store: None,
        nodes: 1,
        rounds: 2,
        seed: 1,
        clients: 1,
        workers: 0,
        faults: None,
    };
    let report = batch::campaign(&plan).await.unwrap_or_else(|error| panic!("{error}"));
    println!("{report:?}");
    assert_eq!((report.kills, report.instances), (2, 240), "{report:?}");
    assert!(
        report.done_at_kill.iter().all(|done| *done < 240),
        "killed in the middle: {report:?}"
    );
}
