//! Deploying models.

use super::describe::{DecisionInfo, decisions};
use super::issue::ModelIssue;
use super::lint::{broken_expressions, lint};
use super::registry::{MAX_MODELS, Model};
use super::rewrite::{asks_for_calendars, runnable};
use super::shape::Types;
use super::xml::issue;
use crate::Feel;
use dsntk_model::{Definitions, DmnElement, NamedElement};
use dsntk_model_evaluator::ModelEvaluator;
use roxmltree::Document;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Largest model, in bytes.
const MAX_MODEL_BYTES: usize = 4 << 20;

/// A model whose text has been read and checked.
struct Read<'x> {
    document: Document<'x>,
    definitions: Definitions,
}

impl Feel {
    /// Deploys a DMN model (1.1 to 1.5): its decisions can be taken from now on. A model of the same namespace and
    /// name is replaced; imported models must be deployed before.
    ///
    /// # Errors
    /// Everything that forbids it to run, each with the element, the line and the remedy. Nothing is deployed then.
    pub fn deploy(&self, xml: &str) -> Result<Vec<DecisionInfo>, Vec<ModelIssue>> {
        self.deploy_together(&[xml])
    }

    /// Deploys models that may import each other: all of them or none.
    ///
    /// # Errors
    /// As [`Feel::deploy`].
    pub fn deploy_together(&self, xmls: &[&str]) -> Result<Vec<DecisionInfo>, Vec<ModelIssue>> {
        let mut reads = vec![];
        for xml in xmls {
            reads.push(read(xml)?);
        }
        let deployed = self.models.models();
        if deployed.len() + reads.len() > MAX_MODELS {
            return Err(vec![plain(
                "limit",
                1,
                format!("{MAX_MODELS} models are deployed"),
                "remove models",
            )]);
        }
        let known = deployed.iter().map(|model| &model.definitions);
        let known: Vec<&Definitions> = reads.iter().map(|read| &read.definitions).chain(known).collect();
        let models = reads
            .iter()
            .map(|read| build(read, &known).map(Arc::new))
            .collect::<Result<Vec<_>, _>>()?;
        let info = models.iter().flat_map(|model| model.info()).collect();
        self.models.add(models).map_err(|(id, model)| {
            let message = format!("the decision '{id}' is already deployed by the model '{model}'");
            vec![ModelIssue {
                element: Some(id),
                ..plain("id-taken", 1, message, "give the decision another id")
            }]
        })?;
        Ok(info)
    }

    /// Every decision that can be taken.
    #[must_use]
    pub fn decisions(&self) -> Vec<DecisionInfo> {
        self.models.models().iter().flat_map(|model| model.info()).collect()
    }
}

fn plain(rule: &'static str, line: u32, message: impl Into<String>, remedy: &str) -> ModelIssue {
    ModelIssue {
        rule,
        element: None,
        line,
        message: message.into(),
        remedy: remedy.into(),
    }
}

fn read(xml: &str) -> Result<Read<'_>, Vec<ModelIssue>> {
    if xml.len() > MAX_MODEL_BYTES {
        let message = format!("the model has {} bytes, {MAX_MODEL_BYTES} are allowed", xml.len());
        return Err(vec![plain(
            "limit",
            1,
            message,
            "split it into models that import each other",
        )]);
    }
    let document = Document::parse(xml).map_err(|error| vec![not_xml(&error)])?;
    let issues = lint(&document);
    if !issues.is_empty() {
        return Err(issues);
    }
    let runnable = runnable(xml).map_err(|error| vec![not_xml(&error)])?;
    let parsed = catch_unwind(AssertUnwindSafe(|| {
        dsntk_model::parse(&runnable).map_err(|error| error.to_string())
    }));
    match parsed.unwrap_or_else(|_| Err("the FEEL library cannot read it".into())) {
        Ok(definitions) => Ok(Read { document, definitions }),
        Err(message) => Err(refused(&document, &message)),
    }
}

fn not_xml(error: &roxmltree::Error) -> ModelIssue {
    plain(
        "xml",
        error.pos().row,
        format!("it is not well-formed XML: {error}"),
        "export the model again",
    )
}

/// The library's refusal, at the expressions that do not parse where there are any.
fn refused(document: &Document<'_>, message: &str) -> Vec<ModelIssue> {
    let broken = broken_expressions(document);
    if !broken.is_empty() {
        return broken;
    }
    let text = message.split_once("> ").map_or(message, |(_, text)| text);
    vec![issue(
        document.root_element(),
        "model",
        format!("the model cannot run: {text}"),
        "correct it in the modeller",
    )]
}

fn build(read: &Read<'_>, known: &[&Definitions]) -> Result<Model, Vec<ModelIssue>> {
    let set = with_imports(read, known)?;
    let built = catch_unwind(AssertUnwindSafe(|| {
        ModelEvaluator::new(&set).map_err(|error| error.to_string())
    }));
    let built = built.unwrap_or_else(|_| Err("the FEEL library cannot prepare it".into()));
    let evaluator = built.map_err(|message| refused(&read.document, &message))?;
    Ok(Model {
        namespace: read.definitions.namespace().to_owned(),
        name: read.definitions.name().to_owned(),
        evaluator,
        import_names: read
            .definitions
            .imports()
            .iter()
            .map(|import| import.name().to_owned())
            .collect(),
        decisions: decisions(&read.document),
        types: Types::read(&read.document),
        asks_for_calendars: asks_for_calendars(&read.document),
        definitions: read.definitions.clone(),
    })
}

/// The model's definitions and those that it imports, directly or not.
fn with_imports(read: &Read<'_>, known: &[&Definitions]) -> Result<Vec<Definitions>, Vec<ModelIssue>> {
    let mut set = vec![read.definitions.clone()];
    let mut next = 0;
    while let Some(definitions) = set.get(next) {
        let namespaces: Vec<_> = definitions
            .imports()
            .iter()
            .map(|import| import.namespace().to_owned())
            .collect();
        for namespace in namespaces {
            if set.iter().any(|held| held.namespace() == namespace) {
                continue;
            }
            let Some(found) = known.iter().find(|known| known.namespace() == namespace) else {
                let message = format!("it imports the namespace '{namespace}', which no deployed model has");
                let root = read.document.root_element();
                return Err(vec![issue(
                    root,
                    "import-missing",
                    message,
                    "deploy the imported model first",
                )]);
            };
            set.push((*found).clone());
        }
        next += 1;
    }
    Ok(set)
}
