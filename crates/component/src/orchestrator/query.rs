//! Which tasks and instances are asked for.

use jiff::Timestamp;
use serde::Serialize;

/// Which tasks; all that is given must hold.
#[derive(Debug, Clone, Default, Serialize)]
pub struct TaskQuery {
    /// Held by this person, e.g. `Practitioner/12`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// One of these roles may take it (comma list).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// This person may take it; with `role`, those of the roles as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub candidate: Option<String>,
    /// Patient id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patient: Option<String>,
    /// Instance id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Only those nobody holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unassigned: Option<bool>,
    /// Only overdue ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overdue: Option<bool>,
    /// `open` or `done`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Continue after this mark.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Page size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

impl TaskQuery {
    /// Open tasks of a patient.
    pub fn of_patient(id: &str) -> Self {
        Self {
            patient: Some(id.to_owned()),
            state: Some("open".into()),
            ..Self::default()
        }
    }

    /// Open tasks held by a person.
    pub fn held_by(subject: &str) -> Self {
        Self {
            assignee: Some(subject.to_owned()),
            state: Some("open".into()),
            ..Self::default()
        }
    }

    /// Open tasks a role (or one of a comma list of roles) may take.
    pub fn for_role(role: &str) -> Self {
        Self {
            role: Some(role.to_owned()),
            state: Some("open".into()),
            ..Self::default()
        }
    }
}

/// Which instances; all that is given must hold.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InstanceQuery {
    /// Definition key or process id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
    /// Patient id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patient: Option<String>,
    /// Business key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub business_key: Option<String>,
    /// `active`, `completed`, `terminated`, `incident`, `suspended`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Started at this moment or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_after: Option<Timestamp>,
    /// Started before this moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_before: Option<Timestamp>,
    /// `name=value` of a variable of the process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variable: Option<String>,
    /// A token stands at this element.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub element: Option<String>,
    /// An incident is open whose message holds this text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incident_message: Option<String>,
    /// Continue after this mark.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Page size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}
