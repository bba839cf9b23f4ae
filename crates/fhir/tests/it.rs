//! Every official example: it passes the structural check and extracts.

use fhir::{Definitions, check, extract};
use serde_json::Value;
use std::path::PathBuf;

fn examples() -> PathBuf {
    std::env::var_os("SINFONIA_FHIR_DEFINITIONS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../node_modules/hl7.fhir.r4.examples"),
        PathBuf::from,
    )
}

#[test]
fn every_official_example_is_sound_and_extracts() {
    let r4 = Definitions::r4();
    let mut failures = vec![];
    let (mut files, mut values) = (0, 0);
    for entry in std::fs::read_dir(examples()).expect("the examples, which the build needs too") {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.ends_with(".json") || name == "package.json" || name.starts_with('.') {
            continue;
        }
        let resource: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        files += 1;
        values += extract(r4, &resource)
            .unwrap_or_else(|error| panic!("{name}: {error}"))
            .entries
            .len();
        if let Err(errors) = check(r4, &resource) {
            failures.extend(errors.iter().map(|error| format!("{name}: {error}")));
        }
    }
    println!("{files} files, {values} values");
    failures.sort();
    assert!(
        failures.is_empty(),
        "{} failures\n{}",
        failures.len(),
        failures.join("\n")
    );
}
