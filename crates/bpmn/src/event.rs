//! Event definitions.

use crate::{Expression, Extensions, NodeId, Text, TimerDef};
use std::sync::Arc;

/// A message as an event or task uses it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct MessageRef {
    /// Name that senders and receivers share.
    pub name: Text,
    /// Correlation key; without one the business key of the instance counts.
    pub correlation_key: Option<Expression>,
    /// FHIR search criteria (`Observation?code=…`): a hub write that matches becomes this message.
    pub fhir_triggers: Arc<[String]>,
    /// Other extensions of the message.
    pub extensions: Arc<Extensions>,
}

impl MessageRef {
    /// A message of a name, and nothing more.
    pub(crate) fn named(name: &str) -> Self {
        Self {
            name: Text::Literal(name.to_owned()),
            correlation_key: None,
            fhir_triggers: Arc::default(),
            extensions: Arc::default(),
        }
    }
}

/// What an event throws or waits for.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub enum EventDefinition {
    /// A message.
    Message(MessageRef),
    /// A moment.
    Timer(TimerDef),
    /// A broadcast.
    Signal(Text),
    /// A business error; as a catch, no code catches every error.
    Error {
        /// Error code.
        code: Option<Text>,
        /// Variable that receives the code.
        code_variable: Option<String>,
        /// Variable that receives the message.
        message_variable: Option<String>,
    },
    /// An escalation; as a catch, no code catches every escalation.
    Escalation {
        /// Escalation code.
        code: Option<Text>,
    },
    /// A condition on variables that becomes true.
    Conditional(Expression),
    /// A jump inside the same level.
    Link(String),
    /// Undoing of completed activities.
    Compensation {
        /// Only this activity.
        activity: Option<NodeId>,
        /// Whether the thrower waits for the handlers.
        wait: bool,
    },
    /// Cancellation of the transaction.
    Cancel,
    /// End of the whole scope.
    Terminate,
}

impl EventDefinition {
    /// Lower-case kind, as used in messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Message(_) => "message",
            Self::Timer(_) => "timer",
            Self::Signal(_) => "signal",
            Self::Error { .. } => "error",
            Self::Escalation { .. } => "escalation",
            Self::Conditional(_) => "conditional",
            Self::Link(_) => "link",
            Self::Compensation { .. } => "compensation",
            Self::Cancel => "cancel",
            Self::Terminate => "terminate",
        }
    }
}

/// A catching event: start, intermediate or boundary.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct Catch {
    /// What it waits for; empty for a none event.
    pub definitions: Vec<EventDefinition>,
    /// All definitions must occur (parallel multiple); otherwise any one.
    pub all: bool,
    /// Boundary events and event sub-process starts: whether catching interrupts.
    pub interrupting: bool,
    /// FHIR search criteria of the event itself: a hub write that matches has its condition looked at.
    pub fhir_triggers: Vec<String>,
}
