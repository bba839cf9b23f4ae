//! The ratchet: `floors.json` holds how many cases of each suite pass. Fewer is a failure; raise the number when more
//! pass.

use conformance::{oracles, suites};
use serde_json::Value;

const FLOORS: &str = include_str!("floors.json");

fn floor(suite: &str) -> Option<usize> {
    let floors: Value = serde_json::from_str(FLOORS).expect("floors.json is JSON");
    floors[suite]
        .as_u64()
        .map(|floor| usize::try_from(floor).expect("a count"))
}

fn at_least_the_floor(name: &str) {
    let suite = suites()
        .into_iter()
        .find(|suite| suite.name == name)
        .expect("the suite exists");
    let folder = suite.default_folder(&oracles());
    if !folder.is_dir() {
        let message = format!("the reference data {} are absent", folder.display());
        assert!(std::env::var_os("CI").is_none(), "{message}; CI needs them");
        eprintln!("SKIPPED: suite {name}: {message}");
        return;
    }
    let report = (suite.run)(&folder);
    println!("{}{name}: {}", report.details(), report.summary());
    let floor = floor(name).expect("floors.json has the suite");
    assert!(
        report.passed() >= floor,
        "{name}: {} passed, the floor is {floor}",
        report.passed()
    );
}

#[test]
fn every_suite_has_a_floor() {
    for suite in suites() {
        assert!(
            floor(suite.name).is_some_and(|floor| floor > 0),
            "floors.json has no floor for {}",
            suite.name
        );
    }
}

#[test]
fn dmn_tck_does_not_fall() {
    at_least_the_floor("dmn-tck");
}

#[test]
fn fhirpath_does_not_fall() {
    at_least_the_floor("fhirpath");
}

#[test]
fn bpmn_betsy_does_not_fall() {
    at_least_the_floor("bpmn-betsy");
}

#[test]
fn sql_on_fhir_does_not_fall() {
    at_least_the_floor("sql-on-fhir");
}

/// Our models in the dialects of other engines.
#[test]
fn deploy_does_not_fall() {
    at_least_the_floor("deploy");
}

#[test]
fn xes_does_not_fall() {
    at_least_the_floor("xes");
}

/// Every vector, and every case that the reference packages tell.
#[test]
fn codice_fiscale_does_not_fall() {
    at_least_the_floor("codice-fiscale");
}

/// Linkage of the three data sets.
#[test]
fn febrl_does_not_fall() {
    at_least_the_floor("febrl");
}

/// Every example, on an unoptimised build: about a minute.
#[test]
fn hl7_examples_do_not_fall() {
    at_least_the_floor("hl7-examples");
}

/// The spoilt examples too: about five seconds. (`hl7-rules` takes minutes on an unoptimised build: run it by hand.)
#[test]
fn hl7it_examples_do_not_fall() {
    at_least_the_floor("hl7it-examples");
}

/// Our own TestScripts: all of them pass.
#[test]
fn testscripts_do_not_fall() {
    at_least_the_floor("testscript");
}

/// HL7's example scripts are run with the packages' examples as their fixtures; they show that the runner reads what
/// others write.
#[test]
fn published_testscripts_are_read() {
    let folder = conformance::repository().join("node_modules/hl7.fhir.r4.examples");
    if !folder.is_dir() {
        assert!(
            std::env::var_os("CI").is_none(),
            "{} is absent; CI needs it",
            folder.display()
        );
        eprintln!("SKIPPED: {} is absent", folder.display());
        return;
    }
    let here = tempfile::tempdir().expect("a temporary folder");
    let files = [
        "TestScript-testscript-example.json",
        "TestScript-testscript-example-history.json",
        "TestScript-testscript-example-update.json",
        "Patient-example.json",
        "Patient-pat1.json",
    ];
    for file in files {
        std::fs::copy(folder.join(file), here.path().join(file)).expect("the package has the example");
    }
    let report = conformance::testscript::run(here.path());
    println!("{}{}", report.details(), report.summary());
    assert!(report.passed() >= 1, "{}", report.details());
}

/// `docs/fhir.md` says what is true today; `cargo run -p conformance -- fhir-doc` writes it anew.
#[test]
fn the_page_of_fhir_support_is_fresh() {
    let Ok(written) = std::fs::read_to_string(conformance::repository().join("docs/fhir.md")) else {
        assert!(std::env::var_os("CI").is_none(), "docs/fhir.md is absent; CI needs it");
        eprintln!("SKIPPED: docs/fhir.md is absent: write it with cargo run -p conformance -- fhir-doc");
        return;
    };
    let today = conformance::fhir_doc::page().expect("the page can be made");
    assert!(
        today == written,
        "docs/fhir.md is stale: run cargo run -p conformance -- fhir-doc"
    );
}
