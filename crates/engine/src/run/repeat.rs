//! Loops begin: standard loop and multi-instance.

use super::eval::Spot;
use super::{Failure, Run};
use crate::Variables;
use crate::state::{At, LoopState, ScopeKind, ScopeState, Token};
use bpmn::{Loop, MultiInstance, NodeId, Process};
use serde_json::Value;
use std::sync::Arc;

impl Run<'_> {
    pub(super) fn start_loop(&mut self, token: u64, process: &Arc<Process>, id: NodeId) -> Result<(), Failure> {
        match &process.node(id).repeat {
            Some(Loop::Standard(standard)) => {
                let none = standard.maximum == Some(0);
                let skip = standard.test_before
                    && match &standard.condition {
                        Some(condition) => !self.eval_bool_with(Spot::Token(token), condition, round_counter(0))?,
                        None => false,
                    };
                self.set_at(token, At::Loop(Box::default()));
                if none || skip {
                    self.loop_done(token);
                } else {
                    self.start_round(token, Variables::new());
                }
            }
            Some(Loop::Multi(multi)) => self.start_multi(token, multi)?,
            None => {}
        }
        Ok(())
    }

    fn start_multi(&mut self, token: u64, multi: &MultiInstance) -> Result<(), Failure> {
        let spot = Spot::Token(token);
        let mut items = match &multi.collection {
            Some(collection) => match self.eval(spot, collection)? {
                Value::Array(items) => items,
                other => {
                    let text = collection.as_str();
                    let message = format!(
                        "the collection '{text}' is {}, not a list. Set it and retry",
                        kind_of(&other)
                    );
                    return Err(Failure::new("expression", message));
                }
            },
            None => Vec::new(),
        };
        let total = match &multi.cardinality {
            Some(cardinality) if multi.collection.is_none() => self.count(spot, cardinality)?,
            _ => items.len() as u64,
        };
        let limit = self.env.limits.multi_instance;
        let Some(total) = u32::try_from(total).ok().filter(|total| *total <= limit) else {
            let message = format!("the activity would have {total} instances; at most {limit} run");
            return Err(Failure::new("limit", message));
        };
        if !multi.sequential && self.state.tokens.len() + total as usize > self.env.limits.tokens as usize {
            let message = format!(
                "{total} instances would make more than {} live tokens",
                self.env.limits.tokens
            );
            return Err(Failure::new("limit", message));
        }
        let outputs = if multi.output_collection.is_some() {
            vec![Value::Null; total as usize]
        } else {
            Vec::new()
        };
        items.reverse();
        self.set_at(
            token,
            At::Loop(Box::new(LoopState {
                total,
                items,
                outputs,
                ..LoopState::default()
            })),
        );
        if total == 0 {
            self.loop_done(token);
        } else if multi.sequential {
            self.next_instance(token, multi);
        } else {
            for _ in 0..total {
                self.next_instance(token, multi);
            }
        }
        Ok(())
    }

    fn count(&self, spot: Spot, cardinality: &bpmn::Expression) -> Result<u64, Failure> {
        let value = match cardinality.as_str().parse::<u64>() {
            Ok(count) => return Ok(count),
            Err(_) => self.eval(spot, cardinality)?,
        };
        let count = value
            .as_f64()
            .filter(|count| *count >= 0.0 && count.fract() == 0.0 && *count < 1e15);
        count.map(|count| count as u64).ok_or_else(|| {
            let text = cardinality.as_str();
            let message =
                format!("the number of instances '{text}' is {value}, not a whole number from 0. Set it and retry");
            Failure::new("expression", message)
        })
    }

    /// Starts the next instance of a multi-instance activity.
    pub(super) fn next_instance(&mut self, token: u64, multi: &MultiInstance) {
        let Some(Token {
            at: At::Loop(state), ..
        }) = self.state.token_mut(token)
        else {
            return;
        };
        let item = state.items.pop();
        let mut vars = Variables::new();
        if let (Some(name), Some(item)) = (&multi.element, item) {
            vars.insert(name.clone(), item);
        }
        self.start_round(token, vars);
    }

    /// Opens a round and puts a token into it.
    pub(super) fn start_round(&mut self, token: u64, mut vars: Variables) {
        let Some(owner) = self.state.token_mut(token) else {
            return;
        };
        let At::Loop(state) = &mut owner.at else { return };
        state.started += 1;
        vars.insert("loopCounter".into(), state.started.into());
        let (parent, element) = (owner.scope, owner.element.clone());
        let number = self.state.scope(parent).map_or(0, |scope| scope.process);
        let scope = self.next();
        self.told(scope, &vars);
        self.state.scopes.push(ScopeState {
            n: scope,
            kind: ScopeKind::Iteration,
            parent: Some(parent),
            owner: Some(token),
            process: number,
            element: Some(element.clone()),
            vars,
            live: 0,
            done: Vec::new(),
            pending: Vec::new(),
            complex: Vec::new(),
            compensating: false,
        });
        let process = self.process(scope);
        if let Some(node) = process.node_by_id(&element) {
            let token = self.new_token(scope, node);
            self.arrives(token, None);
        }
    }
}

/// `loopCounter` as a variable: how many rounds were begun.
pub(super) fn round_counter(count: u32) -> Variables {
    Variables::from_iter([("loopCounter".to_owned(), Value::from(count))])
}

/// A JSON value's kind, in words.
fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a context",
    }
}
