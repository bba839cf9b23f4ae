//! From the text of an expression to something that runs.

use crate::recursion::guarded;
use crate::syntax::check;
use crate::words::{LONG_FUNCTIONS, words};
use crate::{EvalError, extras};
use dsntk_feel::context::FeelContext;
use dsntk_feel::{Evaluator, FeelScope, Name};
use dsntk_feel_parser::AstNode;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Longest expression, in characters.
pub const MAX_EXPRESSION_CHARS: usize = 10_000;

/// Deepest nesting of an expression; an operator of a chain (`a + b + c`) is a level.
pub const MAX_DEPTH: usize = 200;

/// Most opening brackets, commas apart, that may be open at once.
const MAX_OPEN_BRACKETS: usize = 100;

/// An expression ready to run.
pub(crate) struct Prepared {
    evaluator: Evaluator,
    /// Whether the text speaks of `now` or `today`, so that the moment must be bound.
    pub(crate) needs_moment: bool,
    /// Whether it speaks of working days, so that the calendars must be bound.
    pub(crate) needs_calendars: bool,
    /// Whether the text holds functions or loops, which must be bound.
    pub(crate) needs_guard: bool,
}

impl Prepared {
    /// The value in a scope.
    pub(crate) fn run(&self, scope: &FeelScope) -> dsntk_feel::values::Value {
        (self.evaluator)(scope)
    }
}

/// Parses, checks and prepares an expression; `long_names` are the variables' names that hold more than one word.
pub(crate) fn prepare(expression: &str, long_names: &[String]) -> Result<Prepared, EvalError> {
    let node = parse(expression, long_names).map_err(|message| syntax_error(expression, message))?;
    let needs_guard = ["function", "return"].iter().any(|word| expression.contains(word));
    let needs_moment = words(expression).iter().any(|word| matches!(*word, "now" | "today"));
    Ok(Prepared {
        evaluator: dsntk_feel_evaluator::prepare(&node),
        needs_moment,
        needs_calendars: expression.contains("business "),
        needs_guard,
    })
}

/// Whether the text is an expression that may run.
pub(crate) fn validate(expression: &str) -> Result<(), EvalError> {
    parse(expression, &[])
        .map(|_| ())
        .map_err(|message| syntax_error(expression, message))
}

fn syntax_error(expression: &str, message: String) -> EvalError {
    EvalError::Syntax {
        expression: shortened(expression),
        message,
    }
}

/// An expression as a message shows it.
pub(crate) fn shortened(expression: &str) -> String {
    const SHOWN: usize = 200;
    match expression.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &expression[..end]),
        None => expression.to_owned(),
    }
}

fn parse(expression: &str, long_names: &[String]) -> Result<AstNode, String> {
    check_size(expression)?;
    let expression = extras::rewrite(expression);
    let guarded = guarded(&expression);
    let expression = guarded.as_str();
    let with_words = names(
        words(expression)
            .into_iter()
            .chain(long_names.iter().map(String::as_str)),
    );
    let node = read(&with_words, expression).or_else(|first| {
        // Names of several words that the expression itself declares (parameters, loop variables) need the plain rule.
        let plain = names(long_names.iter().map(String::as_str));
        read(&plain, expression).map_err(|_| explained(&first))
    })?;
    check(&node)?;
    Ok(node)
}

/// The library's parser; where it panics (a `for` without a name, say), the expression is wrong.
fn read(scope: &FeelScope, expression: &str) -> Result<AstNode, String> {
    let parsed = catch_unwind(AssertUnwindSafe(|| {
        dsntk_feel_parser::parse_expression(scope, expression, false).map_err(|error| error.to_string())
    }));
    parsed.unwrap_or_else(|_| Err("this is not FEEL".into()))
}

fn check_size(expression: &str) -> Result<(), String> {
    if expression.trim().is_empty() {
        return Err("it is empty: write an expression, for example 'hba1c > 7'".into());
    }
    let length = expression.chars().count();
    if length > MAX_EXPRESSION_CHARS {
        return Err(format!(
            "it has {length} characters, {MAX_EXPRESSION_CHARS} are allowed: split it"
        ));
    }
    let mut open = 0_usize;
    for c in expression.chars() {
        match c {
            '(' | '[' | '{' => open += 1,
            ')' | ']' | '}' => open = open.saturating_sub(1),
            _ => {}
        }
        if open > MAX_OPEN_BRACKETS {
            return Err(format!(
                "more than {MAX_OPEN_BRACKETS} brackets are open at once: split it"
            ));
        }
    }
    Ok(())
}

/// The parser's message without the names of its own types.
fn explained(message: &str) -> String {
    let text = message.split_once("> ").map_or(message, |(_, text)| text);
    format!("{text}: check brackets, quotes and operators")
}

fn names<'a>(known: impl Iterator<Item = &'a str>) -> FeelScope {
    let mut context = FeelContext::default();
    for name in LONG_FUNCTIONS.iter().copied().chain(known) {
        context.set_null(Name::from(name));
    }
    context.into()
}

#[cfg(test)]
mod tests {
    use super::validate;

    /// Found by fuzzing: the library's lexer reads before the beginning of a `for` that names nothing.
    #[test]
    fn what_the_library_stumbles_over_is_refused_like_any_other_mistake() {
        for text in [
            "for in #\"a\" return 1",
            "for in#\"a\u{1}\u{0}\" elsnue e for in \"a\" elsnuell",
        ] {
            assert!(validate(text).is_err(), "{text:?}");
        }
    }

    /// Found by fuzzing: where a subtraction fails, the library works out both sides again.
    #[test]
    fn a_chain_of_subtractions_that_would_never_end_is_refused() {
        let chain = |n: usize| vec!["a"; n].join(" - ");
        assert!(validate(&chain(13)).is_ok());
        let refused = validate(&chain(40)).unwrap_err().to_string();
        assert!(refused.contains("12 subtractions"), "{refused}");
    }
}
