//! Listeners: what happens beside an element when something happens to it.

use crate::{Expression, JobDef, Text, TimerDef};

/// When a hook runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum HookAt {
    /// Before the element does its work, after its input mappings; of a sequence flow: when it is taken; of a process:
    /// when an instance begins.
    Start,
    /// After its work, before its output mappings; of a process: when an instance ends by itself.
    End,
    /// A user task has someone who does it, or another one, or nobody any more.
    Assign,
    /// When a user task is due, or how urgent it is, changed.
    Update,
    /// A user task stays open for so long (see [`Hook::timer`]).
    Timeout,
    /// A user task is no longer wanted.
    Cancel,
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
    /// A worker does something; at start and end the element goes on when the job is completed.
    Job(JobDef),
}

/// One listener.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Hook {
    /// When.
    pub at: HookAt,
    /// What.
    pub action: HookAction,
    /// For [`HookAt::Timeout`]: after how long, or when.
    pub timer: Option<TimerDef>,
}

impl Hook {
    /// A listener without a timer.
    pub(crate) fn new(at: HookAt, action: HookAction) -> Self {
        Self {
            at,
            action,
            timer: None,
        }
    }

    /// The expressions of a hook: the value it sets or its job type, and its timer.
    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        let action = match &self.action {
            HookAction::Set { value, .. } => Some(value),
            HookAction::Job(job) => match &job.job_type {
                Text::Feel(expression) => Some(expression),
                Text::Literal(_) => None,
            },
        };
        action
            .into_iter()
            .chain(self.timer.as_ref().and_then(TimerDef::expression))
    }
}
