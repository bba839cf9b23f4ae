//! A token leaves its element.

use super::eval::Spot;
use super::{Failure, Run};
use crate::Event;
use crate::state::{Next, Resume};
use bpmn::{FlowId, NodeId, NodeKind, Process};
use std::sync::Arc;

impl Run<'_> {
    /// Leaves by the outgoing flows of an activity or event: those without condition and those whose condition is
    /// true, or else the default (BPMN 2.0, 13.2.1). A failure becomes an incident.
    pub(super) fn leave(&mut self, token: u64, process: &Arc<Process>, id: NodeId) {
        match self.chosen(token, process, id) {
            Ok(flows) => self.take(token, process, id, &flows),
            Err(failure) => self.fail(token, failure, Resume::Leave),
        }
    }

    fn chosen(&self, token: u64, process: &Process, id: NodeId) -> Result<Vec<FlowId>, Failure> {
        let node = process.node(id);
        let ignored = matches!(
            node.kind,
            NodeKind::Start(_) | NodeKind::Parallel | NodeKind::EventBased { .. }
        );
        if ignored || node.outgoing.iter().all(|flow| process.flow(*flow).condition.is_none()) {
            return Ok(node.outgoing.clone());
        }
        self.by_conditions(token, process, id)
    }

    /// The flows an inclusive decision takes.
    pub(super) fn by_conditions(&self, token: u64, process: &Process, id: NodeId) -> Result<Vec<FlowId>, Failure> {
        let node = process.node(id);
        let mut flows = Vec::new();
        let mut condition_true = false;
        for flow in node.outgoing.iter().copied().filter(|flow| Some(*flow) != node.default) {
            match &process.flow(flow).condition {
                None => flows.push(flow),
                Some(condition) if self.eval_bool(Spot::Token(token), condition)? => {
                    condition_true = true;
                    flows.push(flow);
                }
                Some(_) => {}
            }
        }
        if !condition_true && let Some(default) = node.default {
            flows.push(default);
        }
        if flows.is_empty() && !node.outgoing.is_empty() {
            return Err(no_flow(&node.id));
        }
        Ok(flows)
    }

    /// Takes flows: a new token on each, then this one is consumed.
    pub(super) fn take(&mut self, token: u64, process: &Arc<Process>, id: NodeId, flows: &[FlowId]) {
        let node = process.node(id);
        let count = flows.len() * node.completion_quantity as usize;
        let limit = self.env.limits.tokens as usize;
        if self.state.tokens.len() + count > limit {
            let message = format!("more than {limit} tokens would be alive. Correct the model: branches multiply");
            return self.fail(token, Failure::new("limit", message), Resume::Leave);
        }
        if !node.hooks.is_empty() || node.apart.is_some() {
            let flows = flows.iter().map(|flow| process.flow(*flow).id.clone()).collect();
            return self.proceed(token, process, id, Next::Leave { flows }, 0);
        }
        self.go(token, process, id, flows);
    }

    /// Leaves by flows, when all that stands beside the element is done.
    pub(super) fn go(&mut self, token: u64, process: &Arc<Process>, id: NodeId, flows: &[FlowId]) {
        let node = process.node(id);
        let Some(scope) = self.state.token(token).map(|token| token.scope) else {
            return;
        };
        self.event_left(node, token);
        for flow in flows {
            let target = process.node(process.flow(*flow).target);
            for _ in 0..node.completion_quantity {
                self.events.push(Event::FlowTaken {
                    flow: process.flow(*flow).id.to_string(),
                });
                self.spawn(scope, target, Some(*flow));
            }
        }
        self.consume(token);
        if flows.is_empty() {
            self.ad_hoc_step(scope);
        }
    }
}

/// No condition is true and there is no default.
pub(super) fn no_flow(element: &str) -> Failure {
    let message = format!(
        "no condition on the flows that leave '{element}' is true and none is the default. \
         Correct the variables and retry, or give the model a default flow"
    );
    Failure::new("no-flow", message)
}
