//! Models that others wrote, in any folder: deployed as they are, and run as far as they go.
//!
//! Each BPMN file is read by the very checks of a deployment, together with the decisions beside it; each DMN file and
//! form is a case of its own. A file that is refused fails with element, line and remedy. What is accepted is started at
//! each of its start events, its tasks and jobs are completed, its timers fire and its messages come, first with nothing
//! and then with values guessed from its own conditions ([`guess`]): a case passes when every run ends or waits. An
//! incident on the way is told as a note: the values were only guessed.

mod guess;
mod world;

use crate::Report;
use bpmn::Process;
use orchestrator::api::DeployFile;
use orchestrator::{Checked, Config, FileIssue, check_files};
use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Most files read.
const MAX_FILES: usize = 20_000;
/// Deepest folder.
const MAX_DEPTH: usize = 24;
/// Most decision files that are deployed with a model.
const MAX_BESIDE: usize = 50;

/// What a file holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bpmn,
    Dmn,
    Form,
}

/// A file of the folder.
struct Source {
    /// Path inside the folder.
    case: String,
    kind: Kind,
    file: DeployFile,
}

/// Runs every model under the folder.
pub fn run(folder: &Path) -> Report {
    let mut report = Report::new();
    let mut paths = Vec::new();
    collect(folder, 0, &mut paths);
    paths.sort();
    let mut folders: BTreeMap<PathBuf, Vec<Source>> = BTreeMap::new();
    for path in paths {
        match read(folder, &path) {
            Ok(Some(source)) => folders
                .entry(path.parent().unwrap_or(folder).to_path_buf())
                .or_default()
                .push(source),
            Ok(None) => {}
            Err(reason) => report.fail(path.display().to_string(), reason),
        }
    }
    for sources in folders.values() {
        let beside = neighbours(sources);
        for source in sources {
            one(&mut report, source, sources, &beside);
        }
    }
    report
}

fn collect(folder: &Path, depth: usize, out: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if out.len() >= MAX_FILES {
            return;
        }
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && depth < MAX_DEPTH => collect(&path, depth + 1, out),
            Ok(kind) if kind.is_file() => out.push(path),
            _ => {}
        }
    }
}

/// The kind of a file by its name, and for `.xml` and `.json` by what is inside.
fn read(folder: &Path, path: &Path) -> Result<Option<Source>, String> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let lower = name.to_ascii_lowercase();
    let ends = |end: &str| lower.ends_with(end);
    if !(ends(".bpmn") || ends(".bpmn2") || ends(".dmn") || ends(".form") || ends(".xml") || ends(".json")) {
        return Ok(None);
    }
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    let content = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => decode(error.as_bytes()).ok_or("the file is not UTF-8; save it as UTF-8")?,
    };
    let kind = if ends(".bpmn") || ends(".bpmn2") {
        Kind::Bpmn
    } else if ends(".dmn") {
        Kind::Dmn
    } else if ends(".form") {
        Kind::Form
    } else if ends(".xml") && content.contains("http://www.omg.org/spec/BPMN/20100524/MODEL") {
        Kind::Bpmn
    } else if ends(".xml") && content.contains("omg.org/spec/DMN/") {
        Kind::Dmn
    } else if ends(".json") && is_form(&content) {
        Kind::Form
    } else {
        return Ok(None);
    };
    let name = if kind == Kind::Bpmn && !ends(".bpmn") {
        format!("{name}.bpmn")
    } else if kind == Kind::Dmn && !ends(".dmn") {
        format!("{name}.dmn")
    } else {
        name.to_owned()
    };
    let case = path.strip_prefix(folder).unwrap_or(path).display().to_string();
    Ok(Some(Source {
        case,
        kind,
        file: DeployFile { name, content },
    }))
}

/// A text of single bytes, which older modelers wrote.
fn decode(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).to_ascii_lowercase();
    let single = head.contains("iso-8859-1") || head.contains("windows-1252") || head.contains("us-ascii");
    single.then(|| bytes.iter().map(|byte| char::from(*byte)).collect())
}

fn is_form(content: &str) -> bool {
    let value: Result<serde_json::Value, _> = serde_json::from_str(content);
    value.is_ok_and(|value| {
        value["resourceType"] == "Questionnaire"
            || (value["components"].is_array() && !value["schemaVersion"].is_null())
    })
}

/// Every process of the folder by id, so that call activities find what lies beside them.
fn neighbours(sources: &[Source]) -> Vec<Arc<Process>> {
    let models = sources.iter().filter(|source| source.kind == Kind::Bpmn);
    models
        .filter_map(|source| catch_unwind(|| bpmn::parse(&source.file.content).ok()).ok().flatten())
        .flat_map(|model| model.processes)
        .collect()
}

