//! Reads the files of a deployment and gathers what is wrong with them.

use super::issue::FileIssue;
use crate::api::DeployFile;
use crate::registry::{BPMN, CALENDAR, DMN, FORM, Registry, decisions_in, triggers_of};
use crate::{Config, OrchestratorError};
use bpmn::{NodeKind, Process, StartTrigger, Text};
use calendar::Calendar;
use dmn::Feel;
use engine::Env;
use fhir::Definitions;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// One thing to be deployed.
pub(super) struct Item {
    pub kind: &'static str,
    /// Id without version.
    pub id: String,
    pub file: String,
    pub source: Arc<[u8]>,
    pub process: Option<Arc<Process>>,
    pub questionnaire: Option<Value>,
}

/// The files, read.
#[derive(Default)]
pub(super) struct Bundle {
    pub items: Vec<Item>,
    pub issues: Vec<FileIssue>,
    /// Whether a model sends messages on hub writes.
    pub triggers: bool,
    /// Knows what is deployed and the decisions of this bundle.
    feel: Arc<Feel>,
}

impl Bundle {
    /// Reads all files. Findings are in `issues`; the error is only for requests beyond the limits.
    pub(super) fn read(config: &Config, registry: &Registry, files: &[DeployFile]) -> Result<Self, OrchestratorError> {
        if files.is_empty() || files.len() > config.max_deploy_files {
            let max = config.max_deploy_files;
            return Err(OrchestratorError::Invalid(format!("files: between 1 and {max} files")));
        }
        let mut bundle = Self::default();
        bundle.dmn(registry, files)?;
        let feel = bundle.feel.clone();
        for file in files {
            if file.content.len() > config.max_file_bytes {
                let message = format!(
                    "{} bytes; at most {} are read",
                    file.content.len(),
                    config.max_file_bytes
                );
                bundle.issues.push(FileIssue::error(
                    &file.name,
                    "file-too-large",
                    message,
                    "split the file",
                ));
                continue;
            }
            match file.name.rsplit_once('.').map(|(_, extension)| extension) {
                Some("bpmn") => bundle.bpmn(file, &feel, registry),
                Some("dmn") => {}
                Some("json") if file.name.ends_with(".calendar.json") => bundle.calendar(file),
                Some("json" | "form") => bundle.form(file),
                _ => bundle.issues.push(FileIssue::error(
                    &file.name,
                    "file-kind",
                    "the file is neither BPMN nor DMN nor a form".into(),
                    "name it *.bpmn, *.dmn, *.calendar.json, *.form (form-js) or *.json (form-js or a FHIR Questionnaire)",
                )),
            }
        }
        bundle.refuse_doubles();
        bundle.links(registry);
        Ok(bundle)
    }

    /// Evaluates FEEL and the decisions of this bundle.
    pub(super) fn evaluator(&self) -> Arc<Feel> {
        self.feel.clone()
    }

    fn item(&mut self, kind: &'static str, id: &str, file: &DeployFile, source: &Arc<[u8]>) -> &mut Item {
        self.items.push(Item {
            kind,
            id: id.to_owned(),
            file: file.name.clone(),
            source: source.clone(),
            process: None,
            questionnaire: None,
        });
        self.items.last_mut().expect("just pushed")
    }

    fn bpmn(&mut self, file: &DeployFile, feel: &Feel, registry: &Registry) {
        let name = &file.name;
        let model = match bpmn::parse(&file.content) {
            Ok(model) => model,
            Err(issues) => {
                return self
                    .issues
                    .extend(issues.into_iter().map(|i| FileIssue::from_bpmn(name, i)));
            }
        };
        self.issues
            .extend(model.warnings.iter().cloned().map(|i| FileIssue::from_bpmn(name, i)));
        if model.processes.is_empty() {
            let message = "the file holds no process".into();
            self.issues.push(FileIssue::error(
                name,
                "no-process",
                message,
                "add a process with isExecutable=\"true\"",
            ));
        }
        for trigger in triggers_of(&model) {
            self.triggers = true;
            if let Err(bad) = trigger {
                let message = format!("the FHIR trigger '{}' cannot be used: {}", bad.criteria, bad.reason);
                let remedy = "write criteria such as Observation?code=http://loinc.org|4548-4";
                self.issues
                    .push(FileIssue::error(name, "fhir-trigger", message, remedy).at(&bad.element, 0));
            }
        }
        let source: Arc<[u8]> = file.content.as_bytes().into();
        for process in &model.processes {
            for (element, form) in super::form_fields::forms(process) {
                match form {
                    Ok((id, form)) => self.form_js(file, &id, &form, &id),
                    Err(reason) => {
                        let remedy = "export the model again from the modeler";
                        self.issues
                            .push(FileIssue::error(name, "form", reason, remedy).at(&element, 0));
                    }
                }
            }
            self.expressions(name, process, feel, registry);
            self.issues.extend(super::step_data::wrong(name, process));
            self.item(BPMN, &process.id, file, &source).process = Some(process.clone());
        }
    }

