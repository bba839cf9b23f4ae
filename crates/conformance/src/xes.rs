//! Event logs in XES with the figures that pm4py gave for them: `<name>.xes` or `<name>.xes.gz` beside
//! `<name>.expected.json`. Each figure of the expectation is a case; figures may differ by 1e-6, seconds are not compared.

use crate::Report;
use mining::discovery::discover;
use mining::petri::{fitness, net_of, precision};
use mining::{DirectlyFollows, EventLog};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// The share of noise that the `imf` figures set aside.
const NOISE: f64 = 0.2;
/// How far a figure may be from the expected one.
const TOLERANCE: f64 = 1e-6;

/// Runs the suite on a folder of logs.
pub fn run(folder: &Path) -> Report {
    let mut report = Report::new();
    let mut logs = Vec::new();
    if let Err(error) = collect(folder, &mut logs) {
        report.fail(folder.display().to_string(), format!("cannot be read: {error}"));
    }
    logs.sort();
    for (name, log) in logs {
        match figures(folder, &name, &log) {
            Ok((expected, made)) => compare(&name, &expected, &made, &mut report),
            Err(error) => report.fail(name, error),
        }
    }
    report
}

fn collect(folder: &Path, logs: &mut Vec<(String, PathBuf)>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let name = file.strip_suffix(".xes.gz").or_else(|| file.strip_suffix(".xes"));
        if let Some(name) = name.filter(|name| folder.join(format!("{name}.expected.json")).is_file()) {
            logs.push((name.to_owned(), path.clone()));
        }
    }
    Ok(())
}

/// What is expected and what we find, in the same shape.
fn figures(folder: &Path, name: &str, path: &Path) -> Result<(Value, Value), String> {
    let text = std::fs::read(folder.join(format!("{name}.expected.json"))).map_err(|error| error.to_string())?;
    let expected: Value = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    let mut log = mining::xes::read_file(path).map_err(|error| error.to_string())?;
    // pm4py holds a log as a table of events, in which a case without events is not seen.
    log.traces.retain(|trace| !trace.events.is_empty());
    let graph = DirectlyFollows::of(&log);
    let counts = |counts: &std::collections::BTreeMap<std::sync::Arc<str>, u64>| -> Map<String, Value> {
        counts
            .iter()
            .map(|(name, count)| (name.to_string(), json!(count)))
            .collect()
    };
    let mut summary = json!({
        "events": log.events(), "traces": log.traces.len(), "activities": log.activities().len(),
        "variants": log.variants().len(), "dfg_edges": graph.edges.len(),
        "start": counts(&graph.starts), "end": counts(&graph.ends),
    });
    for (model, noise) in [("im", 0.0), ("imf", NOISE)] {
        if expected["summary"].get(model).is_some() {
            summary[model] = measured(&log, noise)?;
        }
    }
    let edges = graph
        .edges
        .iter()
        .map(|((from, to), count)| (format!("{from} -> {to}"), json!(count)));
    let made = json!({"summary": summary, "dfg": edges.collect::<Map<_, _>>()});
    Ok((expected, made))
}

fn measured(log: &EventLog, noise: f64) -> Result<Value, String> {
    let net = net_of(&discover(log, noise).map_err(|error| error.to_string())?);
    let found = fitness(log, &net);
    Ok(json!({
        "tbr": {
            "perc_fit_traces": found.fitting_traces_percent,
            "average_trace_fitness": found.average_trace_fitness,
            "log_fitness": found.log_fitness,
            "percentage_of_fitting_traces": found.fitting_traces_percent,
        },
        "precision_tbr": precision(log, &net),
    }))
}

/// Compares every number of the expectation with ours; a number that only we have is a failure where names are
/// enumerated (activities, edges).
fn compare(case: &str, expected: &Value, made: &Value, report: &mut Report) {
    match expected {
        Value::Object(fields) => {
            for (name, value) in fields.iter().filter(|(name, _)| !name.ends_with("_s")) {
                compare(&format!("{case}/{name}"), value, &made[name], report);
            }
            if case.ends_with("/start") || case.ends_with("/end") {
                unexpected(case, made, |name| fields.contains_key(name), report);
            }
        }
        Value::Array(edges) => {
            let name = |edge: &Value| {
                format!(
                    "{} -> {}",
                    edge[0].as_str().unwrap_or(""),
                    edge[1].as_str().unwrap_or("")
                )
            };
            for edge in edges {
                compare(&format!("{case}/{}", name(edge)), &edge[2], &made[name(edge)], report);
            }
            let names: std::collections::HashSet<String> = edges.iter().map(name).collect();
            unexpected(case, made, |edge| names.contains(edge), report);
        }
        Value::Number(number) => {
            let near = made
                .as_f64()
                .zip(number.as_f64())
                .is_some_and(|(a, b)| (a - b).abs() <= TOLERANCE);
            report.record(
                case,
                near.then_some(())
                    .ok_or_else(|| format!("expected {number}, got {made}")),
            );
        }
        other => report.skip(case, format!("{other} is not a figure")),
    }
}

fn unexpected(case: &str, made: &Value, known: impl Fn(&str) -> bool, report: &mut Report) {
    for name in made
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
        .filter(|name| !known(name))
    {
        report.fail(format!("{case}/{name}"), "was not expected");
    }
}
