//! Expressions of other engines (JUEL `${…}`, and the expressions of JavaScript, Groovy and Python), where they mean the
//! same in FEEL. What runs code that is not here is refused with a reason.

mod lex;
mod method;
mod parse;
mod script;

pub use script::{Statements, statements};

/// Which language an expression is written in: they differ in few places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Camunda 7, Flowable, Activiti, Operaton.
    Juel,
    /// JavaScript and Groovy.
    Script,
    /// SpiffWorkflow.
    Python,
}

/// What is inside `${…}` or `#{…}` when that is the whole text.
pub fn body(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("${").or_else(|| text.strip_prefix("#{"))?;
    let end = closing(inner)?;
    (end + 1 == inner.len()).then(|| &inner[..end])
}

/// Whether a text holds `${…}` or `#{…}` somewhere.
pub fn is_composite(text: &str) -> bool {
    ["${", "#{"]
        .iter()
        .any(|open| text.split_once(open).is_some_and(|(_, rest)| closing(rest).is_some()))
}

/// The byte where the brace closes that was open before the text; braces and quotes inside are passed over.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0_usize, None);
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), _) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '{') => depth += 1,
            (None, '}') if depth == 0 => return Some(at),
            (None, '}') => depth -= 1,
            _ => {}
        }
    }
    None
}

/// One expression in FEEL.
///
/// # Errors
/// A reason, for people: what has no counterpart, and what to write instead.
pub fn to_feel(text: &str, language: Language) -> Result<String, String> {
    parse::expression(text, language)
}

/// A text with `${…}` in it, as one FEEL expression that joins its parts.
///
/// # Errors
/// As [`to_feel`], of the first part that cannot be mapped.
pub fn composite(text: &str) -> Result<String, String> {
    parts(text, &["${", "#{"], Language::Juel)
}

/// Joins literal parts and those between one of `opens` and its brace.
fn parts(text: &str, opens: &[&str], language: Language) -> Result<String, String> {
    let mut out: Vec<String> = Vec::new();
    let mut rest = text;
    loop {
        let next = opens
            .iter()
            .filter_map(|open| rest.find(open).map(|at| (at, open.len())))
            .min();
        let found = next.and_then(|(at, length)| closing(&rest[at + length..]).map(|end| (at, length, end)));
        let Some((at, length, end)) = found else { break };
        if at > 0 {
            out.push(quoted(&rest[..at]));
        }
        let inner = to_feel(&rest[at + length..at + length + end], language)?;
        out.push(format!("(if ({inner}) = null then \"\" else string({inner}))"));
        rest = &rest[at + length + end + 1..];
    }
    if !rest.is_empty() || out.is_empty() {
        out.push(quoted(rest));
    }
    Ok(out.join(" + "))
}

/// Whether a text without any mark is plainly not FEEL: it holds operators or calls that only the others have.
pub fn looks_foreign(text: &str) -> bool {
    lex::looks_foreign(text)
}

/// A FEEL string literal.
pub fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!(
        "\"{}\"",
        escaped.replace('\n', "\\n").replace('\r', "").replace('\t', "\\t")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn juel(text: &str) -> String {
        to_feel(text, Language::Juel).unwrap()
    }

    #[test]
    fn maps_operators() {
        assert_eq!(juel("a == 'x' && !b"), "a = \"x\" and not(b)");
        assert_eq!(
            juel("amount >= 1.5 || p.name ne \"q\""),
            "amount >= 1.5 or p.name != \"q\""
        );
        assert_eq!(juel("!(a && b)"), "not((a and b))");
        assert_eq!(juel("empty list"), "(list = null or list = \"\" or list = [])");
        assert_eq!(juel("not empty x and y"), "not((x = null or x = \"\" or x = [])) and y");
        assert_eq!(juel("a % 2 == 0"), "modulo(a, 2) = 0");
        assert_eq!(juel("a ? b : c"), "(if a then b else c)");
        assert_eq!(juel("'a' + n + 'b'"), "\"a\" + string(n) + \"b\"");
    }

    #[test]
    fn maps_access_and_known_methods() {
        assert_eq!(juel("execution.getVariable('x') > 3"), "x > 3");
        assert_eq!(juel("execution.processBusinessKey"), "execution.processBusinessKey");
        assert_eq!(juel("items[0].price * 2"), "items[1].price * 2");
        assert_eq!(juel("map['a b']"), "get value(map, \"a b\")");
        assert_eq!(juel("list.size() > 1"), "count(list) > 1");
        assert_eq!(juel("s.equals('a')"), "s = \"a\"");
        assert_eq!(juel("order.getId()"), "order.id");
        assert_eq!(juel("json.prop(\"a\").numberValue()"), "json.a");
        assert_eq!(juel("loopCounter == 0"), "(loopCounter - 1) = 0");
        assert_eq!(juel("dateTime().plusDays(3).toDate()"), "now() + duration(\"P3D\")");
        assert_eq!(juel("var:eq(a, 1)"), "a = 1");
    }

    #[test]
    fn texts_are_joined() {
        let joined = composite("Order ${id} of #{name}").unwrap();
        assert!(joined.starts_with("\"Order \" + (if (id) = null"), "{joined}");
        assert_eq!(body("${a} and ${b}"), None);
        assert_eq!(body("${ {'a': 1} }"), Some(" {'a': 1} "));
        assert!(is_composite("x ${a}") && !is_composite("${a"));
    }

    #[test]
    fn python_and_script_expressions() {
        let python = |text: &str| to_feel(text, Language::Python).unwrap();
        assert_eq!(python("not a == None and b > 0"), "not(a = null) and b > 0");
        assert_eq!(python("'a' if ok else 'b'"), "(if ok then \"a\" else \"b\")");
        assert_eq!(python("x in ['a', 'b']"), "list contains([\"a\", \"b\"], x)");
        assert_eq!(python("{'a': 1, 'b': [True]}"), "{\"a\": 1, \"b\": [true]}");
        assert_eq!(python("f'{a}-{b}'").matches("string").count(), 2);
        assert_eq!(
            to_feel("a === 1 ? `n ${a}` : null", Language::Script)
                .unwrap()
                .matches("if")
                .count(),
            2
        );
    }

    #[test]
    fn refuses_what_runs_code() {
        let refused = |text: &str| to_feel(text, Language::Juel).unwrap_err();
        assert!(refused("bean.check(x)").contains("check"));
        assert!(refused("(a").contains("not closed"));
        assert!(refused("'a").contains("not closed"));
        assert!(refused("a b").contains("'b'"));
        assert!(refused("task.setName('x')").contains("setName"));
        let deep = "(".repeat(500);
        assert!(refused(&deep).contains("deep"));
    }

    #[test]
    fn unmarked_texts_are_feel_unless_they_cannot_be() {
        assert!(!looks_foreign("a = \"x == y\" and count(list) > 1"));
        assert!(!looks_foreign("if a then b else c"));
        assert!(looks_foreign("a == 1") && looks_foreign("!a") && looks_foreign("test.contains(\"a\")"));
        assert!(looks_foreign("x = 'a'") && looks_foreign("a && b"));
    }
}
