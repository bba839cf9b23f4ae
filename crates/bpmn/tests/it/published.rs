//! Published models.

use std::path::{Path, PathBuf};

/// The folder of reference models; `None` (said loudly) where it is absent.
fn oracles() -> Option<PathBuf> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/oracles");
    let folder = std::env::var_os("SINFONIA_ORACLES")
        .map_or(default, PathBuf::from)
        .join("bpmn-betsy/models");
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "{} must be there in CI",
        folder.display()
    );
    println!("SKIPPED: {} is absent", folder.display());
    None
}

#[test]
fn published_models_are_read_or_refused_with_reason() {
    let Some(folder) = oracles() else { return };
    let mut refused = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let xml = std::fs::read_to_string(&path).unwrap();
        if let Err(issues) = bpmn::parse(&xml) {
            let rules: Vec<String> = issues
                .iter()
                .filter(|issue| issue.severity == bpmn::Severity::Error)
                .map(|issue| format!("{}:{}", issue.line, issue.rule))
                .collect();
            refused.push(format!(
                "{} {}",
                path.file_stem().unwrap().to_string_lossy(),
                rules.join(" ")
            ));
        }
    }
    refused.sort();
    insta::assert_snapshot!(refused.join("\n"));
}
