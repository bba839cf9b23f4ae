//! FEEL and DMN behind a small trait of our own, on the `dsntk` crates.
//!
//! [`Feel`] evaluates FEEL expressions over JSON variables and the decisions of deployed DMN models. It is pure: the
//! moment that `now()` and `today()` give is a parameter, and expressions that would leave the process (external Java
//! or PMML functions) are refused.

mod cache;
mod calendar;
mod error;
mod extras;
mod feel;
mod model;
mod moment;
mod prepare;
mod recursion;
mod syntax;
mod typed;
mod value;
mod words;

pub use calendar::Calendars;
pub use error::EvalError;
pub use feel::Feel;
pub use model::{DecisionInfo, InputInfo, ModelIssue, RuleInfo, TableInfo, tables};
pub use prepare::{MAX_DEPTH, MAX_EXPRESSION_CHARS};
use serde_json::{Map, Value};
pub use typed::Typed;

/// Variables by name.
pub type Variables = Map<String, Value>;

/// Evaluates FEEL expressions. Pure: `now()`/`today()` inside an expression come from `now`.
pub trait Evaluator: Send + Sync {
    /// The value of a FEEL expression (without a leading `=`) in a context.
    fn evaluate(&self, expression: &str, context: &Variables, now: jiff::Timestamp) -> Result<Value, EvalError>;

    /// A decision of a deployed DMN model: result and trace.
    fn decide(&self, decision: &str, context: &Variables, now: jiff::Timestamp) -> Result<Decided, EvalError>;
}

/// A decision's outcome.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Decided {
    /// The decision's value.
    pub value: Value,
    /// Which rules matched and what each decision gave, for people to read: `[{decision, inputs, rules: [..], output}]`.
    pub trace: Value,
}
