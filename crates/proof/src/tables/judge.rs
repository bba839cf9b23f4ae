//! What a table must give, rule by rule.

use super::table::{Cell, Column, Policy, Rule, Table};
use serde_json::{Map, Value, json};

/// The answer to a question; `None` where the rules contradict the hit policy, which must be said.
pub fn decide(table: &Table, question: &Map<String, Value>) -> Option<Value> {
    let hits: Vec<&Rule> = table
        .rules
        .iter()
        .filter(|rule| matches(table, rule, question))
        .collect();
    let values = |rule: &Rule| value(table, &rule.outputs);
    let otherwise = || {
        table
            .default
            .as_ref()
            .map_or(Value::Null, |default| value(table, default))
    };
    let by_priority = || {
        let mut hits = hits.clone();
        // output values stand in falling order: the greatest comes first; rules of the same stay in their order
        hits.sort_by(|one, other| other.outputs.cmp(&one.outputs));
        hits
    };
    let all = |hits: &[&Rule]| {
        if hits.is_empty() {
            otherwise()
        } else {
            hits.iter().map(|rule| values(rule)).collect()
        }
    };
    let numbers = hits.iter().map(|rule| rule.outputs[0]);
    Some(match table.policy {
        Policy::Unique => match hits[..] {
            [] => otherwise(),
            [rule] => values(rule),
            _ => return None,
        },
        Policy::Any => match hits.first() {
            None => otherwise(),
            Some(first) if hits.iter().all(|rule| rule.outputs == first.outputs) => values(first),
            Some(_) => return None,
        },
        Policy::Priority => by_priority().first().map_or_else(otherwise, |rule| values(rule)),
        Policy::First => hits.first().map_or_else(otherwise, |rule| values(rule)),
        Policy::RuleOrder | Policy::Collect => all(&hits),
        Policy::OutputOrder => all(&by_priority()),
        // no hit is no output, also where hits are counted (8.2.11)
        Policy::Count | Policy::Sum if hits.is_empty() => Value::Null,
        Policy::Count => json!(hits.len()),
        Policy::Sum => json!(numbers.map(u32::from).sum::<u32>()),
        Policy::Min => numbers.min().map_or(Value::Null, |least| json!(least)),
        Policy::Max => numbers.max().map_or(Value::Null, |most| json!(most)),
    })
}

fn value(table: &Table, outputs: &[u8]) -> Value {
    match outputs {
        [one] => table.output(*one),
        several => {
            let named = several.iter().enumerate();
            Value::Object(named.map(|(n, one)| (format!("o{n}"), table.output(*one))).collect())
        }
    }
}

fn matches(table: &Table, rule: &Rule, question: &Map<String, Value>) -> bool {
    let mut cells = rule.cells.iter().zip(&table.columns).enumerate();
    cells.all(|(n, (cell, column))| holds(cell, place(*column, &question[&format!("i{n}")])))
}

/// An input's value as its place in the domain of its type.
fn place(column: Column, value: &Value) -> u8 {
    match column {
        Column::Number => value.as_u64().unwrap_or_default() as u8,
        Column::Text => value.as_str().and_then(|text| text.bytes().next()).unwrap_or(b'a') - b'a',
        Column::Truth => u8::from(value == &Value::Bool(true)),
    }
}

fn holds(cell: &Cell, value: u8) -> bool {
    match cell {
        Cell::Any => true,
        Cell::In(values) => values.contains(&value),
        Cell::NotIn(values) => !values.contains(&value),
        Cell::Compare(0, than) => value < *than,
        Cell::Compare(1, than) => value <= *than,
        Cell::Compare(2, than) => value > *than,
        Cell::Compare(_, than) => value >= *than,
        Cell::Range(from, a, b, to) => {
            let above = if *from { value >= *a } else { value > *a };
            above && if *to { value <= *b } else { value < *b }
        }
        Cell::NotRange(a, b, other) => !(*a..=*b).contains(&value) && value != *other,
    }
}
