//! Rules over the finished graph: what cannot run is an error, what looks wrong is a warning.

use super::lint_events;
use super::reader::Reader;
use crate::{Node, NodeId, NodeKind, Process, Severity, SubProcessKind};

/// Collects findings about one process.
pub struct Lint<'r, 'd, 'p> {
    reader: &'r mut Reader<'d>,
    pub process: &'p Process,
}

impl<'p> Lint<'_, '_, 'p> {
    pub fn error(&mut self, node: &Node, rule: &'static str, message: impl Into<String>, remedy: &str) {
        self.add(Severity::Error, node, rule, message.into(), remedy);
    }

    pub fn warn(&mut self, node: &Node, rule: &'static str, message: impl Into<String>, remedy: &str) {
        self.add(Severity::Warning, node, rule, message.into(), remedy);
    }

    /// As [`Self::error`], unless the element was already found wrong: the one mistake follows from the other.
    pub fn error_unless_told(&mut self, node: &Node, rule: &'static str, message: &str, remedy: &str) {
        if !self.reader.has_error(&node.id) {
            self.error(node, rule, message, remedy);
        }
    }

    fn add(&mut self, severity: Severity, node: &Node, rule: &'static str, message: String, remedy: &str) {
        self.reader.add(
            severity,
            rule,
            Some(node.id.to_string()),
            node.line,
            message,
            remedy.to_owned(),
        );
    }
}

/// Checks a process.
pub fn check(reader: &mut Reader<'_>, process: &Process) {
    let mut lint = Lint { reader, process };
    if process.nodes.is_empty() {
        let remedy = "draw at least a start event and an end event".to_owned();
        let message = "the process is empty".to_owned();
        let element = Some(process.id.clone());
        lint.reader
            .add(Severity::Error, "process-empty", element, process.line, message, remedy);
        return;
    }
    if process.start_events().is_empty() {
        let remedy = "add a start event".to_owned();
        let message = "nothing starts the process: every element waits for another one".to_owned();
        let element = Some(process.id.clone());
        lint.reader
            .add(Severity::Error, "start-missing", element, process.line, message, remedy);
    }
    for (id, node) in process.nodes.iter().enumerate() {
        flows(&mut lint, node);
        if node.is_gateway() {
            gateway(&mut lint, node);
        }
        lint_events::check(&mut lint, id as NodeId, node);
    }
    scopes(&mut lint);
    // flows that could not be read make elements unreachable: not worth telling beside the mistake itself
    if !lint.reader.has_errors() {
        reachable(&mut lint);
    }
}

/// What may come in and go out.
fn flows(lint: &mut Lint<'_, '_, '_>, node: &Node) {
    let (incoming, outgoing) = (!node.incoming.is_empty(), !node.outgoing.is_empty());
    match &node.kind {
        NodeKind::Start(_) if incoming => {
            lint.error(
                node,
                "start-with-incoming",
                "a sequence flow leads into a start event",
                "lead it to the element after the start event",
            );
        }
        NodeKind::End(_) if outgoing => {
            lint.error(
                node,
                "end-with-outgoing",
                "a sequence flow leaves an end event",
                "use an intermediate event, or remove the flow",
            );
        }
        NodeKind::Boundary { .. } if incoming => {
            lint.error(
                node,
                "boundary-with-incoming",
                "a sequence flow leads into a boundary event",
                "remove the flow",
            );
        }
        NodeKind::SubProcess {
            kind: SubProcessKind::Event(_),
            ..
        } if incoming || outgoing => {
            lint.error(
                node,
                "event-sub-process-flow",
                "an event sub-process has sequence flows",
                "remove them: its start event starts it",
            );
        }
        _ if node.for_compensation && (incoming || outgoing) => {
            lint.error(
                node,
                "compensation-flow",
                "a compensation activity has sequence flows",
                "remove them: the association starts it",
            );
        }
        NodeKind::Exclusive | NodeKind::Inclusive | NodeKind::Complex { .. } => {}
        _ => lonely_conditions(lint, node),
    }
    if let Some(flow) = node.default.map(|flow| lint.process.flow(flow))
        && flow.condition.is_some()
    {
        lint.warn(
            node,
            "default-with-condition",
            "the default flow has a condition, which is ignored",
            "remove the condition",
        );
    }
}

/// Conditions where the standard says that they are ignored, and none where all may be false.
fn lonely_conditions(lint: &mut Lint<'_, '_, '_>, node: &Node) {
    let conditional = node
        .outgoing
        .iter()
        .filter(|flow| lint.process.flow(**flow).condition.is_some())
        .count();
    if conditional == 0 {
        return;
    }
    if matches!(
        node.kind,
        NodeKind::Parallel | NodeKind::EventBased { .. } | NodeKind::Start(_)
    ) {
        let message = "conditions on the flows that leave it are ignored here (BPMN 2.0, 8.3.13)";
        lint.warn(
            node,
            "condition-ignored",
            message,
            "use an inclusive gateway if they should count",
        );
    } else if conditional == node.outgoing.len() && node.default.is_none() {
        let message = "all flows that leave it have conditions and none is the default: if all are false it stops with an incident";
        lint.warn(node, "default-missing", message, "make one flow the default");
    }
}

