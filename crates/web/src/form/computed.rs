//! What a form computes: FEEL over what the process knows and what was answered so far.
//!
//! FHIR says where: `answerExpression` (options), `calculatedExpression` (a value), `enableWhenExpression`, and
//! `cqf-expression` on a text, each with the language `text/feel`; tables have an extension of our own. Sources: SDC
//! <https://hl7.org/fhir/uv/sdc/expressions.html>, form-js <https://github.com/bpmn-io/form-js>.

use dmn::{Evaluator as _, Feel};
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::sync::LazyLock;

/// Language of expressions that a form computes with.
pub(super) const FEEL: &str = "text/feel";
/// Longest computed text, characters.
const MAX_TEXT: usize = 10_000;

/// Prepared expressions are kept and shared, their number is bounded.
static EVALUATOR: LazyLock<Feel> = LazyLock::new(Feel::new);

/// The computed parts of an item, and what came of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Computed {
    /// FEEL of the text.
    pub text: Option<String>,
    /// FEEL of the options: a list of texts, or of `{label, value}`.
    pub options: Option<String>,
    /// FEEL of the value, which nobody types then.
    pub value: Option<String>,
    /// FEEL of whether it is asked.
    pub shown: Option<String>,
    /// Rows shown, not asked.
    pub table: Option<Table>,
    /// What the value came to.
    pub result: Option<Value>,
    /// What it holds at first, in a row made of a value of the process.
    pub preset: Option<Value>,
    /// `shown` came to something else than true.
    pub withheld: bool,
    /// Other answers decide on that, so it must be on the page.
    pub depends: bool,
}

/// A table of what the process knows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// FEEL of the rows: a list of contexts.
    pub source: String,
    /// Key and heading of each column.
    pub columns: Vec<(String, String)>,
    /// FEEL of the columns, where they are computed: a list of `{key, label}`.
    pub columns_from: Option<String>,
    /// What `source` came to.
    pub rows: Vec<Value>,
}

impl Computed {
    /// Nothing is to be computed.
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_none()
            && self.options.is_none()
            && self.value.is_none()
            && self.shown.is_none()
            && self.table.is_none()
    }
}

/// The value of an expression; null where it has none, so that a form is shown all the same.
pub(super) fn evaluate(expression: &str, context: &Map<String, Value>, now: Timestamp) -> Value {
    match EVALUATOR.evaluate(expression, context, now) {
        Ok(value) => value,
        Err(error) => {
            tracing::warn!(%error, "what a form computes has no value");
            Value::Null
        }
    }
}

/// A value in words: lists with commas, objects as JSON.
pub(super) fn words(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(words).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    };
    text.chars().take(MAX_TEXT).collect()
}

/// Whether an expression has one of the names in it as a word of its own.
pub(super) fn mentions<'n>(expression: &str, names: impl IntoIterator<Item = &'n str>) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    names.into_iter().any(|name| {
        expression.match_indices(name).any(|(at, found)| {
            let before = expression[..at].chars().next_back();
            let after = expression[at + found.len()..].chars().next();
            !before.is_some_and(part) && !after.is_some_and(part)
        })
    })
}

/// Markdown and HTML as plain words.
pub(super) fn plain(text: &str) -> String {
    let (mut out, mut tag) = (String::with_capacity(text.len()), false);
    for c in text.chars() {
        match c {
            '<' => tag = true,
            '>' if tag => {
                tag = false;
                out.push(' ');
            }
            _ if tag => {}
            '*' | '#' | '`' => {}
            _ => out.push(c),
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_as_words() {
        assert!(mentions("eta >= 18 and sesso = \"f\"", ["eta"]));
        assert!(!mentions("dieta >= 18", ["eta"]));
        assert!(!mentions("\"x\"", ["eta"]));
    }
}
