//! Sub-process scopes: opening and completing.

use super::{Failure, Run};
use crate::state::{At, Resume, ScopeKind, ScopeState};
use crate::{Effect, Event, InstanceState, Variables};
use bpmn::{Process, ScopeId};
use serde_json::Value;
use std::sync::Arc;

impl Run<'_> {
    /// Opens the inside of a sub-process; `payload` is what its start event received.
    pub(super) fn open_scope(
        &mut self,
        token: u64,
        process: &Arc<Process>,
        level: ScopeId,
        payload: Variables,
    ) -> Result<(), Failure> {
        let Some(scope) = self.new_scope(token, process, level) else {
            return Ok(());
        };
        self.begin(token, scope, process, level, &payload)
    }

    /// Arms the event sub-processes of a new scope and puts tokens at its starts. On a failure the scope is gone.
    fn begin(
        &mut self,
        token: u64,
        scope: u64,
        process: &Arc<Process>,
        level: ScopeId,
        payload: &Variables,
    ) -> Result<(), Failure> {
        if let Err(failure) = self.arm_event_subs(scope, process, level) {
            self.remove_scope(scope);
            self.set_at(token, At::Here);
            return Err(failure);
        }
        for start in &process.scope(level).starts {
            if payload.is_empty() {
                self.spawn(scope, process.node(*start), None);
            } else {
                self.triggered_at(scope, process, *start, payload.clone());
            }
        }
        Ok(())
    }

    /// A new scope inside the activity of `token`, with the token's local variables and the data objects of the level.
    pub(super) fn new_scope(&mut self, token: u64, process: &Process, level: ScopeId) -> Option<u64> {
        let n = self.next();
        let holder = self.state.token_mut(token)?;
        holder.at = At::Scope;
        let (parent, element) = (holder.scope, holder.element.clone());
        let mut vars = std::mem::take(&mut holder.vars);
        for object in process
            .data_objects
            .iter()
            .filter(|object| object.scope == level && level != 0)
        {
            vars.entry(object.name.clone()).or_insert(Value::Null);
        }
        let number = self.state.scope(parent).map_or(0, |scope| scope.process);
        self.state.scopes.push(ScopeState {
            n,
            kind: ScopeKind::Sub,
            parent: Some(parent),
            owner: Some(token),
            process: number,
            element: Some(element),
            vars,
            live: 0,
            done: Vec::new(),
            pending: Vec::new(),
            complex: Vec::new(),
            compensating: false,
        });
        Some(n)
    }

    /// Forgets a scope without tokens, and its waits.
    pub(super) fn remove_scope(&mut self, scope: u64) -> Option<ScopeState> {
        self.disarm_event_subs(scope);
        self.state
            .scope_place(scope)
            .map(|place| self.state.scopes.remove(place))
    }

    /// A scope has lost its last token: it completes, unless something came meanwhile.
    pub(super) fn scope_done(&mut self, scope: u64) {
        let Some(state) = self.state.scope(scope).filter(|state| state.live == 0) else {
            return;
        };
        if !state.pending.is_empty() {
            return self.next_ad_hoc(scope);
        }
        match (state.kind, state.owner) {
            (ScopeKind::Iteration, Some(owner)) => self.round_done(owner, scope),
            (ScopeKind::Sub, Some(owner)) => self.sub_done(owner, scope),
            (ScopeKind::Process, _) | (_, None) => {
                if !self.end_listeners(scope) {
                    self.process_done(scope);
                }
            }
        }
    }

    /// A process, called or not, is over.
    pub(super) fn process_done(&mut self, scope: u64) {
        match self.state.scope(scope).and_then(|scope| scope.owner) {
            Some(owner) => self.call_done(owner, scope),
            None => self.instance_done(scope),
        }
    }

    fn sub_done(&mut self, owner: u64, scope: u64) {
        let Some((process, id)) = self.place(owner) else { return };
        let Some(done) = self.remove_scope(scope) else { return };
        if done.compensating {
            let thrower = self
                .state
                .token(owner)
                .and_then(|token| token.compensates)
                .unwrap_or_default();
            self.event_left(process.node(id), owner);
            self.consume(owner);
            return self.compensated(thrower, process.node(id));
        }
        self.remember_inside(owner, &process, id, &done);
        // output mappings of the sub-process see its variables
        if let Some(token) = self.state.token_mut(owner) {
            token.vars = done.vars;
        }
        self.set_at(owner, At::Here);
        self.complete(owner, &process, id, Variables::new());
    }

    fn instance_done(&mut self, scope: u64) {
        self.disarm_event_subs(scope);
        self.state.status = InstanceState::Completed;
        if let Some(root) = self.state.scope_mut(scope) {
            root.done.clear();
            root.complex.clear();
        }
        self.events.push(Event::Completed);
        self.effect(Effect::Completed);
    }

    /// Ends the instance, whatever runs.
    pub(super) fn terminate(&mut self, reason: String) {
        if let Some(root) = self.state.scopes.first().map(|scope| scope.n) {
            self.disarm_event_subs(root);
            self.cancel_tokens(root, None);
            if let Some(root) = self.state.scope_mut(root) {
                root.done.clear();
                root.complex.clear();
                root.pending.clear();
            }
        }
        self.queue.clear();
        self.conditions_due = false;
        self.state.held = None;
        self.state.status = InstanceState::Terminated;
        self.events.push(Event::Terminated { reason: reason.clone() });
        self.effect(Effect::Terminated { reason });
    }

    /// What a retried sub-process or call does: opens its inside again.
    pub(super) fn perform_again(&mut self, token: u64) {
        let Some((process, id)) = self.place(token) else { return };
        self.set_at(token, At::Here);
        if let Err(failure) = self.perform(token, &process, id) {
            self.fail(token, failure, Resume::Perform);
        }
    }
}
