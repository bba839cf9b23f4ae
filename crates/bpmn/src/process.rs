//! An executable process: an immutable graph with indices.

use crate::{Catch, EventDefinition, Expression, Extensions, Flow, FlowId, Hook, MessageRef, Node, NodeId, NodeKind};
use crate::{Loop, ScopeId, Script, Text, TimerDef};
use std::collections::HashMap;
use std::sync::Arc;

/// A process (or a global task, as a process of one node).
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Process {
    /// BPMN id.
    pub id: String,
    /// Name.
    pub name: Option<String>,
    /// Documentation text.
    pub documentation: Option<String>,
    /// `isExecutable`; a global task is.
    pub executable: bool,
    /// Whether it is a global task.
    pub global_task: bool,
    /// Line in the XML, from 1.
    pub line: u32,
    /// Flow nodes in document order.
    pub nodes: Vec<Node>,
    /// Sequence flows in document order.
    pub flows: Vec<Flow>,
    /// The process (0) and its sub-processes.
    pub scopes: Vec<Scope>,
    /// What happens when an instance begins or ends: listeners of the process.
    pub hooks: Vec<Hook>,
    /// The version tag the model gives itself.
    pub version_tag: Option<String>,
    /// Variable that receives who started the instance.
    pub initiator: Option<String>,
    /// What whoever starts an instance fills in.
    pub start_form: Option<crate::StartForm>,
    /// Lanes, outer before inner.
    pub lanes: Vec<Lane>,
    /// Data objects, properties and data store references.
    pub data_objects: Vec<DataObject>,
    /// Extensions not interpreted here.
    pub extensions: Extensions,
    /// Node by BPMN id.
    #[serde(skip)]
    pub(crate) node_index: HashMap<Arc<str>, NodeId>,
}

/// What one level of a process holds.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Scope {
    /// The sub-process node; `None` for the process itself.
    pub node: Option<NodeId>,
    /// The enclosing scope.
    pub parent: Option<ScopeId>,
    /// Where a token begins: the none start event, or the nodes without incoming flow.
    pub starts: Vec<NodeId>,
    /// Event sub-processes.
    pub event_subs: Vec<NodeId>,
}

/// A lane.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Lane {
    /// BPMN id.
    pub id: String,
    /// Name; the id when the model gives none.
    pub name: String,
    /// Enclosing lane.
    pub parent: Option<u32>,
    /// Extensions not interpreted here.
    pub extensions: Extensions,
}

/// A data object, property or data store reference.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DataObject {
    /// BPMN id.
    pub id: String,
    /// Variable name: the name, else the id.
    pub name: String,
    /// The scope that holds it.
    pub scope: ScopeId,
    /// Holds many.
    pub collection: bool,
}

/// What begins an instance.
#[derive(Debug, Clone, PartialEq)]
pub enum StartTrigger<'a> {
    /// Someone starts it.
    None,
    /// A message.
    Message(&'a MessageRef),
    /// A signal.
    Signal(&'a Text),
    /// A timer.
    Timer(&'a TimerDef),
    /// A condition.
    Conditional(&'a Expression),
}

/// One way to begin an instance. An event with several definitions gives several.
#[derive(Debug, Clone, PartialEq)]
pub struct StartEvent<'a> {
    /// Element id, for `StartBy::Element`.
    pub element: &'a str,
    /// Name shown.
    pub name: &'a str,
    /// What begins it.
    pub trigger: StartTrigger<'a>,
    /// Parallel multiple: which of its definitions this is; all of them are needed.
    pub part: Option<usize>,
}

impl Process {
    /// Node number by BPMN id.
    pub fn node_id(&self, element: &str) -> Option<NodeId> {
        self.node_index.get(element).copied()
    }

    /// Node by BPMN id.
    pub fn node_by_id(&self, element: &str) -> Option<&Node> {
        self.node_id(element).map(|id| self.node(id))
    }

    /// Node by number. Panics on a number of another process.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id as usize]
    }

    /// Sequence flow by number. Panics on a number of another process.
    pub fn flow(&self, id: FlowId) -> &Flow {
        &self.flows[id as usize]
    }

    /// Scope by number. Panics on a number of another process.
    pub fn scope(&self, id: ScopeId) -> &Scope {
        &self.scopes[id as usize]
    }

    /// Lane name of a node.
    pub fn lane_name(&self, id: NodeId) -> Option<&str> {
        self.node(id).lane.map(|lane| self.lanes[lane as usize].name.as_str())
    }

    /// Name shown: the name, else the id.
    pub fn display_name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }

    /// Every way an instance can begin.
    pub fn start_events(&self) -> Vec<StartEvent<'_>> {
        let mut found = Vec::new();
        let root = self.nodes.iter().enumerate().filter(|(_, node)| node.scope == 0);
        for (id, node) in root {
            match &node.kind {
                NodeKind::Start(catch) => found.extend(triggers(node, catch)),
                NodeKind::ReceiveTask {
                    message,
                    instantiate: true,
                } => {
                    found.push(start(node, StartTrigger::Message(message)));
                }
                NodeKind::EventBased { instantiate: true, .. } => {
                    found.extend(self.targets(id as NodeId).flat_map(|target| match &target.kind {
                        NodeKind::CatchEvent(catch) => triggers(target, catch),
                        NodeKind::ReceiveTask { message, .. } => vec![start(target, StartTrigger::Message(message))],
                        _ => Vec::new(),
                    }));
                }
                _ => {}
            }
        }
        if found.is_empty()
            && let Some(first) = self.scopes.first().and_then(|scope| scope.starts.first())
        {
            found.push(start(self.node(*first), StartTrigger::None));
        }
        found
    }

    /// The nodes a node's flows lead to.
    pub fn targets(&self, id: NodeId) -> impl Iterator<Item = &Node> {
        self.node(id)
            .outgoing
            .iter()
            .map(|flow| self.node(self.flow(*flow).target))
    }

    /// Every FEEL expression with its element id and line, so that a deployment can check them before anything runs.
    pub fn expressions(&self) -> Vec<(Arc<str>, u32, &Expression)> {
        let mut found = Vec::new();
        for node in &self.nodes {
            let mut add = |expression| found.push((node.id.clone(), node.line, expression));
            node.io
                .inputs
                .iter()
                .chain(&node.io.outputs)
                .for_each(|mapping| add(&mapping.source));
            node.hooks.iter().flat_map(Hook::expressions).for_each(&mut add);
            node_expressions(&node.kind).into_iter().for_each(&mut add);
            node.repeat.iter().flat_map(loop_expressions).for_each(&mut add);
            node.skip.iter().for_each(&mut add);
        }
        let hooks = self.hooks.iter().flat_map(Hook::expressions);
        found.extend(hooks.map(|expression| (Arc::from(self.id.as_str()), self.line, expression)));
        for flow in &self.flows {
            let hooks = flow.hooks.iter().flat_map(Hook::expressions);
            let of_flow = flow.condition.iter().chain(hooks);
            found.extend(of_flow.map(|expression| (flow.id.clone(), flow.line, expression)));
        }
        found
    }
}

