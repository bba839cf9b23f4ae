//! The state of one instance.

use serde::{Deserialize, Serialize};

/// A new, empty instance or one in flight. Serialises to JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Instance id.
    pub id: String,
    /// Definition key `process-id:version`.
    pub definition: String,
    /// Business key.
    pub business_key: Option<String>,
}

/// Where an instance stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum InstanceState {
    /// Not started.
    New,
    /// Running or waiting.
    Active,
    /// Ended well.
    Completed,
    /// Ended by cancel or unhandled error.
    Terminated,
}
