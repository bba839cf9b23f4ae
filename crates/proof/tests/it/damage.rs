//! Real models, damaged: those of this repository, and the reference models where they are.

use crate::from_environment;
use proof::damage::{bpmn_campaign, dmn_campaign};
use std::path::{Path, PathBuf};

/// Largest model that is damaged, in bytes: an unoptimised build reads it many times.
const MOST: usize = 60_000;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The models of some folders, and of those inside them.
fn models(folders: &[PathBuf], extension: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = folders.to_vec();
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|other| other == extension) {
                found.extend(std::fs::read_to_string(&path).ok().filter(|text| text.len() <= MOST));
            }
        }
    }
    found
}

fn oracles(name: &str) -> PathBuf {
    let folder =
        std::env::var_os("SINFONIA_ORACLES").map_or_else(|| repository().join("../shared/oracles"), PathBuf::from);
    let folder = folder.join(name);
    if !folder.is_dir() {
        assert!(
            std::env::var_os("CI").is_none(),
            "{} must be there in CI",
            folder.display()
        );
        println!(
            "SKIPPED: {} is absent: only the repository's own models are damaged",
            folder.display()
        );
    }
    folder
}

#[test]
fn damaged_processes_are_refused_with_reason_or_run() {
    let mut all = models(&[repository().join("components"), oracles("bpmn-betsy")], "bpmn");
    all.push(proof::differential::xml(&[]));
    let cases = from_environment("PROOF_CASES", 400) as u32;
    let fate = bpmn_campaign(&all, cases, from_environment("PROOF_SEED", 1));
    let fate = fate.unwrap_or_else(|error| panic!("{error}"));
    println!("{} models: {fate:?}", all.len());
    assert!(fate.refused > 0 && fate.accepted > 0, "{fate:?}");
}

#[test]
fn damaged_decisions_are_refused_with_reason_or_deployed() {
    let folders = [
        repository().join("components"),
        repository().join("crates/dmn/tests"),
        oracles("dmn-tck"),
    ];
    let all = models(&folders, "dmn");
    let cases = from_environment("PROOF_CASES", 150) as u32;
    let fate = dmn_campaign(&all, cases, from_environment("PROOF_SEED", 1));
    let fate = fate.unwrap_or_else(|error| panic!("{error}"));
    println!("{} models: {fate:?}", all.len());
    assert!(fate.refused > 0 && fate.accepted > 0, "{fate:?}");
}