fn start<'a>(node: &'a Node, trigger: StartTrigger<'a>) -> StartEvent<'a> {
    StartEvent {
        element: &node.id,
        name: &node.name,
        trigger,
        part: None,
    }
}

fn triggers<'a>(node: &'a Node, catch: &'a Catch) -> Vec<StartEvent<'a>> {
    if catch.definitions.is_empty() {
        return vec![start(node, StartTrigger::None)];
    }
    let trigger = |definition: &'a EventDefinition| match definition {
        EventDefinition::Message(message) => Some(StartTrigger::Message(message)),
        EventDefinition::Signal(name) => Some(StartTrigger::Signal(name)),
        EventDefinition::Timer(timer) => Some(StartTrigger::Timer(timer)),
        EventDefinition::Conditional(condition) => Some(StartTrigger::Conditional(condition)),
        _ => None,
    };
    let all = catch.all && catch.definitions.len() > 1;
    let definitions = catch.definitions.iter().enumerate();
    let found = definitions.filter_map(|(place, definition)| {
        Some(StartEvent {
            part: all.then_some(place),
            ..start(node, trigger(definition)?)
        })
    });
    found.collect()
}

fn text(text: &Text) -> Option<&Expression> {
    match text {
        Text::Feel(expression) => Some(expression),
        Text::Literal(_) => None,
    }
}

fn definition_expressions(definition: &EventDefinition) -> Vec<&Expression> {
    match definition {
        EventDefinition::Message(message) => text(&message.name)
            .into_iter()
            .chain(&message.correlation_key)
            .collect(),
        EventDefinition::Timer(timer) => timer.expression().into_iter().collect(),
        EventDefinition::Signal(name) => text(name).into_iter().collect(),
        EventDefinition::Error { code, .. } | EventDefinition::Escalation { code } => {
            code.iter().filter_map(text).collect()
        }
        EventDefinition::Conditional(condition) => vec![condition],
        _ => Vec::new(),
    }
}

fn node_expressions(kind: &NodeKind) -> Vec<&Expression> {
    match kind {
        NodeKind::Start(catch) | NodeKind::CatchEvent(catch) | NodeKind::Boundary { catch, .. } => {
            catch.definitions.iter().flat_map(definition_expressions).collect()
        }
        NodeKind::End(definitions) | NodeKind::ThrowEvent(definitions) => {
            definitions.iter().flat_map(definition_expressions).collect()
        }
        NodeKind::UserTask(task) | NodeKind::ManualTask(task) => {
            let who = &task.assignment;
            [&who.assignee, &who.candidate_groups, &who.candidate_users]
                .into_iter()
                .chain([&task.form, &task.due, &task.follow_up, &task.priority])
                .filter_map(|value| value.as_ref().and_then(text))
                .collect()
        }
        NodeKind::ServiceTask(job) | NodeKind::RuleJob(job) | NodeKind::ScriptTask(Script::Job(job)) => {
            let always = [&job.job_type, &job.retries];
            always.into_iter().chain(&job.priority).filter_map(text).collect()
        }
        NodeKind::ScriptTask(Script::Feel { expression, .. }) => vec![expression],
        NodeKind::DecisionTask { decision: name, .. } | NodeKind::Call { process: name, .. } => {
            text(name).into_iter().collect()
        }
        NodeKind::ReceiveTask { message, .. }
        | NodeKind::SendTask {
            message: Some(message), ..
        } => text(&message.name)
            .into_iter()
            .chain(&message.correlation_key)
            .collect(),
        NodeKind::Complex { activation } => activation.iter().collect(),
        NodeKind::SubProcess {
            kind: crate::SubProcessKind::AdHoc(ad_hoc),
            ..
        } => ad_hoc.completion.iter().chain(&ad_hoc.active).collect(),
        _ => Vec::new(),
    }
}

fn loop_expressions(repeat: &Loop) -> Vec<&Expression> {
    match repeat {
        Loop::Standard(standard) => standard.condition.iter().collect(),
        Loop::Multi(multi) => [
            &multi.cardinality,
            &multi.collection,
            &multi.output_element,
            &multi.completion,
        ]
        .into_iter()
        .filter_map(Option::as_ref)
        .collect(),
    }
}
