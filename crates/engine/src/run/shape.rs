//! The value of a decision in the form that a model of Camunda 7 asks for.
//!
//! There a decision gives a list of rules, each with its outputs by name
//! (<https://docs.camunda.org/manual/latest/user-guide/process-engine/decisions/bpmn-cmmn/>, "Mapping of the decision
//! result").

use bpmn::DecisionShape;
use serde_json::{Value, json};

/// Brings a value into a form.
///
/// # Errors
/// A text when more rules or outputs matched than the form can hold.
pub(super) fn shaped(shape: DecisionShape, value: Value, trace: &Value) -> Result<Value, String> {
    if shape == DecisionShape::Plain {
        return Ok(value);
    }
    let table = trace
        .as_array()
        .and_then(|steps| steps.last())
        .cloned()
        .unwrap_or_default();
    let rules = rows(value, &table);
    let one = |what: &str| match rules.as_slice() {
        [] => Ok(Value::Null),
        [only] => Ok(only.clone()),
        more => Err(format!("{} rules matched; the {what} of one is asked for", more.len())),
    };
    let entry = |rule: &Value| match rule {
        Value::Object(outputs) if outputs.len() == 1 => Ok(outputs.values().next().cloned().unwrap_or_default()),
        Value::Object(outputs) => Err(format!("it has {} outputs; a single one is asked for", outputs.len())),
        other => Ok(other.clone()),
    };
    match shape {
        DecisionShape::SingleEntry => entry(&one("entry")?),
        DecisionShape::SingleResult => Ok(one("result")?),
        DecisionShape::CollectEntries => rules.iter().map(entry).collect::<Result<_, _>>().map(Value::Array),
        DecisionShape::ResultList | DecisionShape::Plain => Ok(Value::Array(rules)),
    }
}

/// The rules that matched, each with its outputs by name.
fn rows(value: Value, table: &Value) -> Vec<Value> {
    let name = table["outputNames"][0]
        .as_str()
        .or_else(|| table["decision"].as_str())
        .unwrap_or("result")
        .to_owned();
    let named = |value: Value| match value {
        Value::Object(outputs) => Value::Object(outputs),
        other => json!({ (name.clone()): other }),
    };
    let many = matches!(
        table["hitPolicy"].as_str(),
        Some("COLLECT" | "RULE ORDER" | "OUTPUT ORDER")
    );
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) if many => items.into_iter().map(named).collect(),
        other => vec![named(other)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_forms() {
        let trace = json!([{"decision": "D", "hitPolicy": "UNIQUE", "outputNames": ["season"]}]);
        let form = |shape, value| shaped(shape, value, &trace).unwrap();
        assert_eq!(form(DecisionShape::SingleEntry, json!("a")), json!("a"));
        assert_eq!(form(DecisionShape::SingleResult, json!("a")), json!({"season": "a"}));
        assert_eq!(
            form(DecisionShape::ResultList, json!({"x": 1, "y": 2})),
            json!([{"x": 1, "y": 2}])
        );
        assert_eq!(form(DecisionShape::ResultList, Value::Null), json!([]));
        let collect = json!([{"hitPolicy": "COLLECT", "outputNames": ["x"]}]);
        let many = |shape| shaped(shape, json!(["a", "b"]), &collect);
        assert_eq!(many(DecisionShape::CollectEntries).unwrap(), json!(["a", "b"]));
        assert!(many(DecisionShape::SingleEntry).unwrap_err().contains("2 rules"));
    }
}
