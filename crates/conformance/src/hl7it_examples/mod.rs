//! The examples of the HL7 Italia guides against the profiles they declare, and the same examples spoilt on purpose:
//! every defect put into them must be found.

mod spoil;

use crate::Report;
use crate::library::{Library, on_all};
use serde_json::Value;
use std::path::Path;
use validation::{Checks, Issue, Severity, Validator};

/// Validates every example below `folder`, then spoils those that are valid.
///
/// Cases are the examples, and one for each kind of defect (which passes when every defect of that kind is found).
pub fn run(folder: &Path) -> Report {
    let mut report = Report::new();
    let library = match Library::read(folder) {
        Ok(library) => library,
        Err(message) => {
            report.fail("hl7it-examples", message);
            return report;
        }
    };
    for clash in &library.clashes {
        println!("defined twice, differently; the first is taken: {clash}");
    }
    let outcomes = on_all(&library.examples, |(_, example)| case(&library, example));
    for ((name, _), outcome) in library.examples.iter().zip(&outcomes) {
        report.record(name.display().to_string(), outcome.clone());
    }
    let valid: Vec<&Value> = library
        .examples
        .iter()
        .zip(&outcomes)
        .filter(|(_, o)| o.is_ok())
        .map(|((_, e), _)| e)
        .collect();
    for (kind, found) in spoil::all(&library, &valid) {
        println!("{kind}: {} of {} found", found.caught, found.made);
        let missed = found.missed.join("; ");
        let outcome = if found.missed.is_empty() && found.made > 0 {
            Ok(())
        } else {
            Err(missed)
        };
        report.record(format!("spoilt: {kind}"), outcome);
    }
    report
}

fn case(library: &Library, example: &Value) -> Result<(), String> {
    if let Err(errors) = fhir::check(fhir::Definitions::r4(), example) {
        return Err(errors[0].to_string());
    }
    let errors: Vec<String> = errors(library, example).iter().map(ToString::to_string).collect();
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors.join("; "))
    }
}

/// Errors of a resource against what it declares.
fn errors(library: &Library, resource: &Value) -> Vec<Issue> {
    let validator = Validator {
        profiles: library,
        bindings: library,
        checks: Checks::all(),
    };
    let mut issues = validator.validate(resource, &[]);
    issues.retain(|issue| issue.severity == Severity::Error);
    issues
}