fn one(report: &mut Report, source: &Source, sources: &[Source], beside: &[Arc<Process>]) {
    let outcome = catch_unwind(AssertUnwindSafe(|| attempt(source, sources, beside)));
    match outcome {
        Ok(Ok(notes)) => {
            report.pass();
            for note in notes {
                report.note(&source.case, note);
            }
        }
        Ok(Err(Refusal::NotForExecution(reason))) => report.skip(&source.case, reason),
        Ok(Err(Refusal::Refused(message))) => report.fail(&source.case, message),
        Err(_) => report.fail(&source.case, "it panicked: this is a mistake of the program"),
    }
}

enum Refusal {
    /// Nothing in it is meant to be run.
    NotForExecution(String),
    Refused(String),
}

fn attempt(source: &Source, sources: &[Source], beside: &[Arc<Process>]) -> Result<Vec<String>, Refusal> {
    let checked = check(source, sources).map_err(Refusal::Refused)?;
    let own: Vec<&FileIssue> = checked
        .issues
        .iter()
        .filter(|issue| issue.is_error() && issue.file == source.file.name)
        .collect();
    if let Some(first) = own.first() {
        let more = own.len() - 1;
        let also = own.iter().skip(1).take(4).map(|issue| format!(" | {issue}"));
        let message = format!("refused: {first}{}", also.collect::<String>());
        let message = if more > 4 {
            format!("{message} | and {} more", more - 4)
        } else {
            message
        };
        return Err(
            if own
                .iter()
                .all(|issue| issue.rule == "no-process" || issue.rule == "not-bpmn")
            {
                Refusal::NotForExecution(message)
            } else {
                Refusal::Refused(message)
            },
        );
    }
    if source.kind != Kind::Bpmn {
        return Ok(Vec::new());
    }
    let mine = bpmn::parse(&source.file.content)
        .map(|model| model.processes)
        .unwrap_or_default();
    world::run(&mine, beside, &checked.evaluator).map_err(Refusal::Refused)
}

/// The checks of a deployment: the file, with the decisions beside it when it is a model or imports others.
fn check(source: &Source, sources: &[Source]) -> Result<Checked, String> {
    let wanted = match source.kind {
        Kind::Bpmn => source.file.content.contains("ecision"),
        Kind::Dmn => source.file.content.contains("import"),
        Kind::Form => false,
    };
    let mut files = vec![source.file.clone()];
    let beside: Vec<&Source> = sources
        .iter()
        .filter(|other| wanted && other.kind == Kind::Dmn && other.case != source.case)
        .collect();
    if source.kind == Kind::Bpmn {
        files.extend(beside.iter().take(MAX_BESIDE).map(|other| other.file.clone()));
    } else {
        imported(&mut files, &beside);
    }
    check_files(&Config::default(), &files).map_err(|error| error.to_string())
}

/// Adds what the files import, and what that imports.
fn imported(files: &mut Vec<DeployFile>, beside: &[&Source]) {
    let mut at = 0;
    while at < files.len() && files.len() < MAX_BESIDE {
        let namespaces: Vec<String> = imports(&files[at].content);
        for other in beside {
            let content = &other.file.content;
            let wanted = namespaces
                .iter()
                .any(|uri| root_of(content).contains(&format!("namespace=\"{uri}\"")));
            if wanted && !files.iter().any(|file| file.name == other.file.name) {
                files.push(other.file.clone());
            }
        }
        at += 1;
    }
}

/// The namespaces of the `import` elements.
fn imports(xml: &str) -> Vec<String> {
    let tags = xml.split('<').filter(|tag| {
        let name = tag
            .split(|c: char| c.is_whitespace() || c == '>')
            .next()
            .unwrap_or_default();
        name.rsplit(':').next() == Some("import")
    });
    let value = |tag: &str| Some(tag.split_once("namespace=\"")?.1.split_once('"')?.0.to_owned());
    tags.filter_map(value).collect()
}

/// The start tag of the root element.
fn root_of(xml: &str) -> &str {
    let start = xml.find("efinitions").unwrap_or_default();
    let end = xml[start..].find('>').map_or(xml.len(), |end| start + end);
    &xml[start..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corpus_is_deployed_and_runs() {
        let report = run(&crate::repository().join("crates/conformance/corpus"));
        assert!(
            report.failed() == 0 && report.passed() > 8,
            "{}\n{}",
            report.summary(),
            report.details()
        );
    }
}
