//! FHIR TestScripts (<https://hl7.org/fhir/R4/testscript.html>) against a server: a fresh hub in process, or one at an
//! address. Each `test` of a script is a case; a script whose `setup` fails fails all of its tests.
//!
//! One system under test: `origin` and `destination` are not told apart.

mod assert;
mod compare;
mod fixture;
mod operation;
mod script;
mod target;
mod variable;

use crate::Report;
use fixture::Held;
use script::Script;
use serde_json::Value;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
pub use target::Target;

/// Most actions of one script, so that no file runs without end.
const MAX_ACTIONS: usize = 10_000;

/// Runs every TestScript of a folder (and its sub-folders) against a fresh hub each.
pub fn run(folder: &Path) -> Report {
    run_against(folder, None)
}

/// Runs them against the server at `base` (its FHIR address), or against a fresh hub for each script.
pub fn run_against(folder: &Path, base: Option<&str>) -> Report {
    let mut report = Report::new();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(run_all(folder, base, &mut report)),
        Err(error) => report.fail("testscript", error.to_string()),
    }
    report
}

async fn run_all(folder: &Path, base: Option<&str>, report: &mut Report) {
    let mut files = Vec::new();
    if let Err(error) = list(folder, &mut files) {
        return report.fail(folder.display().to_string(), error.to_string());
    }
    files.sort();
    for file in files {
        let name = file.strip_prefix(folder).unwrap_or(&file).display().to_string();
        match fixture::read_file(&file) {
            Ok(value) if value["resourceType"] == "TestScript" => {
                let place = fixture::Place::new(&file, folder);
                match Target::open(base) {
                    Ok(target) => run_script(&name, value, place, target, report).await,
                    Err(error) => report.fail(name, error),
                }
            }
            // a fixture of some script
            Ok(_) => {}
            Err(error) => report.fail(name, error),
        }
    }
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "json" || e == "xml") {
            let name = path
                .file_name()
                .map(|n| n.to_string_lossy().into_owned())
                .unwrap_or_default();
            if name != "package.json" && !name.starts_with('.') {
                files.push(path);
            }
        }
    }
    Ok(())
}

/// A script under way.
pub(crate) struct Run {
    target: Target,
    /// Fixtures and responses by id.
    held: HashMap<String, Held>,
    variables: Vec<script::Variable>,
    profiles: HashMap<String, String>,
    /// The last request and response.
    last: Option<operation::Exchange>,
    actions: usize,
}

async fn run_script(name: &str, value: Value, place: fixture::Place, target: Target, report: &mut Report) {
    let script = Script::read(&value);
    let mut run = Run {
        target,
        held: HashMap::new(),
        variables: script.variables,
        profiles: script.profiles,
        last: None,
        actions: 0,
    };
    let mut prepared = Ok(());
    for fixture in &script.fixtures {
        if prepared.is_ok() {
            prepared = run.take_fixture(fixture, &value, &place).await;
        }
    }
    if prepared.is_ok() {
        prepared = run.actions(&script.setup).await.map_err(|why| format!("setup: {why}"));
    }
    for (n, test) in script.tests.iter().enumerate() {
        let label = test.name.clone().unwrap_or_else(|| format!("test {}", n + 1));
        let outcome = match &prepared {
            Ok(()) => run.actions(&test.actions).await,
            Err(why) => Err(why.clone()),
        };
        report.record(format!("{name}: {label}"), outcome);
    }
    if script.tests.is_empty() {
        report.record(name, prepared);
    }
    if let Err(why) = run.actions(&script.teardown).await {
        eprintln!("{name}: teardown: {why}");
    }
    for fixture in script.fixtures.iter().filter(|fixture| fixture.autodelete) {
        run.delete_fixture(&fixture.id).await;
    }
}

impl Run {
    /// Runs operations and asserts, in order, up to the first that fails.
    async fn actions(&mut self, actions: &[Value]) -> Result<(), String> {
        for (n, action) in actions.iter().enumerate() {
            self.actions += 1;
            if self.actions > MAX_ACTIONS {
                return Err(format!("the script has more than {MAX_ACTIONS} actions"));
            }
            let at = |why: String| format!("action {}: {why}", n + 1);
            if let Some(operation) = action.get("operation") {
                self.operate(operation).await.map_err(at)?;
            }
            if let Some(assert) = action.get("assert") {
                let outcome = self.assert(assert);
                let told = |why: String| match assert["description"].as_str() {
                    Some(about) => format!("{about} {why}"),
                    None => why,
                };
                match outcome.map_err(told) {
                    Err(why) if assert["warningOnly"] == true => eprintln!("warning: {}", at(why)),
                    Err(why) => return Err(at(why)),
                    Ok(()) => {}
                }
            }
        }
        Ok(())
    }
}