    fn expressions(&mut self, file: &str, process: &Process, feel: &Feel, registry: &Registry) {
        for (element, line, expression) in process.expressions() {
            if let Err(error) = feel.validate_expression(expression.as_str()) {
                let remedy = "correct the FEEL expression";
                self.issues
                    .push(FileIssue::error(file, "feel-syntax", error.to_string(), remedy).at(&element, line));
            }
        }
        for start in process.start_events() {
            let StartTrigger::Timer(timer) = start.trigger else {
                continue;
            };
            let (now, limits) = (Timestamp::UNIX_EPOCH, engine::Limits::default());
            let env = Env {
                now,
                evaluator: feel,
                models: registry,
                limits: &limits,
            };
            if let Err(reason) = engine::start_timer(timer, &env) {
                let line = process.node_by_id(start.element).map_or(0, |n| n.line);
                let remedy = "write an ISO 8601 date, duration (P1D) or cycle (R/P1D); variables are not known yet";
                self.issues
                    .push(FileIssue::error(file, "start-timer", reason, remedy).at(start.element, line));
            }
        }
    }

    fn dmn(&mut self, registry: &Registry, files: &[DeployFile]) -> Result<(), OrchestratorError> {
        let files: Vec<&DeployFile> = files.iter().filter(|f| f.name.ends_with(".dmn")).collect();
        let texts: Vec<&str> = files.iter().map(|f| f.content.as_str()).collect();
        let (feel, results) = decisions_in(registry, &texts)?;
        self.feel = feel;
        for (file, result) in files.into_iter().zip(results) {
            let source: Arc<[u8]> = file.content.as_bytes().into();
            match result {
                Ok(ids) if ids.is_empty() => {
                    // others may import what it defines
                    let stem = file.name.rsplit_once('.').map_or(file.name.as_str(), |(stem, _)| stem);
                    let id = bpmn::form_id(stem);
                    let message = "the file holds no decision: it only serves models that import it".into();
                    let remedy = "add a decision with an id if one should be taken";
                    let warning = FileIssue::warning(&file.name, &id, 0, "no-decision", message, remedy);
                    self.issues.push(warning);
                    self.item(DMN, &id, file, &source);
                }
                Ok(ids) => {
                    for id in ids {
                        self.item(DMN, &id, file, &source);
                    }
                }
                Err(issues) => self
                    .issues
                    .extend(issues.into_iter().map(|i| FileIssue::from_dmn(&file.name, i))),
            }
        }
        Ok(())
    }

    fn calendar(&mut self, file: &DeployFile) {
        match Calendar::read(&file.content) {
            Ok(calendar) => {
                let source: Arc<[u8]> = file.content.as_bytes().into();
                self.item(CALENDAR, &calendar.calendar, file, &source);
            }
            Err(message) => {
                let remedy = "write the calendar as docs/calendars.md says";
                self.issues
                    .push(FileIssue::error(&file.name, "calendar", message, remedy));
            }
        }
    }

    fn form(&mut self, file: &DeployFile) {
        let remedy = "put a form-js form or a FHIR R4 Questionnaire with an id into the file";
        let refuse = |message: String| FileIssue::error(&file.name, "questionnaire", message, remedy);
        let form: Value = match serde_json::from_str(&file.content) {
            Ok(form) => form,
            Err(error) => {
                let line = u32::try_from(error.line()).unwrap_or(0);
                let issue = FileIssue {
                    line: Some(line),
                    ..refuse(format!("the JSON cannot be read: {error}"))
                };
                return self.issues.push(issue);
            }
        };
        if super::form_js::is_form(&form) {
            let stem = file.name.rsplit_once('.').map_or(file.name.as_str(), |(stem, _)| stem);
            let written = form["id"].as_str().unwrap_or(stem).to_owned();
            return self.form_js(file, &bpmn::form_id(&written), &form, &written);
        }
        if form.get("resourceType").and_then(Value::as_str) != Some("Questionnaire") {
            return self.issues.push(refuse("resourceType is not Questionnaire".into()));
        }
        let Some(id) = form
            .get("id")
            .and_then(Value::as_str)
            .filter(|id| fhir::is_id(id))
            .map(str::to_owned)
        else {
            return self.issues.push(refuse("id is missing or is not a FHIR id".into()));
        };
        self.questionnaire(file, &id, form, file.content.as_bytes());
    }

