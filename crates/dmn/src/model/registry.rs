//! The deployed models.

use super::describe::{Decision, DecisionInfo, InputInfo};
use super::shape::Types;
use dsntk_model::Definitions;
use dsntk_model_evaluator::ModelEvaluator;
use parking_lot::RwLock;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Most models deployed at once.
pub(crate) const MAX_MODELS: usize = 2_000;

/// A model that runs.
pub(crate) struct Model {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) evaluator: Arc<ModelEvaluator>,
    pub(crate) definitions: Definitions,
    /// Names under which the inputs of imported models are given.
    pub(crate) import_names: Vec<String>,
    pub(crate) decisions: Vec<Decision>,
    pub(crate) types: Types,
    /// It calls functions on working days.
    pub(crate) asks_for_calendars: bool,
}

impl Model {
    /// The place of a decision of this model.
    pub(crate) fn place(&self, id: &str) -> Option<usize> {
        self.decisions.iter().position(|decision| decision.id == id)
    }

    /// The decision and those that it requires, each after what it requires.
    pub(crate) fn chain(&self, place: usize) -> Vec<usize> {
        let mut done = vec![];
        let mut seen = HashSet::new();
        self.visit(place, &mut seen, &mut done);
        done
    }

    fn visit(&self, place: usize, seen: &mut HashSet<usize>, done: &mut Vec<usize>) {
        if seen.insert(place) {
            for id in &self.decisions[place].requires {
                if let Some(required) = self.place(id) {
                    self.visit(required, seen, done);
                }
            }
            done.push(place);
        }
    }

    /// The inputs that a decision and those that it requires read.
    pub(crate) fn inputs(&self, place: usize) -> Vec<InputInfo> {
        let mut inputs: Vec<InputInfo> = vec![];
        for place in self.chain(place) {
            for input in &self.decisions[place].inputs {
                if !inputs.iter().any(|known| known.name == input.name) {
                    inputs.push(input.clone());
                }
            }
        }
        inputs
    }

    /// What people see of the decisions.
    pub(crate) fn info(&self) -> Vec<DecisionInfo> {
        let info = self.decisions.iter().enumerate().map(|(place, decision)| DecisionInfo {
            id: decision.id.clone(),
            name: decision.name.clone(),
            model: self.name.clone(),
            namespace: self.namespace.clone(),
            inputs: self.inputs(place),
            requires: decision.requires.clone(),
        });
        info.collect()
    }
}

/// The deployed models, found by decision.
#[derive(Default)]
pub(crate) struct Registry(RwLock<Inner>);

#[derive(Default)]
struct Inner {
    models: Vec<Arc<Model>>,
    by_id: HashMap<String, (Arc<Model>, usize)>,
    by_name: HashMap<String, (Arc<Model>, usize)>,
}

impl Registry {
    /// The decision with this id or, failing that, this name.
    pub(crate) fn find(&self, decision: &str) -> Option<(Arc<Model>, usize)> {
        let inner = self.0.read();
        inner
            .by_id
            .get(decision)
            .or_else(|| inner.by_name.get(decision))
            .cloned()
    }

    /// Every model.
    pub(crate) fn models(&self) -> Vec<Arc<Model>> {
        self.0.read().models.clone()
    }

    /// Adds models; a model of the same namespace and name is replaced.
    ///
    /// # Errors
    /// The id of a decision that another model holds already, with that model's name.
    pub(crate) fn add(&self, added: Vec<Arc<Model>>) -> Result<(), (String, String)> {
        let mut inner = self.0.write();
        let mut models: Vec<_> = inner
            .models
            .iter()
            .filter(|old| !added.iter().any(|new| same(new, old)))
            .cloned()
            .collect();
        models.extend(added);
        let mut next = Inner::default();
        for model in &models {
            for (place, decision) in model.decisions.iter().enumerate() {
                let entry = (model.clone(), place);
                if let Some((other, _)) = next.by_id.insert(decision.id.clone(), entry.clone()) {
                    return Err((decision.id.clone(), other.name.clone()));
                }
                next.by_name.insert(decision.name.clone(), entry);
            }
        }
        next.models = models;
        *inner = next;
        Ok(())
    }
}

fn same(one: &Model, other: &Model) -> bool {
    one.namespace == other.namespace && one.name == other.name
}
