//! Who acts.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A person or system that asks for something. Put into the request's extensions by the wrapper; handlers take it
/// as an axum extractor argument.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// FHIR reference: `Practitioner/…`, `Patient/…`; `system` for the program itself.
    pub subject: String,
    /// Name shown.
    pub name: String,
    /// Roles: `mmg`, `diabetologo`, `infermiere`, `case-manager`, `assistito`, `admin`, `system`.
    pub roles: Vec<String>,
    /// Organization id it acts for.
    pub organization: Option<String>,
    /// Whom it acts for: the patient reference of a minor child, of a ward, of who gave a delegation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acts_for: Option<String>,
    /// How sure it is who this is, as SPID and CIE count: 1 password, 2 second factor, 3 certificate or card; 0 unknown.
    #[serde(default)]
    pub assurance: u8,
    /// The application or machine that acts, or acts for the person; `None` for our own pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<Arc<ClientGrant>>,
}

/// What an OAuth client was granted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientGrant {
    /// `client_id`.
    pub client: String,
    /// Scopes as granted: SMART v2 (`patient/Observation.rs`), `openid`, …
    pub scopes: Vec<String>,
    /// Id of the patient in context (SMART launch); what the client may reach ends there for `patient/` scopes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patient: Option<String>,
    /// Purpose: `purposeId` of a PDND voucher, or a purpose-of-use code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
}

impl Actor {
    /// The program itself (workers, demo, timers).
    pub fn system() -> Self {
        Self {
            subject: "system".into(),
            name: "Sinfonia".into(),
            roles: vec!["system".into()],
            ..Self::default()
        }
    }

    /// Whether it has a role.
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|r| r == role)
    }

    /// Whose data a citizen sees: the id of the patient they act for, or their own; `None` for staff.
    pub fn patient(&self) -> Option<&str> {
        let own = self.subject.strip_prefix("Patient/")?;
        let other = self
            .acts_for
            .as_deref()
            .and_then(|other| other.strip_prefix("Patient/"));
        Some(other.unwrap_or(own))
    }
}
