//! What a step asks the world to do. The orchestrator turns each into rows of the same transaction.

use crate::Variables;
use crate::command::Attachment;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Who may do a task. Values are already evaluated.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// A person, as a FHIR reference (`Practitioner/…`, `Patient/…`).
    pub assignee: Option<String>,
    /// Roles that may claim it.
    pub candidate_groups: Vec<String>,
    /// People who may claim it.
    pub candidate_users: Vec<String>,
}

/// A user or manual task to be shown to people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskSpec {
    /// Task id: `<instance>.<n>`; also the id of the FHIR Task.
    pub id: String,
    /// BPMN element.
    pub element: String,
    /// Name shown.
    pub name: String,
    /// Documentation text of the element.
    pub documentation: Option<String>,
    /// Lane that holds the element.
    pub lane: Option<String>,
    /// Who.
    pub assignment: Assignment,
    /// To whom it comes back, when someone does it for them.
    pub delegated_by: Option<String>,
    /// Form key: id or canonical of a Questionnaire.
    pub form: Option<String>,
    /// Due moment.
    pub due: Option<Timestamp>,
    /// Not to be shown before.
    pub follow_up: Option<Timestamp>,
    /// 0..100, default 50.
    pub priority: u8,
    /// Variables visible to the task (after input mapping).
    pub variables: Variables,
}

/// Work for a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobSpec {
    /// Job id: `<instance>.<n>`; also the idempotency key.
    pub id: String,
    /// BPMN element.
    pub element: String,
    /// Job type.
    pub job_type: String,
    /// Static headers of the element.
    pub headers: Variables,
    /// Retries left.
    pub retries: u32,
    /// The higher, the sooner among the jobs of its type; 0 when the model says nothing.
    pub priority: i32,
    /// Pauses before the next tries as the model asks for them (ISO 8601 durations); the last one goes on.
    pub pauses: Vec<String>,
    /// Variables after input mapping.
    pub variables: Variables,
    /// What it is for.
    #[serde(default)]
    pub kind: JobKind,
}

/// What a job is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobKind {
    /// The work of its element.
    #[default]
    Work,
    /// A listener beside an element, a sequence flow, a process or an open task.
    Listener,
    /// Goes on with the instance in a commit of its own; for the orchestrator itself ([`bpmn::CONTINUE`]).
    Continuation,
}

/// One thing to be done in the same commit as the state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Effect {
    /// A task begins.
    TaskCreated(Box<TaskSpec>),
    /// A task's assignee changed.
    TaskAssigned {
        /// Task id.
        id: String,
        /// New assignee.
        assignee: Option<String>,
        /// To whom it comes back.
        delegated_by: Option<String>,
        /// Why.
        reason: Option<String>,
    },
    /// When a task is due, or how urgent it is, changed; as it is now.
    TaskChanged {
        /// Task id.
        id: String,
        /// Due moment.
        due: Option<Timestamp>,
        /// Not to be shown before.
        follow_up: Option<Timestamp>,
        /// 0..100.
        priority: u8,
    },
    /// Someone wrote beside a task, or added a document.
    TaskNoted {
        /// Task id.
        id: String,
        /// The text.
        text: String,
        /// The document.
        attachment: Option<Attachment>,
    },
    /// The task's element is now that of another version; as it is there. Who does it and when stays.
    TaskMigrated(Box<TaskSpec>),
    /// A task was completed.
    TaskCompleted {
        /// Task id.
        id: String,
    },
    /// A task is no longer wanted.
    TaskCancelled {
        /// Task id.
        id: String,
    },
    /// Work for a worker. After a retried incident the same job id comes again.
    JobCreated(Box<JobSpec>),
    /// Done, cancelled or in incident: takes the job away.
    JobRemoved {
        /// Job id.
        id: String,
        /// Its type.
        job_type: String,
        /// Its priority.
        priority: i32,
    },
    /// The instance is suspended: a job that nobody holds is no longer offered. Whoever holds it may still answer.
    JobWithdrawn {
        /// Job id.
        id: String,
        /// Its type.
        job_type: String,
        /// Its priority.
        priority: i32,
    },
    /// The instance goes on: a job that was open when it was suspended is offered again, unless someone holds it.
    JobOffered(Box<JobSpec>),
    /// What followed a continuation failed and is to be tried again: the job stays open, for the pause that the model
    /// asks for nobody takes it.
    JobPaused(Box<JobSpec>),
    /// Sets a timer.
    TimerSet {
        /// Timer id: `<instance>.<n>`.
        id: String,
        /// When.
        due: Timestamp,
    },
    /// Takes a timer away: it fired, or is not wanted any more.
    TimerRemoved {
        /// Timer id.
        id: String,
        /// Its due moment.
        due: Timestamp,
    },
    /// Waits for a message.
    MessageAwaited {
        /// Wait id.
        id: String,
        /// Message name.
        name: String,
        /// Correlation key (the business key by default).
        key: String,
    },
    /// No longer waits for a message: it came, or is not wanted any more. The wait of a non-interrupting event stays
    /// after a delivery, until this effect.
    MessageUnawaited {
        /// Wait id.
        id: String,
        /// Message name.
        name: String,
        /// Correlation key.
        key: String,
    },
    /// Waits for a signal.
    SignalAwaited {
        /// Wait id.
        id: String,
        /// Signal name.
        name: String,
    },
    /// No longer waits for a signal.
    SignalUnawaited {
        /// Wait id.
        id: String,
        /// Signal name.
        name: String,
    },
    /// Sends a message to whoever waits for it. Waits of this very instance are not served inside the step: the world
    /// correlates it, with this instance's waits as with all others.
    MessageThrown {
        /// Message name.
        name: String,
        /// Correlation key.
        key: String,
        /// Payload.
        variables: Variables,
    },
    /// Broadcasts a signal to all *other* instances and to start events. What waited for it in this instance when it was
    /// thrown has already received it: delivering it here again would trigger twice.
    SignalThrown {
        /// Signal name.
        name: String,
        /// Payload.
        variables: Variables,
    },
    /// An incident opened.
    IncidentOpened {
        /// Incident id: `<instance>.<n>`.
        id: String,
        /// Element concerned.
        element: String,
        /// Kind, e.g. `job`, `expression`, `unhandled-error`.
        kind: String,
        /// What happened and what to do.
        message: String,
    },
    /// An incident was resolved.
    IncidentClosed {
        /// Incident id.
        id: String,
        /// Its kind.
        kind: String,
    },
    /// The instance reached its end.
    Completed,
    /// The instance was cancelled or ended by an unhandled error.
    Terminated {
        /// Why.
        reason: String,
    },
}
