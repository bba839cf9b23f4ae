//! Ad-hoc sub-processes: inner activities run together or one after the other, in the order of the model.

use super::eval::Spot;
use super::{Failure, Run};
use crate::state::{At, Resume};
use bpmn::{AdHoc, NodeKind, Process, ScopeId, SubProcessKind};
use serde_json::Value;
use std::sync::Arc;

impl Run<'_> {
    pub(super) fn open_ad_hoc(
        &mut self,
        token: u64,
        process: &Arc<Process>,
        level: ScopeId,
        ad_hoc: &AdHoc,
    ) -> Result<(), Failure> {
        let elements = self.ad_hoc_elements(token, process, level, ad_hoc)?;
        let Some(scope) = self.new_scope(token, process, level) else {
            return Ok(());
        };
        if let Err(failure) = self.arm_event_subs(scope, process, level) {
            self.remove_scope(scope);
            self.set_at(token, At::Here);
            return Err(failure);
        }
        if elements.is_empty() {
            self.queue.push_back(super::Work::ScopeDone(scope));
        } else if ad_hoc.sequential {
            if let Some(state) = self.state.scope_mut(scope) {
                state.pending = elements;
            }
            self.next_ad_hoc(scope);
        } else {
            for element in elements {
                if let Some(node) = process.node_by_id(&element) {
                    self.spawn(scope, node, None);
                }
            }
        }
        Ok(())
    }

    /// The elements to activate: those the model computes, or all without incoming flow.
    fn ad_hoc_elements(
        &self,
        token: u64,
        process: &Process,
        level: ScopeId,
        ad_hoc: &AdHoc,
    ) -> Result<Vec<Arc<str>>, Failure> {
        let starts = &process.scope(level).starts;
        let Some(active) = &ad_hoc.active else {
            return Ok(starts.iter().map(|start| process.node(*start).id.clone()).collect());
        };
        let wrong = |what: String| Failure::new("expression", format!("the ad-hoc sub-process cannot activate {what}"));
        let Value::Array(items) = self.eval(Spot::Token(token), active)? else {
            return Err(wrong(format!("'{}': it gives no list of element ids", active.as_str())));
        };
        let limit = self.env.limits.multi_instance as usize;
        if items.len() > limit {
            return Err(wrong(format!("{} elements; at most {limit}", items.len())));
        }
        let mut found = Vec::with_capacity(items.len());
        for item in items {
            let node = item
                .as_str()
                .and_then(|id| process.node_by_id(id))
                .filter(|node| node.scope == level);
            found.push(
                node.ok_or_else(|| wrong(format!("{item}: it is not inside")))?
                    .id
                    .clone(),
            );
        }
        Ok(found)
    }

    /// Starts the next element of a sequential ad-hoc sub-process.
    pub(super) fn next_ad_hoc(&mut self, scope: u64) {
        let process = self.process(scope);
        let Some(state) = self.state.scope_mut(scope) else {
            return;
        };
        if state.pending.is_empty() {
            return;
        }
        let element = state.pending.remove(0);
        if let Some(node) = process.node_by_id(&element) {
            self.spawn(scope, node, None);
        }
    }

    /// After an inner activity: the completion condition may end the ad-hoc sub-process.
    pub(super) fn ad_hoc_step(&mut self, scope: u64) {
        let Some(owner) = self.state.scope(scope).and_then(|scope| scope.owner) else {
            return;
        };
        let Some((process, id)) = self.place(owner) else { return };
        let NodeKind::SubProcess {
            kind: SubProcessKind::AdHoc(ad_hoc),
            ..
        } = &process.node(id).kind
        else {
            return;
        };
        let Some(completion) = &ad_hoc.completion else { return };
        match self.eval_bool(Spot::Scope(scope), completion) {
            Ok(false) => {}
            Ok(true) => {
                if let Some(state) = self.state.scope_mut(scope) {
                    state.pending.clear();
                }
                if ad_hoc.cancel_remaining {
                    self.cancel_tokens(scope, None);
                    self.queue.push_back(super::Work::ScopeDone(scope));
                }
            }
            // what runs inside goes on; whether that was enough is looked at again on retry
            Err(failure) => self.fail_in_place(owner, failure, Resume::Round(scope)),
        }
    }
}
