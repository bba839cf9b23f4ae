//! Roles that policies know, as `policies/roles.json` lists them.

use crate::PolicyError;
use serde::Deserialize;

/// A role.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Role {
    /// Its name in policies and accounts.
    pub role: String,
    /// Its name for people, Italian.
    pub it: String,
}

/// The table.
#[derive(Debug)]
pub struct Roles(Vec<Role>);

#[derive(Deserialize)]
struct File {
    roles: Vec<Role>,
}

impl Roles {
    pub(crate) fn parse(text: &str) -> Result<Self, PolicyError> {
        let file: File = serde_json::from_str(text).map_err(|error| PolicyError::file("roles.json", &error))?;
        Ok(Self(file.roles))
    }

    /// Every role.
    pub fn list(&self) -> &[Role] {
        &self.0
    }

    /// Whether policies know a role.
    pub fn knows(&self, role: &str) -> bool {
        self.0.iter().any(|known| known.role == role)
    }
}
