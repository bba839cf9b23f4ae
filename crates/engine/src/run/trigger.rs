//! An event that was waited for happens.

use super::Run;
use crate::state::{Next, On, Wait};
use crate::timers::Schedule;
use crate::{Effect, Event, Variables};
use bpmn::{Catch, NodeId, NodeKind, Process};
use std::sync::Arc;

impl Run<'_> {
    /// Triggers a wait.
    pub(super) fn trigger(&mut self, wait: u64, payload: Variables) {
        let Some(wait) = self.state.wait(wait).cloned() else {
            return;
        };
        let process = self.process(wait.scope);
        let Some(target) = process.node_id(&wait.target) else {
            return;
        };
        self.tell(&wait);
        if let (Some(listener), Some(token)) = (wait.listener, wait.token) {
            self.renew(&wait, None);
            return self.tell_timeout(token, listener);
        }
        let catch = catch_of(&process, target);
        if catch.is_some_and(|catch| catch.all && catch.definitions.len() > 1) && !self.last_of_all(&wait, &payload) {
            return;
        }
        match wait.token {
            None => self.trigger_event_sub(&wait, &process, target, payload),
            Some(token) => {
                let Some(at) = self.state.token(token).map(|token| token.element.clone()) else {
                    return;
                };
                if at == wait.target {
                    // it has come, whatever listeners do now
                    self.remove_waits(|other| other.token == Some(token) && other.target == at);
                    self.complete(token, &process, target, payload);
                } else if matches!(process.node(target).kind, NodeKind::Boundary { .. }) {
                    self.renew(&wait, catch);
                    self.boundary(token, &process, target, payload);
                } else {
                    self.choose(token, &process, target, payload);
                }
            }
        }
    }

    fn tell(&mut self, wait: &Wait) {
        let element = wait.target.to_string();
        let event = match &wait.on {
            On::Timer { .. } => Event::TimerFired {
                element,
                timer: self.id(wait.n),
            },
            On::Message { name, .. } => Event::MessageReceived {
                element,
                name: name.clone(),
            },
            On::Signal { name } => Event::SignalReceived {
                element,
                name: name.clone(),
            },
            On::Condition { .. } => return,
        };
        self.events.push(event);
    }

    /// Parallel multiple: takes this part away; `true` when it was the last. Payloads of the parts go to the scope.
    fn last_of_all(&mut self, wait: &Wait, payload: &Variables) -> bool {
        let same = |other: &Wait| other.token == wait.token && other.scope == wait.scope && other.target == wait.target;
        let others = self
            .state
            .waits
            .iter()
            .filter(|other| other.n != wait.n && same(other))
            .count();
        if others == 0 {
            return true;
        }
        self.remove_waits(|other| other.n == wait.n);
        for (name, value) in payload.clone() {
            self.set_outward(wait.scope, name, value);
        }
        false
    }

    /// What becomes of the wait of an event that may happen again: cycles go on, other timers are over, messages,
    /// signals and conditions stay.
    fn renew(&mut self, wait: &Wait, catch: Option<&Catch>) {
        if catch.is_some_and(|catch| catch.interrupting) {
            return; // all waits go with what is interrupted
        }
        if let Some(catch) = catch.filter(|catch| catch.all && catch.definitions.len() > 1) {
            self.remove_waits(|other| other.n == wait.n);
            let spot = wait
                .token
                .map_or(super::eval::Spot::Scope(wait.scope), super::eval::Spot::Token);
            if let Ok(found) = self.subscriptions(spot, catch) {
                let process = self.process(wait.scope);
                if let Some(target) = process.node_id(&wait.target) {
                    self.subscribe(wait.token, wait.scope, &process, target, found);
                }
            }
            return;
        }
        let On::Timer { due, left, every } = &wait.on else {
            return;
        };
        self.remove_waits(|other| other.n == wait.n);
        let schedule = Schedule {
            due: *due,
            left: *left,
            every: every.clone(),
        };
        let Some(next) = schedule.after(self.env.now) else {
            return;
        };
        let n = self.next();
        let id = self.id(n);
        self.effect(Effect::TimerSet { id, due: next.due });
        let on = On::Timer {
            due: next.due,
            left: next.left,
            every: next.every,
        };
        self.state.waits.push(Wait { n, on, ..wait.clone() });
    }

    fn trigger_event_sub(&mut self, wait: &Wait, process: &Arc<Process>, sub: NodeId, payload: Variables) {
        self.renew(wait, process.node(sub).event_sub_process());
        self.start_event_sub(wait.scope, process, sub, payload);
    }

    /// Starts an event sub-process in a scope; an interrupting one takes the scope over.
    pub(super) fn start_event_sub(&mut self, scope: u64, process: &Arc<Process>, sub: NodeId, payload: Variables) {
        let node = process.node(sub);
        let Some(catch) = node.event_sub_process() else { return };
        let token = self.new_token(scope, node);
        if catch.interrupting {
            self.disarm_event_subs(scope);
            self.cancel_tokens(scope, Some(token));
            if let Some(scope) = self.state.scope_mut(scope) {
                scope.pending.clear();
                scope.complex.clear();
            }
        }
        self.event_entered(node, token);
        let NodeKind::SubProcess { scope: level, .. } = &node.kind else {
            return;
        };
        if let Err(failure) = self.open_scope(token, process, *level, payload) {
            self.fail(token, failure, crate::state::Resume::Perform);
        }
    }

    /// The event after an event-based gateway that happened first.
    fn choose(&mut self, token: u64, process: &Arc<Process>, target: NodeId, payload: Variables) {
        let Some((_, gateway)) = self.place(token) else { return };
        self.disarm(token);
        let node = process.node(gateway);
        let target = process.node(target).id.clone();
        if node.hooks.is_empty() && node.apart.is_none() {
            return self.chosen_event(token, process, gateway, &target, payload);
        }
        self.set_at(token, crate::state::At::Here);
        self.proceed(token, process, gateway, Next::Chose { target, payload }, 0);
    }

    /// The gateway is left for the event that happened.
    pub(super) fn chosen_event(
        &mut self,
        token: u64,
        process: &Arc<Process>,
        gateway: NodeId,
        target: &str,
        payload: Variables,
    ) {
        let Some(scope) = self.state.token(token).map(|token| token.scope) else {
            return;
        };
        let Some(target) = process.node_id(target) else { return };
        self.event_left(process.node(gateway), token);
        let flow = process
            .node(gateway)
            .outgoing
            .iter()
            .find(|flow| process.flow(**flow).target == target);
        if let Some(flow) = flow {
            self.events.push(Event::FlowTaken {
                flow: process.flow(*flow).id.to_string(),
            });
        }
        self.triggered_at(scope, process, target, payload);
        self.consume(token);
    }

    /// A new token at an event that has already happened.
    pub(super) fn triggered_at(&mut self, scope: u64, process: &Arc<Process>, target: NodeId, payload: Variables) {
        let node = process.node(target);
        let token = self.new_token(scope, node);
        self.event_entered(node, token);
        self.happened(token, process, target, payload);
    }
}

/// The catch definition of whatever may wait.
pub(super) fn catch_of(process: &Process, target: NodeId) -> Option<&Catch> {
    match &process.node(target).kind {
        NodeKind::CatchEvent(catch) | NodeKind::Boundary { catch, .. } => Some(catch),
        _ => process.node(target).event_sub_process(),
    }
}
