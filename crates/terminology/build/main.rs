//! Packs the code systems, value sets and concept maps of the official R4 definitions (npm package
//! `hl7.fhir.r4.examples`, CC0) and the Italian tables of `data` into one compressed file that the crate includes and
//! reads piece by piece.

mod pack;
#[path = "../../fhir/build/package.rs"]
mod package;
mod strip;
#[path = "../src/table.rs"]
#[allow(dead_code, reason = "the build needs a part of it")]
mod table;

use serde_json::{Value, json};
use std::path::PathBuf;

/// Bundles of the package that hold terminology.
const BUNDLES: &[&str] = &[
    "Bundle-valuesets.json",
    "Bundle-v2-valuesets.json",
    "Bundle-v3-valuesets.json",
    "Bundle-conceptmaps.json",
    "Bundle-externals.json",
];

/// Code systems of others whose codes the package tells only in an expansion: (system, value set, name).
const EXPANDED: &[(&str, &str, &str)] = &[
    (
        "urn:iso:std:iso:4217",
        "http://hl7.org/fhir/ValueSet/currencies",
        "ISO4217Currencies",
    ),
    (
        "http://hl7.org/fhir/sid/cvx",
        "http://hl7.org/fhir/ValueSet/vaccine-code",
        "CVX",
    ),
];

fn main() {
    for source in ["main.rs", "pack.rs", "strip.rs", "../../fhir/build/package.rs"] {
        println!("cargo::rerun-if-changed=build/{source}");
    }
    println!("cargo::rerun-if-changed=data");
    println!("cargo::rerun-if-changed=src/table.rs");
    let package = package::Package::find();
    let mut resources: Vec<Value> = Vec::new();
    for bundle in BUNDLES {
        let bundle: Value = package.read(bundle);
        resources.extend(entries(bundle).filter(|resource| {
            let known = matches!(
                resource["resourceType"].as_str(),
                Some("CodeSystem" | "ValueSet" | "ConceptMap")
            );
            known && resource["url"].is_string()
        }));
    }
    resources.extend(fragments(&package));
    resources.extend(tables());
    for resource in &mut resources {
        strip::strip(resource);
    }
    // Neighbours in one block are read together: a value set and the code system of the same name are.
    resources.sort_by_cached_key(|resource| (text(&resource["id"]), text(&resource["url"])));
    resources.dedup_by_key(|resource| (text(&resource["resourceType"]), text(&resource["url"])));
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    std::fs::write(out.join("builtin.pack"), pack::pack(&resources)).expect("OUT_DIR is writable");
}

fn entries(mut bundle: Value) -> impl Iterator<Item = Value> {
    let list = bundle["entry"].as_array_mut().map(std::mem::take).unwrap_or_default();
    list.into_iter().map(|mut entry| entry["resource"].take())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Code systems made of what an official expansion tells of them: parts, for the whole is its owner's.
fn fragments(package: &package::Package) -> Vec<Value> {
    let bundle: Value = package.read("Bundle-valueset-expansions.json");
    let expansions: Vec<Value> = entries(bundle).collect();
    let one = |(system, value_set, name): &(&str, &str, &str)| {
        let expansion = expansions.iter().find(|resource| resource["url"] == *value_set);
        let expansion = expansion.unwrap_or_else(|| panic!("the package has no expansion of {value_set}"));
        let contains = expansion["expansion"]["contains"].as_array();
        let concepts: Vec<Value> = contains
            .into_iter()
            .flatten()
            .filter(|concept| concept["system"] == *system)
            .map(|concept| json!({"code": concept["code"], "display": concept["display"]}))
            .collect();
        json!({"resourceType": "CodeSystem", "id": name, "url": system, "name": name, "status": "active",
            "caseSensitive": true, "content": "fragment", "concept": concepts})
    };
    EXPANDED.iter().map(one).collect()
}

/// The Italian tables that may be carried.
fn tables() -> Vec<Value> {
    let described: Vec<Value> = serde_json::from_str(table::TABLES).expect("tables.json is JSON");
    let carried = described.iter().filter(|table| table["carried"] == true);
    let made = carried.flat_map(|described| {
        let file = described["file"].as_str().unwrap_or_default();
        let text =
            std::fs::read_to_string(format!("data/{file}")).unwrap_or_else(|e| panic!("cannot read {file}: {e}"));
        table::resources(described, &text).unwrap_or_else(|e| panic!("cannot understand {file}: {e}"))
    });
    made.collect()
}
