//! What can be wrong with a folder of policies.

/// A policy file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {message}")]
pub struct PolicyError {
    /// The file.
    pub file: String,
    /// What is wrong, and where.
    pub message: String,
}

impl PolicyError {
    pub(crate) fn file(file: &str, message: &dyn std::fmt::Display) -> Self {
        Self {
            file: file.to_owned(),
            message: message.to_string(),
        }
    }
}
