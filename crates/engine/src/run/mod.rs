//! The inside of a step.

mod activity;
mod adhoc;
mod arm;
mod beside;
mod boundary;
mod call;
mod cancel;
mod command;
mod compensate;
mod complex;
mod condition;
mod desk;
mod enter;
mod eval;
mod flow;
mod gateway;
mod incident;
mod join;
mod listen;
mod migrate;
mod modify;
mod person;
mod reach;
mod repeat;
mod rounds;
mod scope;
mod shape;
mod start;
mod suspend;
mod throw;
mod trigger;
mod vars;

pub(crate) use beside::listeners_of;

use crate::state::{At, Token};
use crate::{Effect, Env, Event, State, StepError, Variables};
use bpmn::{FlowId, Node, NodeId, Process};
use std::collections::VecDeque;
use std::sync::Arc;

/// Why a token cannot go on; becomes an incident.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    /// Short kind: `expression`, `no-flow`, `decision`, `limit`…
    pub kind: &'static str,
    /// What happened and what to do.
    pub message: String,
}

impl Failure {
    fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }
}

/// What is still to be done in this step.
enum Work {
    /// A moving token enters its element.
    Enter {
        token: u64,
        via: Option<FlowId>,
        /// After an incident: it has arrived already.
        again: bool,
    },
    /// A scope may be complete.
    ScopeDone(u64),
}

/// One step under way.
pub(crate) struct Run<'a> {
    state: &'a mut State,
    env: &'a Env<'a>,
    /// 0: the instance's own process; `k`: `state.called[k - 1]`.
    processes: Vec<Arc<Process>>,
    effects: Vec<Effect>,
    events: Vec<Event>,
    queue: VecDeque<Work>,
    /// Flow nodes entered in this step.
    entered: u32,
    /// Variables changed, or a condition was armed: conditions must be looked at.
    conditions_due: bool,
    /// Where the last token of a scope was consumed.
    last: Option<(u64, Arc<str>)>,
    /// Tasks taken away, whose listeners are still to be told.
    gone: Vec<listen::Gone>,
}

impl<'a> Run<'a> {
    pub fn new(process: &Arc<Process>, state: &'a mut State, env: &'a Env<'a>) -> Result<Self, StepError> {
        let mut processes = Vec::with_capacity(1 + state.called.len());
        processes.push(process.clone());
        for key in &state.called {
            processes.push(
                env.models
                    .by_key(key)
                    .ok_or_else(|| StepError::UnknownDefinition(key.clone()))?,
            );
        }
        Ok(Self {
            state,
            env,
            processes,
            effects: Vec::new(),
            events: Vec::new(),
            queue: VecDeque::new(),
            entered: 0,
            conditions_due: false,
            last: None,
            gone: Vec::new(),
        })
    }

    /// What went wrong in this step and still stands.
    pub fn trouble(&self) -> Option<&str> {
        self.events.iter().find_map(|event| match event {
            Event::IncidentOpened { incident, message, .. } => {
                let n = self.state.number(incident);
                let mut incidents = self.state.incidents.iter();
                incidents.any(|open| Some(open.n) == n).then_some(message.as_str())
            }
            _ => None,
        })
    }

    pub fn result(self) -> (Vec<Effect>, Vec<Event>) {
        (self.effects, self.events)
    }

    /// Works until every token waits.
    pub fn work(&mut self) {
        if self.state.held.is_some() {
            return;
        }
        loop {
            if !self.gone.is_empty() {
                self.tell_gone();
            }
            while let Some(work) = self.queue.pop_front() {
                match work {
                    Work::Enter { token, via, again } => self.enter(token, via, again),
                    Work::ScopeDone(scope) => self.scope_done(scope),
                }
                if self.conditions_due {
                    self.check_conditions();
                }
                if !self.gone.is_empty() {
                    self.tell_gone();
                }
            }
            if self.conditions_due {
                self.check_conditions();
                continue;
            }
            if !self.fire_joins() {
                return;
            }
        }
    }

    fn next(&mut self) -> u64 {
        self.state.next += 1;
        self.state.next
    }

    fn id(&self, n: u64) -> String {
        self.state.id_of(n)
    }

    /// The model that holds the nodes of a scope.
    fn process(&self, scope: u64) -> Arc<Process> {
        let number = self.state.scope(scope).map_or(0, |scope| scope.process);
        self.processes[number as usize].clone()
    }

    /// A token's model and node number. The element is always there: tokens are only made from nodes of the model.
    fn place(&self, token: u64) -> Option<(Arc<Process>, NodeId)> {
        let token = self.state.token(token)?;
        let process = self.process(token.scope);
        let node = process.node_id(&token.element)?;
        Some((process, node))
    }

    /// Puts a new moving token at a node and queues its entry.
    fn spawn(&mut self, scope: u64, node: &Node, via: Option<FlowId>) -> u64 {
        let token = self.new_token(scope, node);
        self.arrives(token, via);
        token
    }

    /// Queues the entry of a token.
    fn arrives(&mut self, token: u64, via: Option<FlowId>) {
        let again = false;
        self.queue.push_back(Work::Enter { token, via, again });
    }

    /// Puts a new moving token at a node.
    fn new_token(&mut self, scope: u64, node: &Node) -> u64 {
        let n = self.next();
        self.state.tokens.push(Token {
            n,
            scope,
            element: node.id.clone(),
            since: self.env.now,
            at: At::Here,
            vars: Variables::new(),
            compensates: None,
        });
        if let Some(scope) = self.state.scope_mut(scope) {
            scope.live += 1;
        }
        n
    }

    /// Removes a token that has done its work.
    fn consume(&mut self, token: u64) {
        self.close_incidents(token);
        let Some(place) = self.state.token_place(token) else {
            return;
        };
        let token = self.state.tokens.remove(place);
        let Some(scope) = self.state.scope_mut(token.scope) else {
            return;
        };
        scope.live -= 1;
        if scope.live == 0 {
            self.last = Some((token.scope, token.element));
            self.queue.push_back(Work::ScopeDone(token.scope));
        }
    }

    fn set_at(&mut self, token: u64, at: At) {
        if let Some(token) = self.state.token_mut(token) {
            token.at = at;
        }
    }

    fn event_entered(&mut self, node: &Node, token: u64) {
        let round = node.repeat.is_some() && self.in_round(token, node);
        let scope = self.state.token(token).and_then(|token| self.state.scope(token.scope));
        let process = scope.map_or(0, |scope| scope.process);
        let token = self.id(token);
        self.events.push(Event::Entered {
            element: node.id.to_string(),
            token,
            process,
            round,
        });
    }

    fn event_left(&mut self, node: &Node, token: u64) {
        let token = self.id(token);
        self.events.push(Event::Left {
            element: node.id.to_string(),
            token,
        });
    }

    fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Whether a token runs one round of its node's loop (the loop itself and its boundary events belong to the token
    /// outside).
    fn in_round(&self, token: u64, node: &Node) -> bool {
        let scope = self.state.token(token).and_then(|token| self.state.scope(token.scope));
        scope.is_some_and(|scope| {
            scope.kind == crate::state::ScopeKind::Iteration && scope.element.as_deref() == Some(&*node.id)
        })
    }
}