fn gateway(lint: &mut Lint<'_, '_, '_>, node: &Node) {
    let process = lint.process;
    if node.incoming.is_empty() && node.outgoing.is_empty() {
        lint.error(
            node,
            "gateway-dangling",
            "the gateway has no sequence flows",
            "connect it, or remove it",
        );
        return;
    }
    match node.kind {
        NodeKind::Exclusive | NodeKind::Inclusive if node.outgoing.len() > 1 => {
            for flow in node.outgoing.iter().map(|flow| process.flow(*flow)) {
                let is_default = node.default.is_some_and(|default| process.flow(default).id == flow.id);
                if flow.condition.is_none() && !is_default {
                    let message = format!("the flow '{}' has no condition and is not the default", flow.id);
                    lint.error(
                        node,
                        "condition-missing",
                        message,
                        "write its condition, or make it the default flow",
                    );
                }
            }
            if node.default.is_none() {
                let message = "no flow is the default: if all conditions are false it stops with an incident";
                lint.warn(node, "default-missing", message, "make one flow the default");
            }
        }
        NodeKind::EventBased { parallel, instantiate } => event_gateway(lint, node, parallel && !instantiate),
        NodeKind::Complex { activation: None } if node.incoming.len() > 1 => {
            let message = "the complex gateway has no activation condition: it waits for all that can still arrive";
            lint.warn(
                node,
                "activation-missing",
                message,
                "write its activationCondition, e.g. 'activationCount >= 2'",
            );
        }
        _ => {}
    }
}

fn event_gateway(lint: &mut Lint<'_, '_, '_>, node: &Node, wrong_kind: bool) {
    let process = lint.process;

    if wrong_kind {
        let message = "a parallel event-based gateway can only start a process (BPMN 2.0, 10.6.6)";
        lint.error(
            node,
            "event-gateway",
            message,
            "make it exclusive, or use a parallel gateway and catch events",
        );
    }
    if node.outgoing.len() < 2 {
        lint.error(
            node,
            "event-gateway",
            "an event-based gateway needs at least two events to choose from",
            "add events after it",
        );
    }
    for target in node
        .outgoing
        .iter()
        .map(|flow| process.node(process.flow(*flow).target))
    {
        let catches = matches!(target.kind, NodeKind::CatchEvent(_) | NodeKind::ReceiveTask { .. });
        if !catches || target.incoming.len() > 1 || !target.boundary.is_empty() {
            let message = format!("'{}' cannot follow an event-based gateway", target.id);
            lint.error(
                node,
                "event-gateway",
                message,
                "let catch events or receive tasks follow, each reached only from the gateway",
            );
        }
    }
}

/// How each level begins.
fn scopes(lint: &mut Lint<'_, '_, '_>) {
    let process = lint.process;
    for scope in &process.scopes {
        let none_starts: Vec<&Node> = scope
            .starts
            .iter()
            .map(|start| process.node(*start))
            .filter(|node| matches!(&node.kind, NodeKind::Start(catch) if catch.definitions.is_empty()))
            .collect();
        if let [_, second, ..] = none_starts.as_slice() {
            lint.error(
                second,
                "several-none-starts",
                "this level has more than one none start event",
                "keep one, and branch after it",
            );
        }
        let Some(node) = scope.node.map(|node| process.node(node)) else {
            continue;
        };
        if scope.starts.is_empty() {
            lint.error(
                node,
                "start-missing",
                "nothing starts inside the sub-process",
                "add a none start event",
            );
        }
    }
}

/// Nodes that no token can reach.
fn reachable(lint: &mut Lint<'_, '_, '_>) {
    let process = lint.process;
    let mut seen = vec![false; process.nodes.len()];
    let mut stack: Vec<NodeId> = (0..process.nodes.len() as NodeId)
        .filter(|id| {
            let node = process.node(*id);
            let entry = matches!(
                node.kind,
                NodeKind::Start(_) | NodeKind::ReceiveTask { instantiate: true, .. }
            ) || matches!(node.kind, NodeKind::EventBased { instantiate: true, .. })
                || lint_events::is_link_catch(node);
            entry || node.for_compensation || node.event_sub_process().is_some()
        })
        .chain(process.scopes.iter().flat_map(|scope| scope.starts.iter().copied()))
        .collect();
    while let Some(id) = stack.pop() {
        if std::mem::replace(&mut seen[id as usize], true) {
            continue;
        }
        let node = process.node(id);
        stack.extend(node.outgoing.iter().map(|flow| process.flow(*flow).target));
        stack.extend(&node.boundary);
    }
    for (node, _) in process.nodes.iter().zip(&seen).filter(|(_, seen)| !**seen) {
        lint.warn(
            node,
            "unreachable",
            "no token can reach this element",
            "connect it, or remove it",
        );
    }
}
