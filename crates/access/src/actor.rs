//! Who acts.

use serde::{Deserialize, Serialize};

/// A person or system that asks for something. Put into the request's extensions by the wrapper; handlers take it
/// as an axum extractor argument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// FHIR reference: `Practitioner/…`, `Patient/…`; `system` for the program itself.
    pub subject: String,
    /// Name shown.
    pub name: String,
    /// Roles: `mmg`, `diabetologo`, `infermiere`, `case-manager`, `assistito`, `admin`, `system`.
    pub roles: Vec<String>,
    /// Organization id it acts for.
    pub organization: Option<String>,
}

impl Actor {
    /// The program itself (workers, demo, timers).
    pub fn system() -> Self {
        Self {
            subject: "system".into(),
            name: "Sinfonia".into(),
            roles: vec!["system".into()],
            organization: None,
        }
    }

    /// Whether it has a role.
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|r| r == role)
    }

    /// The patient id, if the actor is a patient.
    pub fn patient(&self) -> Option<&str> {
        self.subject.strip_prefix("Patient/")
    }
}
