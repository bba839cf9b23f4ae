//! Boundary events.

use super::Run;
use crate::Variables;
use bpmn::{NodeId, NodeKind, Process};
use std::sync::Arc;

impl Run<'_> {
    /// A boundary event on the activity of `token` happens.
    pub(super) fn boundary(&mut self, token: u64, process: &Arc<Process>, boundary: NodeId, payload: Variables) {
        let NodeKind::Boundary { catch, .. } = &process.node(boundary).kind else {
            return;
        };
        self.boundary_flow(token, process, boundary, payload, catch.interrupting);
    }

    /// Puts a token on the way out of a boundary event, and cancels the activity if asked.
    pub(super) fn boundary_flow(
        &mut self,
        token: u64,
        process: &Arc<Process>,
        boundary: NodeId,
        payload: Variables,
        interrupt: bool,
    ) {
        let Some(scope) = self.state.token(token).map(|token| token.scope) else {
            return;
        };
        let node = process.node(boundary);
        let out = self.new_token(scope, node);
        if interrupt {
            self.cancel_token(token);
        }
        self.event_entered(node, out);
        self.happened(out, process, boundary, payload);
    }
}
