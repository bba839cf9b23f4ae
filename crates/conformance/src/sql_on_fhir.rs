//! The tests of SQL on FHIR v2: files of resources, views and the rows they must make.
//!
//! Rows are compared as a multiset: the standard gives them no order. Numbers are compared by value. A case marked
//! `expectError` passes when the view is refused or its run fails; cases for other versions of FHIR are skipped.

use crate::Report;
use serde_json::{Value, json};
use sqlonfhir::{Cell, View};
use std::path::Path;

/// The version of FHIR that this program speaks.
const FHIR_VERSION: &str = "4.0.1";

/// Runs the suite on a folder of `*.json` files.
pub fn run(folder: &Path) -> Report {
    let mut report = Report::new();
    let mut files: Vec<_> = match std::fs::read_dir(folder) {
        Ok(entries) => entries.filter_map(|entry| Some(entry.ok()?.path())).collect(),
        Err(error) => {
            report.fail(folder.display().to_string(), format!("cannot be read: {error}"));
            return report;
        }
    };
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    for file in files {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let read = std::fs::read_to_string(&file).map_err(|error| error.to_string());
        let suite = read.and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string()));
        match suite {
            Ok(suite) => run_file(&name, &suite, &mut report),
            Err(error) => report.fail(name, format!("cannot be read: {error}")),
        }
    }
    report
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn run_file(name: &str, suite: &Value, report: &mut Report) {
    let versions = list(suite, "fhirVersion");
    let for_us = versions.is_empty() || versions.iter().any(|version| version == FHIR_VERSION);
    for case in list(suite, "tests") {
        let title = format!("{name}/{}", case["title"].as_str().unwrap_or("?"));
        if for_us {
            report.record(title, check(case, list(suite, "resources")));
        } else {
            report.skip(title, format!("not for FHIR {FHIR_VERSION}"));
        }
    }
}

fn check(case: &Value, resources: &[Value]) -> Result<(), String> {
    let made = make(&case["view"], resources);
    if case["expectError"] == true {
        return match made {
            Err(_) => Ok(()),
            Ok((_, rows)) => Err(format!("an error was expected, and there are {} rows", rows.len())),
        };
    }
    let (columns, mut rows) = made?;
    let wanted_columns = list(case, "expectColumns");
    if !wanted_columns.is_empty() && wanted_columns != columns {
        return Err(format!("columns {columns:?}, expected {wanted_columns:?}"));
    }
    if let Some(count) = case["expectCount"].as_u64()
        && count != rows.len() as u64
    {
        return Err(format!("{} rows, expected {count}", rows.len()));
    }
    let Some(expected) = case.get("expect").and_then(Value::as_array) else {
        return Ok(());
    };
    let told = Value::Array(rows.clone());
    for row in expected {
        let Some(at) = rows.iter().position(|made| same(made, row)) else {
            return Err(format!("the row {row} is missing among {told}"));
        };
        rows.swap_remove(at);
    }
    match rows.first() {
        None => Ok(()),
        Some(row) => Err(format!("the row {row} was not expected: {told}")),
    }
}

fn make(view: &Value, resources: &[Value]) -> Result<(Vec<Value>, Vec<Value>), String> {
    let view = View::compile(view).map_err(|error| error.to_string())?;
    let names: Vec<Value> = view.columns().iter().map(|column| json!(column.name)).collect();
    let mut made = Vec::new();
    for resource in resources {
        for row in view.rows(resource).map_err(|error| error.to_string())? {
            let cells = view.columns().iter().zip(row.iter().map(Cell::to_json));
            made.push(cells.map(|(column, value)| (column.name.clone(), value)).collect());
        }
    }
    Ok((names, made))
}

/// Whether two values are the same; a column that is not told is null.
fn same(made: &Value, wanted: &Value) -> bool {
    match (made, wanted) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            let of =
                |object: &serde_json::Map<String, Value>, name: &str| object.get(name).cloned().unwrap_or_default();
            a.keys().chain(b.keys()).all(|name| same(&of(a, name), &of(b, name)))
        }
        (a, b) => a == b,
    }
}
