//! What stands beside an element: its listeners, and the continuations that go on in a commit of their own.
//!
//! Both are worked off in phases ([`Next`]): the listeners of a phase run one after the other, each sets a variable at
//! once or waits for a worker; after the last the token goes on, unless the model asks for a commit in between.

use super::eval::Spot;
use super::{Failure, Run};
use crate::Variables;
use crate::state::{Beside, Next, Resume};
use bpmn::{Continuation, FlowId, Hook, HookAction, HookAt, Node, NodeId, NodeKind, Process};
use std::sync::Arc;

/// The listeners of a phase, and when they run; `None`: like the first of them.
pub(crate) fn listeners_of<'p>(process: &'p Process, node: &'p Node, next: &Next) -> (&'p [Hook], Option<HookAt>) {
    match next {
        Next::Arrive { via } => {
            let flow = via
                .as_ref()
                .and_then(|via| process.flows.iter().find(|flow| flow.id == *via));
            (flow.map_or(&[], |flow| &flow.hooks), Some(HookAt::Start))
        }
        // those of an activity run when its inputs are mapped
        Next::Enter { .. } if node.is_activity() => (&[], Some(HookAt::Start)),
        Next::Enter { .. } | Next::Caught { .. } | Next::Work => (&node.hooks, Some(HookAt::Start)),
        Next::End { .. } | Next::Throw | Next::Chose { .. } => (&node.hooks, Some(HookAt::End)),
        Next::Leave { .. } if node.is_activity() || throws_away(node) => (&[], Some(HookAt::End)),
        Next::Leave { .. } => (&node.hooks, Some(HookAt::End)),
        Next::Begin { .. } => (&process.hooks, Some(HookAt::Start)),
        Next::Done => (&process.hooks, Some(HookAt::End)),
        Next::Aside => (&node.hooks, None),
        Next::Go { .. } | Next::Chosen { .. } | Next::Finish => (&[], Some(HookAt::End)),
    }
}

/// An end event whose token does not leave by itself: its listeners run before it throws.
pub(super) fn throws_away(node: &Node) -> bool {
    use bpmn::EventDefinition::{Cancel, Error, Terminate};
    matches!(&node.kind, NodeKind::End(definitions)
        if definitions.iter().any(|one| matches!(one, Error { .. } | Terminate | Cancel)))
}

/// Whether the step stops before (or after) a node, or a round of its loop.
fn apart(node: &Node, round: bool, after: bool) -> bool {
    let asks = |apart: &Continuation| match (round, after) {
        (false, false) => apart.before,
        (false, true) => apart.after,
        (true, false) => apart.round_before,
        (true, true) => apart.round_after,
    };
    node.apart.as_deref().is_some_and(asks)
}

/// The number of a sequence flow.
pub(super) fn flow_number(process: &Process, flow: &str) -> Option<FlowId> {
    let place = process.flows.iter().position(|other| *other.id == *flow)?;
    FlowId::try_from(place).ok()
}

