//! What activities are made of.

use crate::{Catch, EventDefinition, Expression, FormField, Text};
use std::collections::BTreeMap;

/// One variable mapping: `target` gets the value of `source`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Mapping {
    /// FEEL.
    pub source: Expression,
    /// Variable name.
    pub target: String,
}

/// Input and output mappings of an element.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Io {
    /// Make local variables before the element runs.
    pub inputs: Vec<Mapping>,
    /// Make outer variables after it; when there are none every result variable goes out.
    pub outputs: Vec<Mapping>,
}

/// Who may do a task.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct AssignmentDef {
    /// A person.
    pub assignee: Option<Text>,
    /// Roles: a comma list, or an expression that gives a list.
    pub candidate_groups: Option<Text>,
    /// People: a comma list, or an expression that gives a list.
    pub candidate_users: Option<Text>,
}

impl AssignmentDef {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A task for a person (user task, or manual task that someone must tick off).
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct PersonTask {
    /// Who.
    pub assignment: AssignmentDef,
    /// Form id or canonical.
    pub form: Option<Text>,
    /// Fields that the model itself holds; the form is then made of them.
    pub fields: Vec<FormField>,
    /// Due: a FEEL value, an ISO moment, or an ISO duration from now.
    pub due: Option<Text>,
    /// Not to be shown before: as `due`.
    pub follow_up: Option<Text>,
    /// 0..100.
    pub priority: Option<Text>,
}

/// Work for a worker.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct JobDef {
    /// Job type.
    pub job_type: Text,
    /// Retries at first; 3 when nothing is said.
    pub retries: Text,
    /// Jobs of a type with a higher number come first; 0 when nothing is said.
    pub priority: Option<Text>,
    /// Pauses before the second, third, … try as ISO 8601 durations; the last one goes on. Empty: the engine's own.
    pub pauses: Vec<String>,
    /// Static headers.
    pub headers: BTreeMap<String, String>,
}

/// What a script task runs.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub enum Script {
    /// FEEL, run inside the step.
    Feel {
        /// The script.
        expression: Expression,
        /// Variable that gets the value; without it the members of a context become variables.
        result: Option<String>,
    },
    /// Another language: a job of type `script:<format>` with headers `script` and `resultVariable`.
    Job(JobDef),
}

/// `standardLoopCharacteristics`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct StandardLoop {
    /// Checks the condition before the first round (while) instead of after it (do-while).
    pub test_before: bool,
    /// Most rounds.
    pub maximum: Option<u32>,
    /// Goes on while true; without one, until `maximum`.
    pub condition: Option<Expression>,
}

/// When a multi-instance activity throws events, BPMN 2.0 table 10.29.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub enum Behavior {
    /// No event; goes on when all instances completed.
    All,
    /// Throws the event when the first instance completes.
    One(Option<EventDefinition>),
    /// Throws the event each time an instance completes.
    Each(Option<EventDefinition>),
    /// The first condition that is true throws its event and cancels the remaining instances.
    Complex(Vec<(Expression, Option<EventDefinition>)>),
}

/// `multiInstanceLoopCharacteristics`.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct MultiInstance {
    /// One after the other.
    pub sequential: bool,
    /// How many, when there is no collection.
    pub cardinality: Option<Expression>,
    /// One instance for each element of this list.
    pub collection: Option<Expression>,
    /// Variable that holds the element.
    pub element: Option<String>,
    /// Variable that receives the list of results.
    pub output_collection: Option<String>,
    /// Result of one instance.
    pub output_element: Option<Expression>,
    /// Ends early when true after an instance.
    pub completion: Option<Expression>,
    /// Events thrown on the way.
    pub behavior: Behavior,
}

/// Repetition of an activity.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub enum Loop {
    /// While or do-while.
    Standard(StandardLoop),
    /// For each.
    Multi(Box<MultiInstance>),
}

/// `adHocSubProcess`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct AdHoc {
    /// One inner activity at a time.
    pub sequential: bool,
    /// Completes when true after an inner activity; without one, when all are done.
    pub completion: Option<Expression>,
    /// Whether completion cancels what still runs.
    pub cancel_remaining: bool,
    /// The element ids to activate; without one, all.
    pub active: Option<Expression>,
}

/// Kinds of sub-process.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub enum SubProcessKind {
    /// Embedded.
    Embedded,
    /// Event sub-process with its start event's trigger.
    Event(Catch),
    /// Transaction.
    Transaction,
    /// Ad-hoc.
    AdHoc(AdHoc),
}
