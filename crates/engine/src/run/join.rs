//! Joins that are decided when nothing moves: inclusive gateways, and complex ones without a condition or in reset.

use super::Run;
use super::beside::flow_number;
use super::reach::must_wait;
use crate::state::{At, Resume, Token};
use bpmn::{FlowId, NodeId, NodeKind, Process};
use std::sync::Arc;

impl Run<'_> {
    /// Fires one join that need not wait any longer; `false` when there is none.
    pub(super) fn fire_joins(&mut self) -> bool {
        let mut looked_at: Vec<(u64, Arc<str>)> = Vec::new();
        let waiting: Vec<u64> = self
            .state
            .tokens
            .iter()
            .filter(|token| matches!(token.at, At::Join(Some(_))))
            .map(|token| token.n)
            .collect();
        for first in waiting {
            let Some((process, id)) = self.place(first) else {
                continue;
            };
            let by_reach = matches!(
                process.node(id).kind,
                NodeKind::Inclusive | NodeKind::Complex { activation: None }
            );
            let Some(token) = self.state.token(first) else { continue };
            let place = (token.scope, token.element.clone());
            if !by_reach || looked_at.contains(&place) {
                continue;
            }
            let (chosen, filled) = self.arrived(place.0, &process, id);
            looked_at.push(place);
            if !self.blocked(looked_at[looked_at.len() - 1].0, &process, id, &filled) {
                self.merge(&chosen, first, &process, id);
                if let Err(failure) = self.split(first, &process, id) {
                    self.fail(first, failure, Resume::Leave);
                }
                return true;
            }
        }
        self.reset_complex()
    }

    /// One waiting token of each incoming flow that has any, and those flows.
    pub(super) fn arrived(&self, scope: u64, process: &Process, id: NodeId) -> (Vec<u64>, Vec<FlowId>) {
        let node = process.node(id);
        let (mut chosen, mut filled) = (Vec::new(), Vec::new());
        for flow in &node.incoming {
            let by = &process.flow(*flow).id;
            let first = self.state.tokens.iter().find(|token| {
                token.scope == scope
                    && token.element == node.id
                    && matches!(&token.at, At::Join(Some(via)) if via == by)
            });
            if let Some(first) = first {
                chosen.push(first.n);
                filled.push(*flow);
            }
        }
        (chosen, filled)
    }

    /// Whether a token of the scope can still come by an empty flow.
    pub(super) fn blocked(&self, scope: u64, process: &Process, id: NodeId, filled: &[FlowId]) -> bool {
        let element = &process.node(id).id;
        let others = self
            .state
            .tokens
            .iter()
            .filter(|token| token.scope == scope && token.element != *element);
        // those that have come to it and wait for a listener or a commit have not arrived
        let on_the_way = self.state.tokens.iter().any(|token| {
            let flow = self.comes_by(token);
            let flow = flow.and_then(|flow| flow_number(process, flow));
            token.scope == scope && token.element == *element && flow.is_some_and(|flow| !filled.contains(&flow))
        });
        on_the_way || must_wait(process, id, filled, others)
    }

    fn comes_by<'t>(&'t self, token: &'t Token) -> Option<&'t Arc<str>> {
        match &token.at {
            At::Job(job) => job.beside.as_ref()?.next.comes_by(),
            At::Stuck => {
                let mut incidents = self.state.incidents.iter();
                match &incidents.find(|incident| incident.token == token.n)?.resume {
                    Resume::Beside(beside) => beside.next.comes_by(),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}
