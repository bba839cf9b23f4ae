//! A token enters its element.

use super::beside::{flow_number, throws_away};
use super::{Failure, Run};
use crate::Variables;
use crate::state::{At, Next, Resume};
use bpmn::{EventDefinition, FlowId, Node, NodeId, NodeKind, Process};
use std::sync::Arc;

impl Run<'_> {
    /// Enters; a failure becomes an incident.
    pub(super) fn enter(&mut self, token: u64, via: Option<FlowId>, again: bool) {
        if self.state.token(token).is_none_or(|token| token.at != At::Here) {
            return; // cancelled meanwhile
        }
        let Some((process, id)) = self.place(token) else { return };
        let node = process.node(id);
        let flow = || via.map(|flow| process.flow(flow).id.clone());
        self.entered += 1;
        if self.entered > self.env.limits.nodes_per_step {
            let limit = self.env.limits.nodes_per_step;
            let message = format!(
                "more than {limit} elements were passed without waiting: the process runs in a circle. \
                 Correct the condition that should end it and retry"
            );
            return self.fail(token, Failure::new("limit", message), Resume::Enter { via: flow() });
        }
        if node.start_quantity > 1 && !again && !self.in_round(token, node) && !self.enough(token, node) {
            return;
        }
        self.event_entered(node, token);
        let listens = via.is_some_and(|flow| !process.flow(flow).hooks.is_empty());
        if !listens && node.hooks.is_empty() && node.apart.is_none() {
            return self.enter_now(token, &process, id, flow());
        }
        let via = flow();
        let next = if again {
            Next::Enter { via }
        } else {
            Next::Arrive { via }
        };
        self.proceed(token, &process, id, next, 0);
    }

    /// Does what the element is there for.
    pub(super) fn enter_now(&mut self, token: u64, process: &Arc<Process>, id: NodeId, via: Option<Arc<str>>) {
        let flow = via.as_ref().and_then(|via| flow_number(process, via));
        if let Err(failure) = self.dispatch(token, process, id, flow) {
            self.disarm(token);
            self.fail(token, failure, Resume::Enter { via });
        }
    }

    fn dispatch(&mut self, token: u64, process: &Arc<Process>, id: NodeId, via: Option<FlowId>) -> Result<(), Failure> {
        let node = process.node(id);
        match &node.kind {
            NodeKind::Start(_) if !node.io.outputs.is_empty() => {
                self.complete(token, process, id, Variables::new());
                Ok(())
            }
            NodeKind::Start(_) | NodeKind::Boundary { .. } => {
                self.finish_event(token, process, id);
                Ok(())
            }
            NodeKind::End(definitions) | NodeKind::ThrowEvent(definitions) => {
                self.map_inputs(token, node)?;
                if throws_away(node) && !node.hooks.is_empty() {
                    self.proceed(token, process, id, Next::Throw, 0);
                    return Ok(());
                }
                self.throw_all(token, process, id, definitions)
            }
            NodeKind::CatchEvent(catch) => {
                if catch
                    .definitions
                    .iter()
                    .any(|definition| matches!(definition, EventDefinition::Link(_)))
                {
                    self.finish_event(token, process, id);
                    return Ok(());
                }
                self.map_inputs(token, node)?;
                self.set_at(token, At::Catch);
                self.arm(token, process, id, catch)
            }
            NodeKind::EventBased { .. } => self.event_gateway(token, process, id),
            NodeKind::Exclusive | NodeKind::Parallel | NodeKind::Inclusive | NodeKind::Complex { .. } => {
                self.gateway(token, process, id, via)
            }
            _ => self.activity(token, process, id),
        }
    }

    /// An end event throws what ends its own token, after the listeners of its end.
    pub(super) fn throw_now(&mut self, token: u64, process: &Arc<Process>, id: NodeId) {
        let NodeKind::End(definitions) = &process.node(id).kind else {
            return;
        };
        if let Err(failure) = self.throw_all(token, process, id, definitions) {
            self.fail(token, failure, Resume::Enter { via: None });
        }
    }

    /// `startQuantity`: the last of enough tokens takes the others along.
    fn enough(&mut self, token: u64, node: &Node) -> bool {
        let Some(scope) = self.state.token(token).map(|token| token.scope) else {
            return false;
        };
        let waiting: Vec<u64> = self
            .state
            .tokens
            .iter()
            .filter(|other| other.scope == scope && other.element == node.id && matches!(other.at, At::Join(_)))
            .map(|other| other.n)
            .take(node.start_quantity as usize - 1)
            .collect();
        if waiting.len() + 1 < node.start_quantity as usize {
            self.set_at(token, At::Join(None));
            return false;
        }
        for other in waiting {
            self.consume(other);
        }
        true
    }

    /// An event that is over as soon as it is entered or triggered.
    pub(super) fn finish_event(&mut self, token: u64, process: &Arc<Process>, id: NodeId) {
        self.leave(token, process, id);
    }
}
