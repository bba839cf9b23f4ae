//! Scopes in words that a person understands.

use crate::Page;
use access::{Action, ResourceScope, ScopeContext};

/// One line of what an application asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// The scope.
    pub scope: String,
    /// In words.
    pub text: String,
    /// Whether it lets the application change data.
    pub writes: bool,
}

/// Types with a name of their own in the message files (`app-data-…`); others are shown by their FHIR name.
const NAMED: &[&str] = &[
    "AllergyIntolerance",
    "Appointment",
    "CarePlan",
    "Condition",
    "Consent",
    "Coverage",
    "DiagnosticReport",
    "DocumentReference",
    "Encounter",
    "Goal",
    "Immunization",
    "MedicationRequest",
    "MedicationStatement",
    "Observation",
    "Organization",
    "Patient",
    "Practitioner",
    "Procedure",
    "QuestionnaireResponse",
    "ServiceRequest",
    "Task",
];

/// The lines of a list of scopes; what only the protocol needs (`launch`) has none.
pub(super) fn lines(page: &Page, scopes: &[String]) -> Vec<Line> {
    scopes.iter().filter_map(|scope| line(page, scope)).collect()
}

fn line(page: &Page, text: &str) -> Option<Line> {
    let plain = |key: &str| {
        Some(Line {
            scope: text.to_owned(),
            text: page.t(key),
            writes: false,
        })
    };
    match text {
        "openid" | "launch" | "launch/patient" | "launch/encounter" => return None,
        "fhirUser" | "profile" => return plain("app-scope-who"),
        "offline_access" => return plain("app-scope-offline"),
        _ => {}
    }
    let Ok(Some(scope)) = ResourceScope::parse(text) else {
        return plain("app-scope-other");
    };
    let what = match scope.rtype.as_deref() {
        None => page.t("app-data-all"),
        Some(rtype) if NAMED.contains(&rtype) => page.t(&format!("app-data-{rtype}")),
        Some(rtype) => rtype.to_owned(),
    };
    let sample = scope.rtype.as_deref().unwrap_or("Patient");
    let reads = scope.speaks_of(sample, Action::Read) || scope.speaks_of(sample, Action::Search);
    let verb = match (reads, scope.writes()) {
        (true, true) => "app-scope-read-write",
        (false, true) => "app-scope-write",
        _ => "app-scope-read",
    };
    let whose = match scope.context {
        ScopeContext::Patient => "app-scope-of-patient",
        _ => "app-scope-of-user",
    };
    let mut words = format!("{}: {what} ({})", page.t(verb), page.t(whose));
    if let Some(query) = &scope.query {
        words.push_str(&format!(", {} {query}", page.t("app-scope-only")));
    }
    Some(Line {
        scope: text.to_owned(),
        text: words,
        writes: scope.writes(),
    })
}