    /// A form of a modeler, as a Questionnaire.
    fn form_js(&mut self, file: &DeployFile, id: &str, form: &Value, title: &str) {
        let made = match super::form_js::questionnaire(form, id, title) {
            Ok(made) => made,
            Err((element, message)) => {
                let remedy = "save the form again with a version of the modeler that is read here";
                return self
                    .issues
                    .push(FileIssue::error(&file.name, "form", message, remedy).at(&element, 0));
            }
        };
        for (element, expression) in &made.expressions {
            if let Err(error) = self.feel.validate_expression(expression) {
                let remedy = "correct the FEEL expression: until then it has no value";
                let warning = FileIssue::warning(&file.name, element, 0, "feel-syntax", error.to_string(), remedy);
                self.issues.push(warning);
            }
        }
        for (element, message) in made.warnings {
            let remedy = "use a field that every form can show, or a FHIR Questionnaire";
            self.issues.push(FileIssue::warning(
                &file.name,
                &element,
                0,
                "form-field",
                message,
                remedy,
            ));
        }
        let source = made.questionnaire.to_string();
        self.questionnaire(file, id, made.questionnaire, source.as_bytes());
    }

    fn questionnaire(&mut self, file: &DeployFile, id: &str, form: Value, source: &[u8]) {
        if let Err(errors) = fhir::check(Definitions::r4(), &form) {
            let remedy = "correct the form";
            let refuse = |e: String| FileIssue::error(&file.name, "questionnaire", e, remedy);
            return self.issues.extend(errors.into_iter().map(|e| refuse(e.to_string())));
        }
        let findings = super::form::findings(&file.name, &form);
        if !findings.is_empty() {
            return self.issues.extend(findings);
        }
        let source: Arc<[u8]> = source.into();
        self.item(FORM, id, file, &source).questionnaire = Some(form);
    }

    fn refuse_doubles(&mut self) {
        let mut seen: HashMap<(&str, &str), &str> = HashMap::new();
        let mut issues = Vec::new();
        for item in &self.items {
            if let Some(first) = seen.insert((item.kind, &item.id), &item.file) {
                let message = format!("'{}' is defined in {first} already", item.id);
                issues.push(
                    FileIssue::error(&item.file, "defined-twice", message, "give each its own id").at(&item.id, 0),
                );
            }
        }
        self.issues.extend(issues);
    }

    /// Names that lead nowhere: warnings, because the other side may be deployed later.
    fn links(&mut self, registry: &Registry) {
        let known = |kind: &str, id: &str| {
            registry.newest(kind, id).is_some() || self.items.iter().any(|i| i.kind == kind && i.id == id)
        };
        let mut issues = Vec::new();
        for item in &self.items {
            let Some(process) = &item.process else { continue };
            let start = process.start_form.iter();
            let start =
                start.filter_map(|s| Some((s.element.as_str(), s.line, s.form.as_ref().and_then(Text::literal)?)));
            for (element, line, id) in start {
                let id = id.strip_prefix("Questionnaire/").unwrap_or(id);
                if !known(FORM, id) {
                    let message = format!("the start form '{id}' is not deployed");
                    let remedy = "deploy it too: until then people start an instance without it";
                    let warning = FileIssue::warning(&item.file, element, line, "not-deployed", message, remedy);
                    issues.push(warning);
                }
            }
            for node in &process.nodes {
                let (kind, what, name) = match &node.kind {
                    NodeKind::Call { process, .. } => (BPMN, "process", Some(process)),
                    NodeKind::DecisionTask { decision, .. } => (DMN, "decision", Some(decision)),
                    NodeKind::UserTask(task) | NodeKind::ManualTask(task) => (FORM, "form", task.form.as_ref()),
                    _ => continue,
                };
                let Some(id) = name.and_then(Text::literal) else {
                    continue;
                };
                let id = id.strip_prefix("Questionnaire/").unwrap_or(id);
                if !known(kind, id) {
                    let message = format!("the {what} '{id}' is not deployed");
                    let remedy = "deploy it too, before an instance gets here";
                    issues.push(FileIssue::warning(
                        &item.file,
                        &node.id,
                        node.line,
                        "not-deployed",
                        message,
                        remedy,
                    ));
                }
            }
        }
        self.issues.extend(issues);
    }
}
