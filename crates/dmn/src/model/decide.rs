//! Taking a decision and telling how it was taken.

use super::describe::{Rule, Table};
use super::invoke::{failed, run};
use super::registry::Model;
use super::rewrite::{inputs_name, rules_name};
use crate::{Decided, EvalError, Feel, Variables, value};
use dsntk_feel::Name;
use dsntk_feel::context::FeelContext;
use dsntk_feel::values::Value as FeelValue;
use jiff::Timestamp;
use serde_json::{Value, json};

impl Feel {
    pub(crate) fn take(&self, decision: &str, variables: &Variables, now: Timestamp) -> Result<Decided, EvalError> {
        let found = self
            .models
            .find(decision)
            .ok_or_else(|| EvalError::UnknownDecision(decision.to_owned()))?;
        let (model, place) = found;
        let mut context = inputs(&model, place, variables).map_err(|message| failed(decision, message))?;
        let trouble = self.bind(&mut context, now);
        let mut trace = vec![];
        let mut value = Value::Null;
        for place in model.chain(place) {
            let taken = step(&model, place, &context)?;
            if let Some(message) = trouble.take() {
                return Err(failed(&model.decisions[place].name, message));
            }
            value = taken.0;
            trace.push(taken.1);
        }
        Ok(Decided {
            value,
            trace: Value::Array(trace),
        })
    }
}

/// The declared inputs of a decision, in the declared shape; one that has no variable is null.
fn inputs(model: &Model, place: usize, variables: &Variables) -> Result<FeelContext, String> {
    let mut context = FeelContext::default();
    let imported = model.import_names.iter().map(|name| (name.clone(), None));
    let declared = model
        .inputs(place)
        .into_iter()
        .map(|input| (input.name, input.type_ref));
    for (name, type_ref) in declared.chain(imported) {
        if let Some(json) = variables.get(&name) {
            let value = value::to_feel(json, 1, &mut vec![]).map_err(|message| format!("input '{name}' {message}"))?;
            let value = model.types.shaped(value, type_ref.as_deref(), &name)?;
            context.set_entry(&Name::from(&name), value);
        }
    }
    Ok(context)
}

/// One decision of the chain: its value and its line of the trace.
fn step(model: &Model, place: usize, context: &FeelContext) -> Result<(Value, Value), EvalError> {
    let decision = &model.decisions[place];
    let result = run(model, &decision.name, context);
    let value = json(&decision.name, &result)?;
    let read = decision.inputs.iter().map(|input| {
        let read = context.get_entry(&Name::from(&input.name));
        Ok((
            input.name.clone(),
            read.map_or(Ok(Value::Null), |value| json(&decision.name, value))?,
        ))
    });
    let mut line = json!({
        "decision": decision.name,
        "id": decision.id,
        "inputs": Value::Object(read.collect::<Result<_, EvalError>>()?),
    });
    if let Some(table) = &decision.table {
        let matched = matched(model, place, context);
        check_hits(&decision.name, table, &matched, &result)?;
        let values = table_inputs(model, place, context, &decision.name)?;
        line["hitPolicy"] = table.hit_policy.clone().into();
        line["outputNames"] = table.outputs.clone().into();
        line["rules"] = matched.iter().map(|index| told(table, *index, &values)).collect();
    }
    line["output"] = value.clone();
    if let FeelValue::Null(Some(reason)) = &result {
        line["note"] = reason.clone().into();
    }
    Ok((value, line))
}

fn json(decision: &str, value: &FeelValue) -> Result<Value, EvalError> {
    value::to_json(value).map_err(|message| failed(decision, message))
}

/// The numbers, from 1, of the rules that match.
fn matched(model: &Model, place: usize, context: &FeelContext) -> Vec<usize> {
    match run(model, &rules_name(place), context) {
        FeelValue::List(indices) => indices
            .iter()
            .filter_map(|index| index.to_string().parse().ok())
            .collect(),
        _ => vec![],
    }
}

fn table_inputs(model: &Model, place: usize, context: &FeelContext, decision: &str) -> Result<Vec<Value>, EvalError> {
    match run(model, &inputs_name(place), context) {
        FeelValue::List(values) => values.iter().map(|value| json(decision, value)).collect(),
        _ => Ok(vec![]),
    }
}

/// A table whose hit policy forbids what matched has no value: an error, not a silent null.
fn check_hits(decision: &str, table: &Table, matched: &[usize], result: &FeelValue) -> Result<(), EvalError> {
    let numbers = || matched.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match table.hit_policy.as_str() {
        "UNIQUE" if matched.len() > 1 => Err(failed(
            decision,
            format!(
                "the hit policy is UNIQUE and rules {} match: make them exclude each other",
                numbers()
            ),
        )),
        "ANY" if matched.len() > 1 && matches!(result, FeelValue::Null(Some(reason)) if reason.starts_with("err_")) => {
            Err(failed(
                decision,
                format!(
                    "the hit policy is ANY and rules {} match with different outputs: make them agree",
                    numbers()
                ),
            ))
        }
        _ => Ok(()),
    }
}

/// A matching rule, for people to read.
fn told(table: &Table, index: usize, values: &[Value]) -> Value {
    let Some(rule) = table.rules.get(index.wrapping_sub(1)) else {
        return json!({ "index": index });
    };
    let mut told = json!({ "index": index });
    if let Some(id) = &rule.id {
        told["id"] = id.clone().into();
    }
    if let Some(text) = annotation(rule) {
        told["annotation"] = text.into();
    }
    let conditions = table.inputs.iter().zip(&rule.inputs).enumerate();
    told["inputs"] = conditions
        .map(|(column, (input, test))| json!({ "input": input, "value": values.get(column), "test": test }))
        .collect();
    told["outputs"] = table
        .outputs
        .iter()
        .zip(&rule.outputs)
        .map(|(output, text)| json!({ "output": output, "text": text }))
        .collect();
    told
}

fn annotation(rule: &Rule) -> Option<String> {
    let texts: Vec<_> = rule
        .description
        .iter()
        .chain(&rule.annotations)
        .map(String::as_str)
        .collect();
    (!texts.is_empty()).then(|| texts.join(" — "))
}
