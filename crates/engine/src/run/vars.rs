//! Writing variables.

use super::eval::Spot;
use super::{Failure, Run};
use crate::state::ScopeKind;
use crate::{Event, Variables};
use bpmn::Node;
use serde_json::Value;

impl Run<'_> {
    /// Sets a variable where it is visible from a scope: the nearest scope that has it, else the process.
    pub(super) fn set_outward(&mut self, scope: u64, name: String, value: Value) {
        let mut at = scope;
        let holder = loop {
            let Some(scope) = self.state.scope(at) else { return };
            if scope.vars.contains_key(&name) || scope.kind == ScopeKind::Process {
                break at;
            }
            match scope.parent {
                Some(parent) => at = parent,
                None => break at,
            }
        };
        self.set_in(holder, name, value);
    }

    /// Sets a variable of a scope.
    pub(super) fn set_in(&mut self, scope: u64, name: String, value: Value) {
        let id = self.id(scope);
        let Some(holder) = self.state.scope_mut(scope) else {
            return;
        };
        if holder.vars.get(&name) == Some(&value) {
            return;
        }
        self.events.push(Event::VariableSet {
            scope: id,
            name: name.clone(),
            value: value.clone(),
        });
        holder.vars.insert(name, value);
        self.conditions_due = true;
    }

    /// History of the variables that a new scope begins with.
    pub(super) fn told(&mut self, holder: u64, vars: &Variables) {
        for (name, value) in vars {
            self.set(holder, name, value.clone());
        }
    }

    fn set(&mut self, holder: u64, name: &str, value: Value) {
        let (scope, name) = (self.id(holder), name.to_owned());
        self.events.push(Event::VariableSet { scope, name, value });
    }

    /// Input mappings become local variables of the token.
    pub(super) fn map_inputs(&mut self, token: u64, node: &Node) -> Result<(), Failure> {
        for mapping in &node.io.inputs {
            let value = self.eval(Spot::Token(token), &mapping.source)?;
            let name = mapping.target.split('.').next().unwrap_or_default();
            let Some(state) = self.state.token_mut(token) else {
                continue;
            };
            insert_path(&mut state.vars, &mapping.target, value);
            if let Some(value) = state.vars.get(name).cloned() {
                self.set(token, name, value);
            }
        }
        Ok(())
    }

    /// Result variables and output mappings go out of the activity: with output mappings only what they name, without
    /// them everything, each where it is known, else to the process.
    pub(super) fn map_outputs(&mut self, token: u64, node: &Node, payload: Variables) -> Result<(), Failure> {
        let Some(scope) = self.state.token(token).map(|token| token.scope) else {
            return Ok(());
        };
        if node.io.outputs.is_empty() {
            for (name, value) in payload {
                match self.state.token_mut(token) {
                    Some(state) if state.vars.contains_key(&name) => {
                        state.vars.insert(name.clone(), value.clone());
                        self.set(token, &name, value);
                    }
                    _ => self.set_outward(scope, name, value),
                }
            }
            return Ok(());
        }
        // the result is seen by the mappings but stays inside; on a failure the local variables are as before
        let before = self
            .state
            .token(token)
            .map(|token| token.vars.clone())
            .unwrap_or_default();
        if let Some(token) = self.state.token_mut(token) {
            token.vars.extend(payload);
        }
        let mut found = Vec::with_capacity(node.io.outputs.len());
        for mapping in &node.io.outputs {
            match self.eval(Spot::Token(token), &mapping.source) {
                Ok(value) => found.push((mapping.target.clone(), value)),
                Err(failure) => {
                    if let Some(token) = self.state.token_mut(token) {
                        token.vars = before;
                    }
                    return Err(failure);
                }
            }
        }
        for (target, value) in found {
            self.set_path(scope, &target, value);
        }
        Ok(())
    }

    /// Sets a variable where the token sees it: its own, else that of a scope around it.
    pub(super) fn set_near(&mut self, token: u64, target: &str, value: serde_json::Value) {
        let own = self
            .state
            .token(token)
            .is_some_and(|token| token.vars.contains_key(target));
        if own {
            self.told(token, &Variables::from_iter([(target.to_owned(), value.clone())]));
            if let Some(token) = self.state.token_mut(token) {
                token.vars.insert(target.to_owned(), value);
            }
            return;
        }
        if let Some(scope) = self.state.token(token).map(|token| token.scope) {
            self.set_path(scope, target, value);
        }
    }

    /// Sets `a` or a member `a.b.c` of a variable.
    pub(super) fn set_path(&mut self, scope: u64, target: &str, value: Value) {
        let Some((name, _)) = target.split_once('.') else {
            return self.set_outward(scope, target.to_owned(), value);
        };
        let mut holder = Variables::new();
        if let Some(current) = self.lookup(Spot::Scope(scope), name) {
            holder.insert(name.to_owned(), current.clone());
        }
        insert_path(&mut holder, target, value);
        for (name, value) in holder {
            self.set_outward(scope, name, value);
        }
    }
}

/// Inserts at `a.b.c`, making the contexts on the way.
fn insert_path(vars: &mut Variables, target: &str, value: Value) {
    match target.split_once('.') {
        None => {
            vars.insert(target.to_owned(), value);
        }
        Some((name, rest)) => {
            let inner = vars
                .entry(name.to_owned())
                .or_insert_with(|| Value::Object(Variables::new()));
            if !inner.is_object() {
                *inner = Value::Object(Variables::new());
            }
            if let Value::Object(inner) = inner {
                insert_path(inner, rest, value);
            }
        }
    }
}
