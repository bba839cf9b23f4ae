//! Evaluation errors.

/// Why an expression or decision has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// The text is not FEEL.
    #[error("the expression '{expression}' is not valid FEEL: {message}")]
    Syntax {
        /// The text.
        expression: String,
        /// Parser message.
        message: String,
    },
    /// Evaluation failed.
    #[error("'{expression}' cannot be evaluated: {message}")]
    Failed {
        /// The text.
        expression: String,
        /// Reason.
        message: String,
    },
    /// No such decision is deployed.
    #[error("no deployed decision has the id or name '{0}'")]
    UnknownDecision(String),
}
