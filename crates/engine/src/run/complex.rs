//! Complex gateways (BPMN 2.0, 13.4.5): fire when the activation condition is true, then wait until the flows not yet
//! used have been used or can no longer be.

use super::eval::Spot;
use super::{Failure, Run};
use crate::Variables;
use crate::state::At;
use bpmn::{Expression, FlowId, NodeId, NodeKind, Process};
use std::sync::Arc;

impl Run<'_> {
    /// A token arrives at a complex gateway with several incoming flows.
    pub(super) fn complex_arrival(
        &mut self,
        token: u64,
        process: &Arc<Process>,
        id: NodeId,
        via: Option<FlowId>,
    ) -> Result<(), Failure> {
        let node = process.node(id);
        let Some(scope) = self.state.token(token).map(|token| token.scope) else {
            return Ok(());
        };
        self.wait_at_join(token, process, via);
        let flow = via.map(|flow| process.flow(flow).id.clone());
        let fired = self.state.scope_mut(scope).and_then(|scope| {
            scope
                .complex
                .iter_mut()
                .find(|(element, _)| *element == node.id)
                .map(|(_, seen)| seen)
        });
        if let Some(seen) = fired {
            // waiting for reset: the first token of each further flow is taken away
            if let Some(flow) = flow
                && !seen.contains(&flow)
            {
                seen.push(flow);
                self.event_left(node, token);
                self.consume(token);
            }
            return Ok(());
        }
        match &node.kind {
            NodeKind::Complex {
                activation: Some(activation),
            } => self.complex_try(scope, process, id, activation, token),
            _ => Ok(()),
        }
    }

    /// Fires if the activation condition holds for the tokens that wait.
    fn complex_try(
        &mut self,
        scope: u64,
        process: &Arc<Process>,
        id: NodeId,
        activation: &Expression,
        token: u64,
    ) -> Result<(), Failure> {
        let node = process.node(id);
        let count = self
            .state
            .tokens
            .iter()
            .filter(|other| other.scope == scope && other.element == node.id && matches!(other.at, At::Join(_)))
            .count();
        let mut more = Variables::new();
        more.insert("activationCount".into(), count.into());
        if !self.eval_bool_with(Spot::Token(token), activation, more)? {
            return Ok(());
        }
        let (chosen, filled) = self.arrived(scope, process, id);
        if filled.len() < node.incoming.len()
            && let Some(scope) = self.state.scope_mut(scope)
        {
            let seen = filled.iter().map(|flow| process.flow(*flow).id.clone()).collect();
            scope.complex.push((node.id.clone(), seen));
        }
        self.merge(&chosen, token, process, id);
        self.split(token, process, id)
    }

    /// Resets complex gateways that nothing can reach any more by an unused flow; `true` when one fired again.
    pub(super) fn reset_complex(&mut self) -> bool {
        let fired: Vec<(u64, Arc<str>, Vec<Arc<str>>)> = self
            .state
            .scopes
            .iter()
            .flat_map(|scope| {
                scope
                    .complex
                    .iter()
                    .map(|(element, seen)| (scope.n, element.clone(), seen.clone()))
            })
            .collect();
        for (scope, element, seen) in fired {
            let process = self.process(scope);
            let Some(id) = process.node_id(&element) else { continue };
            let node = process.node(id);
            let filled: Vec<FlowId> = node
                .incoming
                .iter()
                .copied()
                .filter(|flow| seen.contains(&process.flow(*flow).id))
                .collect();
            if self.blocked(scope, &process, id, &filled) {
                continue;
            }
            if let Some(scope) = self.state.scope_mut(scope) {
                scope.complex.retain(|(other, _)| *other != element);
            }
            let waiting = self
                .state
                .tokens
                .iter()
                .find(|token| token.scope == scope && token.element == element && matches!(token.at, At::Join(_)));
            if let (
                Some(token),
                NodeKind::Complex {
                    activation: Some(activation),
                },
            ) = (waiting.map(|token| token.n), &node.kind)
            {
                if let Err(failure) = self.complex_try(scope, &process, id, activation, token) {
                    self.fail(token, failure, crate::state::Resume::Enter { via: None });
                }
                return true;
            }
        }
        false
    }
}
