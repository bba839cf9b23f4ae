//! Random models here and in SpiffWorkflow: some hundreds; `conformance spiff` compares as many as one likes.

use conformance::spiff::{compare, python};
use std::process::Command;

/// Whether `scripts/install-spiff.sh` could have installed it.
fn installable() -> bool {
    let venv = Command::new("python3").args(["-c", "import venv, ensurepip"]).output();
    venv.is_ok_and(|output| output.status.success())
}

#[test]
fn random_models_run_as_in_spiffworkflow() {
    if python().is_none() {
        assert!(
            std::env::var_os("CI").is_none() || !installable(),
            "SpiffWorkflow is not installed: run scripts/install-spiff.sh; CI compares with it"
        );
        eprintln!("SKIPPED: SpiffWorkflow is not installed (scripts/install-spiff.sh installs it)");
        return;
    }
    let compared = compare(300, 1).unwrap_or_else(|error| panic!("{error}"));
    println!("{compared:?}");
    assert!(compared.alike > 200, "too few to show anything: {compared:?}");
}
