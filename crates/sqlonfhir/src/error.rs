//! What is wrong with a view, or with a resource under it.

/// A ViewDefinition that cannot be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct ViewError {
    /// Where in the definition, e.g. `ViewDefinition.select[0].column[1].path`.
    pub place: String,
    /// The rule that is broken and what to do.
    pub message: String,
}

impl ViewError {
    pub(crate) fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            message: message.into(),
        }
    }
}

/// A resource whose rows cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{resource}, {place}: {message}")]
pub struct RowError {
    /// The resource, `Type/id`.
    pub resource: String,
    /// The column or path of the view.
    pub place: String,
    /// What went wrong and what to do.
    pub message: String,
}
