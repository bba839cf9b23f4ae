//! The floors of the house: an import only ever points down, and never to the same floor.

use serde_json::Value;
use std::process::Command;

/// The crates of each floor, from the bottom. Components stand on the floor of `components/*`.
const FLOORS: &[&[&str]] = &[
    &["names"],
    &[
        "fhir",
        "codicefiscale",
        "linkage",
        "bpmn",
        "dmn",
        "columnar",
        "mining",
        "jose",
        "policy",
        "postgres-fixture",
    ],
    &["engine", "terminology", "sqlonfhir", "calendar", "population"],
    &["validation", "proof", "simulation"],
    &["store"],
    &["search", "store-contract"],
    &["store-sqlite", "store-postgres"],
    &["test-store"],
    &["access"],
    &["hub", "orchestrator", "oauth"],
    &["component"],
    &["web"],
    &["components/*"],
    &["sinfonia", "conformance", "bench"],
];

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(conformance::repository())
        .output()
        .expect("cargo metadata runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo metadata writes JSON")
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// The floor of a package, by its name and the folder it lives in.
fn floor(package: &Value) -> usize {
    let name = text(package, "name");
    let component = text(package, "manifest_path").contains("/components/");
    let stands = |floor: &&[&str]| floor.contains(&name) || (component && floor.contains(&"components/*"));
    FLOORS
        .iter()
        .position(stands)
        .unwrap_or_else(|| panic!("the crate '{name}' has no floor: give it one in layers.rs and in ARCHITECTURE.md"))
}

#[test]
fn imports_only_point_down() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("packages");
    assert!(packages.len() > 10, "the workspace was not read");
    let mut wrong = vec![];
    for package in packages {
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let target = packages
                .iter()
                .find(|other| text(other, "name") == text(dependency, "name"));
            if let Some(target) = target.filter(|_| !dependency["path"].is_null())
                && floor(target) >= floor(package)
            {
                wrong.push(format!("{} imports {}", text(package, "name"), text(target, "name")));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "an import must point to a lower floor:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn every_crate_takes_the_house_lints_and_one_test_binary() {
    let metadata = metadata();
    for package in metadata["packages"].as_array().expect("packages") {
        let name = text(package, "name");
        let manifest = std::fs::read_to_string(text(package, "manifest_path")).expect("the manifest is readable");
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "{name}: Cargo.toml must say [lints] workspace = true"
        );
        let targets = package["targets"].as_array().into_iter().flatten();
        let tests = targets.filter(|target| target["kind"][0] == "test").count();
        assert!(
            tests <= 1,
            "{name}: {tests} test binaries, one is enough: each costs a link"
        );
    }
}
