//! What a validation finds.

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Good to know; also what could not be checked, and why.
    Information,
    /// Should be mended; does not make the resource invalid.
    Warning,
    /// The resource is not valid.
    Error,
}

impl Severity {
    /// The code of OperationOutcome.issue.severity.
    pub fn code(self) -> &'static str {
        match self {
            Severity::Information => "information",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// How bad.
    pub severity: Severity,
    /// FHIR issue type (<http://hl7.org/fhir/R4/valueset-issue-type.html>).
    pub code: &'static str,
    /// FHIRPath of the element, from the resource that was given: `Bundle.entry[2].resource.name[0]`.
    pub path: String,
    /// Key of the rule: an invariant's (`pat-1`), `binding`, `min`, `max`, `fixed`, `pattern`, `type`, `slice`, …
    pub rule: String,
    /// What is wrong and what to do.
    pub message: String,
    /// Canonical of the profile that says so; empty for the rules of R4 itself.
    pub profile: String,
}

impl std::fmt::Display for Issue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} [{}", self.path, self.message, self.rule)?;
        if !self.profile.is_empty() {
            write!(f, " of {}", self.profile)?;
        }
        f.write_str("]")
    }
}
