//! Why a command was refused. (What goes wrong inside the process becomes an incident, not an error.)

/// A refused command: the state is unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// The task, job, timer, wait or incident is not there (any more).
    #[error("{what} '{id}' is not open in this instance; it may have been done or cancelled meanwhile")]
    NotOpen {
        /// What kind of thing.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// What was asked for makes no sense here.
    #[error("{0}")]
    Refused(String),
    /// The instance cannot be moved to the other version.
    #[error("the instance cannot be migrated: {}", problems.join("; "))]
    NotMigratable {
        /// Everything that stands in the way.
        problems: Vec<String>,
    },
    /// The instance is suspended.
    #[error("the instance is suspended; resume it first")]
    Suspended,
    /// The instance is not suspended.
    #[error("the instance is not suspended")]
    NotSuspended,
    /// Too much happened while the instance was suspended.
    #[error("{limit} events and results wait for this suspended instance, which is the most; resume it first")]
    HeldFull {
        /// The maximum.
        limit: usize,
    },
    /// The instance has ended.
    #[error("the instance has ended")]
    Ended,
    /// The instance already started, or has no such start event.
    #[error("cannot start: {0}")]
    CannotStart(String),
    /// The model is missing.
    #[error("process definition '{0}' is not deployed")]
    UnknownDefinition(String),
}
