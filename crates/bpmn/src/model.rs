//! A BPMN file.

use crate::{Diagram, Expression, Extensions, Issue, Process};
use std::sync::Arc;

/// What a file holds.
#[derive(Debug, Clone, Default)]
pub struct Model {
    /// `definitions/@id`.
    pub id: String,
    /// `definitions/@name`.
    pub name: Option<String>,
    /// Executable processes and global tasks; processes marked `isExecutable="false"` are left out unless all are.
    pub processes: Vec<Arc<Process>>,
    /// Messages.
    pub messages: Vec<Message>,
    /// Signals.
    pub signals: Vec<Signal>,
    /// Errors.
    pub errors: Vec<ErrorDef>,
    /// Escalations.
    pub escalations: Vec<EscalationDef>,
    /// Pools.
    pub participants: Vec<Participant>,
    /// Message flows between pools.
    pub message_flows: Vec<MessageFlow>,
    /// What someone should look at.
    pub warnings: Vec<Issue>,
    /// The drawing.
    pub diagram: Diagram,
}

/// A correlation key by message.
pub type Correlated = Option<Expression>;

/// A `message`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// BPMN id.
    pub id: String,
    /// Name that senders and receivers share.
    pub name: String,
    /// Correlation key.
    pub correlation_key: Correlated,
    /// FHIR search criteria: a hub write that matches becomes this message.
    pub fhir_triggers: Arc<[String]>,
    /// Other extensions.
    pub extensions: Arc<Extensions>,
}

/// A `signal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// BPMN id.
    pub id: String,
    /// Name.
    pub name: String,
}

/// An `error`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorDef {
    /// BPMN id.
    pub id: String,
    /// Name.
    pub name: Option<String>,
    /// Code.
    pub code: Option<String>,
}

/// An `escalation`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscalationDef {
    /// BPMN id.
    pub id: String,
    /// Name.
    pub name: Option<String>,
    /// Code.
    pub code: Option<String>,
}

/// A pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Participant {
    /// BPMN id.
    pub id: String,
    /// Name.
    pub name: Option<String>,
    /// The process inside; a black box has none.
    pub process: Option<String>,
}

/// A message flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageFlow {
    /// BPMN id.
    pub id: String,
    /// From: element or participant id.
    pub source: String,
    /// To: element or participant id.
    pub target: String,
}
