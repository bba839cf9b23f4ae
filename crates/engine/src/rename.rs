//! What an instance is about goes by another name: two records of one person became one, or one became two again.

use crate::state::{At, On};
use crate::{Effect, Event, State, Variables};
use serde_json::Value;

impl State {
    /// Puts `to` wherever `from` stands as a whole: business key, variables, keys of awaited messages, people of open tasks. What
    /// is only a part of a value (a resource that was handed over) stays: it says what was true then. No token moves. Gives what
    /// the world and history are to be told. Done the other way round it gives back what was, unless `to` stood somewhere before.
    pub fn rename(&mut self, from: &str, to: &str) -> (Vec<Effect>, Vec<Event>) {
        let (mut effects, mut events) = (Vec::new(), Vec::new());
        if self.business_key.as_deref() == Some(from) {
            self.business_key = Some(to.to_owned());
        }
        let instance = self.id.clone();
        let name = |n: u64| format!("{instance}.{n}");
        for scope in &mut self.scopes {
            variables(&mut scope.vars, &name(scope.n), from, to, &mut events);
        }
        for token in &mut self.tokens {
            variables(&mut token.vars, &name(token.n), from, to, &mut events);
            if let At::Task(task) = &mut token.at {
                let people = task.assignment.assignee.iter_mut().chain(&mut task.delegated_by);
                for person in people.chain(&mut task.assignment.candidate_users) {
                    if person == from {
                        to.clone_into(person);
                    }
                }
            }
        }
        for wait in &mut self.waits {
            if let On::Message { name: message, key } = &mut wait.on
                && key == from
            {
                effects.push(Effect::MessageUnawaited {
                    id: name(wait.n),
                    name: message.clone(),
                    key: key.clone(),
                });
                to.clone_into(key);
                effects.push(Effect::MessageAwaited {
                    id: name(wait.n),
                    name: message.clone(),
                    key: key.clone(),
                });
            }
        }
        (effects, events)
    }
}

fn variables(vars: &mut Variables, scope: &str, from: &str, to: &str, events: &mut Vec<Event>) {
    for (name, value) in vars.iter_mut() {
        if value.as_str() == Some(from) {
            *value = Value::String(to.to_owned());
            events.push(Event::VariableSet {
                scope: scope.to_owned(),
                name: name.clone(),
                value: value.clone(),
            });
        }
    }
}
