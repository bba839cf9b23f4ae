//! The official FHIRPath tests for R4 (`tests-fhir-r4.xml` and its `inputs`).
//!
//! A case passes when the values equal the expected ones in number, order, type and text. A case marked `invalid`
//! passes only when parsing or evaluating it (in strict mode where its model knowledge is what makes it invalid) is an
//! error: an empty result does not count.

mod compare;
mod xml;

use crate::Report;
use compare::Expected;
use fhir::fhirpath::{Expression, FhirPathError, Item, Options};
use roxmltree::{Document, Node, ParsingOptions};
use serde_json::Value;
use std::{collections::HashMap, path::Path};

/// Runs the suite on the folder that holds `tests-fhir-r4.xml`.
pub fn run(folder: &Path) -> Report {
    let mut report = Report::new();
    let outcome = std::fs::read_to_string(folder.join("tests-fhir-r4.xml"))
        .map_err(|error| error.to_string())
        .and_then(|text| cases(&text).map_err(|error| error.to_string()));
    let cases = match outcome {
        Ok(cases) => cases,
        Err(error) => {
            report.fail("tests-fhir-r4.xml", format!("cannot be read: {error}"));
            return report;
        }
    };
    let mut inputs = HashMap::new();
    for case in cases {
        let input = inputs
            .entry(case.input.clone())
            .or_insert_with(|| input(folder, &case.input));
        match input {
            Ok(resource) => report.record(&case.name, case.run(resource)),
            Err(error) => report.fail(&case.name, format!("input {}: {error}", case.input)),
        }
    }
    report
}

struct Case {
    name: String,
    input: String,
    expression: String,
    invalid: Option<String>,
    predicate: bool,
    options: Options,
    expected: Vec<Expected>,
}

fn cases(text: &str) -> Result<Vec<Case>, roxmltree::Error> {
    let options = ParsingOptions {
        allow_dtd: true,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(text, options)?;
    Ok(document
        .descendants()
        .filter(|node| node.has_tag_name("test"))
        .map(case)
        .collect())
}

fn case(test: Node<'_, '_>) -> Case {
    let attribute = |name: &str| test.attribute(name).unwrap_or("");
    let child = |name: &'static str| test.children().filter(move |node| node.has_tag_name(name));
    let expression = child("expression").next();
    let group = test.parent().and_then(|group| group.attribute("name")).unwrap_or("");
    let invalid = expression
        .and_then(|node| node.attribute("invalid"))
        .or_else(|| test.attribute("invalid"));
    let strict = attribute("mode") == "strict" || invalid == Some("semantic");
    Case {
        name: format!("{group}/{}", attribute("name")),
        input: attribute("inputfile").to_owned(),
        expression: expression.and_then(|node| node.text()).unwrap_or("").to_owned(),
        invalid: invalid.map(str::to_owned),
        predicate: attribute("predicate") == "true",
        options: Options {
            strict,
            ordered: attribute("checkOrderedFunctions") == "true",
        },
        expected: child("output")
            .map(|node| Expected {
                kind: node.attribute("type").unwrap_or("").to_owned(),
                text: node.text().unwrap_or("").to_owned(),
            })
            .collect(),
    }
}

/// A JSON file, or an XML one told as JSON; no file is an empty input.
fn input(folder: &Path, name: &str) -> Result<Value, String> {
    if name.is_empty() {
        return Ok(Value::Null);
    }
    let text = std::fs::read_to_string(folder.join("inputs").join(name)).map_err(|error| error.to_string())?;
    if name.ends_with(".json") {
        serde_json::from_str(&text).map_err(|error| error.to_string())
    } else {
        xml::resource(&text)
    }
}

impl Case {
    fn run(&self, resource: &Value) -> Result<(), String> {
        let outcome = self.evaluate(resource);
        match (&self.invalid, outcome) {
            (Some(_), Err(_)) => Ok(()),
            (Some(kind), Ok(items)) => Err(format!(
                "expected an error ({kind}), got {items:?}: {}",
                self.expression
            )),
            (None, Err(error)) => Err(error.to_string()),
            (None, Ok(items)) if self.predicate => {
                let expected = self.expected.first().is_some_and(|output| output.text == "true");
                let exists = !items.is_empty();
                (exists == expected)
                    .then_some(())
                    .ok_or_else(|| format!("expected {expected}, got {items:?}"))
            }
            (None, Ok(items)) => {
                let same = items.len() == self.expected.len()
                    && self
                        .expected
                        .iter()
                        .zip(&items)
                        .all(|(expected, item)| expected.matches(item));
                same.then_some(())
                    .ok_or_else(|| format!("expected {:?}, got {items:?}: {}", self.expected, self.expression))
            }
        }
    }

    fn evaluate(&self, resource: &Value) -> Result<Vec<Item>, FhirPathError> {
        Expression::parse(&self.expression)?.evaluate(resource, self.options)
    }
}
