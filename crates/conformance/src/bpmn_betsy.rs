//! Executable BPMN models of uniba-dsg/betsy, deployed and run through `bpmn` and `engine` on a virtual clock.
//!
//! The models hold engine-neutral placeholders; [`adapter`] gives them meaning and [`world`] is a small orchestrator
//! over several instances. A case passes when the trace is what the suite expects: the same `SCRIPT_*` entries as a
//! multiset, every other listed entry, and no error that is not listed.

mod adapter;
mod world;

use crate::Report;
use serde::Deserialize;
use std::path::Path;
use world::World;

/// One model with its cases.
#[derive(Deserialize)]
struct Group {
    group: String,
    model: String,
    cases: Vec<Case>,
}

/// One run of a model.
#[derive(Deserialize)]
struct Case {
    input: Option<String>,
    #[serde(rename = "integerVariable")]
    integer_variable: Option<i64>,
    trace: Vec<String>,
    #[serde(default)]
    parallel_process: bool,
    #[serde(default)]
    delay_ms: i64,
}

/// Runs every case of `cases.json` in the folder.
pub fn run(folder: &Path) -> Report {
    let mut report = Report::new();
    let cases = std::fs::read_to_string(folder.join("cases.json"))
        .map_err(|error| error.to_string())
        .and_then(|text| serde_json::from_str::<Vec<Group>>(&text).map_err(|error| error.to_string()));
    let groups = match cases {
        Ok(groups) => groups,
        Err(error) => {
            report.fail("cases.json", error);
            return report;
        }
    };
    for group in groups {
        let xml = match std::fs::read_to_string(folder.join("models").join(format!("{}.bpmn", group.model))) {
            Ok(xml) => xml,
            Err(error) => {
                report.fail(format!("{}/{}", group.group, group.model), error.to_string());
                continue;
            }
        };
        for (number, case) in group.cases.iter().enumerate() {
            let name = format!("{}/{}#{}", group.group, group.model, number + 1);
            if let Some(entry) = unwritten(&xml, &case.trace) {
                let reason =
                    format!("the trace lists {entry}, which no script of the model writes: the case cannot hold");
                report.skip(name, reason);
                continue;
            }
            report.record(name, check(&group.model, &xml, case));
        }
    }
    report
}

/// A `SCRIPT_*` entry of the trace that is in no script of the model.
fn unwritten<'t>(xml: &str, trace: &'t [String]) -> Option<&'t String> {
    trace
        .iter()
        .find(|entry| entry.starts_with("SCRIPT_") && !xml.contains(&format!(">{entry}<")))
}

fn check(model: &str, xml: &str, case: &Case) -> Result<(), String> {
    let found = match World::deploy(&adapter::translate(xml)) {
        Err(_) => vec!["ERROR_deployment".to_owned()],
        Ok(mut world) => {
            let input = case.input.clone().unwrap_or_default();
            world.begin(model, case.parallel_process, input, case.integer_variable.unwrap_or(0))?;
            world.run(case.delay_ms)?;
            world.trace()
        }
    };
    compare(&case.trace, &found)
}

/// `ERROR` stands for any error; what is not listed may only be a marker.
fn compare(expected: &[String], found: &[String]) -> Result<(), String> {
    let any_error = expected.iter().any(|entry| entry == "ERROR");
    let normal = |entry: &String| {
        if any_error && entry.starts_with("ERROR_") {
            "ERROR".into()
        } else {
            entry.clone()
        }
    };
    let mut wanted = expected.to_vec();
    let mut got: Vec<String> = found
        .iter()
        .map(normal)
        .filter(|entry| wanted.contains(entry) || counts(entry))
        .collect();
    wanted.sort();
    got.sort();
    if wanted == got {
        Ok(())
    } else {
        Err(format!("expected {wanted:?}, got {found:?}"))
    }
}

/// Entries that must be listed when they occur.
fn counts(entry: &str) -> bool {
    !entry.starts_with("MARKER_") && !entry.starts_with("EXECUTION_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_compare_as_multisets() {
        let list = |entries: &[&str]| entries.iter().map(|entry| (*entry).to_owned()).collect::<Vec<_>>();
        let ok = |wanted: &[&str], got: &[&str]| compare(&list(wanted), &list(got)).is_ok();
        assert!(ok(
            &["SCRIPT_task2", "SCRIPT_task1"],
            &["SCRIPT_task1", "SCRIPT_task2", "MARKER_exists"]
        ));
        assert!(!ok(&["SCRIPT_task1"], &["SCRIPT_task1", "SCRIPT_task1"]));
        assert!(!ok(&["SCRIPT_task1", "MARKER_exists"], &["SCRIPT_task1"]));
        assert!(!ok(&["SCRIPT_task1"], &["SCRIPT_task1", "ERROR_runtime"]));
        assert!(ok(&["ERROR"], &["ERROR_deployment"]));
        assert!(!ok(&["ERROR_runtime"], &["ERROR_deployment"]));
    }

    #[test]
    fn every_case_of_the_sample_passes() {
        let folder = crate::oracles().join("bpmn-betsy");
        if !folder.is_dir() {
            assert!(
                std::env::var_os("CI").is_none(),
                "{} must be there in CI",
                folder.display()
            );
            println!("SKIPPED: {} is absent", folder.display());
            return;
        }
        let report = run(&folder);
        assert!(
            report.failed() == 0 && report.passed() > 0,
            "{}\n{}",
            report.summary(),
            report.details()
        );
    }
}
