//! Loop rounds end.

use super::eval::Spot;
use super::repeat::round_counter;
use super::{Failure, Run};
use crate::Variables;
use crate::state::{At, LoopState, Resume, Token};
use bpmn::{Behavior, EventDefinition, Loop, MultiInstance, NodeId, NodeKind, Process, StandardLoop};
use serde_json::Value;
use std::sync::Arc;

/// How a loop goes on after a round.
enum Next {
    Round,
    Wait,
    Done,
}

impl Run<'_> {
    /// A round has completed. A failure stands at the loop's token, and the round is looked at again on retry.
    pub(super) fn round_done(&mut self, owner: u64, scope: u64) {
        let Some((process, id)) = self.place(owner) else { return };
        let next = match &process.node(id).repeat {
            Some(Loop::Standard(standard)) => self.standard_round(owner, scope, standard),
            Some(Loop::Multi(multi)) => self.multi_round(owner, scope, multi, &process, id),
            None => return,
        };
        let next = match next {
            Ok(next) => next,
            Err(failure) => return self.fail_in_place(owner, failure, Resume::Round(scope)),
        };
        self.remove_scope(scope);
        match (next, &process.node(id).repeat) {
            (Next::Wait, _) | (Next::Round, None) => {}
            (Next::Round, Some(Loop::Standard(_))) => self.start_round(owner, Variables::new()),
            (Next::Round, Some(Loop::Multi(multi))) => self.next_instance(owner, multi),
            (Next::Done, _) => self.loop_done(owner),
        }
    }

    fn standard_round(&mut self, owner: u64, scope: u64, standard: &StandardLoop) -> Result<Next, Failure> {
        let Some(Token {
            at: At::Loop(state), ..
        }) = self.state.token(owner)
        else {
            return Ok(Next::Wait);
        };
        let completed = state.completed + 1;
        let mut more = standard.maximum.is_none_or(|maximum| completed < maximum);
        if more && let Some(condition) = &standard.condition {
            more = self.eval_bool_with(Spot::Scope(scope), condition, round_counter(completed))?;
        }
        self.count_round(owner);
        Ok(if more { Next::Round } else { Next::Done })
    }

    fn multi_round(
        &mut self,
        owner: u64,
        scope: u64,
        multi: &MultiInstance,
        process: &Arc<Process>,
        id: NodeId,
    ) -> Result<Next, Failure> {
        let Some(Token {
            at: At::Loop(state), ..
        }) = self.state.token(owner)
        else {
            return Ok(Next::Wait);
        };
        let counters = counters(state);
        let output = match &multi.output_element {
            Some(expression) => Some(self.eval(Spot::Scope(scope), expression)?),
            None => None,
        };
        let completed = match &multi.completion {
            Some(condition) => self.eval_bool_with(Spot::Scope(scope), condition, counters.clone())?,
            None => false,
        };
        let mut complex = None;
        if let Behavior::Complex(cases) = &multi.behavior {
            for (condition, event) in cases {
                if self.eval_bool_with(Spot::Scope(scope), condition, counters.clone())? {
                    complex = Some(event.clone());
                    break;
                }
            }
        }
        let place = self
            .state
            .scope(scope)
            .and_then(|scope| scope.vars.get("loopCounter"))
            .and_then(Value::as_u64);
        let (first, all) = self.count_round(owner);
        if let (
            Some(Token {
                at: At::Loop(state), ..
            }),
            Some(value),
            Some(place),
        ) = (self.state.token_mut(owner), output, place)
            && let Some(slot) = state.outputs.get_mut(place as usize - 1)
        {
            *slot = value;
        }
        match (&multi.behavior, complex) {
            (Behavior::One(Some(event)), _) if first => self.implicit(owner, process, id, event),
            (Behavior::Each(Some(event)), _) => self.implicit(owner, process, id, event),
            (Behavior::Complex(_), Some(event)) => {
                if let Some(event) = event {
                    self.implicit(owner, process, id, &event);
                }
                return Ok(Next::Done);
            }
            _ => {}
        }
        Ok(match (completed || all, multi.sequential) {
            (true, _) => Next::Done,
            (false, true) => Next::Round,
            (false, false) => Next::Wait,
        })
    }

    /// Counts a completed round: whether it was the first, and whether it was the last.
    fn count_round(&mut self, owner: u64) -> (bool, bool) {
        let Some(Token {
            at: At::Loop(state), ..
        }) = self.state.token_mut(owner)
        else {
            return (false, false);
        };
        state.completed += 1;
        (state.completed == 1, state.completed >= state.total)
    }

    /// An event that a multi-instance activity throws by itself. Its own boundary events catch it without interrupting:
    /// whether the remaining instances go on is said by the behavior alone (BPMN 2.0, tables 10.29 and 10.30).
    fn implicit(&mut self, owner: u64, process: &Arc<Process>, id: NodeId, event: &EventDefinition) {
        let node = process.node(id);
        let catchers: Vec<NodeId> = node
            .boundary
            .iter()
            .copied()
            .filter(|boundary| match &process.node(*boundary).kind {
                NodeKind::Boundary { catch, .. } => catch.definitions.iter().any(|wanted| answers(wanted, event)),
                _ => false,
            })
            .collect();
        if catchers.is_empty()
            && let EventDefinition::Signal(name) = event
            && let Ok(name) = self.eval_name(Spot::Token(owner), name, "signal name")
        {
            self.broadcast(node, name, Variables::new());
        }
        for boundary in catchers {
            self.boundary_flow(owner, process, boundary, Variables::new(), false);
        }
    }

    /// The loop is over: what still runs is cancelled, the results go out, the token goes on.
    pub(super) fn loop_done(&mut self, owner: u64) {
        let Some((process, id)) = self.place(owner) else { return };
        self.cancel_inside(owner);
        let Some(token) = self.state.token_mut(owner) else {
            return;
        };
        let scope = token.scope;
        let At::Loop(state) = std::mem::replace(&mut token.at, At::Here) else {
            return;
        };
        if let Some(Loop::Multi(multi)) = &process.node(id).repeat
            && let Some(name) = &multi.output_collection
        {
            self.set_outward(scope, name.clone(), Value::Array(state.outputs));
        }
        self.disarm(owner);
        if let Some(thrower) = self.state.token(owner).and_then(|token| token.compensates) {
            self.event_left(process.node(id), owner);
            self.consume(owner);
            return self.compensated(thrower, process.node(id));
        }
        self.leave(owner, &process, id);
    }
}

