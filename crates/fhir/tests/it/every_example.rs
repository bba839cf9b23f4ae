//! Every official example passes the structural check and extracts.

use fhir::{Definitions, check, extract};

/// Larger files are bundles of definitions that are there one by one, too.
const LARGEST_FILE: u64 = 4_000_000;

/// Examples that break the rules of R4 as published, with the rule; each stands for itself in the package.
const BROKEN: [(&str, &str); 14] = [
    ("ImplementationGuide-fhir", "lacks the required element 'name'"),
    ("Questionnaire-qs1", "lacks the required element 'linkId'"),
    (
        "SearchParameter-codesystem-extensions-CodeSystem-author",
        "lacks the required element 'base'",
    ),
    (
        "SearchParameter-codesystem-extensions-CodeSystem-effective",
        "lacks the required element 'base'",
    ),
    (
        "SearchParameter-codesystem-extensions-CodeSystem-end",
        "lacks the required element 'base'",
    ),
    (
        "SearchParameter-codesystem-extensions-CodeSystem-keyword",
        "lacks the required element 'base'",
    ),
    (
        "SearchParameter-codesystem-extensions-CodeSystem-workflow",
        "lacks the required element 'base'",
    ),
    (
        "SearchParameter-questionnaireresponse-extensions-QuestionnaireResponse-item-subject",
        "must be 1 to 64 of letters",
    ),
    (
        "SearchParameter-valueset-extensions-ValueSet-author",
        "lacks the required element 'base'",
    ),
    (
        "SearchParameter-valueset-extensions-ValueSet-effective",
        "lacks the required element 'base'",
    ),
    (
        "SearchParameter-valueset-extensions-ValueSet-end",
        "lacks the required element 'base'",
    ),
    (
        "SearchParameter-valueset-extensions-ValueSet-keyword",
        "lacks the required element 'base'",
    ),
    (
        "SearchParameter-valueset-extensions-ValueSet-workflow",
        "lacks the required element 'base'",
    ),
    ("ig-r4", "lacks the required element 'name'"),
];

#[test]
fn every_official_example_is_sound_and_extracts() {
    let r4 = Definitions::r4();
    let mut broken = vec![];
    let mut files = 0;
    for entry in std::fs::read_dir(super::examples()).expect("the examples, which the build needs too") {
        let entry = entry.unwrap();
        let file = entry.file_name().to_string_lossy().into_owned();
        let Some(name) = file
            .strip_suffix(".json")
            .filter(|name| *name != "package" && !name.starts_with('.'))
        else {
            continue;
        };
        if entry.metadata().unwrap().len() > LARGEST_FILE {
            continue;
        }
        files += 1;
        let resource = super::example(name);
        extract(r4, &resource).unwrap_or_else(|error| panic!("{name}: {error}"));
        if let Err(errors) = check(r4, &resource) {
            broken.push((
                name.to_owned(),
                errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
            ));
        }
    }
    assert!(files > 5_000, "only {files} examples");
    broken.sort();
    let told = |(name, rule): &(&str, &str)| broken.iter().any(|(found, text)| found == name && text.contains(rule));
    assert!(broken.len() == BROKEN.len() && BROKEN.iter().all(told), "{broken:#?}");
}
