//! Compiles the official R4 StructureDefinitions (npm package `hl7.fhir.r4.examples`, CC0) into one file: an index of
//! lines (`url`, type, derivation, place, length), an empty line, then every definition cut down to what a validator
//! needs, each deflated on its own so that only the ones in use are ever unpacked.

#[path = "../../fhir/build/package.rs"]
mod package;
mod trim;

use flate2::{Compression, write::DeflateEncoder};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

const FILES: [&str; 4] = [
    "Bundle-types.json",
    "Bundle-resources.json",
    "Bundle-profiles-others.json",
    "Bundle-extensions.json",
];

fn main() {
    for source in ["build/main.rs", "build/trim.rs", "../fhir/build/package.rs"] {
        println!("cargo::rerun-if-changed={source}");
    }
    let package = package::Package::find();
    let (mut index, mut packed) = (String::new(), Vec::new());
    for file in FILES {
        let bundle: trim::Bundle = package.read(file);
        for definition in bundle.entry.into_iter().map(|entry| entry.resource) {
            let Some((url, kind, derivation)) = definition.key() else {
                continue;
            };
            let text = serde_json::to_vec(&definition).expect("a definition is JSON");
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(&text).expect("memory takes all");
            let deflated = encoder.finish().expect("memory takes all");
            writeln!(
                index,
                "{url}\t{kind}\t{derivation}\t{}\t{}",
                packed.len(),
                deflated.len()
            )
            .expect("a String accepts all");
            packed.extend(deflated);
        }
    }
    index.push('\n');
    let mut whole = index.into_bytes();
    whole.extend(packed);
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    std::fs::write(out.join("r4.definitions"), whole).expect("OUT_DIR is writable");
}
