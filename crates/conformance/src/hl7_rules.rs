//! HL7's own examples against R4's own rules: invariants, bindings, references, and the profiles they declare.
//!
//! The package is meant to be valid, so what fails here is a defect of the example or of the validator.

use crate::Report;
use crate::library::{Library, on_all};
use serde_json::Value;
use std::path::{Path, PathBuf};
use validation::{Checks, Severity, Validator};

/// Validates every `*.json` resource of a folder.
pub fn run(folder: &Path) -> Report {
    let mut report = Report::new();
    let files = match std::fs::read_dir(folder) {
        Ok(files) => files.flatten().map(|file| file.path()),
        Err(error) => {
            report.fail("hl7-rules", error.to_string());
            return report;
        }
    };
    let mut files: Vec<PathBuf> = files
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    files.sort();
    let library = Library::default();
    let outcomes = on_all(&files, |file| case(&library, file));
    for (file, outcome) in files.iter().zip(outcomes) {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        if let Some(outcome) = outcome {
            report.record(name, outcome);
        }
    }
    report
}

/// `None`: not an example.
fn case(library: &Library, file: &Path) -> Option<Result<(), String>> {
    let text = std::fs::read(file).ok()?;
    // the bundles of definitions are tens of megabytes, and their parts are examples of their own
    if text.len() > 1_000_000 {
        return None;
    }
    let resource: Value = serde_json::from_slice(&text).ok()?;
    resource.get("resourceType")?;
    let validator = Validator {
        profiles: library,
        bindings: library,
        checks: Checks::all(),
    };
    let errors: Vec<String> = validator
        .validate(&resource, &[])
        .into_iter()
        .filter(|issue| issue.severity == Severity::Error)
        .map(|issue| issue.to_string())
        .collect();
    Some(if errors.is_empty() {
        Ok(())
    } else {
        Err(errors.join("; "))
    })
}
