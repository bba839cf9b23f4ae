//! Listeners: what happens beside an element when it begins or ends.

use crate::{Expression, JobDef, Text};

/// When a hook runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum HookAt {
    /// Before the element does its work, after its input mappings.
    Start,
    /// After its work, before its output mappings.
    End,
}

/// What a hook does.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub enum HookAction {
    /// Sets a variable (or a member, `a.b`) where it is known, else in the process.
    Set {
        /// Variable name.
        target: String,
        /// FEEL.
        value: Expression,
    },
    /// A worker does something; the element goes on when the job is completed.
    Job(JobDef),
}

/// One listener.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Hook {
    /// When.
    pub at: HookAt,
    /// What.
    pub action: HookAction,
}

impl Hook {
    /// The expression of a hook that sets a variable or computes its job type.
    pub fn expression(&self) -> Option<&Expression> {
        match &self.action {
            HookAction::Set { value, .. } => Some(value),
            HookAction::Job(job) => match &job.job_type {
                Text::Feel(expression) => Some(expression),
                Text::Literal(_) => None,
            },
        }
    }
}
