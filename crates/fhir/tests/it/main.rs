//! The crate on the official examples.

mod every_example;
mod every_example_in_xml;
mod values;

use serde_json::Value;
use std::path::PathBuf;

/// The folder of the npm package that the build compiled, too.
fn examples() -> PathBuf {
    std::env::var_os("SINFONIA_FHIR_DEFINITIONS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../node_modules/hl7.fhir.r4.examples"),
        PathBuf::from,
    )
}

/// One example.
fn example(name: &str) -> Value {
    let path = examples().join(format!("{name}.json"));
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap()
}
