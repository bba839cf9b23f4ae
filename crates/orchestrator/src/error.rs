//! What can go wrong in a command or a question, and how the REST API says it.

use crate::idempotency::StoredAnswer;
use axum::response::{IntoResponse, Response};
use engine::StepError;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use store::StoreError;

/// A refused or failed request. Nothing of it was written, unless it says so.
#[derive(Debug, Clone, thiserror::Error)]
pub enum OrchestratorError {
    /// No such thing.
    #[error("{what} '{id}' does not exist")]
    NotFound {
        /// Kind of thing.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// The task is in someone else's hands.
    #[error("task '{task}' is held by {holder}; ask them to give it back, or have a case manager reassign it")]
    Held {
        /// Task id.
        task: String,
        /// Who holds it.
        holder: String,
    },
    /// The task is done for someone else.
    #[error("task '{0}' is done for someone else, who completes it: give it back with resolve")]
    Delegated(String),
    /// The job is in the hands of another worker, or of none.
    #[error("job '{job}' is not held by {worker}: {why}. Fetch and lock it again before working on it")]
    LockLost {
        /// Job id.
        job: String,
        /// Who asked.
        worker: String,
        /// How it stands.
        why: String,
    },
    /// The worker held the job too long.
    #[error(
        "the lock of {worker} on job '{job}' ended at {until}; someone else may do the job now. Throw the work away, and \
         lock for longer or extend the lock in time"
    )]
    LockExpired {
        /// Job id.
        job: String,
        /// Who asked.
        worker: String,
        /// When the lock ended.
        until: jiff::Timestamp,
    },
    /// As many wait as may wait.
    #[error("{what}: {limit} wait already, which is the most; try again later")]
    Busy {
        /// Who waits for what.
        what: &'static str,
        /// The maximum.
        limit: usize,
    },
    /// The state of the process does not allow the command.
    #[error("{0}")]
    Step(#[from] StepError),
    /// The patient has a running instance of the process, and one is all there may be.
    #[error("Patient/{patient} already has a running instance of '{process}'; open that one, or end it first")]
    Running {
        /// Patient id.
        patient: String,
        /// Process id.
        process: String,
    },
    /// No new instances of the definition may start.
    #[error("the process definition '{0}' is suspended: no new instances start until it is resumed")]
    DefinitionSuspended(String),
    /// Nobody waits for the message and no process starts with it.
    #[error(
        "nobody waits for message '{name}' with key '{key}', and no process starts with it; \
         check the name in the model and the key (the business key by default)"
    )]
    NobodyWaits {
        /// Message name.
        name: String,
        /// Correlation key.
        key: String,
    },
    /// A deployment with errors; nothing was deployed.
    #[error("the deployment was refused: {count} error(s), the first: {first}")]
    Refused {
        /// Number of errors.
        count: usize,
        /// First error, for logs.
        first: String,
        /// All findings, as in [`crate::api::Deployed::issues`].
        issues: Vec<Value>,
    },
    /// Instances of the definition still run.
    #[error(
        "instances of '{definition}' still run ({instances}, …): end them or migrate them first, \
         POST /orchestrator/batches does it for all"
    )]
    StillRunning {
        /// Definition key.
        definition: String,
        /// The first of them.
        instances: String,
    },
    /// The command has nothing to act on: all is as it asks, or what it speaks of is not there.
    #[error("nothing to do: {0}")]
    NothingToDo(String),
    /// The request can be read but says something impossible.
    #[error("{0}")]
    Invalid(String),
    /// A simulation's scenario has mistakes.
    #[error("the scenario cannot be simulated:\n{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Scenario(Vec<simulation::Problem>),
    /// The request cannot be read.
    #[error("{0}")]
    BadRequest(String),
    /// The actor may not do this.
    #[error("{0}")]
    Forbidden(String),
    /// An answer would be larger than a stated maximum.
    #[error("{0}")]
    TooLarge(String),
    /// Others changed the same thing again and again; nothing was written.
    #[error("{0} was changed by others at the same time, again and again; try again")]
    Contended(String),
    /// The same Idempotency-Key came before: this is the first answer.
    #[error("this request was already carried out")]
    Repeated(StoredAnswer),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is stored cannot be read back: a defect or a damaged file.
    #[error("stored data is not readable: {0}")]
    Damaged(String),
}

