//! Setting and removing subscriptions.

use super::eval::Spot;
use super::{Failure, Run};
use crate::Effect;
use crate::state::{On, Wait};
use crate::timers::schedule;
use bpmn::{Catch, EventDefinition, MessageRef, NodeId, NodeKind, Process, Text};
use serde_json::Value;
use std::sync::Arc;

impl Run<'_> {
    /// Arms the catching event at which a token stands. Nothing is armed when something cannot be evaluated.
    pub(super) fn arm(
        &mut self,
        token: u64,
        process: &Arc<Process>,
        target: NodeId,
        catch: &Catch,
    ) -> Result<(), Failure> {
        let Some(scope) = self.state.token(token).map(|token| token.scope) else {
            return Ok(());
        };
        let found = self.subscriptions(Spot::Token(token), catch)?;
        self.subscribe(Some(token), scope, process, target, found);
        Ok(())
    }

    /// Arms the event sub-processes of a scope.
    pub(super) fn arm_event_subs(&mut self, scope: u64, process: &Arc<Process>, level: u32) -> Result<(), Failure> {
        let mut all = Vec::new();
        for sub in &process.scope(level).event_subs {
            if let Some(catch) = process.node(*sub).event_sub_process() {
                all.push((*sub, self.subscriptions(Spot::Scope(scope), catch)?));
            }
        }
        for (sub, found) in all {
            self.subscribe(None, scope, process, sub, found);
        }
        Ok(())
    }

    /// Arms the boundary events of an activity.
    pub(super) fn arm_boundary(&mut self, token: u64, process: &Arc<Process>, id: NodeId) -> Result<(), Failure> {
        let Some(scope) = self.state.token(token).map(|token| token.scope) else {
            return Ok(());
        };
        let mut all = Vec::new();
        for boundary in &process.node(id).boundary {
            if let NodeKind::Boundary { catch, .. } = &process.node(*boundary).kind {
                all.push((*boundary, self.subscriptions(Spot::Token(token), catch)?));
            }
        }
        for (boundary, found) in all {
            self.subscribe(Some(token), scope, process, boundary, found);
        }
        Ok(())
    }

    /// Waits for the message of a receive task.
    pub(super) fn arm_message(
        &mut self,
        token: u64,
        process: &Arc<Process>,
        id: NodeId,
        message: &MessageRef,
    ) -> Result<(), Failure> {
        let Some(scope) = self.state.token(token).map(|token| token.scope) else {
            return Ok(());
        };
        let on = self.message_wait(Spot::Token(token), message)?;
        self.subscribe(Some(token), scope, process, id, vec![on]);
        Ok(())
    }

    /// An event-based gateway waits for the events that follow it.
    pub(super) fn event_gateway(&mut self, token: u64, process: &Arc<Process>, id: NodeId) -> Result<(), Failure> {
        let Some(scope) = self.state.token(token).map(|token| token.scope) else {
            return Ok(());
        };
        let mut all = Vec::new();
        for flow in &process.node(id).outgoing {
            let target = process.flow(*flow).target;
            let found = match &process.node(target).kind {
                NodeKind::CatchEvent(catch) => self.subscriptions(Spot::Token(token), catch)?,
                NodeKind::ReceiveTask { message, .. } => vec![self.message_wait(Spot::Token(token), message)?],
                _ => Vec::new(),
            };
            all.push((target, found));
        }
        self.set_at(token, crate::state::At::Catch);
        for (target, found) in all {
            self.subscribe(Some(token), scope, process, target, found);
        }
        Ok(())
    }

    /// What the definitions of an event wait for. Errors, escalations, compensation and cancel need no subscription:
    /// they look for their catcher.
    pub(super) fn subscriptions(&self, spot: Spot, catch: &Catch) -> Result<Vec<On>, Failure> {
        let mut found = Vec::new();
        for (place, definition) in catch.definitions.iter().enumerate() {
            match definition {
                EventDefinition::Timer(timer) => {
                    let value = match timer.text() {
                        Text::Literal(text) => Value::from(text.as_str()),
                        Text::Feel(expression) => self.eval(spot, expression)?,
                    };
                    let first = schedule(timer, &value, self.env.now);
                    let first =
                        first.map_err(|reason| Failure::new("timer", format!("{reason}. Correct it and retry")))?;
                    found.extend(first.map(|first| On::Timer {
                        due: first.due,
                        left: first.left,
                        every: first.every,
                    }));
                }
                EventDefinition::Message(message) => found.push(self.message_wait(spot, message)?),
                EventDefinition::Signal(name) => {
                    found.push(On::Signal {
                        name: self.eval_name(spot, name, "signal name")?,
                    });
                }
                EventDefinition::Conditional(_) => found.push(On::Condition {
                    definition: place,
                    was: false,
                }),
                _ => {}
            }
        }
        Ok(found)
    }

    pub(super) fn message_wait(&self, spot: Spot, message: &MessageRef) -> Result<On, Failure> {
        let name = self.eval_name(spot, &message.name, "message name")?;
        Ok(On::Message {
            name,
            key: self.message_key(spot, message)?,
        })
    }

    /// The correlation key: the model's expression, else the business key, else nothing.
    pub(super) fn message_key(&self, spot: Spot, message: &MessageRef) -> Result<String, Failure> {
        let Some(expression) = &message.correlation_key else {
            return Ok(self.state.business_key.clone().unwrap_or_default());
        };
        match self.eval(spot, expression)? {
            Value::Null => Err(Failure::new(
                "expression",
                format!(
                    "the correlation key '{}' is null. Set the variables it needs and retry",
                    expression.as_str()
                ),
            )),
            Value::String(key) => Ok(key),
            other => Ok(other.to_string()),
        }
    }

    /// Registers waits and tells the world.
    pub(super) fn subscribe(
        &mut self,
        token: Option<u64>,
        scope: u64,
        process: &Process,
        target: NodeId,
        found: Vec<On>,
    ) {
        for on in found {
            let n = self.next();
            let id = self.id(n);
            match &on {
                On::Timer { due, .. } => self.effect(Effect::TimerSet { id, due: *due }),
                On::Message { name, key } => {
                    self.effect(Effect::MessageAwaited {
                        id,
                        name: name.clone(),
                        key: key.clone(),
                    });
                }
                On::Signal { name } => self.effect(Effect::SignalAwaited { id, name: name.clone() }),
                On::Condition { .. } => self.conditions_due = true,
            }
            let target = process.node(target).id.clone();
            self.state.waits.push(Wait {
                n,
                token,
                scope,
                target,
                on,
                listener: None,
            });
        }
    }

    /// Removes every wait of a token: its own and its boundary events'.
    pub(super) fn disarm(&mut self, token: u64) {
        self.remove_waits(|wait| wait.token == Some(token));
    }

    /// Removes the waits of a scope's event sub-processes.
    pub(super) fn disarm_event_subs(&mut self, scope: u64) {
        self.remove_waits(|wait| wait.token.is_none() && wait.scope == scope);
    }

    pub(super) fn remove_waits(&mut self, mut gone: impl FnMut(&Wait) -> bool) {
        if self.state.waits.is_empty() {
            return;
        }
        let (waits, effects) = (&mut self.state.waits, &mut self.effects);
        let instance = self.state.id.as_str();
        waits.retain(|wait| {
            if !gone(wait) {
                return true;
            }
            effects.extend(unawaited(instance, wait));
            false
        });
    }
}

/// Tells the world that something is no longer waited for.
pub(super) fn unawaited(instance: &str, wait: &Wait) -> Option<Effect> {
    let id = format!("{instance}.{}", wait.n);
    match &wait.on {
        On::Timer { due, .. } => Some(Effect::TimerRemoved { id, due: *due }),
        On::Message { name, key } => Some(Effect::MessageUnawaited {
            id,
            name: name.clone(),
            key: key.clone(),
        }),
        On::Signal { name } => Some(Effect::SignalUnawaited { id, name: name.clone() }),
        On::Condition { .. } => None,
    }
}
