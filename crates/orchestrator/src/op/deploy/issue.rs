//! A finding about a deployed file.

use bpmn::Severity;
use serde::Serialize;

/// One finding, as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileIssue {
    /// `error` (refused) or `warning`.
    pub severity: Severity,
    /// File.
    pub file: String,
    /// Element id, where there is one.
    pub element: Option<String>,
    /// Line, from 1; absent where the finding is about the whole file.
    pub line: Option<u32>,
    /// Short name of the rule.
    pub rule: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

impl FileIssue {
    /// An error about a whole file.
    pub(crate) fn error(file: &str, rule: &str, message: String, remedy: &str) -> Self {
        Self {
            severity: Severity::Error,
            file: file.to_owned(),
            element: None,
            line: None,
            rule: rule.to_owned(),
            message,
            remedy: remedy.to_owned(),
        }
    }

    /// A warning about an element.
    pub(crate) fn warning(file: &str, element: &str, line: u32, rule: &str, message: String, remedy: &str) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(file, rule, message, remedy)
        }
        .at(element, line)
    }

    /// The same at an element.
    pub(crate) fn at(self, element: &str, line: u32) -> Self {
        Self {
            element: Some(element.to_owned()),
            line: Some(line).filter(|l| *l > 0),
            ..self
        }
    }

    pub(crate) fn from_bpmn(file: &str, issue: bpmn::Issue) -> Self {
        Self {
            severity: issue.severity,
            file: file.to_owned(),
            element: issue.element,
            line: Some(issue.line),
            rule: issue.rule.to_owned(),
            message: issue.message,
            remedy: issue.remedy,
        }
    }

    pub(crate) fn from_dmn(file: &str, issue: dmn::ModelIssue) -> Self {
        Self {
            severity: Severity::Error,
            file: file.to_owned(),
            element: issue.element,
            line: Some(issue.line),
            rule: issue.rule.to_owned(),
            message: issue.message,
            remedy: issue.remedy,
        }
    }

    /// Whether it refuses the deployment.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl std::fmt::Display for FileIssue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(element) = &self.element {
            write!(f, " (element {element})")?;
        }
        write!(f, ": {} [{}]; {}", self.message, self.rule, self.remedy)
    }
}
