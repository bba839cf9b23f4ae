//! What lint and parsing say.

/// How bad an issue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The model is refused.
    Error,
    /// The model runs; someone should look.
    Warning,
}

/// One finding about a model.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Issue {
    /// How bad.
    pub severity: Severity,
    /// Short name of the rule, e.g. `sequence-flow-target-missing`.
    pub rule: &'static str,
    /// BPMN element id, where there is one.
    pub element: Option<String>,
    /// Line in the XML, from 1.
    pub line: u32,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}
