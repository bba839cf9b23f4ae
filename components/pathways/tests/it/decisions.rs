//! Decisions against a table of cases with expected answers (`decisions.json`).

use dmn::{Evaluator, Feel};
use pathways::deployments::DEPLOYMENTS;
use serde_json::Value;

/// An evaluator with every decision of the component.
pub fn evaluator() -> Feel {
    let feel = Feel::new();
    let files: Vec<&str> = DEPLOYMENTS
        .iter()
        .filter(|f| f.name.ends_with(".dmn"))
        .map(|f| f.content)
        .collect();
    feel.deploy_together(&files)
        .unwrap_or_else(|issues| panic!("{issues:#?}"));
    feel
}

#[test]
fn decisions_answer_as_expected() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("decisions.json")).unwrap();
    let feel = evaluator();
    let now = "2026-11-21T09:00:00Z".parse().unwrap();
    let mut wrong = Vec::new();
    for case in &cases {
        let decision = case["decision"].as_str().unwrap();
        let made = match feel.decide(decision, case["in"].as_object().unwrap(), now) {
            Ok(decided) => decided.value,
            Err(error) => Value::String(error.to_string()),
        };
        for (name, expected) in case["out"].as_object().unwrap() {
            if !same(&made[name], expected) {
                wrong.push(format!(
                    "{decision}, {}: {name} is {}, expected {expected}",
                    case["case"], made[name]
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases.len() > 45);
}

/// Numbers are compared by value: 48 and 48.0 are the same answer.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(k, v)| b.get(k).is_some_and(|w| same(v, w)))
        }
        _ => a == b,
    }
}
