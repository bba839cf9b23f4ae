//! Random decision tables of every hit policy against a judge that looks at each rule in turn (DMN 1.5, 8.2.8).

mod judge;
mod table;

use crate::random::of_seed;
use dmn::{Evaluator, Feel};
use proptest::prelude::*;
use serde_json::Value;
pub use table::{Cell, Column, Policy, Rule, Table, table};

/// Questions put to each table.
const QUESTIONS: usize = 12;

/// Compares the answers of many random tables with the judge's; stops at the first that differs, and makes it small.
///
/// # Errors
/// The smallest table found, with the question and both answers.
pub fn campaign(cases: u32, seed: u64) -> Result<(), String> {
    let strategy = || (table(), prop::collection::vec(any::<[u8; 3]>(), QUESTIONS));
    of_seed(cases, seed, strategy, |(table, questions)| check(table, questions))
}

fn check(table: &Table, questions: &[[u8; 3]]) -> Result<(), String> {
    let feel = Feel::new();
    let xml = table.xml();
    feel.deploy(&xml)
        .map_err(|issues| format!("refused: {issues:?}\n{xml}"))?;
    let now = "2026-01-01T00:00:00Z".parse().unwrap_or_default();
    for question in questions {
        let context = table.question(*question);
        let wanted = judge::decide(table, &context);
        let found = feel.decide("d", &context, now);
        let right = match (&wanted, &found) {
            (Some(wanted), Ok(found)) => same(table.policy, wanted, &found.value),
            (None, Err(_)) => true,
            _ => false,
        };
        if !right {
            return Err(format!("{context:?} must give {wanted:?}, gives {found:?}\n{xml}"));
        }
    }
    Ok(())
}

/// Numbers by value; what is collected in any order.
fn same(policy: Policy, wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let (mut a, mut b) = (a.clone(), b.clone());
            if policy == Policy::Collect {
                a.sort_by_key(Value::to_string);
                b.sort_by_key(Value::to_string);
            }
            a.iter().zip(&b).all(|(a, b)| same(policy, a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(name, a)| b.get(name).is_some_and(|b| same(policy, a, b)))
        }
        (a, b) => a == b,
    }
}
