//! Which event definitions may stand where (BPMN 2.0, table 10.93).

use super::lint::Lint;
use crate::{Catch, EventDefinition, Node, NodeId, NodeKind, SubProcessKind};

/// Whether a node is a link's catching end.
pub fn is_link_catch(node: &Node) -> bool {
    matches!(&node.kind, NodeKind::CatchEvent(catch)
        if catch.definitions.iter().any(|one| matches!(one, EventDefinition::Link(_))))
}

/// Checks one node.
pub fn check(lint: &mut Lint<'_, '_, '_>, id: NodeId, node: &Node) {
    match &node.kind {
        NodeKind::Start(catch) => start(lint, node, catch),
        NodeKind::CatchEvent(catch) => intermediate(lint, node, catch),
        NodeKind::Boundary { host, catch } => boundary(lint, node, *host, catch),
        NodeKind::ThrowEvent(definitions) => throw(lint, node, definitions),
        NodeKind::End(definitions) => end(lint, id, node, definitions),
        NodeKind::SubProcess {
            kind: SubProcessKind::Transaction,
            ..
        } => transaction(lint, id, node),
        _ => {}
    }
}

fn allowed(lint: &mut Lint<'_, '_, '_>, node: &Node, definitions: &[EventDefinition], kinds: &[&str], place: &str) {
    for definition in definitions
        .iter()
        .filter(|definition| !kinds.contains(&definition.kind()))
    {
        let kind = definition.kind();
        let article = if kind.starts_with(['e', 'a']) { "an" } else { "a" };
        let message = format!("{article} {kind} event cannot be {place}");
        let remedy = format!("use one of: {}", kinds.join(", "));
        lint.error(node, "event-misplaced", message, &remedy);
    }
}

fn start(lint: &mut Lint<'_, '_, '_>, node: &Node, catch: &Catch) {
    let holder = lint
        .process
        .scope(node.scope)
        .node
        .map(|holder| lint.process.node(holder));
    match holder {
        None => {
            allowed(
                lint,
                node,
                &catch.definitions,
                &["message", "timer", "signal", "conditional"],
                "a start event of a process",
            );
        }
        Some(holder) if holder.event_sub_process().is_some() => {
            let kinds = [
                "message",
                "timer",
                "signal",
                "conditional",
                "error",
                "escalation",
                "compensation",
            ];
            allowed(
                lint,
                node,
                &catch.definitions,
                &kinds,
                "the start event of an event sub-process",
            );
        }
        Some(_) if !catch.definitions.is_empty() => {
            let message = "the start event of an embedded sub-process has a trigger";
            lint.error(
                node,
                "start-trigger",
                message,
                "remove the trigger, or make it an event sub-process",
            );
        }
        Some(_) => {}
    }
}

fn intermediate(lint: &mut Lint<'_, '_, '_>, node: &Node, catch: &Catch) {
    if catch.definitions.is_empty() {
        lint.error_unless_told(
            node,
            "event-without-trigger",
            "the catch event waits for nothing",
            "give it a timer, message, signal, condition or link",
        );
    }
    allowed(
        lint,
        node,
        &catch.definitions,
        &["message", "timer", "signal", "conditional", "link"],
        "an intermediate catch event",
    );
    if is_link_catch(node) && !node.incoming.is_empty() {
        lint.error(
            node,
            "link-with-incoming",
            "a sequence flow leads into the catching end of a link",
            "remove it",
        );
    }
}

fn boundary(lint: &mut Lint<'_, '_, '_>, node: &Node, host: NodeId, catch: &Catch) {
    if catch.definitions.is_empty() {
        lint.error_unless_told(
            node,
            "event-without-trigger",
            "the boundary event waits for nothing",
            "give it a timer, message, signal, error…",
        );
    }
    let kinds = [
        "message",
        "timer",
        "signal",
        "conditional",
        "error",
        "escalation",
        "compensation",
        "cancel",
    ];
    allowed(lint, node, &catch.definitions, &kinds, "a boundary event");
    if host == NodeId::MAX {
        return;
    }
    let host = lint.process.node(host);
    boundary_host(lint, node, host);
    let has = |wanted: &str| catch.definitions.iter().any(|definition| definition.kind() == wanted);
    if has("cancel")
        && !matches!(
            host.kind,
            NodeKind::SubProcess {
                kind: SubProcessKind::Transaction,
                ..
            }
        )
    {
        lint.error(
            node,
            "cancel-outside-transaction",
            "a cancel event is attached to something that is no transaction",
            "attach it to a transaction",
        );
    }
    if has("compensation") {
        if host.compensation_handler.is_none() {
            lint.error(
                node,
                "compensation-handler",
                "the compensation event has no handler",
                "connect it to an activity with an association",
            );
        }
    } else if node.outgoing.is_empty() {
        lint.warn(
            node,
            "boundary-without-outgoing",
            "nothing follows the boundary event",
            "connect it",
        );
    }
}

