//! Which tokens can still arrive at a join.

use crate::state::Token;
use bpmn::{EventDefinition, FlowId, NodeId, NodeKind, Process};

/// Whether a join must go on waiting: some token can still come by a flow that is empty, and cannot come by one that
/// already holds a token (BPMN 2.0, 13.4.3). `others` are the tokens of the same scope that do not wait here.
pub(super) fn must_wait<'t>(
    process: &Process,
    join: NodeId,
    filled: &[FlowId],
    others: impl Iterator<Item = &'t Token>,
) -> bool {
    let node = process.node(join);
    let empty: Vec<FlowId> = node
        .incoming
        .iter()
        .copied()
        .filter(|flow| !filled.contains(flow))
        .collect();
    if empty.is_empty() {
        return false;
    }
    let to_empty = backward(process, join, &empty);
    let to_filled = backward(process, join, filled);
    others
        .filter_map(|token| process.node_id(&token.element))
        .any(|at| to_empty[at as usize] && !to_filled[at as usize])
}

/// The nodes from which a path leads to the end of one of the flows without passing the join.
fn backward(process: &Process, join: NodeId, flows: &[FlowId]) -> Vec<bool> {
    let mut seen = vec![false; process.nodes.len()];
    let mut stack: Vec<NodeId> = flows.iter().map(|flow| process.flow(*flow).source).collect();
    while let Some(at) = stack.pop() {
        if at == join || std::mem::replace(&mut seen[at as usize], true) {
            continue;
        }
        let node = process.node(at);
        stack.extend(node.incoming.iter().map(|flow| process.flow(*flow).source));
        match &node.kind {
            NodeKind::Boundary { host, .. } => stack.push(*host),
            NodeKind::CatchEvent(catch) => {
                for definition in &catch.definitions {
                    let EventDefinition::Link(name) = definition else {
                        continue;
                    };
                    stack.extend((0..process.nodes.len() as NodeId).filter(|other| {
                        let other = process.node(*other);
                        other.scope == node.scope && throws_link(&other.kind, name)
                    }));
                }
            }
            _ => {}
        }
    }
    seen
}

fn throws_link(kind: &NodeKind, name: &str) -> bool {
    matches!(kind, NodeKind::ThrowEvent(list)
        if list.iter().any(|one| matches!(one, EventDefinition::Link(link) if link == name)))
}
