//! Why an operation cannot be done.

/// A refusal, in words a caller can act on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what each field is")]
pub enum TermError {
    #[error("the {kind} '{canonical}' is not known here: load it, or correct the address")]
    Unknown { kind: &'static str, canonical: String },
    #[error("the code '{code}' is not in the code system '{system}'")]
    UnknownCode { system: String, code: String },
    #[error("the {kind} cannot be read: {message}")]
    Malformed { kind: &'static str, message: String },
    #[error("{0}")]
    Invalid(String),
    #[error("{0}")]
    NotSupported(String),
    #[error("{0}")]
    TooCostly(String),
}

impl TermError {
    /// FHIR issue type (<http://hl7.org/fhir/R4/valueset-issue-type.html>).
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } | Self::UnknownCode { .. } => "not-found",
            Self::Malformed { .. } => "structure",
            Self::Invalid(_) => "invalid",
            Self::NotSupported(_) => "not-supported",
            Self::TooCostly(_) => "too-costly",
        }
    }

    pub(crate) fn unknown_system(canonical: &str) -> Self {
        Self::Unknown {
            kind: "code system",
            canonical: canonical.to_owned(),
        }
    }

    pub(crate) fn unknown_value_set(canonical: &str) -> Self {
        Self::Unknown {
            kind: "value set",
            canonical: canonical.to_owned(),
        }
    }

    pub(crate) fn malformed(kind: &'static str, error: impl ToString) -> Self {
        Self::Malformed {
            kind,
            message: error.to_string(),
        }
    }
}
