//! Gateways.

use super::eval::Spot;
use super::flow::no_flow;
use super::{Failure, Run};
use crate::state::At;
use bpmn::{FlowId, NodeId, NodeKind, Process};
use std::sync::Arc;

impl Run<'_> {
    /// A token arrives at a gateway.
    pub(super) fn gateway(
        &mut self,
        token: u64,
        process: &Arc<Process>,
        id: NodeId,
        via: Option<FlowId>,
    ) -> Result<(), Failure> {
        let node = process.node(id);
        let joins = node.incoming.len() > 1;
        match &node.kind {
            NodeKind::Exclusive => {
                let flow = self.exclusive(token, process, id)?;
                self.take(token, process, id, flow.as_slice());
                Ok(())
            }
            NodeKind::Parallel if joins => {
                self.wait_at_join(token, process, via);
                self.parallel_join(token, process, id);
                Ok(())
            }
            NodeKind::Inclusive if joins => {
                // decided when nothing else moves
                self.wait_at_join(token, process, via);
                Ok(())
            }
            NodeKind::Complex { .. } if joins => self.complex_arrival(token, process, id, via),
            NodeKind::Parallel => {
                self.take(token, process, id, &node.outgoing);
                Ok(())
            }
            _ => self.split(token, process, id),
        }
    }

    /// Goes out of an inclusive or complex gateway.
    pub(super) fn split(&mut self, token: u64, process: &Arc<Process>, id: NodeId) -> Result<(), Failure> {
        let flows = self.by_conditions(token, process, id)?;
        self.take(token, process, id, &flows);
        Ok(())
    }

    pub(super) fn wait_at_join(&mut self, token: u64, process: &Process, via: Option<FlowId>) {
        self.set_at(token, At::Join(via.map(|flow| process.flow(flow).id.clone())));
    }

    /// The first flow whose condition is true, else the default.
    fn exclusive(&self, token: u64, process: &Process, id: NodeId) -> Result<Option<FlowId>, Failure> {
        let node = process.node(id);
        for flow in node.outgoing.iter().copied().filter(|flow| Some(*flow) != node.default) {
            match &process.flow(flow).condition {
                None => return Ok(Some(flow)),
                Some(condition) if self.eval_bool(Spot::Token(token), condition)? => return Ok(Some(flow)),
                Some(_) => {}
            }
        }
        if node.default.is_none() && !node.outgoing.is_empty() {
            return Err(no_flow(&node.id));
        }
        Ok(node.default)
    }

    /// One token from each incoming flow, or wait.
    fn parallel_join(&mut self, token: u64, process: &Arc<Process>, id: NodeId) {
        let node = process.node(id);
        let Some(scope) = self.state.token(token).map(|token| token.scope) else {
            return;
        };
        let mut chosen: Vec<u64> = Vec::with_capacity(node.incoming.len());
        for flow in &node.incoming {
            let flow = &process.flow(*flow).id;
            let first = self.state.tokens.iter().find(|other| {
                other.scope == scope
                    && other.element == node.id
                    && matches!(&other.at, At::Join(Some(by)) if by == flow)
            });
            match first {
                Some(first) => chosen.push(first.n),
                None => return,
            }
        }
        self.merge(&chosen, token, process, id);
        self.take(token, process, id, &node.outgoing);
    }

    /// Consumes the joined tokens but one, which goes on.
    pub(super) fn merge(&mut self, chosen: &[u64], keep: u64, process: &Process, id: NodeId) {
        let node = process.node(id);
        self.set_at(keep, At::Here);
        for other in chosen.iter().copied().filter(|other| *other != keep) {
            self.event_left(node, other);
            self.consume(other);
        }
    }
}