/// What conditions of a multi-instance activity see (BPMN 2.0, table 10.31, and Camunda's names for the same), the
/// instance that has just completed included.
fn counters(state: &LoopState) -> Variables {
    let (all, active, done) = (state.total, state.started - state.completed - 1, state.completed + 1);
    let pairs = [
        ("numberOfInstances", all),
        ("numberOfActiveInstances", active),
        ("numberOfCompletedInstances", done),
        ("numberOfTerminatedInstances", 0),
        ("nrOfInstances", all),
        ("nrOfActiveInstances", active),
        ("nrOfCompletedInstances", done),
    ];
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), Value::from(value)))
        .collect()
}

/// Whether a catch definition answers a thrown one.
fn answers(wanted: &EventDefinition, thrown: &EventDefinition) -> bool {
    match (wanted, thrown) {
        (EventDefinition::Signal(wanted), EventDefinition::Signal(thrown)) => wanted == thrown,
        (EventDefinition::Message(wanted), EventDefinition::Message(thrown)) => wanted.name == thrown.name,
        (EventDefinition::Error { code: wanted, .. }, EventDefinition::Error { code, .. })
        | (EventDefinition::Escalation { code: wanted }, EventDefinition::Escalation { code }) => {
            wanted.is_none() || wanted == code
        }
        _ => false,
    }
}
