//! What can be asked of an instance.

use crate::Variables;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How an instance begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum StartBy {
    /// At the none start event (or, without one, at the nodes without incoming flow).
    None,
    /// At the start event (or instantiating receive task) with this element id: message, signal, timer or other.
    Element(String),
}

/// A document beside a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// FHIR reference, e.g. `DocumentReference/…`.
    pub reference: String,
    /// Title shown.
    pub title: String,
}

/// What changes about an open task; `None`: stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskChange {
    /// Due moment.
    pub due: Option<Timestamp>,
    /// Not to be shown before.
    pub follow_up: Option<Timestamp>,
    /// 0..100.
    pub priority: Option<u8>,
}

/// One part of a modification.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Instruction {
    /// Takes away what runs at an element, with its inside.
    Cancel {
        /// Token id, or element id for all that runs there.
        at: String,
    },
    /// Starts at an element.
    StartBefore {
        /// Element id.
        element: String,
        /// Scope in which to start, by its id or the token id of its activity; needed when it is open several times.
        #[serde(default)]
        scope: Option<String>,
        /// Variables set in that scope first.
        #[serde(default)]
        variables: Variables,
    },
    /// Goes on as if the element were done.
    StartAfter {
        /// Element id.
        element: String,
        /// As for `StartBefore`.
        #[serde(default)]
        scope: Option<String>,
        /// As for `StartBefore`.
        #[serde(default)]
        variables: Variables,
    },
    /// Sets variables.
    SetVariables {
        /// Scope id, or token id (the inside of its activity, else its local variables); absent: the process.
        #[serde(default)]
        at: Option<String>,
        /// New values.
        variables: Variables,
    },
}

/// A command to one instance. Applying the same command to the same state gives the same result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// Begins; only on [`crate::State::new`].
    Start {
        /// Where.
        by: StartBy,
        /// First variables.
        variables: Variables,
    },
    /// A person completed a user or manual task.
    CompleteTask {
        /// Task id.
        task: String,
        /// Variables, through the task's output mapping if it has one.
        variables: Variables,
    },
    /// A worker completed a job.
    CompleteJob {
        /// Job id.
        job: String,
        /// Result variables.
        variables: Variables,
    },
    /// A worker failed. With retries left the job stays open (the world decides when it may be fetched again); with
    /// none it is taken away and an incident opens.
    FailJob {
        /// Job id.
        job: String,
        /// What happened.
        message: String,
        /// Retries left.
        retries: u32,
    },
    /// A worker or a task's holder raises a BPMN error, caught by code.
    ThrowError {
        /// Job or task id.
        at: String,
        /// Error code.
        code: String,
        /// What happened.
        message: String,
        /// Variables for the catcher.
        variables: Variables,
    },
    /// A timer is due.
    FireTimer {
        /// Timer id.
        timer: String,
    },
    /// A message or signal arrived for a wait.
    Deliver {
        /// Wait id.
        wait: String,
        /// Payload.
        variables: Variables,
    },
    /// Someone took, left or was given a task.
    Assign {
        /// Task id.
        task: String,
        /// New assignee; `None` gives it back to the candidates.
        assignee: Option<String>,
        /// Why.
        reason: Option<String>,
    },
    /// The holder lets someone else do a task; it comes back with `Resolve`.
    Delegate {
        /// Task id.
        task: String,
        /// Who does it.
        to: String,
        /// Why.
        reason: Option<String>,
    },
    /// A delegated task goes back to whom it belongs.
    Resolve {
        /// Task id.
        task: String,
        /// What was found.
        reason: Option<String>,
    },
    /// Changes when a task is due or how urgent it is.
    ChangeTask {
        /// Task id.
        task: String,
        /// What changes.
        change: TaskChange,
    },
    /// Someone writes beside a task, or adds a document to it.
    Comment {
        /// Task id.
        task: String,
        /// What they write.
        text: String,
        /// The document.
        attachment: Option<Attachment>,
    },
    /// Tries again what opened an incident.
    Retry {
        /// Incident id.
        incident: String,
    },
    /// Says how many tries an open job has left.
    SetRetries {
        /// Job id.
        job: String,
        /// Tries left, at least 1.
        retries: u32,
    },
    /// Changes variables of the root scope.
    SetVariables {
        /// New values.
        variables: Variables,
    },
    /// Takes away what runs, starts elsewhere, sets variables: in this order, all or nothing.
    Modify {
        /// What.
        instructions: Vec<Instruction>,
        /// Why.
        reason: String,
    },
    /// Moves what runs of one definition to another version, all or nothing.
    Migrate {
        /// Definition key that is run now (the instance's own, or one it called).
        from: String,
        /// Definition key to be run.
        to: String,
        /// Elements that have another id there.
        mapping: BTreeMap<String, String>,
    },
    /// Nothing moves until `Resume`: what comes meanwhile is held.
    Suspend {
        /// Why.
        reason: String,
    },
    /// Goes on; what was held happens in the order it came.
    Resume,
    /// Ends the instance.
    Cancel {
        /// Why.
        reason: String,
    },
}
