//! Compensation: what completed and has a handler is undone in reverse order.

use super::Run;
use crate::state::{At, Compensating, Completed, ScopeKind, ScopeState, Then, Token};
use crate::{Event, Variables};
use bpmn::{EventDefinition, Node, NodeId, NodeKind, Process, ScopeId, SubProcessKind};
use std::sync::Arc;

/// Most records kept in one scope; the oldest go first.
const MAX_RECORDS: usize = 10_000;

impl Run<'_> {
    /// Notes a completed activity that has a handler. Sub-processes are noted when their inside completes.
    pub(super) fn remember(&mut self, token: u64, process: &Process, id: NodeId) {
        let node = process.node(id);
        if node.compensation_handler.is_none() || matches!(node.kind, NodeKind::SubProcess { .. }) {
            return;
        }
        let Some(scope) = self.state.token(token).map(|token| token.scope) else {
            return;
        };
        let vars = match self.state.scope(scope) {
            Some(scope) if scope.kind == ScopeKind::Iteration => scope.vars.clone(),
            _ => Variables::new(),
        };
        self.record(
            scope,
            Completed {
                element: node.id.clone(),
                vars,
                inner: Vec::new(),
            },
        );
    }

    /// Notes a completed sub-process in which something can be compensated.
    pub(super) fn remember_inside(&mut self, owner: u64, process: &Process, id: NodeId, done: &ScopeState) {
        let node = process.node(id);
        let NodeKind::SubProcess { scope: level, .. } = node.kind else {
            return;
        };
        if node.compensation_handler.is_none() && done.done.is_empty() && undoing_sub(process, level).is_none() {
            return;
        }
        let Some(scope) = self.state.token(owner).map(|token| token.scope) else {
            return;
        };
        let record = Completed {
            element: node.id.clone(),
            vars: done.vars.clone(),
            inner: done.done.clone(),
        };
        self.record(scope, record);
    }

    /// Puts a record into the scope, or the one around it when it is a loop round.
    fn record(&mut self, scope: u64, record: Completed) {
        let scope = self.outside_rounds(scope);
        if let Some(state) = self.state.scope_mut(scope) {
            if state.done.len() >= MAX_RECORDS {
                state.done.remove(0);
            }
            state.done.push(record);
        }
    }

    fn outside_rounds(&self, mut scope: u64) -> u64 {
        while let Some(ScopeState {
            kind: ScopeKind::Iteration,
            parent: Some(parent),
            ..
        }) = self.state.scope(scope)
        {
            scope = *parent;
        }
        scope
    }

    /// Throws compensation; `true` when the thrower waits for handlers.
    pub(super) fn compensate(&mut self, thrower: u64, activity: Option<Arc<str>>, wait: bool) -> bool {
        let Some(scope) = self.state.token(thrower).map(|token| token.scope) else {
            return false;
        };
        let mut queue = self.take_records(scope, activity.as_ref());
        if queue.is_empty() {
            return false;
        }
        if wait {
            let state = Compensating {
                queue,
                then: Then::Leave,
            };
            self.set_at(thrower, At::Compensating(Box::new(state)));
            self.compensate_next(thrower);
            return true;
        }
        while let Some((scope, record)) = queue.pop() {
            self.undo(0, scope, record);
        }
        false
    }

    /// Takes the records a throw in this scope reaches, oldest first: those of its scope, and for an event sub-process
    /// those around it; a named activity is looked for further out too.
    fn take_records(&mut self, scope: u64, activity: Option<&Arc<str>>) -> Vec<(u64, Completed)> {
        let mut found = Vec::new();
        let mut at = Some(self.outside_rounds(scope));
        while let Some(scope) = at {
            let process = self.process(scope);
            let Some(state) = self.state.scope_mut(scope) else {
                break;
            };
            let (kept, taken): (Vec<_>, Vec<_>) = std::mem::take(&mut state.done)
                .into_iter()
                .partition(|record| activity.is_some_and(|activity| record.element != *activity));
            state.done = kept;
            found.splice(0..0, taken.into_iter().map(|record| (scope, record)));
            let in_event_sub = state
                .element
                .as_ref()
                .and_then(|element| process.node_by_id(element))
                .is_some_and(|node| node.event_sub_process().is_some());
            let further = in_event_sub || (activity.is_some() && found.is_empty());
            let parent = if state.kind == ScopeKind::Process {
                None
            } else {
                state.parent
            };
            at = if further {
                parent.map(|parent| self.outside_rounds(parent))
            } else {
                None
            };
        }
        found
    }

    /// Runs the next handler of a throw, or goes on after the last.
    pub(super) fn compensate_next(&mut self, thrower: u64) {
        let Some(Token {
            at: At::Compensating(state),
            ..
        }) = self.state.token_mut(thrower)
        else {
            return;
        };
        if let Some((scope, record)) = state.queue.pop() {
            return self.undo(thrower, scope, record);
        }
        let then = state.then;
        self.set_at(thrower, At::Here);
        match then {
            Then::Leave => {
                if let Some((process, id)) = self.place(thrower) {
                    self.leave(thrower, &process, id);
                }
            }
            Then::Cancel => self.cancelled(thrower),
            Then::End => self.consume(thrower),
        }
    }

    /// Undoes one completed activity: its handler, or what completed inside it.
    fn undo(&mut self, thrower: u64, scope: u64, record: Completed) {
        let process = self.process(scope);
        let Some(id) = process.node_id(&record.element) else {
            return self.compensate_next(thrower);
        };
        let node = process.node(id);
        if let Some(handler) = node.compensation_handler {
            let token = self.spawn(scope, process.node(handler), None);
            if let Some(token) = self.state.token_mut(token) {
                token.compensates = Some(thrower);
                token.vars = record.vars;
            }
            return;
        }
        let NodeKind::SubProcess { scope: level, .. } = node.kind else {
            return self.compensate_next(thrower);
        };
        let token = self.new_token(scope, node);
        if let Some(token) = self.state.token_mut(token) {
            token.compensates = Some(thrower);
        }
        self.event_entered(node, token);
        let Some(inside) = self.new_scope(token, &process, level) else {
            return;
        };
        if let Some(state) = self.state.scope_mut(inside) {
            state.vars = record.vars;
            state.done = record.inner;
            state.compensating = true;
        }
        if let Some(sub) = undoing_sub(&process, level) {
            return self.start_event_sub(inside, &process, sub, Variables::new());
        }
        let queue = self.take_records(inside, None);
        let worker = self.new_token(inside, node);
        self.set_at(
            worker,
            At::Compensating(Box::new(Compensating { queue, then: Then::End })),
        );
        self.compensate_next(worker);
    }

    /// A handler has completed.
    pub(super) fn compensated(&mut self, thrower: u64, handler: &Node) {
        self.events.push(Event::Compensated {
            element: handler.id.to_string(),
        });
        self.compensate_next(thrower);
    }

    /// A cancel end event: the transaction stops, what completed in it is compensated, then its cancel boundary event
    /// follows.
    pub(super) fn cancel_transaction(&mut self, token: u64, process: &Arc<Process>) {
        let Some(end) = self.state.token(token) else { return };
        let (mut scope, end) = (end.scope, end.element.clone());
        let is_transaction = |state: &ScopeState| {
            let node = state.element.as_ref().and_then(|element| process.node_by_id(element));
            state.kind == ScopeKind::Sub
                && node.is_some_and(|node| {
                    matches!(
                        node.kind,
                        NodeKind::SubProcess {
                            kind: SubProcessKind::Transaction,
                            ..
                        }
                    )
                })
        };
        while let Some(state) = self.state.scope(scope).filter(|state| !is_transaction(state)) {
            let Some(parent) = state.parent else { return };
            scope = parent;
        }
        let Some(node) = process.node_by_id(&end) else { return };
        self.event_left(node, token);
        let worker = self.new_token(scope, node);
        self.disarm_event_subs(scope);
        self.consume(token);
        self.cancel_tokens(scope, Some(worker));
        let queue = self.take_records(scope, None);
        self.set_at(
            worker,
            At::Compensating(Box::new(Compensating {
                queue,
                then: Then::Cancel,
            })),
        );
        self.compensate_next(worker);
    }

    /// The compensation of a cancelled transaction is over.
    fn cancelled(&mut self, worker: u64) {
        let scope = self.state.token(worker).and_then(|token| self.state.scope(token.scope));
        let Some(owner) = scope.and_then(|scope| scope.owner) else {
            return;
        };
        // the boundary event belongs to the loop's token, not to that of one round
        let mut at = owner;
        while let Some((process, id)) = self.place(at) {
            let node = process.node(id);
            if !self.in_round(at, node) {
                break;
            }
            let round = self.state.token(at).and_then(|token| self.state.scope(token.scope));
            let Some(outer) = round.and_then(|round| round.owner) else {
                break;
            };
            at = outer;
        }
        let Some((process, id)) = self.place(at) else { return };
        let boundary = process.node(id).boundary.iter().copied().find(|boundary| {
            matches!(&process.node(*boundary).kind, NodeKind::Boundary { catch, .. }
                if catch.definitions.contains(&EventDefinition::Cancel))
        });
        match boundary {
            Some(boundary) => self.boundary_flow(at, &process, boundary, Variables::new(), true),
            None => self.cancel_token(at),
        }
    }
}

/// The event sub-process of a level that undoes it.
fn undoing_sub(process: &Process, level: ScopeId) -> Option<NodeId> {
    process.scope(level).event_subs.iter().copied().find(|sub| {
        process.node(*sub).event_sub_process().is_some_and(|catch| {
            catch
                .definitions
                .iter()
                .any(|one| matches!(one, EventDefinition::Compensation { .. }))
        })
    })
}
