//! The table of requirements names tests that exist.

use std::collections::BTreeSet;
use std::path::Path;

fn functions(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            functions(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let names = text.split("fn ").skip(1);
            found.extend(names.filter_map(|rest| Some(rest.split_once('(')?.0.to_owned())));
        }
    }
}

#[test]
fn every_test_that_the_requirements_name_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut known = BTreeSet::new();
    for folder in ["crates", "components"] {
        functions(&root.join(folder), &mut known);
    }
    let table = std::fs::read_to_string(root.join("docs/asvs.md")).unwrap();
    let (mut rows, mut wrong) = (0, vec![]);
    for line in table.lines().filter(|line| line.starts_with("| V")) {
        rows += 1;
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let proof = cells[3].trim_matches('`');
        if !proof.is_empty() && !known.contains(proof) {
            wrong.push(format!("{}: there is no test {proof}", cells[0]));
        }
    }
    assert!(rows > 200 && wrong.is_empty(), "{}", wrong.join("\n"));
}