impl Run<'_> {
    /// Carries a token through a phase, from one of its listeners on, and on from there.
    pub(super) fn proceed(&mut self, token: u64, process: &Arc<Process>, id: NodeId, next: Next, from: usize) {
        match self.listeners(token, process, id, next, from) {
            Ok(None) => {}
            Ok(Some(next)) => self.go_on(token, process, id, next),
            Err(stopped) => {
                let (beside, failure) = *stopped;
                self.fail(token, failure, Resume::Beside(Box::new(beside)));
            }
        }
    }

    /// Runs listeners; `None` when a worker is waited for.
    fn listeners(
        &mut self,
        token: u64,
        process: &Arc<Process>,
        id: NodeId,
        mut next: Next,
        from: usize,
    ) -> Result<Option<Next>, Box<(Beside, Failure)>> {
        let node = process.node(id);
        let (hooks, mut at) = listeners_of(process, node, &next);
        for (number, hook) in hooks.iter().enumerate().skip(from) {
            if *at.get_or_insert(hook.at) != hook.at {
                continue;
            }
            let ran = match &hook.action {
                HookAction::Set { target, value } => self.set_by(token, node, target, value, &mut next),
                HookAction::Job(job) => {
                    let beside = Beside {
                        hook: Some(number),
                        next: next.clone(),
                    };
                    match self.job_for(token, process, job, Some(beside)) {
                        Ok(()) => return Ok(None),
                        Err(failure) => Err(failure),
                    }
                }
            };
            if let Err(failure) = ran {
                let hook = Some(number);
                return Err(Box::new((Beside { hook, next }, failure)));
            }
            if hook.at == HookAt::Timeout {
                break; // each has a time of its own
            }
        }
        Ok(Some(next))
    }

    /// A listener sets a variable. Those of an activity's end see its result, and may change it.
    fn set_by(
        &mut self,
        token: u64,
        node: &Node,
        target: &str,
        value: &bpmn::Expression,
        next: &mut Next,
    ) -> Result<(), Failure> {
        let spot = Spot::Token(token);
        match next {
            Next::End { payload } => {
                let value = self.eval_with(spot, value, payload.clone())?;
                if node.io.outputs.is_empty() && !target.contains('.') {
                    payload.insert(target.to_owned(), value);
                } else {
                    self.set_near(token, target, value);
                }
            }
            Next::Begin { .. } | Next::Done | Next::Aside => {
                let value = self.eval(spot, value)?;
                if let Some(scope) = self.state.token(token).map(|token| token.scope) {
                    self.set_path(scope, target, value);
                }
            }
            _ => {
                let value = self.eval(spot, value)?;
                self.set_near(token, target, value);
            }
        }
        Ok(())
    }

    /// What follows the last listener of a phase.
    fn go_on(&mut self, token: u64, process: &Arc<Process>, id: NodeId, next: Next) {
        let node = process.node(id);
        match next {
            Next::Arrive { via } if apart(node, self.in_round(token, node), false) => {
                self.wait_apart(token, process, id, Next::Enter { via });
            }
            Next::Arrive { via } => self.proceed(token, process, id, Next::Enter { via }, 0),
            Next::Enter { via } => self.enter_now(token, process, id, via),
            Next::Caught { payload } => self.complete(token, process, id, payload),
            Next::Work => {
                if let Err(failure) = self.work_at(token, process, id) {
                    self.fail(token, failure, Resume::Perform);
                }
            }
            Next::End { payload } => self.ended(token, process, id, payload),
            Next::Throw => self.throw_now(token, process, id),
            Next::Leave { flows } if apart(node, false, true) => {
                self.wait_apart(token, process, id, Next::Go { flows });
            }
            Next::Leave { flows } | Next::Go { flows } => {
                let numbers = flows
                    .iter()
                    .filter_map(|flow| flow_number(process, flow))
                    .collect::<Vec<_>>();
                self.go(token, process, id, &numbers);
            }
            Next::Chose { target, payload } if apart(node, false, true) => {
                self.wait_apart(token, process, id, Next::Chosen { target, payload });
            }
            Next::Chose { target, payload } | Next::Chosen { target, payload } => {
                self.chosen_event(token, process, id, &target, payload);
            }
            Next::Finish => self.finish(token, process, id),
            Next::Begin { event } => self.begun(token, process, id, event),
            Next::Done => self.done_after_listeners(token),
            Next::Aside => self.consume(token),
        }
    }

    /// An event has happened at a token: its listeners, then what follows. In a commit of its own where asked for.
    pub(super) fn happened(&mut self, token: u64, process: &Arc<Process>, id: NodeId, payload: Variables) {
        let node = process.node(id);
        if node.hooks.is_empty() && node.apart.is_none() {
            return self.complete(token, process, id, payload);
        }
        if apart(node, false, false) {
            return self.wait_apart(token, process, id, Next::Caught { payload });
        }
        self.proceed(token, process, id, Next::Caught { payload }, 0);
    }

    /// Whether what ends without leaving by a flow (a round, a compensation handler) stops before that.
    pub(super) fn stops_at_end(&mut self, token: u64, process: &Arc<Process>, id: NodeId) -> bool {
        let node = process.node(id);
        let stops = apart(node, self.in_round(token, node), true);
        if stops {
            self.wait_apart(token, process, id, Next::Finish);
        }
        stops
    }

    /// Stops the token at a job that goes on in a commit of its own.
    pub(super) fn wait_apart(&mut self, token: u64, process: &Process, id: NodeId, next: Next) {
        let node = process.node(id);
        let plain = Continuation::plain_job;
        let job = node.apart.as_ref().map_or_else(plain, |apart| apart.job.clone());
        let beside = Beside { hook: None, next };
        if let Err(failure) = self.job_for(token, process, &job, Some(beside.clone())) {
            self.fail(token, failure, Resume::Beside(Box::new(beside)));
        }
    }

    /// The job beside an element is done: what a listener gives is kept, and the token goes on.
    pub(super) fn beside_done(
        &mut self,
        token: u64,
        process: &Arc<Process>,
        id: NodeId,
        beside: Beside,
        result: Variables,
    ) {
        let mut next = beside.next;
        let Some(number) = beside.hook else {
            return self.proceed(token, process, id, next, 0);
        };
        match &mut next {
            Next::End { payload } => payload.extend(result),
            Next::Work => {
                self.told(token, &result);
                if let Some(token) = self.state.token_mut(token) {
                    token.vars.extend(result);
                }
            }
            _ => {
                if let Some(scope) = self.state.token(token).map(|token| token.scope) {
                    for (name, value) in result {
                        self.set_outward(scope, name, value);
                    }
                }
            }
        }
        if next == Next::Aside {
            let hooks = &process.node(id).hooks;
            let at = hooks.get(number).map(|hook| hook.at);
            let same = |place: &usize| Some(hooks[*place].at) == at && at != Some(HookAt::Timeout);
            let Some(place) = (number + 1..hooks.len()).find(same) else {
                return self.go_on(token, process, id, next);
            };
            return self.proceed(token, process, id, next, place);
        }
        self.proceed(token, process, id, next, number + 1);
    }
}
