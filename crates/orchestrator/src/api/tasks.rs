//! What people do with a task besides claiming and completing it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A comment (`Task.note`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskComment {
    /// Who.
    pub author: String,
    /// When.
    pub at: Timestamp,
    /// What.
    pub text: String,
}

/// A document beside a task (`Task.input`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskDocument {
    /// `DocumentReference/…`.
    pub reference: String,
    /// Title.
    pub title: String,
}

/// `POST /orchestrator/tasks/{id}/delegate`: someone else does it for the holder.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct DelegateTask {
    /// Who does it.
    pub assignee: String,
    /// Why, and what is asked.
    pub reason: String,
}

/// `POST /orchestrator/tasks/{id}/resolve`: a delegated task goes back.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ResolveTask {
    /// What was found.
    pub reason: Option<String>,
}

/// `POST /orchestrator/tasks/{id}/change`: what is absent stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ChangeTask {
    /// Due moment.
    pub due: Option<Timestamp>,
    /// Not to be shown before.
    pub follow_up: Option<Timestamp>,
    /// 0..100.
    pub priority: Option<u8>,
}

/// `POST /orchestrator/tasks/{id}/comments`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct CommentTask {
    /// What.
    pub text: String,
}

/// `POST /orchestrator/tasks/{id}/attachments`: becomes a DocumentReference of the patient.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct AttachToTask {
    /// Title.
    pub title: String,
    /// MIME type.
    pub content_type: String,
    /// The bytes in base64.
    pub data: String,
}
