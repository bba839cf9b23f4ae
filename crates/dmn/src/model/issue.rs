//! What is wrong with a model.

/// One reason why a DMN model is refused.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, thiserror::Error)]
#[error("line {line}{}: {message}; {remedy}", element.as_ref().map(|id| format!(", element '{id}'")).unwrap_or_default())]
pub struct ModelIssue {
    /// Short name of the rule, e.g. `external-function`.
    pub rule: &'static str,
    /// The id (or name) of the nearest element that has one.
    pub element: Option<String>,
    /// Line in the XML, from 1.
    pub line: u32,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}
