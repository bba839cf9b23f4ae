//! Why a search was not understood.

/// What kind of problem it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseErrorKind {
    /// The parameter does not exist (or is empty): ignored under lenient handling.
    Unknown,
    /// It exists, but this server does not support it (or this modifier): always an error.
    Unsupported,
    /// The value cannot be read.
    Value,
    /// A stated limit.
    Limit,
}

/// A problem with one search parameter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{param}: {message}")]
pub struct ParseError {
    /// Kind.
    pub kind: ParseErrorKind,
    /// The parameter as written.
    pub param: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl ParseError {
    pub(crate) fn unknown(param: &str, message: impl Into<String>) -> Self {
        Self::new(ParseErrorKind::Unknown, param, message)
    }

    pub(crate) fn unsupported(param: &str, message: impl Into<String>) -> Self {
        Self::new(ParseErrorKind::Unsupported, param, message)
    }

    pub(crate) fn value(param: &str, value: &str, expected: &str) -> Self {
        let shown: String = value.chars().take(100).collect();
        Self::new(
            ParseErrorKind::Value,
            param,
            format!("cannot read the value '{shown}': expected {expected}"),
        )
    }

    pub(crate) fn limit(param: &str, what: &str, max: usize, found: usize) -> Self {
        Self::new(
            ParseErrorKind::Limit,
            param,
            format!("at most {max} {what} are allowed, {found} were given"),
        )
    }

    fn new(kind: ParseErrorKind, param: &str, message: impl Into<String>) -> Self {
        Self {
            kind,
            param: param.to_owned(),
            message: message.into(),
        }
    }
}
