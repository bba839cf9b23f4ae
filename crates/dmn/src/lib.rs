//! FEEL and DMN behind a small trait of our own, on the `dsntk` crates.

mod error;

pub use error::EvalError;
use serde_json::{Map, Value};

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
