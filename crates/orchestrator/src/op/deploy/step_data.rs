//! The data that steps declare (`sinfonia:data`): read when a model is deployed, so that none opens less, or more, than
//! its author thinks.

use super::issue::FileIssue;
use access::StepData;
use bpmn::Process;
use fhir::Definitions;

/// Declarations that cannot be read, or name what is no FHIR type.
pub(super) fn wrong(file: &str, process: &Process) -> Vec<FileIssue> {
    let found = process.nodes.iter().filter_map(|node| {
        let text = node.extensions.get("sinfonia:data")?;
        let why = problem(text)?;
        let remedy = "write FHIR types with the elements needed, e.g. Patient(name, birthDate) Observation";
        Some(FileIssue::error(file, "step-data", why, remedy).at(&node.id, node.line))
    });
    found.collect()
}

fn problem(text: &str) -> Option<String> {
    match StepData::parse("", text) {
        Err(why) => Some(format!("sinfonia:data: {why}")),
        Ok(data) => {
            let unknown = data.types.keys().find(|name| !Definitions::r4().is_resource(name))?;
            Some(format!("sinfonia:data: '{unknown}' is no FHIR type"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declaration_names_types_that_there_are() {
        assert_eq!(problem("Patient(name, birthDate) Observation, Condition"), None);
        assert!(problem("Patient(name").unwrap().contains("not closed"));
        assert!(problem("Pazient").unwrap().contains("no FHIR type"));
        assert!(problem("name").unwrap().contains("a FHIR type is expected"));
    }
}
