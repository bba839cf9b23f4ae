//! Reading BPMN XML.

mod activity;
mod collaboration;
mod continuation;
mod data;
mod diagram;
mod dialect;
mod event;
mod form;
mod graph;
mod io;
mod lint;
mod lint_events;
mod listener;
mod node;
mod reader;
mod repeat;
mod script;
mod shared;
mod task;
mod walk;
mod worker;

use crate::{Issue, Model, Severity};
use reader::Reader;
use roxmltree::{Document, ParsingOptions};
use std::sync::Arc;

/// Largest file read, in bytes.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;
/// Deepest nesting of XML elements.
pub const MAX_DEPTH: usize = 200;
/// Most XML nodes (elements, texts, comments).
pub const MAX_ELEMENTS: u32 = 400_000;

/// Reads a BPMN 2.0 file.
///
/// # Errors
/// Every reason why the file is refused, with the warnings, sorted by line. A file with warnings only is accepted and
/// the warnings are in [`Model::warnings`].
pub fn parse(xml: &str) -> Result<Model, Vec<Issue>> {
    guard(xml)?;
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: MAX_ELEMENTS,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(xml, options).map_err(|error| {
        let remedy = match error {
            roxmltree::Error::DtdDetected => "remove the <!DOCTYPE …>: entities are not read".to_owned(),
            roxmltree::Error::NodesLimitReached => format!("split the file: at most {MAX_ELEMENTS} XML nodes are read"),
            _ => "export the file again from the modeler, or correct the XML at that place".to_owned(),
        };
        vec![file_issue(
            "xml-malformed",
            error.pos().row,
            format!("the XML cannot be read: {error}"),
            remedy,
        )]
    })?;
    let mut reader = Reader::new(&document);
    let model = reader.check_root().then(|| read(&mut reader));
    let mut issues = reader.into_issues();
    issues.sort_by(|a, b| (a.line, a.rule, &a.element).cmp(&(b.line, b.rule, &b.element)));
    match model {
        Some(mut model) if issues.iter().all(|issue| issue.severity == Severity::Warning) => {
            model.warnings = issues;
            Ok(model)
        }
        _ => Err(issues),
    }
}

/// Size and depth, before anything is built from the text.
fn guard(xml: &str) -> Result<(), Vec<Issue>> {
    if xml.len() > MAX_BYTES {
        let message = format!("the file has {} bytes; at most {MAX_BYTES} are read", xml.len());
        return Err(vec![file_issue(
            "file-too-large",
            1,
            message,
            "split the model with call activities".into(),
        )]);
    }
    Ok(())
}

fn file_issue(rule: &'static str, line: u32, message: String, remedy: String) -> Issue {
    Issue {
        severity: Severity::Error,
        rule,
        element: None,
        line: line.max(1),
        message,
        remedy,
    }
}

fn read<'d>(reader: &mut Reader<'d>) -> Model {
    let root = reader.root();
    let shared = shared::Shared::read(reader);
    let mut processes = Vec::new();
    for element in reader.bpmn_children(root) {
        match element.tag_name().name() {
            "process" => processes.push(graph::process(reader, &shared, element)),
            "globalTask" | "globalScriptTask" | "globalUserTask" | "globalManualTask" | "globalBusinessRuleTask" => {
                processes.push(graph::global_task(reader, &shared, element));
            }
            _ => {}
        }
    }
    if processes.is_empty() {
        reader.error(
            root,
            "no-process",
            "the file holds no process",
            "draw a process, or pick another file",
        );
    }
    if processes.iter().any(|process| process.executable) {
        processes.retain(|process| process.executable);
    }
    for process in &processes {
        lint::check(reader, process);
    }
    let (participants, message_flows) = collaboration::read(reader);
    Model {
        id: root.attribute("id").unwrap_or_default().to_owned(),
        name: root.attribute("name").map(str::to_owned),
        processes: processes.into_iter().map(Arc::new).collect(),
        messages: shared.messages,
        signals: shared.signals,
        errors: shared.errors,
        escalations: shared.escalations,
        participants,
        message_flows,
        warnings: Vec::new(),
        diagram: diagram::read(reader),
    }
}
