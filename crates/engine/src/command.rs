//! What can be asked of an instance.

use crate::Variables;
use serde::{Deserialize, Serialize};

/// How an instance begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum StartBy {
    /// At the none start event (or, without one, at the nodes without incoming flow).
    None,
    /// At the start event (or instantiating receive task) with this element id: message, signal, timer or other.
    Element(String),
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
    /// Tries again what opened an incident.
    Retry {
        /// Incident id.
        incident: String,
    },
    /// Changes variables of the root scope.
    SetVariables {
        /// New values.
        variables: Variables,
    },
    /// Ends the instance.
    Cancel {
        /// Why.
        reason: String,
    },
}