fn boundary_host(lint: &mut Lint<'_, '_, '_>, node: &Node, host: &Node) {
    if !host.is_activity() {
        let message = format!(
            "the boundary event is attached to '{}', which is not an activity",
            host.id
        );
        lint.error(
            node,
            "boundary-host",
            message,
            "attach it to a task, sub-process or call activity",
        );
    }
    if host.scope != node.scope {
        let message = format!("the boundary event lies on another level than '{}'", host.id);
        lint.error(
            node,
            "boundary-host",
            message,
            "attach it to an activity of its own level",
        );
    }
}

fn throw(lint: &mut Lint<'_, '_, '_>, node: &Node, definitions: &[EventDefinition]) {
    let kinds = ["message", "signal", "escalation", "compensation", "link"];
    allowed(lint, node, definitions, &kinds, "an intermediate throw event");
    for definition in definitions {
        let EventDefinition::Link(name) = definition else {
            continue;
        };
        let catches = lint
            .process
            .nodes
            .iter()
            .filter(|other| other.scope == node.scope && link_name(other) == Some(name));
        match catches.count() {
            1 => {}
            0 => lint.error(
                node,
                "link-without-catch",
                format!("no link '{name}' is caught on this level"),
                "add a catching link event of the same name",
            ),
            count => lint.error(
                node,
                "link-ambiguous",
                format!("the link '{name}' is caught {count} times on this level"),
                "keep one catching link event",
            ),
        }
    }
}

/// The link a node catches.
fn link_name(node: &Node) -> Option<&String> {
    let NodeKind::CatchEvent(catch) = &node.kind else {
        return None;
    };
    catch.definitions.iter().find_map(|definition| match definition {
        EventDefinition::Link(name) => Some(name),
        _ => None,
    })
}

fn end(lint: &mut Lint<'_, '_, '_>, id: NodeId, node: &Node, definitions: &[EventDefinition]) {
    let kinds = [
        "message",
        "signal",
        "error",
        "escalation",
        "compensation",
        "cancel",
        "terminate",
    ];
    allowed(lint, node, definitions, &kinds, "an end event");
    let cancels = definitions
        .iter()
        .any(|definition| matches!(definition, EventDefinition::Cancel));
    if cancels && !inside_transaction(lint, id) {
        lint.error(
            node,
            "cancel-outside-transaction",
            "a cancel end event lies outside a transaction",
            "put it into a transaction, or use an error end event",
        );
    }
}

fn inside_transaction(lint: &Lint<'_, '_, '_>, id: NodeId) -> bool {
    let mut scope = Some(lint.process.node(id).scope);
    while let Some(current) = scope {
        let current = lint.process.scope(current);
        let node = current.node.map(|node| lint.process.node(node));
        if node.is_some_and(|node| {
            matches!(
                node.kind,
                NodeKind::SubProcess {
                    kind: SubProcessKind::Transaction,
                    ..
                }
            )
        }) {
            return true;
        }
        scope = current.parent;
    }
    false
}

fn transaction(lint: &mut Lint<'_, '_, '_>, id: NodeId, node: &Node) {
    let process = lint.process;
    let inner = process
        .scopes
        .iter()
        .position(|scope| scope.node == Some(id))
        .unwrap_or_default() as u32;
    let cancels = process.nodes.iter().any(|inside| {
        inside.scope == inner && matches!(&inside.kind, NodeKind::End(list) if list.contains(&EventDefinition::Cancel))
    });
    let caught = node.boundary.iter().any(|event| {
        matches!(&process.node(*event).kind, NodeKind::Boundary { catch, .. } if catch.definitions.contains(&EventDefinition::Cancel))
    });
    if cancels && !caught {
        lint.warn(
            node,
            "cancel-not-caught",
            "the transaction can be cancelled, and nothing follows then",
            "attach a cancel boundary event",
        );
    }
}
