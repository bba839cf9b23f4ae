//! Evaluating expressions where a token stands.

use super::{Failure, Run};
use crate::Variables;
use crate::state::ScopeKind;
use bpmn::{Expression, Text};
use serde_json::Value;
use std::borrow::Cow;

/// Where an expression is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) enum Spot {
    /// At a token, with its local variables.
    Token(u64),
    /// In a scope.
    Scope(u64),
}

impl Run<'_> {
    /// The variables seen at a place; borrowed when one scope holds them all.
    pub(super) fn context(&self, spot: Spot) -> Cow<'_, Variables> {
        let (local, scope) = match spot {
            Spot::Token(token) => match self.state.token(token) {
                Some(token) => (Some(&token.vars), token.scope),
                None => (None, 0),
            },
            Spot::Scope(scope) => (None, scope),
        };
        let mut levels: Vec<&Variables> = local.filter(|vars| !vars.is_empty()).into_iter().collect();
        let mut at = self.state.scope(scope);
        while let Some(scope) = at {
            if !scope.vars.is_empty() {
                levels.push(&scope.vars);
            }
            at = match scope.kind {
                ScopeKind::Process => None,
                _ => scope.parent.and_then(|parent| self.state.scope(parent)),
            };
        }
        match levels.as_slice() {
            [] => Cow::Owned(Variables::new()),
            [only] => Cow::Borrowed(only),
            _ => {
                let mut merged = Variables::new();
                for level in levels.into_iter().rev() {
                    merged.extend(level.iter().map(|(name, value)| (name.clone(), value.clone())));
                }
                Cow::Owned(merged)
            }
        }
    }

    /// One variable as seen at a place.
    pub(super) fn lookup(&self, spot: Spot, name: &str) -> Option<&Value> {
        let scope = match spot {
            Spot::Token(token) => {
                let token = self.state.token(token)?;
                if let Some(value) = token.vars.get(name) {
                    return Some(value);
                }
                token.scope
            }
            Spot::Scope(scope) => scope,
        };
        let mut at = self.state.scope(scope);
        while let Some(scope) = at {
            if let Some(value) = scope.vars.get(name) {
                return Some(value);
            }
            at = match scope.kind {
                ScopeKind::Process => None,
                _ => scope.parent.and_then(|parent| self.state.scope(parent)),
            };
        }
        None
    }

    /// The value of an expression.
    pub(super) fn eval(&self, spot: Spot, expression: &Expression) -> Result<Value, Failure> {
        let text = expression.as_str();
        match text {
            "true" => return Ok(Value::Bool(true)),
            "false" => return Ok(Value::Bool(false)),
            _ => {}
        }
        // a bare variable needs no evaluator
        if text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
            && let Some(value) = self.lookup(spot, text)
        {
            return Ok(value.clone());
        }
        self.evaluate(spot, text, self.context(spot))
    }

    /// The value of an expression with additional variables.
    pub(super) fn eval_with(&self, spot: Spot, expression: &Expression, more: Variables) -> Result<Value, Failure> {
        let mut context = self.context(spot).into_owned();
        context.extend(more);
        self.evaluate(spot, expression.as_str(), Cow::Owned(context))
    }

    fn evaluate(&self, spot: Spot, text: &str, mut context: Cow<'_, Variables>) -> Result<Value, Failure> {
        if text.contains("execution.") && !context.contains_key("execution") {
            context.to_mut().insert("execution".to_owned(), self.execution(spot));
        }
        if text.contains("task.")
            && !context.contains_key("task")
            && let Some(task) = self.task_value(spot)
        {
            context.to_mut().insert("task".to_owned(), task);
        }
        self.env
            .evaluator
            .evaluate(text, &context, self.env.now)
            .map_err(|error| Failure::new("expression", format!("{error}. Correct the variables and retry")))
    }

    /// What expressions that come from JUEL may ask of the engine.
    fn execution(&self, spot: Spot) -> Value {
        let token = match spot {
            Spot::Token(token) => self.state.token(token),
            Spot::Scope(_) => None,
        };
        let definition = token.map_or(self.state.definition.as_str(), |token| self.state.definition_of(token));
        serde_json::json!({
            "id": self.state.id,
            "processInstanceId": self.state.id,
            "processDefinitionId": definition,
            "processBusinessKey": self.state.business_key,
            "businessKey": self.state.business_key,
            "currentActivityId": token.map(|token| &*token.element),
        })
    }

    /// A condition that must be true or false.
    pub(super) fn eval_bool(&self, spot: Spot, expression: &Expression) -> Result<bool, Failure> {
        bool_of(expression, &self.eval(spot, expression)?)
    }

    /// A condition with additional variables.
    pub(super) fn eval_bool_with(&self, spot: Spot, expression: &Expression, more: Variables) -> Result<bool, Failure> {
        bool_of(expression, &self.eval_with(spot, expression, more)?)
    }

    /// A text; `None` when the expression gives null or nothing is written.
    pub(super) fn eval_text(&self, spot: Spot, text: &Text) -> Result<Option<String>, Failure> {
        match text {
            Text::Literal(text) => Ok(Some(text.clone())),
            Text::Feel(expression) => Ok(match self.eval(spot, expression)? {
                Value::Null => None,
                Value::String(text) => Some(text),
                other => Some(other.to_string()),
            }),
        }
    }

    /// A text that must be there.
    pub(super) fn eval_name(&self, spot: Spot, text: &Text, what: &str) -> Result<String, Failure> {
        match self.eval_text(spot, text)? {
            Some(name) if !name.is_empty() => Ok(name),
            _ => Err(Failure::new(
                "expression",
                format!("the {what} is empty. Set the variables it needs and retry"),
            )),
        }
    }
}

fn bool_of(expression: &Expression, value: &Value) -> Result<bool, Failure> {
    value.as_bool().ok_or_else(|| {
        let text = expression.as_str();
        Failure::new(
            "expression",
            format!("the condition '{text}' gives {value}, not true or false. Set the variables it needs and retry"),
        )
    })
}
