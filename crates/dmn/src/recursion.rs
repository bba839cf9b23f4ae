//! A bound for functions that call themselves and for loops over a range that never ends.
//!
//! FEEL functions may be recursive, `for` may run over any range, and the library has no bound: an
//! endless recursion would end the process, a long loop hold a thread for hours. Every function body and every body of
//! a loop is therefore preceded by a question (`if sinfonia_too_deep() then null else …`) that is answered from the
//! stack in use and the rounds so far; one too many unwinds the whole evaluation, whose caller gets an error.

use dsntk_feel::closure::Closure;
use dsntk_feel::context::FeelContext;
use dsntk_feel::values::Value;
use dsntk_feel::{Evaluator, FeelType, FunctionBody};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The name of the question.
pub(crate) const TOO_DEEP: &str = "sinfonia_too_deep";

/// What stands before the body of a function or a loop.
pub(crate) const QUESTION: &str = "if sinfonia_too_deep() then null else ";

/// Most stack that function calls may use, in bytes; the threads that evaluate have 2 MiB.
const MAX_STACK_BYTES: usize = 512 << 10;

/// Most rounds (calls of functions defined in expressions, bodies of loops) in one evaluation. The library copies the
/// results so far at every round of a `for`, so the work grows with the square of this: ten thousand take about a second.
pub(crate) const MAX_ROUNDS: usize = 10_000;

/// What an evaluation that was stopped unwinds with.
pub(crate) struct Stopped;

/// The answers to the question during one evaluation.
pub(crate) struct Guard {
    base: usize,
    rounds: Arc<AtomicUsize>,
}

impl Guard {
    /// A guard that counts from here.
    pub(crate) fn new() -> Self {
        Self {
            base: stack_pointer(),
            rounds: Arc::default(),
        }
    }

    /// The function behind the question.
    pub(crate) fn question(&self) -> Value {
        let (base, rounds) = (self.base, self.rounds.clone());
        let body: Evaluator = Box::new(move |_| {
            let used = base.abs_diff(stack_pointer());
            if used > MAX_STACK_BYTES || rounds.fetch_add(1, Ordering::Relaxed) >= MAX_ROUNDS {
                // No panic: nothing is wrong with the program, and nothing is to be printed.
                std::panic::resume_unwind(Box::new(Stopped));
            }
            Value::Boolean(false)
        });
        let body = FunctionBody::LiteralExpression(Arc::new(body));
        Value::FunctionDefinition(
            vec![],
            body,
            false,
            Closure::default(),
            FeelContext::default(),
            FeelType::Any,
        )
    }
}

/// An address on the stack in use: its distance from an earlier one tells how much was used since.
#[inline(never)]
fn stack_pointer() -> usize {
    let here = 0_u8;
    std::ptr::from_ref(std::hint::black_box(&here)) as usize
}

/// The text with the question at the head of every body of a function or loop that it holds.
pub(crate) fn guarded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = ' ';
    let mut in_string = false;
    while let Some(c) = rest.chars().next() {
        let starts_word = !in_string && !before.is_alphanumeric() && before != '_';
        let header = || function_header(rest).or_else(|| loop_header(rest));
        if let Some(header) = starts_word.then(header).flatten() {
            out.push_str(&rest[..header]);
            out.push(' ');
            out.push_str(QUESTION);
            rest = &rest[header..];
            before = ' ';
            continue;
        }
        if c == '"' && before != '\\' {
            in_string = !in_string;
        }
        out.push(c);
        before = c;
        rest = &rest[c.len_utf8()..];
    }
    out
}

/// The length of the word before a loop's body at the start of a text.
fn loop_header(text: &str) -> Option<usize> {
    let after = text.strip_prefix("return")?;
    let next = after.chars().next()?;
    (next.is_whitespace() || matches!(next, '(' | '[' | '{' | '"')).then_some(text.len() - after.len())
}

/// The length of `function(…)` at the start of a text, when a body of FEEL follows it.
fn function_header(text: &str) -> Option<usize> {
    let after = text.strip_prefix("function")?;
    let open = text.len() - after.trim_start().len();
    let mut depth = 0_usize;
    for (at, c) in text[open..].char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            let end = open + at + c.len_utf8();
            return (at > 0 && !text[end..].trim_start().starts_with("external")).then_some(end);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_body_is_preceded_by_the_question() {
        let text = r#"{f: function (a, b: number) a + b, s: "function(x) x", functional: function() f(1, 2)}"#;
        let expected = format!(
            r#"{{f: function (a, b: number) {QUESTION} a + b, s: "function(x) x", functional: function() {QUESTION} f(1, 2)}}"#
        );
        assert_eq!(guarded(text), expected);
        let text = r#"for i in 1..3 return (i), "return 1", returned"#;
        let expected = format!(r#"for i in 1..3 return {QUESTION} (i), "return 1", returned"#);
        assert_eq!(guarded(text), expected);
        for text in [
            "function",
            "function(",
            "x instance of function<number>->number",
            "function() external {}",
        ] {
            assert_eq!(guarded(text), text);
        }
    }
}
