//! What happened, for history. The names are kept for ever: XES and OCEL exports read them.

use crate::JobKind;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One thing that happened inside a step. `token` ties the events of one visit together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields say it; units: none")]
pub enum Event {
    Started {
        definition: String,
    },
    /// `process`: 0 is the instance's own, `k` the `k`-th of those it called (see `Called`). `round`: one round of the
    /// element's loop; the loop itself is entered before its rounds.
    Entered {
        element: String,
        token: String,
        #[serde(default, skip_serializing_if = "is_zero")]
        process: u32,
        #[serde(default, skip_serializing_if = "is_false")]
        round: bool,
    },
    /// A call activity began: which process, in which version.
    Called {
        element: String,
        token: String,
        definition: String,
    },
    Left {
        element: String,
        token: String,
    },
    Cancelled {
        element: String,
        token: String,
    },
    FlowTaken {
        flow: String,
    },
    /// `scope`: the id of the scope, or of the token whose local variable it is.
    VariableSet {
        scope: String,
        name: String,
        value: Value,
    },
    Decided {
        element: String,
        decision: String,
        trace: Value,
    },
    /// `assignee` and `roles`: whose it is from the beginning, by the model.
    TaskCreated {
        element: String,
        task: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        assignee: Option<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        roles: Vec<String>,
    },
    TaskAssigned {
        task: String,
        assignee: Option<String>,
        reason: Option<String>,
    },
    TaskDelegated {
        task: String,
        to: String,
        reason: Option<String>,
    },
    TaskResolved {
        task: String,
        to: String,
        reason: Option<String>,
    },
    TaskChanged {
        task: String,
        due: Option<Timestamp>,
        follow_up: Option<Timestamp>,
        priority: u8,
    },
    TaskCommented {
        task: String,
        text: String,
    },
    TaskAttached {
        task: String,
        reference: String,
        title: String,
    },
    TaskCompleted {
        element: String,
        task: String,
    },
    TaskCancelled {
        element: String,
        task: String,
    },
    JobCreated {
        element: String,
        job: String,
        job_type: String,
        #[serde(default, skip_serializing_if = "is_work")]
        kind: JobKind,
    },
    JobCompleted {
        element: String,
        job: String,
    },
    JobRetriesSet {
        job: String,
        retries: u32,
    },
    JobFailed {
        element: String,
        job: String,
        message: String,
        retries: u32,
    },
    TimerFired {
        element: String,
        timer: String,
    },
    MessageReceived {
        element: String,
        name: String,
    },
    SignalReceived {
        element: String,
        name: String,
    },
    MessageSent {
        element: String,
        name: String,
    },
    SignalSent {
        element: String,
        name: String,
    },
    ErrorThrown {
        element: String,
        code: String,
        message: String,
    },
    ErrorCaught {
        element: String,
        code: String,
    },
    EscalationThrown {
        element: String,
        code: String,
    },
    Compensated {
        element: String,
    },
    IncidentOpened {
        element: String,
        incident: String,
        kind: String,
        message: String,
    },
    IncidentResolved {
        incident: String,
    },
    Modified {
        reason: String,
    },
    Migrated {
        from: String,
        to: String,
    },
    Suspended {
        reason: String,
    },
    Resumed,
    Held {
        id: String,
    },
    HeldDropped {
        id: String,
        why: String,
    },
    /// Why someone gave the command whose events follow, where the command itself does not say; and the batch it was
    /// part of.
    Operated {
        reason: String,
        batch: Option<String>,
    },
    Completed,
    Terminated {
        reason: String,
    },
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_work(value: &JobKind) -> bool {
    *value == JobKind::Work
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(value: &u32) -> bool {
    *value == 0
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}
