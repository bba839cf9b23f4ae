//! The OMG DMN Technology Compatibility Kit: folders of a model and the results expected of it.
//!
//! Every result node is a case. `errorResult="true"` expects an error, which in DMN is null; a model that is refused
//! at deployment is an error of each of its cases.

use crate::Report;
use dmn::{EvalError, Feel, Typed};
use roxmltree::{Document, Node};
use std::path::{Path, PathBuf};

/// The moment that `now()` and `today()` give during the suite.
const NOW_SECOND: i64 = 1_767_268_800;

/// Deepest nesting of folders below the suite's.
const MAX_FOLDERS_DEEP: usize = 6;

/// Runs every test file below a folder.
#[must_use]
pub fn run(folder: &Path) -> Report {
    let mut report = Report::new();
    let mut folders = vec![(folder.to_path_buf(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let (inner, files) = listed(&folder);
        if depth < MAX_FOLDERS_DEEP {
            folders.extend(inner.into_iter().rev().map(|inner| (inner, depth + 1)));
        }
        if files.iter().any(|file| extension(file) == "dmn") {
            test_folder(&folder, &files, &mut report);
        }
    }
    report
}

/// The folders and the files of a folder, each in the order of their names.
fn listed(folder: &Path) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    entries.sort();
    entries.into_iter().partition(|path| path.is_dir())
}

fn extension(path: &Path) -> &str {
    path.extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn test_folder(folder: &Path, files: &[PathBuf], report: &mut Report) {
    for test in files.iter().filter(|file| extension(file) == "xml") {
        let label = format!(
            "{}/{}",
            name(folder),
            test.file_stem().unwrap_or_default().to_string_lossy()
        );
        let text = match std::fs::read_to_string(test) {
            Ok(text) => text,
            Err(error) => {
                report.fail(label, format!("the test file cannot be read: {error}"));
                continue;
            }
        };
        match Document::parse(&text) {
            Ok(document) => test_file(folder, files, &label, &document, report),
            Err(error) => report.fail(label, format!("the test file is not XML: {error}")),
        }
    }
}

fn test_file(folder: &Path, files: &[PathBuf], label: &str, document: &Document<'_>, report: &mut Report) {
    let feel = deployed(folder, files, document);
    for (index, case) in elements(document.root_element(), "testCase").enumerate() {
        let id = case
            .attribute("id")
            .map_or_else(|| (index + 1).to_string(), str::to_owned);
        let inputs: Vec<_> = elements(case, "inputNode")
            .map(|node| (node.attribute("name").unwrap_or_default().to_owned(), value(node)))
            .collect();
        for result in elements(case, "resultNode") {
            let node = result.attribute("name").unwrap_or_default();
            let invocable = case.attribute("invocableName").unwrap_or(node);
            let actual = feel.as_ref().map_err(Clone::clone).and_then(|feel| {
                let now = jiff::Timestamp::from_second(NOW_SECOND).unwrap_or_default();
                feel.invoke(invocable, &inputs, now)
                    .map_err(|error: EvalError| error.to_string())
            });
            report.record(format!("{label}/{id}/{node}"), compare(result, actual));
        }
    }
}

/// The model of a test, with the other models of its folder for what it imports.
fn deployed(folder: &Path, files: &[PathBuf], document: &Document<'_>) -> Result<Feel, String> {
    let model = elements(document.root_element(), "modelName")
        .next()
        .and_then(|node| node.text())
        .unwrap_or_default()
        .trim();
    let mut texts = vec![std::fs::read_to_string(folder.join(model)).map_err(|error| format!("{model}: {error}"))?];
    for other in files
        .iter()
        .filter(|file| extension(file) == "dmn" && name(file) != model)
    {
        texts.push(std::fs::read_to_string(other).map_err(|error| format!("{}: {error}", name(other)))?);
    }
    let feel = Feel::new();
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    feel.deploy_together(&texts).map_err(|issues| {
        let issues: Vec<_> = issues.iter().map(ToString::to_string).collect();
        format!("refused at deployment: {}", issues.join("; "))
    })?;
    Ok(feel)
}

fn compare(result: Node<'_, '_>, actual: Result<Typed, String>) -> Result<(), String> {
    let error_expected = result.attribute("errorResult") == Some("true");
    let expected = elements(result, "expected").next().map_or(Typed::Null(None), value);
    match actual {
        Err(_) | Ok(Typed::Null(_)) if error_expected => Ok(()),
        Err(message) => Err(format!("expected {expected:?}, got the error: {message}")),
        Ok(actual) if error_expected => Err(format!("expected an error, got {actual:?}")),
        Ok(actual) if matches(&expected, &actual) => Ok(()),
        Ok(actual) => Err(format!("expected {expected:?}, got {actual:?}")),
    }
}

/// Whether a value is the expected one. As in the kit's own runner, numbers agree to eight decimals and dates, times
/// and durations by their value.
fn matches(expected: &Typed, actual: &Typed) -> bool {
    match (expected, actual) {
        (Typed::Number(one), Typed::Number(two)) => close(one, two),
        (Typed::List(one), Typed::List(two)) => {
            one.len() == two.len() && one.iter().zip(two).all(|(one, two)| matches(one, two))
        }
        (Typed::Context(one), Typed::Context(two)) => {
            let named = |name: &str| two.iter().find(|(other, _)| other == name).map(|(_, value)| value);
            one.len() == two.len()
                && one
                    .iter()
                    .all(|(name, value)| named(name).is_some_and(|two| matches(value, two)))
        }
        _ => expected.same(actual),
    }
}

fn close(one: &str, two: &str) -> bool {
    if Typed::Number(one.into()).same(&Typed::Number(two.into())) {
        return true;
    }
    match (one.parse::<f64>(), two.parse::<f64>()) {
        (Ok(one), Ok(two)) => (one - two).abs() < 1e-8,
        _ => false,
    }
}

/// The value inside an input, expected, item or component node.
fn value(node: Node<'_, '_>) -> Typed {
    if let Some(list) = elements(node, "list").next() {
        return if is_nil(list) {
            Typed::Null(None)
        } else {
            Typed::List(elements(list, "item").map(value).collect())
        };
    }
    let components: Vec<_> = elements(node, "component")
        .map(|component| {
            (
                component.attribute("name").unwrap_or_default().to_owned(),
                value(component),
            )
        })
        .collect();
    if !components.is_empty() {
        return Typed::Context(components);
    }
    elements(node, "value").next().map_or(Typed::Null(None), simple)
}

fn simple(node: Node<'_, '_>) -> Typed {
    const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
    let text = node.text().unwrap_or_default().to_owned();
    if is_nil(node) {
        return Typed::Null(None);
    }
    let Some(kind) = node.attribute((XSI, "type")) else {
        return untyped(&text);
    };
    match kind.rsplit(':').next().unwrap_or_default() {
        "boolean" => Typed::Boolean(text.trim() == "true" || text.trim() == "1"),
        "decimal" | "double" | "integer" | "int" | "long" | "float" => Typed::Number(text.trim().to_owned()),
        "date" => Typed::Date(text.trim().to_owned()),
        "time" => Typed::Time(text.trim().to_owned()),
        "dateTime" => Typed::DateTime(text.trim().to_owned()),
        "duration" | "dayTimeDuration" | "yearMonthDuration" => Typed::Duration(text.trim().to_owned()),
        _ => Typed::Text(text),
    }
}

/// A value whose type the test leaves out: the first kind that its text can be.
fn untyped(text: &str) -> Typed {
    let number = text.starts_with(|c: char| c.is_ascii_digit() || c == '-') && text.parse::<f64>().is_ok();
    match text {
        "true" | "false" => Typed::Boolean(text == "true"),
        _ if number => Typed::Number(text.to_owned()),
        _ if Typed::DateTime(text.to_owned()).is_well_formed() && text.contains('T') => {
            Typed::DateTime(text.to_owned())
        }
        _ if Typed::Date(text.to_owned()).is_well_formed() => Typed::Date(text.to_owned()),
        _ => Typed::Text(text.to_owned()),
    }
}

fn is_nil(node: Node<'_, '_>) -> bool {
    node.attributes()
        .any(|attribute| attribute.name() == "nil" && attribute.value() == "true")
}

fn elements<'a, 'i: 'a>(node: Node<'a, 'i>, name: &'a str) -> impl Iterator<Item = Node<'a, 'i>> + 'a {
    node.children()
        .filter(move |child| child.is_element() && child.tag_name().name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(result: &str, actual: Result<Typed, String>) -> Result<(), String> {
        let xml = format!("<resultNode xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" {result}</resultNode>");
        let document = Document::parse(&xml).unwrap();
        compare(document.root_element(), actual)
    }

    #[test]
    fn results_are_compared_by_kind_and_value() {
        let number = |text: &str| Ok(Typed::Number(text.into()));
        let expected = "><expected><value xsi:type=\"xsd:decimal\">1.50</value></expected>";
        assert!(outcome(expected, number("1.5")).is_ok());
        assert!(outcome(expected, number("1.6")).is_err());
        assert!(outcome(expected, Ok(Typed::Text("1.5".into()))).is_err());
        assert!(outcome(expected, Err("no".into())).is_err());
        let error = "errorResult=\"true\"><expected><value xsi:nil=\"true\"/></expected>";
        assert!(outcome(error, Err("no".into())).is_ok());
        assert!(outcome(error, number("1")).is_err());
        let list = "><expected><list><item><value xsi:type=\"xsd:date\">2020-01-01</value></item></list></expected>";
        assert!(outcome(list, Ok(Typed::List(vec![Typed::Date("2020-01-01".into())]))).is_ok());
    }
}
