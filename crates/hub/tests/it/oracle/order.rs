//! How two resources stand to each other under `_sort`.

use super::judge::{date_of, values};
use super::value::plain;
use serde_json::Value;
use std::cmp::Ordering;

/// `Equal` where only ties decide.
pub fn compare(sort: &[&str], a: &Value, b: &Value) -> Ordering {
    for key in sort {
        let (code, descending) = key.strip_prefix('-').map_or((*key, false), |code| (code, true));
        let order = match (best(code, descending, a), best(code, descending, b)) {
            (Some(a), Some(b)) if descending => b.partial_cmp(&a).unwrap(),
            (Some(a), Some(b)) => a.partial_cmp(&b).unwrap(),
            // Those without come last both ways.
            (a, b) => b.is_some().cmp(&a.is_some()),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

#[derive(PartialEq, PartialOrd)]
enum Key {
    Text(String, String),
    Date(i64, i64),
    Number(f64),
}

fn best(code: &str, greatest: bool, resource: &Value) -> Option<Key> {
    let code = if code == "_id" { "id" } else { code };
    let key = |value: &Value| match code {
        "birthdate" | "date" => {
            let (lo, hi) = date_of(value);
            Key::Date(lo, hi)
        }
        "value-quantity" => Key::Number(value["value"].as_f64().unwrap()),
        "id" | "status" => Key::Text(String::new(), value.as_str().unwrap().to_owned()),
        _ => {
            let text = value.as_str().unwrap();
            Key::Text(plain(text), text.to_owned())
        }
    };
    let keys = values(resource, code).into_iter().map(key);
    keys.reduce(|a, b| if (a < b) == greatest { b } else { a })
}