impl OrchestratorError {
    /// HTTP status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound { .. } | Self::NobodyWaits { .. } => StatusCode::NOT_FOUND,
            Self::Held { .. }
            | Self::Running { .. }
            | Self::Contended(_)
            | Self::LockLost { .. }
            | Self::DefinitionSuspended(_)
            | Self::NothingToDo(_)
            | Self::StillRunning { .. }
            | Self::Delegated(_) => StatusCode::CONFLICT,
            Self::LockExpired { .. } => StatusCode::GONE,
            Self::Busy { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Step(StepError::UnknownDefinition(_)) => StatusCode::NOT_FOUND,
            Self::Step(StepError::CannotStart(_) | StepError::Refused(_) | StepError::NotMigratable { .. }) => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::Step(_) => StatusCode::CONFLICT,
            Self::Refused { .. } | Self::Invalid(_) | Self::Scenario(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::Repeated(answer) => StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK),
            Self::Store(StoreError::Overloaded { .. } | StoreError::Closed | StoreError::Unreachable(_)) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Store(StoreError::Full(_)) => StatusCode::INSUFFICIENT_STORAGE,
            Self::Store(StoreError::Conflict { .. }) => StatusCode::CONFLICT,
            Self::TooLarge(_) | Self::Store(StoreError::Limit(_)) => StatusCode::PAYLOAD_TOO_LARGE,
            // A page mark of another search, or of nobody.
            Self::Store(StoreError::Invalid(_)) => StatusCode::BAD_REQUEST,
            Self::Store(StoreError::Expired(_)) => StatusCode::GONE,
            Self::Store(StoreError::NotReady(_)) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Store(_) | Self::Damaged(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The answer's body (RFC 9457).
    pub(crate) fn problem(&self) -> Value {
        let status = self.status();
        let mut body = json!({
            "type": format!("https://sinfonia.it/problems/{}", self.kind()),
            "title": status.canonical_reason().unwrap_or("Error"),
            "status": status.as_u16(),
            "detail": self.to_string(),
        });
        match self {
            Self::Step(StepError::NotMigratable { problems }) => body["problems"] = json!(problems),
            Self::Held { holder, .. } => body["holder"] = json!(holder),
            Self::Refused { issues, .. } => body["issues"] = json!(issues),
            Self::Scenario(problems) => body["problems"] = json!(problems),
            _ => {}
        }
        body
    }

    /// Last part of the problem's type URI; stable, for programs.
    fn kind(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not-found",
            Self::NobodyWaits { .. } => "nobody-waits",
            Self::Held { .. } => "held",
            Self::Delegated(_) => "delegated",
            Self::LockLost { .. } => "lock-lost",
            Self::LockExpired { .. } => "lock-expired",
            Self::Busy { .. } => "busy",
            Self::Running { .. } => "already-running",
            Self::Contended(_) => "contended",
            Self::TooLarge(_) => "too-large",
            Self::Step(StepError::NotOpen { .. }) => "not-open",
            Self::Step(StepError::Ended) => "ended",
            Self::Step(StepError::Refused(_)) => "refused",
            Self::Step(StepError::NotMigratable { .. }) => "not-migratable",
            Self::Step(StepError::Suspended) => "suspended",
            Self::Step(StepError::NotSuspended) => "not-suspended",
            Self::Step(StepError::HeldFull { .. }) => "held-full",
            Self::DefinitionSuspended(_) => "definition-suspended",
            Self::Step(StepError::CannotStart(_)) => "cannot-start",
            Self::Step(StepError::UnknownDefinition(_)) => "unknown-definition",
            Self::NothingToDo(_) => "nothing-to-do",
            Self::StillRunning { .. } => "still-running",
            Self::Refused { .. } => "deployment-refused",
            Self::Invalid(_) => "invalid",
            Self::Scenario(_) => "scenario-refused",
            Self::BadRequest(_) => "bad-request",
            Self::Forbidden(_) => "forbidden",
            Self::Repeated(_) => "repeated",
            Self::Store(StoreError::Overloaded { .. }) => "overloaded",
            Self::Store(StoreError::Invalid(_)) => "bad-request",
            Self::Store(StoreError::Expired(_)) => "expired",
            Self::Store(StoreError::NotReady(_)) => "not-ready",
            Self::Store(_) | Self::Damaged(_) => "storage",
        }
    }
}

impl IntoResponse for OrchestratorError {
    fn into_response(self) -> Response {
        if let Self::Repeated(answer) = self {
            return answer.into_response();
        }
        let status = self.status();
        if status.is_server_error() && !matches!(self, Self::Busy { .. }) {
            tracing::error!(error = %self, "orchestrator request failed");
        }
        let mut response = (status, self.problem().to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
