//! Values for the variables of a model, guessed from how its own expressions use them.

use bpmn::{Expression, Loop, NodeKind, Process};
use engine::Variables;
use serde_json::{Value, json};

/// Words that are no variables.
const WORDS: [&str; 34] = [
    "and",
    "or",
    "not",
    "if",
    "then",
    "else",
    "for",
    "in",
    "return",
    "some",
    "every",
    "satisfies",
    "between",
    "true",
    "false",
    "null",
    "function",
    "instance",
    "of",
    "count",
    "date",
    "time",
    "duration",
    "string",
    "number",
    "now",
    "today",
    "contains",
    "is",
    "defined",
    "list",
    "get",
    "or",
    "loopCounter",
];

/// One value for each variable that an expression of the process reads.
pub fn variables(process: &Process) -> Variables {
    let mut found = Variables::new();
    for node in &process.nodes {
        if let Some(Loop::Multi(multi)) = &node.repeat
            && let Some(collection) = &multi.collection
        {
            set(&mut found, collection.as_str(), json!(["a", "b"]));
        }
        if let NodeKind::Call { .. } = node.kind {
            continue;
        }
    }
    for flow in &process.flows {
        flow.condition.iter().for_each(|condition| bools(&mut found, condition));
    }
    for (_, _, expression) in process.expressions() {
        bools(&mut found, expression);
    }
    found
}

/// Reads one expression: compared with a literal, the variable gets the literal; otherwise it is a text.
fn bools(found: &mut Variables, expression: &Expression) {
    let tokens = tokens(expression.as_str());
    for (at, token) in tokens.iter().enumerate() {
        let path = token.starts_with(|c: char| c.is_alphabetic() || c == '_');
        if !path || WORDS.contains(&token.as_str()) || tokens.get(at + 1).is_some_and(|next| next == "(" || next == ":")
        {
            continue;
        }
        let compared = matches!(
            tokens.get(at + 1).map(String::as_str),
            Some("=" | "!=" | "<" | ">" | "<=" | ">=")
        );
        let value = match tokens.get(at + 2).filter(|_| compared) {
            Some(literal) => serde_json::from_str(literal).unwrap_or(Value::Null),
            None if arithmetic(&tokens, at) => json!(1),
            None if tokens.len() == 1 || logic(&tokens, at) => json!(true),
            None => json!("x"),
        };
        set(found, token, value);
    }
}

fn arithmetic(tokens: &[String], at: usize) -> bool {
    let sign = |token: Option<&String>| {
        token.is_some_and(|t| ["+", "-", "*", "/", "<", ">", "<=", ">="].contains(&t.as_str()))
    };
    sign(tokens.get(at + 1)) || at.checked_sub(1).is_some_and(|before| sign(tokens.get(before)))
}

fn logic(tokens: &[String], at: usize) -> bool {
    let word = |token: Option<&String>| token.is_some_and(|t| t == "and" || t == "or" || t == "not");
    word(tokens.get(at + 1)) || at.checked_sub(1).is_some_and(|before| word(tokens.get(before)))
}

/// Sets `a.b.c` unless something is there already.
fn set(found: &mut Variables, path: &str, value: Value) {
    let Some((name, rest)) = path.split_once('.') else {
        if path.chars().all(|c| c.is_alphanumeric() || c == '_') {
            found.entry(path.to_owned()).or_insert(value);
        }
        return;
    };
    let inner = found.entry(name.to_owned()).or_insert_with(|| json!({}));
    if !inner.is_object() {
        *inner = json!({});
    }
    if let Value::Object(inner) = inner {
        set(inner, rest, value);
    }
}

/// Words with their dots, strings, and signs.
fn tokens(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().take(2_000).collect();
    let (mut out, mut at) = (Vec::new(), 0);
    while at < chars.len() {
        let start = at;
        let c = chars[at];
        at += 1;
        if c == '"' {
            while at < chars.len() && chars[at] != '"' {
                at += 1;
            }
            at = (at + 1).min(chars.len());
        } else if c.is_alphanumeric() || c == '_' {
            while at < chars.len() && (chars[at].is_alphanumeric() || chars[at] == '_' || chars[at] == '.') {
                at += 1;
            }
        } else if c.is_whitespace() {
            continue;
        } else if "<>!".contains(c) && chars.get(at) == Some(&'=') {
            at += 1;
        }
        out.push(chars[start..at].iter().collect());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_follow_their_use() {
        let mut found = Variables::new();
        for text in ["amount > 100 and customer.vip", "state = \"open\"", "approved", "a + 1"] {
            bools(&mut found, &Expression(text.into()));
        }
        let wanted = json!({"amount": 100, "customer": {"vip": true}, "state": "open", "approved": true, "a": 1});
        assert_eq!(Value::Object(found), wanted);
    }
}
