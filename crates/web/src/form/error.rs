//! Why a Questionnaire cannot be shown.

/// A Questionnaire that cannot be shown as a form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// Not a Questionnaire.
    #[error("expected a Questionnaire, found {0}")]
    NotAQuestionnaire(String),
    /// Something is missing or malformed.
    #[error("item '{link}': {message}")]
    Item {
        /// linkId, or its position when it has none.
        link: String,
        /// What is wrong and what is supported.
        message: String,
    },
    /// A limit was reached.
    #[error("the form has more than {limit} {what}")]
    Limit {
        /// Which limit.
        what: &'static str,
        /// Its value.
        limit: usize,
    },
}
