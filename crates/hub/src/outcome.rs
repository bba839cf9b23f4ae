//! OperationOutcome: how a FHIR server speaks of problems.

use bytes::Bytes;
use serde_json::{Value, json};

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// `error`, `warning` or `information`.
    pub severity: &'static str,
    /// FHIR issue type.
    pub code: &'static str,
    /// Text for people: what, where, what to do.
    pub diagnostics: String,
    /// FHIRPath of the elements concerned.
    pub expression: Vec<String>,
}

impl Issue {
    /// An error.
    pub fn error(code: &'static str, diagnostics: impl Into<String>) -> Self {
        Self {
            severity: "error",
            code,
            diagnostics: diagnostics.into(),
            expression: Vec::new(),
        }
    }

    /// A warning.
    pub fn warning(code: &'static str, diagnostics: impl Into<String>) -> Self {
        Self {
            severity: "warning",
            ..Self::error(code, diagnostics)
        }
    }

    /// A piece of information.
    pub fn information(diagnostics: impl Into<String>) -> Self {
        Self {
            severity: "information",
            ..Self::error("informational", diagnostics)
        }
    }

    /// With the place it is about.
    #[must_use]
    pub fn at(mut self, expression: impl Into<String>) -> Self {
        self.expression.push(expression.into());
        self
    }

    /// Moved inside an outer element: `Patient.name` becomes `Bundle.entry[2].resource.name`.
    #[must_use]
    pub fn inside(mut self, outer: &str) -> Self {
        if self.expression.is_empty() {
            return self.at(outer);
        }
        for expression in &mut self.expression {
            let rest = expression.split_once('.').map_or("", |(_, rest)| rest);
            *expression = if rest.is_empty() {
                format!("{outer}.resource")
            } else {
                format!("{outer}.resource.{rest}")
            };
        }
        self
    }

    fn json(&self) -> Value {
        let mut issue = json!({"severity": self.severity, "code": self.code, "diagnostics": self.diagnostics});
        if !self.expression.is_empty() {
            issue["expression"] = json!(self.expression);
        }
        issue
    }
}

/// The resource as a value.
pub fn value(issues: &[Issue]) -> Value {
    json!({"resourceType": "OperationOutcome", "issue": issues.iter().map(Issue::json).collect::<Vec<_>>()})
}

/// The resource as bytes.
pub fn bytes(issues: &[Issue]) -> Bytes {
    Bytes::from(value(issues).to_string())
}
