//! Compiles the official R4 definitions (npm package `hl7.fhir.r4.examples`, CC0) into one compact text table that
//! the crate includes and reads at its first use. Runs again only when the package or these sources change.

mod package;
mod params;
mod structures;
mod table;

use std::path::PathBuf;

fn main() {
    for source in ["main.rs", "package.rs", "params.rs", "structures.rs", "table.rs"] {
        println!("cargo::rerun-if-changed=build/{source}");
    }
    let package = package::Package::find();
    let systems = structures::code_systems(&package);
    let types = structures::read(&package, &systems);
    let params = params::read(&package, &types);
    let compartment = params::patient_compartment(&package, &params);
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    std::fs::write(out.join("r4.tsv"), table::render(&types, &params, &compartment)).expect("OUT_DIR is writable");
}
