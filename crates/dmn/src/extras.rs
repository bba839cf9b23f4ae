//! Functions of Camunda's FEEL that the standard has not, in the words of those it has.
//!
//! Models of Camunda 8 use them freely (<https://docs.camunda.io/docs/components/modeler/feel/builtin-functions/>).
//! What gives another value each time (`uuid`, `random number`) is left out: an evaluation must be repeatable.

use std::borrow::Cow;

/// Name and what it becomes: `#1`, `#2` are the arguments.
const FUNCTIONS: [(&str, usize, &str); 10] = [
    ("get or else", 2, "(if (#1) = null then (#2) else (#1))"),
    ("is defined", 1, "((#1) != null)"),
    ("is blank", 1, "matches(#1, \"^\\s*$\")"),
    ("is empty", 1, "(count(#1) = 0)"),
    ("trim", 1, "replace(#1, \"^\\s+|\\s+$\", \"\")"),
    ("fromAi", 1, "(#1)"),
    ("assert", 2, "(if (#2) then (#1) else null)"),
    (
        "last day of month",
        1,
        "(date((#1).year, (#1).month, 1) + duration(\"P1M\") - duration(\"P1D\"))",
    ),
    ("put", 3, "context put(#1, #2, #3)"),
    ("put all", 2, "context merge([#1, #2])"),
];

/// Deepest nesting of such calls, and the longest text that comes out.
const MAX_DEPTH: usize = 12;
const MAX_CHARS: usize = 20_000;

/// The expression with standard functions only, and with line ends inside strings escaped.
pub(crate) fn rewrite(expression: &str) -> Cow<'_, str> {
    let text = if expression.contains('\n') {
        escape_lines(expression)
    } else {
        Cow::Borrowed(expression)
    };
    if !FUNCTIONS.iter().any(|(name, ..)| text.contains(name)) {
        return text;
    }
    match calls(&text, 0) {
        Some(new) if new.len() <= MAX_CHARS => Cow::Owned(new),
        _ => text,
    }
}

/// A string literal may not hold a line end in the grammar; modelers write them all the same.
fn escape_lines(text: &str) -> Cow<'_, str> {
    let mut out = String::with_capacity(text.len() + 16);
    let (mut inside, mut escaped) = (false, false);
    for c in text.chars() {
        match c {
            '\n' if inside => out.push_str("\\n"),
            '\r' if inside => {}
            '\t' if inside => out.push_str("\\t"),
            _ => out.push(c),
        }
        match c {
            _ if escaped => escaped = false,
            '\\' if inside => escaped = true,
            '"' => inside = !inside,
            _ => {}
        }
    }
    Cow::Owned(out)
}

/// Rewrites every call, inner ones too; `None` when brackets do not match.
fn calls(text: &str, depth: usize) -> Option<String> {
    if depth > MAX_DEPTH {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    let mut word = false;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with('"') {
            let end = string_end(rest);
            out.push_str(&rest[..end]);
            at += end;
            word = false;
            continue;
        }
        if !word && let Some((template, count, open)) = call_at(rest) {
            let (arguments, length) = arguments(&rest[open..])?;
            if arguments.len() >= count {
                let mut filled = template.to_owned();
                for (number, argument) in arguments.iter().take(count).enumerate() {
                    let argument = calls(unnamed(argument), depth + 1)?;
                    filled = filled.replace(&format!("#{}", number + 1), argument.trim());
                }
                out.push_str(&filled);
                at += open + length;
                continue;
            }
        }
        let c = rest.chars().next()?;
        word = c.is_alphanumeric() || c == '_';
        out.push(c);
        at += c.len_utf8();
    }
    Some(out)
}

/// The template, the number of arguments and the place of the bracket, when a call of ours begins the text.
fn call_at(rest: &str) -> Option<(&'static str, usize, usize)> {
    FUNCTIONS.iter().find_map(|(name, count, template)| {
        let after = rest.strip_prefix(name)?;
        let gap = after.len() - after.trim_start().len();
        after[gap..]
            .starts_with('(')
            .then_some((*template, *count, name.len() + gap))
    })
}

/// The arguments of a bracket that opens the text, and its length.
fn arguments(text: &str) -> Option<(Vec<&str>, usize)> {
    let (mut found, mut depth, mut start, mut at) = (Vec::new(), 0_usize, 1, 0);
    while at < text.len() {
        let rest = &text[at..];
        let c = rest.chars().next()?;
        match c {
            '"' => {
                at += string_end(rest);
                continue;
            }
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    found.push(&text[start..at]);
                    return Some((found, at + 1));
                }
            }
            ',' if depth == 1 => {
                found.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        at += c.len_utf8();
    }
    None
}

/// Without the name of a named argument: they are written in order.
fn unnamed(argument: &str) -> &str {
    const NAMES: [&str; 7] = ["value", "default", "context", "list", "string", "condition", "key"];
    match argument.split_once(':') {
        Some((name, value)) if NAMES.contains(&name.trim()) => value,
        _ => argument,
    }
}

/// The place after the string literal that opens the text.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use crate::{Evaluator, Feel};
    use serde_json::json;

    #[test]
    fn camunda_functions_have_values() {
        let feel = Feel::new();
        let value = |text: &str| {
            let context = json!({"x": {"a": 1}, "s": " t "}).as_object().unwrap().clone();
            feel.evaluate(text, &context, jiff::Timestamp::UNIX_EPOCH).unwrap()
        };
        assert_eq!(value("get or else(missing, get or else(x.b, 7))"), json!(7));
        assert_eq!(value("is defined(x.a) and not(is defined(nothing))"), json!(true));
        assert_eq!(value("trim(s) + \"get or else(1)\""), json!("tget or else(1)"));
        assert_eq!(value("is empty([]) and is blank(\" \")"), json!(true));
        assert_eq!(value("fromAi(value: x.a, description: \"a, b\")"), json!(1));
        assert_eq!(value("last day of month(date(\"2024-02-05\"))"), json!("2024-02-29"));
        assert_eq!(value("\"two\nlines\""), json!("two\nlines"));
    }
}
