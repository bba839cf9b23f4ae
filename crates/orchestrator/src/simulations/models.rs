//! Which models, calendars and decisions a simulation sees.

use crate::OrchestratorError;
use crate::api::DeployFile;
use crate::registry::{BPMN, Registry};
use calendar::{Calendar, Calendars};
use dmn::{Decided, EvalError, Evaluator, Feel, Variables};
use jiff::Timestamp;
use serde_json::Value;
use simulation::Models;
use std::sync::Arc;

/// Most files of one request.
const MAX_FILES: usize = 100;

/// The registry's evaluator, kept alive while a simulation runs.
struct Deployed(Arc<Registry>);

impl Evaluator for Deployed {
    fn evaluate(&self, expression: &str, context: &Variables, now: Timestamp) -> Result<Value, EvalError> {
        self.0.evaluator().evaluate(expression, context, now)
    }

    fn decide(&self, decision: &str, context: &Variables, now: Timestamp) -> Result<Decided, EvalError> {
        self.0.evaluator().decide(decision, context, now)
    }
}

type Gathered = (Models, Calendars, Arc<dyn Evaluator>);

/// What is deployed, or the files given.
pub(super) fn gather(registry: Arc<Registry>, files: &[DeployFile]) -> Result<Gathered, OrchestratorError> {
    if !files.is_empty() {
        return given(&registry, files);
    }
    Ok((
        deployed(&registry),
        registry.calendars().clone(),
        Arc::new(Deployed(registry)),
    ))
}

/// Every version of every process, older ones first.
pub(super) fn deployed(registry: &Registry) -> Models {
    let mut all: Vec<_> = registry.of_kind(BPMN).collect();
    all.sort_by_key(|definition| (definition.info.id.clone(), definition.info.version));
    let mut models = Models::default();
    for definition in all {
        if let Some(process) = registry.process(&definition.info.key) {
            models.add(definition.info.key.clone(), process.clone());
        }
    }
    models
}

fn given(registry: &Registry, files: &[DeployFile]) -> Result<Gathered, OrchestratorError> {
    if files.len() > MAX_FILES {
        return Err(OrchestratorError::Invalid(format!("files: at most {MAX_FILES}")));
    }
    let mut models = Models::default();
    let mut calendars = registry.calendars().clone();
    let mut decisions = Vec::new();
    for file in files {
        let refused = |why: String| OrchestratorError::Invalid(format!("{}: {why}", file.name));
        let name = file.name.to_lowercase();
        if name.ends_with(".dmn") {
            decisions.push(file.content.as_str());
        } else if name.ends_with(".calendar.json") {
            calendars.add(Calendar::read(&file.content).map_err(refused)?);
        } else if name.ends_with(".bpmn") || name.ends_with(".xml") {
            models.read(&file.content).map_err(refused)?;
        } else if !name.ends_with(".json") {
            return Err(refused(
                "only .bpmn, .dmn, .calendar.json and .json files are read".into(),
            ));
        }
    }
    let feel = Feel::new().with_calendars(Arc::new(calendars.clone()));
    feel.deploy_together(&decisions).map_err(|issues| {
        let told: Vec<String> = issues.iter().map(ToString::to_string).collect();
        OrchestratorError::Invalid(format!("the decisions are refused: {}", told.join("; ")))
    })?;
    Ok((models, calendars, Arc::new(feel)))
}
