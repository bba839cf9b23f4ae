//! Listeners of a process as a whole, and of what happens to a user task while it is open.

use super::eval::Spot;
use super::{Failure, Run};
use crate::state::{At, Next, On, ScopeKind, Wait};
use crate::timers::schedule;
use crate::{Effect, InstanceState, Variables};
use bpmn::{HookAction, HookAt, Node, NodeId, NodeKind, Process, Text};
use serde_json::Value;
use std::sync::Arc;

/// A listener to be told of a task that went away with what was around it.
pub(super) struct Gone {
    /// The scopes around it, inner first; told in the first that is still there.
    scopes: Vec<u64>,
    process: Arc<Process>,
    node: NodeId,
    listener: usize,
    vars: Variables,
}

impl Run<'_> {
    /// Puts tokens at the starts of a process (or at the event that started it), after the listeners of its start.
    pub(super) fn begin_process(
        &mut self,
        scope: u64,
        process: &Arc<Process>,
        starts: &[NodeId],
        event: bool,
    ) -> Result<(), Failure> {
        let at_start = process.hooks.iter().filter(|hook| hook.at == HookAt::Start);
        let waits = at_start.clone().any(|hook| matches!(hook.action, HookAction::Job(_)));
        if let (true, [first, ..]) = (waits, starts) {
            let token = self.new_token(scope, process.node(*first));
            self.event_entered(process.node(*first), token);
            self.proceed(token, process, *first, Next::Begin { event }, 0);
            return Ok(());
        }
        for hook in at_start {
            if let HookAction::Set { target, value } = &hook.action {
                let value = self.eval(Spot::Scope(scope), value)?;
                self.set_path(scope, target, value);
            }
        }
        match starts {
            [first, ..] if event => self.start_at(scope, process, *first, None),
            _ => {
                for start in starts {
                    self.spawn(scope, process.node(*start), None);
                }
            }
        }
        Ok(())
    }

    /// The listeners of a process's start are done: the token that waited for them goes on, and the others begin.
    pub(super) fn begun(&mut self, token: u64, process: &Arc<Process>, id: NodeId, event: bool) {
        let Some(scope) = self.state.token(token).map(|token| token.scope) else {
            return;
        };
        if event {
            return self.start_at(scope, process, id, Some(token));
        }
        for start in process.scope(0).starts.iter().filter(|start| **start != id) {
            self.spawn(scope, process.node(*start), None);
        }
        self.proceed(token, process, id, Next::Arrive { via: None }, 0);
    }

    /// The listeners of a process's end, on a token of their own; `false` when it has none.
    pub(super) fn end_listeners(&mut self, scope: u64) -> bool {
        let process = self.process(scope);
        if !process.hooks.iter().any(|hook| hook.at == HookAt::End) {
            return false;
        }
        let last = self.last.take().filter(|(last, _)| *last == scope);
        let level = |node: &&Node| node.scope == 0;
        let ends = |node: &&Node| level(node) && matches!(node.kind, NodeKind::End(_));
        let node = last
            .and_then(|(_, element)| process.node_by_id(&element))
            .or_else(|| process.nodes.iter().find(ends))
            .or_else(|| process.nodes.iter().find(level));
        let Some(id) = node.and_then(|node| process.node_id(&node.id)) else {
            return false;
        };
        self.disarm_event_subs(scope);
        let token = self.new_token(scope, process.node(id));
        self.proceed(token, &process, id, Next::Done, 0);
        true
    }

    /// They are done: now it ends.
    pub(super) fn done_after_listeners(&mut self, token: u64) {
        let Some(place) = self.state.token_place(token) else {
            return;
        };
        let scope = self.state.tokens.remove(place).scope;
        if let Some(state) = self.state.scope_mut(scope) {
            state.live -= 1;
            if state.live == 0 {
                self.process_done(scope);
            }
        }
    }

    /// Tells the listeners of an open task, beside it: it goes on meanwhile.
    pub(super) fn tell_listeners(&mut self, token: u64, at: HookAt) {
        let Some((process, id)) = self.place(token) else { return };
        let first = process.node(id).hooks.iter().position(|hook| hook.at == at);
        let (Some(first), Some(token)) = (first, self.state.token(token)) else {
            return;
        };
        let (scope, vars) = (token.scope, token.vars.clone());
        self.tell_aside(scope, &process, id, first, vars);
    }

    /// The time of a timeout listener has come.
    pub(super) fn tell_timeout(&mut self, token: u64, listener: usize) {
        let Some((process, id)) = self.place(token) else { return };
        let Some(token) = self.state.token(token) else { return };
        let (scope, vars) = (token.scope, token.vars.clone());
        self.tell_aside(scope, &process, id, listener, vars);
    }

    fn tell_aside(&mut self, scope: u64, process: &Arc<Process>, id: NodeId, first: usize, vars: Variables) {
        let token = self.new_token(scope, process.node(id));
        if let Some(token) = self.state.token_mut(token) {
            token.vars = vars;
        }
        self.proceed(token, process, id, Next::Aside, first);
    }

    /// A task is being taken away: whoever listens for that is told when all of it is gone.
    pub(super) fn note_gone(&mut self, token: u64) {
        let Some((process, node)) = self.place(token) else {
            return;
        };
        let mut hooks = process.node(node).hooks.iter();
        let (Some(listener), Some(token)) = (
            hooks.position(|hook| hook.at == HookAt::Cancel),
            self.state.token(token),
        ) else {
            return;
        };
        let (mut scopes, vars) = (Vec::new(), token.vars.clone());
        let mut at = self.state.scope(token.scope);
        while let Some(scope) = at {
            scopes.push(scope.n);
            at = match scope.kind {
                ScopeKind::Process => None,
                _ => scope.parent.and_then(|parent| self.state.scope(parent)),
            };
        }
        self.gone.push(Gone {
            scopes,
            process,
            node,
            listener,
            vars,
        });
    }

    /// Tells the listeners of tasks that are gone. Of an instance that is over nobody is told.
    pub(super) fn tell_gone(&mut self) {
        for gone in std::mem::take(&mut self.gone) {
            let scope = gone.scopes.iter().find(|scope| self.state.scope(**scope).is_some());
            if let Some(scope) = scope.copied().filter(|_| self.state.status == InstanceState::Active) {
                self.tell_aside(scope, &gone.process, gone.node, gone.listener, gone.vars);
            }
        }
    }

    /// The first moments of the timeout listeners of a task.
    pub(super) fn timeouts(&self, spot: Spot, node: &Node) -> Result<Vec<(usize, On)>, Failure> {
        let mut found = Vec::new();
        for (number, hook) in node.hooks.iter().enumerate() {
            let Some(timer) = &hook.timer else { continue };
            let value = match timer.text() {
                Text::Literal(text) => Value::from(text.as_str()),
                Text::Feel(expression) => self.eval(spot, expression)?,
            };
            let first = schedule(timer, &value, self.env.now).map_err(|reason| {
                Failure::new("timer", format!("the timeout listener: {reason}. Correct it and retry"))
            })?;
            found.extend(first.map(|first| {
                let (due, left, every) = (first.due, first.left, first.every);
                (number, On::Timer { due, left, every })
            }));
        }
        Ok(found)
    }

    /// Sets the timers of the timeout listeners of a task.
    pub(super) fn arm_timeouts(&mut self, token: u64, found: Vec<(usize, On)>) {
        let Some((scope, target)) = self
            .state
            .token(token)
            .map(|token| (token.scope, token.element.clone()))
        else {
            return;
        };
        // a task that is made again, after an incident, begins its time anew
        self.remove_waits(|wait| wait.token == Some(token) && wait.listener.is_some());
        for (number, on) in found {
            let n = self.next();
            if let On::Timer { due, .. } = &on {
                let (id, due) = (self.id(n), *due);
                self.effect(Effect::TimerSet { id, due });
            }
            let target = target.clone();
            self.state.waits.push(Wait {
                n,
                token: Some(token),
                scope,
                target,
                on,
                listener: Some(number),
            });
        }
    }

    /// What listeners may ask of the task that they stand beside.
    pub(super) fn task_value(&self, spot: Spot) -> Option<Value> {
        let Spot::Token(token) = spot else { return None };
        let token = self.state.token(token)?;
        let beside = |other: &&crate::state::Token| {
            other.scope == token.scope && other.element == token.element && matches!(other.at, At::Task(_))
        };
        let own = std::iter::once(token).chain(&self.state.tokens).find(beside)?;
        let At::Task(task) = &own.at else { return None };
        let process = self.process(own.scope);
        let name = process.node_by_id(&own.element).map(|node| node.name.to_string());
        Some(serde_json::json!({
            "id": self.id(own.n),
            "name": name,
            "taskDefinitionKey": &*own.element,
            "assignee": task.assignment.assignee,
            "owner": task.delegated_by,
            "priority": task.priority,
            "dueDate": task.due,
            "followUpDate": task.follow_up,
        }))
    }
}
