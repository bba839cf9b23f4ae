//! Throwing events.

use super::eval::Spot;
use super::{Failure, Run};
use crate::state::{On, ScopeKind};
use crate::{Effect, Event, Variables};
use bpmn::{Catch, EventDefinition, MessageRef, Node, NodeId, NodeKind, Process, Text};
use serde_json::Value;
use std::sync::Arc;

/// What looks for its catcher outwards.
#[derive(Debug, Clone)]
pub(super) enum Thrown {
    /// A BPMN error.
    Error { code: String, message: String },
    /// An escalation.
    Escalation { code: String },
}

/// Whether a token goes on after throwing.
enum After {
    Leave,
    /// It waits, was cancelled, or ended with its scope.
    Stay,
}

impl Run<'_> {
    /// Throws all definitions of a throw or end event in order, then leaves.
    pub(super) fn throw_all(
        &mut self,
        token: u64,
        process: &Arc<Process>,
        id: NodeId,
        definitions: &[EventDefinition],
    ) -> Result<(), Failure> {
        for definition in definitions {
            let after = self.throw_one(token, process, id, definition)?;
            if matches!(after, After::Stay) || self.state.token(token).is_none() {
                return Ok(());
            }
        }
        self.finish_event(token, process, id);
        Ok(())
    }

    fn throw_one(
        &mut self,
        token: u64,
        process: &Arc<Process>,
        id: NodeId,
        definition: &EventDefinition,
    ) -> Result<After, Failure> {
        let node = process.node(id);
        match definition {
            EventDefinition::Message(message) => self.throw_message(token, node, message)?,
            EventDefinition::Signal(name) => {
                let name = self.eval_name(Spot::Token(token), name, "signal name")?;
                let variables = self.payload(token, node);
                self.broadcast(node, name, variables);
            }
            EventDefinition::Error { code, .. } => {
                let code = self.code(token, code.as_ref())?;
                self.end_with_error(token, node, code);
                return Ok(After::Stay);
            }
            EventDefinition::Escalation { code } => {
                let code = self.code(token, code.as_ref())?;
                let element = node.id.to_string();
                self.events.push(Event::EscalationThrown {
                    element,
                    code: code.clone(),
                });
                self.throw_up(token, false, &Thrown::Escalation { code }, Variables::new());
            }
            EventDefinition::Link(name) => self.jump(token, process, node, name),
            EventDefinition::Compensation { activity, wait } => {
                let activity = activity.map(|activity| process.node(activity).id.clone());
                return Ok(if self.compensate(token, activity, *wait) {
                    After::Stay
                } else {
                    After::Leave
                });
            }
            EventDefinition::Cancel => {
                self.cancel_transaction(token, process);
                return Ok(After::Stay);
            }
            EventDefinition::Terminate => {
                let Some(scope) = self.state.token(token).map(|token| token.scope) else {
                    return Ok(After::Stay);
                };
                self.event_left(node, token);
                self.disarm_event_subs(scope);
                self.cancel_tokens(scope, Some(token));
                if let Some(scope) = self.state.scope_mut(scope) {
                    scope.pending.clear();
                }
                self.consume(token);
                return Ok(After::Stay);
            }
            EventDefinition::Timer(_) | EventDefinition::Conditional(_) => {}
        }
        Ok(After::Leave)
    }

    fn code(&self, token: u64, code: Option<&Text>) -> Result<String, Failure> {
        Ok(code
            .map_or(Ok(None), |code| self.eval_text(Spot::Token(token), code))?
            .unwrap_or_default())
    }

    /// What goes with a message or signal: the input mappings of the thrower, nothing without them.
    fn payload(&self, token: u64, node: &Node) -> Variables {
        if node.io.inputs.is_empty() {
            return Variables::new();
        }
        self.state
            .token(token)
            .map(|token| token.vars.clone())
            .unwrap_or_default()
    }

    pub(super) fn throw_message(&mut self, token: u64, node: &Node, message: &MessageRef) -> Result<(), Failure> {
        let spot = Spot::Token(token);
        let name = self.eval_name(spot, &message.name, "message name")?;
        let key = self.message_key(spot, message)?;
        let variables = self.payload(token, node);
        self.events.push(Event::MessageSent {
            element: node.id.to_string(),
            name: name.clone(),
        });
        self.effect(Effect::MessageThrown { name, key, variables });
        Ok(())
    }

    /// A signal reaches the waits of this instance at once, and others through the effect.
    pub(super) fn broadcast(&mut self, node: &Node, name: String, variables: Variables) {
        self.events.push(Event::SignalSent {
            element: node.id.to_string(),
            name: name.clone(),
        });
        let waits = self
            .state
            .waits
            .iter()
            .filter(|wait| matches!(&wait.on, On::Signal { name: other } if *other == name));
        let waits: Vec<u64> = waits.map(|wait| wait.n).collect();
        self.effect(Effect::SignalThrown {
            name,
            variables: variables.clone(),
        });
        for wait in waits {
            self.trigger(wait, variables.clone());
        }
    }

    fn jump(&mut self, token: u64, process: &Arc<Process>, node: &Node, name: &str) {
        let Some(scope) = self.state.token(token).map(|token| token.scope) else {
            return;
        };
        let catches = |other: &Node| {
            other.scope == node.scope
                && matches!(&other.kind, NodeKind::CatchEvent(catch)
                    if catch.definitions.iter().any(|one| matches!(one, EventDefinition::Link(link) if link == name)))
        };
        if let Some(target) = process.nodes.iter().find(|other| catches(other)) {
            self.spawn(scope, target, None);
        }
    }

    /// An error end event. Unhandled, it ends the instance.
    fn end_with_error(&mut self, token: u64, node: &Node, code: String) {
        let element = node.id.to_string();
        self.event_left(node, token);
        let message = format!("the process ended with error '{code}' at '{}'", node.name);
        self.events.push(Event::ErrorThrown {
            element,
            code: code.clone(),
            message: message.clone(),
        });
        let thrown = Thrown::Error {
            code: code.clone(),
            message,
        };
        if !self.throw_up(token, false, &thrown, Variables::new()) {
            self.terminate(format!("error '{code}' of the end event '{}' was not caught", node.id));
        }
    }

    /// Looks outwards for a catcher and triggers it; `false` when there is none. `own` says whether the boundary
    /// events of the token's own activity count.
    pub(super) fn throw_up(&mut self, token: u64, own: bool, thrown: &Thrown, variables: Variables) -> bool {
        let (mut at, mut own) = (token, own);
        loop {
            let Some((process, id)) = self.place(at) else {
                return false;
            };
            let node = process.node(id);
            let Some(scope) = self.state.token(at).map(|token| token.scope) else {
                return false;
            };
            if own && !self.in_round(at, node) {
                let caught = node.boundary.iter().copied().find_map(|boundary| {
                    let NodeKind::Boundary { catch, .. } = &process.node(boundary).kind else {
                        return None;
                    };
                    Some((boundary, self.caught(scope, catch, thrown)?))
                });
                if let Some((boundary, extra)) = caught {
                    self.tell_caught(process.node(boundary), thrown);
                    self.boundary(at, &process, boundary, merged(variables, extra));
                    return true;
                }
            }
            let Some(level) = self.state.scope(scope) else {
                return false;
            };
            let (kind, owner) = (level.kind, level.owner);
            if kind != ScopeKind::Iteration && node.event_sub_process().is_none() {
                let subs = &process.scope(node.scope).event_subs;
                let caught = subs.iter().copied().find_map(|sub| {
                    let catch = process.node(sub).event_sub_process()?;
                    Some((sub, self.caught(scope, catch, thrown)?))
                });
                if let Some((sub, extra)) = caught {
                    self.tell_caught(process.node(sub), thrown);
                    self.start_event_sub(scope, &process, sub, merged(variables, extra));
                    return true;
                }
            }
            match owner {
                Some(owner) => (at, own) = (owner, true),
                None => return false,
            }
        }
    }

    fn tell_caught(&mut self, node: &Node, thrown: &Thrown) {
        if let Thrown::Error { code, .. } = thrown {
            self.events.push(Event::ErrorCaught {
                element: node.id.to_string(),
                code: code.clone(),
            });
        }
    }

    /// The variables a catcher gets if it catches this.
    fn caught(&self, scope: u64, catch: &Catch, thrown: &Thrown) -> Option<Variables> {
        let matches = |wanted: &Option<Text>, code: &str| match wanted {
            None => true,
            Some(wanted) => self.eval_text(Spot::Scope(scope), wanted).ok().flatten().as_deref() == Some(code),
        };
        catch
            .definitions
            .iter()
            .find_map(|definition| match (definition, thrown) {
                (
                    EventDefinition::Error {
                        code: wanted,
                        code_variable,
                        message_variable,
                    },
                    Thrown::Error { code, message },
                ) if matches(wanted, code) => {
                    let pairs = [(code_variable, code), (message_variable, message)];
                    let named = pairs
                        .into_iter()
                        .filter_map(|(name, value)| Some((name.clone()?, Value::from(value.as_str()))));
                    Some(named.collect())
                }
                (EventDefinition::Escalation { code: wanted }, Thrown::Escalation { code })
                    if matches(wanted, code) =>
                {
                    Some(Variables::new())
                }
                _ => None,
            })
    }
}

fn merged(mut variables: Variables, extra: Variables) -> Variables {
    variables.extend(extra);
    variables
}
