//! BPMN 2.0 XML to an immutable executable graph, and lint with clear messages.
//!
//! [`parse`] reads a file and gives a [`Model`]: the executable [`Process`]es, what they share (messages, signals,
//! errors, escalations), warnings and the drawing. A file that cannot run is refused with [`Issue`]s that name element,
//! line, rule and remedy. Plain BPMN, the `zeebe:` (Camunda 8), `camunda:` (Camunda 7, Operaton, Flowable, Activiti) and
//! `spiffworkflow:` dialects are read.

mod activity;
mod continuation;
mod cron;
mod diagram;
mod event;
mod expression;
mod extension;
mod foreign;
mod form;
mod hook;
mod issue;
mod model;
mod node;
mod parse;
mod process;
mod timer;

pub use activity::{
    AdHoc, AssignmentDef, Behavior, Io, JobDef, Loop, Mapping, MultiInstance, PersonTask, Script, StandardLoop,
    SubProcessKind,
};
pub use continuation::{CONTINUE, Continuation};
pub use cron::Cron;
pub use diagram::{Bounds, Diagram, Edge, Point, Shape};
pub use event::{Catch, EventDefinition, MessageRef};
pub use expression::{Expression, Text};
pub use extension::{ExtensionElement, Extensions};
pub use form::{FieldKind, FormField, StartForm, form_id};
pub use hook::{Hook, HookAction, HookAt};
pub use issue::{Issue, Severity};
pub use model::{Correlated, ErrorDef, EscalationDef, Message, MessageFlow, Model, Participant, Signal};
pub use node::{Binding, DecisionShape, Flow, FlowId, Node, NodeId, NodeKind, ScopeId};
pub use parse::{MAX_BYTES, MAX_DEPTH, MAX_ELEMENTS, parse};
pub use process::{DataObject, Lane, Process, Scope, StartEvent, StartTrigger};
pub use timer::{Cycle, TimerDef, TimerError, parse_cycle, parse_date, parse_duration};
