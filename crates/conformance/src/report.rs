//! What a suite found, case by case.

/// The outcome of one suite: how many cases passed, and which did not and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    passed: usize,
    failures: Vec<(String, String)>,
    skips: Vec<(String, String)>,
    notes: Vec<(String, String)>,
}

impl Report {
    /// A report of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One more case passed.
    pub fn pass(&mut self) {
        self.passed += 1;
    }

    /// A case failed: `case` is its name inside the suite, `message` what was expected and what came.
    pub fn fail(&mut self, case: impl Into<String>, message: impl Into<String>) {
        self.failures.push((case.into(), message.into()));
    }

    /// A case was not run, and why.
    pub fn skip(&mut self, case: impl Into<String>, reason: impl Into<String>) {
        self.skips.push((case.into(), reason.into()));
    }

    /// Something worth knowing about a case that passed.
    pub fn note(&mut self, case: impl Into<String>, message: impl Into<String>) {
        self.notes.push((case.into(), message.into()));
    }

    /// Passes when `outcome` is `Ok`, fails with its message otherwise.
    pub fn record(&mut self, case: impl Into<String>, outcome: Result<(), impl std::fmt::Display>) {
        match outcome {
            Ok(()) => self.pass(),
            Err(message) => self.fail(case, message.to_string()),
        }
    }

    /// Adds another report's cases to this one.
    pub fn merge(&mut self, other: Report) {
        self.passed += other.passed;
        self.failures.extend(other.failures);
        self.skips.extend(other.skips);
        self.notes.extend(other.notes);
    }

    /// Cases that passed.
    #[must_use]
    pub fn passed(&self) -> usize {
        self.passed
    }

    /// Cases that failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.failures.len()
    }

    /// Cases that were not run.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.skips.len()
    }

    /// Every failed case with its message, in the order of the suite.
    #[must_use]
    pub fn failures(&self) -> &[(String, String)] {
        &self.failures
    }

    /// Every skipped case with its reason, in the order of the suite.
    #[must_use]
    pub fn skips(&self) -> &[(String, String)] {
        &self.skips
    }

    /// The closing line: `N passed, M failed, K skipped`.
    #[must_use]
    pub fn summary(&self) -> String {
        format!(
            "{} passed, {} failed, {} skipped",
            self.passed,
            self.failed(),
            self.skipped()
        )
    }

    /// Every failure as `FAIL <case>: <message>`, every skip as `SKIP …` and every note as `NOTE …`, one a line.
    #[must_use]
    pub fn details(&self) -> String {
        let failures = self
            .failures
            .iter()
            .map(|(case, message)| format!("FAIL {case}: {}\n", one_line(message)));
        let skips = self
            .skips
            .iter()
            .map(|(case, reason)| format!("SKIP {case}: {}\n", one_line(reason)));
        let notes = self
            .notes
            .iter()
            .map(|(case, message)| format!("NOTE {case}: {}\n", one_line(message)));
        notes.chain(failures).chain(skips).collect()
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_prints_what_was_recorded() {
        let mut report = Report::new();
        report.pass();
        report.record("b", Err::<(), _>("expected 1,\n  got 2"));
        let mut other = Report::new();
        other.skip("c", "no oracle");
        other.record("d", Ok::<(), String>(()));
        report.merge(other);
        assert_eq!(report.summary(), "2 passed, 1 failed, 1 skipped");
        assert_eq!(report.details(), "FAIL b: expected 1, got 2\nSKIP c: no oracle\n");
    }
}
