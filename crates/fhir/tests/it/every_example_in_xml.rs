//! Every official example says the same after a way through XML.

use fhir::{Definitions, xml};
use serde_json::Value;

/// As for the structural check.
const LARGEST_FILE: u64 = 4_000_000;

/// `_given: [x, null]` says what `_given: [x]` says.
fn normal(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(normal),
        Value::Object(object) => {
            for (name, value) in object.iter_mut() {
                normal(value);
                if let (true, Value::Array(items)) = (name.starts_with('_'), value) {
                    while items.last().is_some_and(Value::is_null) {
                        items.pop();
                    }
                }
            }
        }
        _ => {}
    }
}

#[test]
fn every_official_example_keeps_its_meaning_in_xml() {
    let r4 = Definitions::r4();
    let mut failed: Vec<(String, String)> = vec![];
    let mut files = 0;
    for entry in std::fs::read_dir(super::examples()).expect("the examples, which the build needs too") {
        let entry = entry.unwrap();
        let file = entry.file_name().to_string_lossy().into_owned();
        let name = file.strip_suffix(".json");
        let Some(name) = name.filter(|name| *name != "package" && !name.starts_with('.')) else {
            continue;
        };
        if entry.metadata().unwrap().len() > LARGEST_FILE {
            continue;
        }
        files += 1;
        let mut given = super::example(name);
        let back = xml::to_xml(r4, &given).and_then(|text| xml::from_xml(r4, &text));
        match back {
            Err(error) => failed.push((name.to_owned(), error.to_string())),
            Ok(mut back) => {
                normal(&mut given);
                normal(&mut back);
                if given != back {
                    failed.push((name.to_owned(), "differs".to_owned()));
                }
            }
        }
    }
    assert!(files > 5_000, "only {files} examples");
    failed.sort();
    assert!(failed.is_empty(), "{} failed: {failed:#?}", failed.len());
}
