//! A few faults of other kinds than kills; `make chaos` does as many as one likes.

use proof::chaos::{Kind, Plan, campaign};

async fn run(nodes: usize, kinds: &[Kind], faults: u32) {
    let folder = tempfile::tempdir().unwrap();
    let plan = Plan {
        binary: env!("CARGO_BIN_EXE_sinfonia").into(),
        folder: folder.path().to_owned(),
        nodes,
        faults,
        seed: 5,
        clients: 3,
        writers: 2,
        workers: 1,
        kinds: kinds.to_vec(),
    };
    let report = campaign(&plan, |n, fault, recovery, _| println!("{n} {fault}: {recovery:?}")).await;
    let report = report.unwrap_or_else(|error| panic!("{error}"));
    println!("{report}");
    assert_eq!(report.count() as u32, faults);
    assert!(report.writes > 0 && report.steps.instances > 0, "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_process_a_moved_clock_and_a_slow_disk_lose_nothing() {
    run(
        0,
        &[
            Kind::NodeStopped,
            Kind::ClockAhead,
            Kind::ClockBehind,
            Kind::SlowFlush,
            Kind::DiskFull,
        ],
        6,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_crashes_or_is_cut_off_loses_nothing() {
    if postgres_fixture::Programs::find().is_none() {
        assert!(std::env::var_os("CI").is_none(), "PostgreSQL is not installed");
        eprintln!("SKIPPED: PostgreSQL is not installed; scripts/install-postgres.sh installs it");
        return;
    }
    run(2, &[Kind::BackendKilled, Kind::DatabaseKilled, Kind::Cut], 4).await;
}
