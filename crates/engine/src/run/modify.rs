//! Modifying an instance in flight: take away what runs, start elsewhere, set variables; all or nothing.

use super::{Failure, Run};
use crate::command::Instruction;
use crate::state::{At, ScopeKind, Token};
use crate::{Event, StepError, Variables};
use bpmn::{Loop, Node, NodeId, NodeKind, Process, ScopeId};
use serde_json::Value;
use std::sync::Arc;

/// Most instructions in one modification.
const MAX_INSTRUCTIONS: usize = 1_000;

fn refused(message: impl Into<String>) -> StepError {
    StepError::Refused(message.into())
}

impl Run<'_> {
    /// Carries out instructions in order. What they leave empty ends: a sub-process with its activity, the instance as
    /// terminated. After an error the caller puts the old state back.
    pub(super) fn modify(&mut self, instructions: Vec<Instruction>, reason: String) -> Result<(), StepError> {
        if instructions.is_empty() || instructions.len() > MAX_INSTRUCTIONS {
            return Err(refused(format!("instructions: 1 to {MAX_INSTRUCTIONS}")));
        }
        self.events.push(Event::Modified { reason });
        let mut emptied = Vec::new();
        for instruction in instructions {
            match instruction {
                Instruction::Cancel { at } => self.cancel_at(&at, &mut emptied)?,
                Instruction::StartBefore {
                    element,
                    scope,
                    variables,
                } => {
                    let (scope, process, id) = self.target(&element, scope.as_deref(), variables)?;
                    self.spawn(scope, process.node(id), None);
                }
                Instruction::StartAfter {
                    element,
                    scope,
                    variables,
                } => {
                    let (scope, process, id) = self.target(&element, scope.as_deref(), variables)?;
                    self.start_after(scope, &process, id)?;
                }
                Instruction::SetVariables { at, variables } => self.set_at_scope(at.as_deref(), variables)?,
            }
        }
        self.close_emptied(emptied)
    }

    fn cancel_at(&mut self, at: &str, emptied: &mut Vec<u64>) -> Result<(), StepError> {
        let tokens: Vec<u64> = match self.state.number(at) {
            Some(n) => self.state.token(n).map(|token| token.n).into_iter().collect(),
            None => {
                let here = |token: &&Token| &*token.element == at;
                let outside = |token: &&Token| {
                    let scope = self.state.scope(token.scope);
                    scope.is_none_or(|scope| scope.kind != ScopeKind::Iteration || scope.element.as_deref() != Some(at))
                };
                let found = self.state.tokens.iter().filter(here).filter(outside);
                found.map(|token| token.n).collect()
            }
        };
        if tokens.is_empty() {
            return Err(StepError::NotOpen {
                what: "element",
                id: at.to_owned(),
            });
        }
        for n in tokens {
            let Some(token) = self.state.token(n) else { continue };
            if token.compensates.is_some() || matches!(token.at, At::Compensating(_)) {
                let message =
                    format!("cancel '{at}': compensation is under way there; let it end, or cancel the instance");
                return Err(refused(message));
            }
            let scope = token.scope;
            self.cancel_token(n);
            emptied.push(scope);
        }
        Ok(())
    }

    /// Where to start an element: its scope, model and node, with the variables set there.
    fn target(
        &mut self,
        element: &str,
        scope: Option<&str>,
        variables: Variables,
    ) -> Result<(u64, Arc<Process>, NodeId), StepError> {
        let (scope, process, id) = match scope {
            Some(given) => self.in_given_scope(element, given)?,
            None => self.in_found_scope(element)?,
        };
        startable(process.node(id))?;
        if self.state.scope(scope).is_some_and(|scope| scope.compensating) {
            return Err(refused(format!(
                "start '{element}': its sub-process is being compensated"
            )));
        }
        for (name, value) in variables {
            self.set_in(scope, name, value);
        }
        Ok((scope, process, id))
    }

    fn in_given_scope(&self, element: &str, given: &str) -> Result<(u64, Arc<Process>, NodeId), StepError> {
        let missing = || StepError::NotOpen {
            what: "scope",
            id: given.to_owned(),
        };
        let scope = self.scope_of(given).ok_or_else(missing)?;
        let process = self.process(scope);
        let id = process
            .node_id(element)
            .filter(|id| self.level_of(scope) == Some(process.node(*id).scope))
            .ok_or_else(|| refused(format!("start '{element}': it is no element of the scope '{given}'")))?;
        Ok((scope, process, id))
    }

    fn in_found_scope(&mut self, element: &str) -> Result<(u64, Arc<Process>, NodeId), StepError> {
        let fits = |scope: u64| {
            let process = self.process(scope);
            let level = process.node_id(element).map(|id| process.node(id).scope);
            level.is_some() && self.level_of(scope) == level
        };
        let found: Vec<u64> = self
            .state
            .scopes
            .iter()
            .map(|scope| scope.n)
            .filter(|n| fits(*n))
            .collect();
        if found.len() > 1 {
            let ids: Vec<String> = found.iter().map(|n| self.id(*n)).collect();
            let message = format!(
                "start '{element}': its scope is open {} times; say which one: {}",
                ids.len(),
                ids.join(", ")
            );
            return Err(refused(message));
        }
        let process = found
            .first()
            .map_or_else(|| self.processes[0].clone(), |scope| self.process(*scope));
        let id = process.node_id(element).ok_or_else(|| {
            refused(format!(
                "start '{element}': no process in flight here has such an element"
            ))
        })?;
        let scope = match found.first() {
            Some(scope) => *scope,
            None => {
                startable(process.node(id))?;
                self.open_level(&process, process.node(id).scope)?
            }
        };
        Ok((scope, process, id))
    }

    /// The level of a scope in its model; `None` for a loop round, in which only its own activity runs.
    fn level_of(&self, scope: u64) -> Option<ScopeId> {
        let state = self.state.scope(scope)?;
        match state.kind {
            ScopeKind::Process => Some(0),
            ScopeKind::Iteration => None,
            ScopeKind::Sub => {
                let process = self.process(scope);
                match process.node_by_id(state.element.as_deref()?)?.kind {
                    NodeKind::SubProcess { scope, .. } => Some(scope),
                    _ => None,
                }
            }
        }
    }

    /// A scope by its own id, or by the id of the activity it is the inside of.
    fn scope_of(&self, id: &str) -> Option<u64> {
        let n = self.state.number(id)?;
        let inside = |kind| kind != ScopeKind::Iteration;
        let own = self.state.scope(n).map(|scope| scope.n);
        own.or_else(|| {
            let mut scopes = self.state.scopes.iter();
            scopes
                .find(|scope| scope.owner == Some(n) && inside(scope.kind))
                .map(|scope| scope.n)
        })
    }

    /// The open scope of a level of the instance's own process; opened with those around it where it is not.
    fn open_level(&mut self, process: &Arc<Process>, level: ScopeId) -> Result<u64, StepError> {
        let open: Vec<u64> = self
            .state
            .scopes
            .iter()
            .filter(|scope| scope.process == 0 && self.level_of(scope.n) == Some(level))
            .map(|scope| scope.n)
            .collect();
        if let [scope] = open[..] {
            return Ok(scope);
        }
        let node = process
            .scope(level)
            .node
            .filter(|_| open.is_empty())
            .map(|id| (id, process.node(id)));
        let Some((id, node)) = node else {
            return Err(refused(
                "start: the sub-process around it is open several times; name one as scope",
            ));
        };
        if node.event_sub_process().is_some() {
            let message = format!(
                "start: '{}' is an event sub-process and begins with its event only",
                node.id
            );
            return Err(refused(message));
        }
        if node.repeat.is_some() {
            let message = format!(
                "start: '{}' is a loop or multi-instance activity; start before it, or name one of its rounds as scope",
                node.id
            );
            return Err(refused(message));
        }
        let around = self.open_level(process, node.scope)?;
        let token = self.new_token(around, node);
        self.event_entered(node, token);
        let opened = self.open_around(token, process, id, level);
        opened.map_err(|failure| refused(format!("start: '{}' cannot be entered: {}", node.id, failure.message)))
    }

    fn open_around(&mut self, token: u64, process: &Arc<Process>, id: NodeId, level: ScopeId) -> Result<u64, Failure> {
        self.map_inputs(token, process.node(id))?;
        self.arm_boundary(token, process, id)?;
        let scope = self.new_scope(token, process, level).unwrap_or_default();
        self.arm_event_subs(scope, process, level)?;
        Ok(scope)
    }

    fn start_after(&mut self, scope: u64, process: &Arc<Process>, id: NodeId) -> Result<(), StepError> {
        let node = process.node(id);
        if node.is_gateway() && !matches!(node.kind, NodeKind::Parallel) {
            let message = format!(
                "start after '{}': a gateway decides; start before it, or before what follows",
                node.id
            );
            return Err(refused(message));
        }
        let token = self.new_token(scope, node);
        self.event_entered(node, token);
        self.leave(token, process, id);
        Ok(())
    }

    fn set_at_scope(&mut self, at: Option<&str>, variables: Variables) -> Result<(), StepError> {
        let root = self.state.scopes.first().map(|scope| scope.n);
        let (scope, token) = match at {
            None => (root, None),
            Some(id) => (
                self.scope_of(id),
                self.state.number(id).and_then(|n| self.state.token(n)).map(|t| t.n),
            ),
        };
        for (name, value) in variables {
            match (scope, token) {
                (Some(scope), _) => self.set_in(scope, name, value),
                (None, Some(token)) => self.set_local(token, name, value),
                (None, None) => {
                    return Err(StepError::NotOpen {
                        what: "scope",
                        id: at.unwrap_or_default().to_owned(),
                    });
                }
            }
        }
        Ok(())
    }

    fn set_local(&mut self, token: u64, name: String, value: Value) {
        let scope = self.id(token);
        self.events.push(Event::VariableSet {
            scope,
            name: name.clone(),
            value: value.clone(),
        });
        if let Some(token) = self.state.token_mut(token) {
            token.vars.insert(name, value);
        }
        self.conditions_due = true;
    }

    /// Scopes from which the last token was cancelled end with the activity around them.
    fn close_emptied(&mut self, mut emptied: Vec<u64>) -> Result<(), StepError> {
        while let Some(scope) = emptied.pop() {
            let empty = |scope: &&crate::state::ScopeState| scope.live == 0 && scope.pending.is_empty();
            let Some(state) = self.state.scope(scope).filter(empty) else {
                continue;
            };
            let (kind, Some(owner)) = (state.kind, state.owner) else {
                self.terminate("modified: everything that ran was cancelled".into());
                return Ok(());
            };
            let Some(token) = self.state.token(owner) else { continue };
            if token.compensates.is_some() {
                let message = format!("cancel: '{}' compensates something and would never end", token.element);
                return Err(refused(message));
            }
            let around = token.scope;
            if kind == ScopeKind::Iteration && self.round_cancelled(owner, scope)? {
                continue;
            }
            self.cancel_token(owner);
            emptied.push(around);
        }
        Ok(())
    }

    /// A round of a parallel multi-instance activity is gone; `false` when it was the last and none completed.
    fn round_cancelled(&mut self, owner: u64, scope: u64) -> Result<bool, StepError> {
        let parallel = self.place(owner).is_some_and(
            |(process, id)| matches!(&process.node(id).repeat, Some(Loop::Multi(multi)) if !multi.sequential),
        );
        let Some(Token {
            at: At::Loop(state),
            element,
            ..
        }) = self.state.token_mut(owner)
        else {
            return Ok(false);
        };
        if !parallel {
            let message = format!("cancel: '{element}' runs its rounds one after the other; cancel the whole activity");
            return Err(refused(message));
        }
        state.total -= 1;
        state.started -= 1;
        let (total, completed) = (state.total, state.completed);
        self.remove_scope(scope);
        if total == 0 {
            return Ok(false);
        }
        if completed >= total {
            self.loop_done(owner);
        }
        Ok(true)
    }
}

/// Refuses what cannot be started by itself.
fn startable(node: &Node) -> Result<(), StepError> {
    let why = match &node.kind {
        NodeKind::Boundary { .. } => "a boundary event happens to its activity only; start what follows it",
        _ if node.event_sub_process().is_some() => "an event sub-process begins with its event only",
        _ if node.for_compensation => "a compensation handler runs only when something is compensated",
        _ => return Ok(()),
    };
    Err(refused(format!("start '{}': {why}", node.id)))
}
