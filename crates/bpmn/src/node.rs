//! Flow nodes and sequence flows.

use crate::{
    Catch, Continuation, EventDefinition, Expression, Extensions, Hook, Io, JobDef, Loop, MessageRef, PersonTask,
    Script, SubProcessKind, Text,
};
use std::sync::Arc;

/// Index into [`crate::Process::nodes`].
pub type NodeId = u32;
/// Index into [`crate::Process::flows`].
pub type FlowId = u32;
/// Index into [`crate::Process::scopes`].
pub type ScopeId = u32;

/// What a flow node does.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub enum NodeKind {
    /// Start event of a process or sub-process.
    Start(Catch),
    /// End event and what it throws.
    End(Vec<EventDefinition>),
    /// Intermediate catch event.
    CatchEvent(Catch),
    /// Intermediate throw event.
    ThrowEvent(Vec<EventDefinition>),
    /// Boundary event.
    Boundary {
        /// The activity it sits on.
        host: NodeId,
        /// What it waits for.
        catch: Catch,
    },
    /// A task that does nothing by itself.
    AbstractTask,
    /// User task.
    UserTask(PersonTask),
    /// Manual task: a person's task when it has an assignment or a lane, otherwise passed through.
    ManualTask(PersonTask),
    /// Service task.
    ServiceTask(JobDef),
    /// Send task: a job, or else a message.
    SendTask {
        /// Worker that sends.
        job: Option<JobDef>,
        /// Message thrown when there is no worker.
        message: Option<MessageRef>,
    },
    /// Receive task.
    ReceiveTask {
        /// Message waited for.
        message: MessageRef,
        /// Starts the process.
        instantiate: bool,
    },
    /// Script task.
    ScriptTask(Script),
    /// Business rule task: a decision.
    DecisionTask {
        /// Decision id or name.
        decision: Text,
        /// Variable that gets the value.
        result: Option<String>,
        /// The form in which it gets it.
        shape: DecisionShape,
    },
    /// Business rule task done by a worker.
    RuleJob(JobDef),
    /// Exclusive gateway.
    Exclusive,
    /// Parallel gateway.
    Parallel,
    /// Inclusive gateway.
    Inclusive,
    /// Complex gateway.
    Complex {
        /// Fires when true; sees `activationCount`.
        activation: Option<Expression>,
    },
    /// Event-based gateway.
    EventBased {
        /// Starts the process.
        instantiate: bool,
        /// With `instantiate`: all events are needed, not one.
        parallel: bool,
    },
    /// Sub-process; its content is the scope.
    SubProcess {
        /// Which kind.
        kind: SubProcessKind,
        /// Content.
        scope: ScopeId,
    },
    /// Call activity.
    Call {
        /// Process id (or global task id).
        process: Text,
        /// Which version is called.
        binding: Binding,
        /// Whether all visible variables go in.
        all_in: bool,
        /// Whether all variables come out when there is no output mapping.
        all_out: bool,
    },
}

/// The form in which the value of a decision becomes a variable (Camunda 7: `mapDecisionResult`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum DecisionShape {
    /// As the decision gives it.
    Plain,
    /// The only value of the only rule.
    SingleEntry,
    /// The values of the only rule, by output name.
    SingleResult,
    /// The only value of each rule, as a list.
    CollectEntries,
    /// The values of each rule by output name, as a list.
    ResultList,
}

/// Which version of a process a call activity calls.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub enum Binding {
    /// The newest.
    Latest,
    /// The one that was deployed together with the caller.
    Deployment,
    /// The one of this number.
    Version(Text),
    /// The newest of those with this version tag.
    Tag(Text),
}

/// A flow node.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Node {
    /// BPMN id.
    pub id: Arc<str>,
    /// Name shown; the id when the model gives none.
    pub name: Arc<str>,
    /// Documentation text.
    pub documentation: Option<String>,
    /// BPMN local name, e.g. `userTask`.
    pub tag: &'static str,
    /// Line in the XML, from 1.
    pub line: u32,
    /// What it does.
    pub kind: NodeKind,
    /// The scope that holds it.
    pub scope: ScopeId,
    /// Sequence flows in, in document order.
    pub incoming: Vec<FlowId>,
    /// Sequence flows out, in the order of the element's `outgoing`, else document order.
    pub outgoing: Vec<FlowId>,
    /// Default flow.
    pub default: Option<FlowId>,
    /// Boundary events on it.
    pub boundary: Vec<NodeId>,
    /// Repetition.
    pub repeat: Option<Loop>,
    /// Tokens needed to begin.
    pub start_quantity: u32,
    /// Tokens given on each outgoing flow.
    pub completion_quantity: u32,
    /// Runs only to compensate.
    pub for_compensation: bool,
    /// The handler that undoes it: an activity.
    pub compensation_handler: Option<NodeId>,
    /// Lane, index into [`crate::Process::lanes`].
    pub lane: Option<u32>,
    /// Mappings.
    pub io: Io,
    /// What happens beside it: listeners.
    pub hooks: Vec<Hook>,
    /// Flowable: passed without doing its work when this is true and the instance has skipping switched on.
    pub skip: Option<Expression>,
    /// Where the step stops, to go on in a commit of its own.
    pub apart: Option<Box<Continuation>>,
    /// Extensions not interpreted here.
    pub extensions: Extensions,
}

impl NodeKind {
    /// Whether it is a task of any kind: where work is done.
    pub fn is_task(&self) -> bool {
        matches!(
            self,
            Self::AbstractTask
                | Self::UserTask(_)
                | Self::ManualTask(_)
                | Self::ServiceTask(_)
                | Self::SendTask { .. }
                | Self::ReceiveTask { .. }
                | Self::ScriptTask(_)
                | Self::DecisionTask { .. }
                | Self::RuleJob(_)
        )
    }
}

impl Node {
    /// Whether it is an activity (task, sub-process or call), which may carry boundary events and loops.
    pub fn is_activity(&self) -> bool {
        matches!(
            self.kind,
            NodeKind::AbstractTask
                | NodeKind::UserTask(_)
                | NodeKind::ManualTask(_)
                | NodeKind::ServiceTask(_)
                | NodeKind::SendTask { .. }
                | NodeKind::ReceiveTask { .. }
                | NodeKind::ScriptTask(_)
                | NodeKind::DecisionTask { .. }
                | NodeKind::RuleJob(_)
                | NodeKind::SubProcess { .. }
                | NodeKind::Call { .. }
        )
    }

    /// Whether it is a gateway.
    pub fn is_gateway(&self) -> bool {
        matches!(
            self.kind,
            NodeKind::Exclusive
                | NodeKind::Parallel
                | NodeKind::Inclusive
                | NodeKind::Complex { .. }
                | NodeKind::EventBased { .. }
        )
    }

    /// The trigger of an event sub-process.
    pub fn event_sub_process(&self) -> Option<&Catch> {
        match &self.kind {
            NodeKind::SubProcess {
                kind: SubProcessKind::Event(catch),
                ..
            } => Some(catch),
            _ => None,
        }
    }
}

/// A sequence flow.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Flow {
    /// BPMN id (made up when the model gives none).
    pub id: Arc<str>,
    /// Name shown.
    pub name: Option<String>,
    /// From.
    pub source: NodeId,
    /// To.
    pub target: NodeId,
    /// Condition.
    pub condition: Option<Expression>,
    /// What happens when it is taken: listeners.
    pub hooks: Vec<Hook>,
    /// Line in the XML, from 1.
    pub line: u32,
}
