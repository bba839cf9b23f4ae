//! The conditions under which a form-js field is hidden, as the `enableWhen` of a Questionnaire.

use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Fields by key, and whether each is a choice.
pub(super) type Keys = BTreeMap<String, bool>;

/// When an item is shown.
pub(super) struct Shown {
    /// One condition is enough.
    pub any: bool,
    /// `enableWhen`.
    pub when: Vec<Value>,
}

/// The opposite of a FEEL condition made of comparisons of fields with literals, joined by `and` or by `or`; `None` for
/// anything else.
pub(super) fn shown_unless(expression: &str, keys: &Keys) -> Option<Shown> {
    let or: Vec<&str> = expression.split(" or ").collect();
    let and: Vec<&str> = expression.split(" and ").collect();
    match (or.len(), and.len()) {
        (1, _) => {
            // not (a and b) is (not a) or (not b)
            let parts: Option<Vec<Vec<Value>>> = and.iter().map(|part| opposite(part, keys)).collect();
            Some(Shown {
                any: true,
                when: parts?.concat(),
            })
        }
        (_, 1) => {
            let parts: Option<Vec<Vec<Value>>> = or.iter().map(|part| opposite(part, keys)).collect();
            let parts = parts?;
            // all of them must hold, so each must be one condition
            let single = parts.iter().all(|part| part.len() == 1);
            single.then(|| Shown {
                any: false,
                when: parts.concat(),
            })
        }
        _ => None,
    }
}

/// Conditions of which one must hold when the comparison does not.
fn opposite(part: &str, keys: &Keys) -> Option<Vec<Value>> {
    let part = part.trim();
    let part = part
        .strip_prefix('(')
        .and_then(|inner| inner.strip_suffix(')'))
        .unwrap_or(part)
        .trim();
    if let Some(inner) = part.strip_prefix("not(").and_then(|inner| inner.strip_suffix(')')) {
        return known(inner, keys).map(|key| vec![json!({"question": key, "operator": "=", "answerBoolean": true})]);
    }
    let exists = |key: &str, yes: bool| json!({"question": key, "operator": "exists", "answerBoolean": yes});
    let found = ["!=", "<=", ">=", "=", "<", ">"]
        .iter()
        .find_map(|sign| part.split_once(sign).map(|sides| (*sign, sides)));
    let Some((sign, (left, right))) = found else {
        let key = known(part, keys)?;
        return Some(vec![
            json!({"question": key, "operator": "=", "answerBoolean": false}),
            exists(&key, false),
        ]);
    };
    let key = known(left, keys)?;
    let right = right.trim();
    if right == "null" || right == "\"\"" {
        return match sign {
            "=" => Some(vec![exists(&key, true)]),
            "!=" => Some(vec![exists(&key, false)]),
            _ => None,
        };
    }
    let value: Value = serde_json::from_str(right).ok()?;
    let name = match &value {
        Value::String(_) if keys.get(&key) == Some(&true) => "answerCoding",
        Value::Bool(_) => "answerBoolean",
        Value::Number(number) if number.is_i64() => "answerInteger",
        Value::Number(_) => "answerDecimal",
        Value::String(_) => "answerString",
        _ => return None,
    };
    let value = if name == "answerCoding" {
        json!({"code": value})
    } else {
        value
    };
    let operator = match sign {
        "=" => "!=",
        "!=" => "=",
        "<" => ">=",
        ">" => "<=",
        "<=" => ">",
        _ => "<",
    };
    let mut all = vec![json!({"question": key, "operator": operator, (name): value})];
    if sign != "!=" {
        all.push(exists(&key, false));
    }
    Some(all)
}

fn known(text: &str, keys: &Keys) -> Option<String> {
    let key = text.trim();
    keys.contains_key(key).then(|| key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_opposite_is_asked() {
        let keys = Keys::from([("a".to_owned(), false), ("b".to_owned(), false)]);
        let when = |text: &str| shown_unless(text, &keys).map(|shown| (shown.any, shown.when.len()));
        assert_eq!(when("a = \"x\""), Some((true, 2)));
        assert_eq!(when("not(a)"), Some((true, 1)));
        assert_eq!(when("a != 1 or b != 2"), Some((false, 2)));
        assert_eq!(when("a = 1 and b = 2"), Some((true, 4)));
        assert_eq!(when("a = 1 or b = 2"), None);
        assert_eq!(when("count(a) > 1"), None);
        assert_eq!(when("c = 1"), None);
    }
}
