//! Listeners: they set variables at once, or wait for a worker before the element goes on.

use super::eval::Spot;
use super::{Failure, Run};
use crate::Variables;
use crate::state::{HookState, Resume};
use bpmn::{HookAction, HookAt, Node, NodeId, Process};
use std::sync::Arc;

impl Run<'_> {
    /// Runs the listeners of an activity's start from a number on; `true` when a worker is waited for.
    pub(super) fn start_hooks(
        &mut self,
        token: u64,
        process: &Arc<Process>,
        id: NodeId,
        from: usize,
    ) -> Result<bool, Failure> {
        let node = process.node(id);
        for (number, hook) in node.hooks.iter().enumerate().skip(from) {
            if hook.at != HookAt::Start {
                continue;
            }
            match &hook.action {
                HookAction::Set { target, value } => {
                    let value = self.eval(Spot::Token(token), value)?;
                    self.set_near(token, target, value);
                }
                HookAction::Job(job) => {
                    let state = HookState { number, payload: None };
                    self.job_for(token, process, node, job, Some(state))?;
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Runs the listeners of an activity's end; they see its result, and may change it.
    pub(super) fn end_hooks(
        &mut self,
        token: u64,
        process: &Arc<Process>,
        id: NodeId,
        from: usize,
        payload: &mut Variables,
    ) -> Result<bool, Failure> {
        let node = process.node(id);
        for (number, hook) in node.hooks.iter().enumerate().skip(from) {
            if hook.at != HookAt::End {
                continue;
            }
            match &hook.action {
                HookAction::Set { target, value } => {
                    let value = self.eval_with(Spot::Token(token), value, payload.clone())?;
                    if node.io.outputs.is_empty() && !target.contains('.') {
                        payload.insert(target.clone(), value);
                    } else {
                        self.set_near(token, target, value);
                    }
                }
                HookAction::Job(job) => {
                    let payload = Some(payload.clone());
                    self.job_for(token, process, node, job, Some(HookState { number, payload }))?;
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// The worker of a listener is done: what it gives is added, and the element goes on.
    pub(super) fn hook_done(
        &mut self,
        token: u64,
        process: &Arc<Process>,
        id: NodeId,
        hook: HookState,
        result: Variables,
    ) {
        let from = hook.number + 1;
        if let Some(mut payload) = hook.payload {
            payload.extend(result);
            return self.complete_after(token, process, id, payload, from);
        }
        self.told(token, &result);
        if let Some(token) = self.state.token_mut(token) {
            token.vars.extend(result);
        }
        let gone_on = match self.start_hooks(token, process, id, from) {
            Ok(true) => Ok(()),
            Ok(false) => self.work_at(token, process, id),
            Err(failure) => Err(failure),
        };
        if let Err(failure) = gone_on {
            self.fail(token, failure, Resume::Perform);
        }
    }

    /// Listeners of an event or gateway: they only set variables.
    pub(super) fn setters(&mut self, token: u64, node: &Node, at: HookAt) -> Result<(), Failure> {
        if node.hooks.is_empty() || node.is_activity() {
            return Ok(());
        }
        for hook in node.hooks.iter().filter(|hook| hook.at == at) {
            if let HookAction::Set { target, value } = &hook.action {
                let value = self.eval(Spot::Token(token), value)?;
                self.set_near(token, target, value);
            }
        }
        Ok(())
    }

    /// Listeners of a process that begins.
    pub(super) fn process_hooks(&mut self, scope: u64, process: &Process) -> Result<(), Failure> {
        for hook in process.hooks.iter().filter(|hook| hook.at == HookAt::Start) {
            if let HookAction::Set { target, value } = &hook.action {
                let value = self.eval(Spot::Scope(scope), value)?;
                self.set_path(scope, target, value);
            }
        }
        Ok(())
    }

    /// Sets a variable where the token sees it: its own, else that of a scope around it.
    fn set_near(&mut self, token: u64, target: &str, value: serde_json::Value) {
        let own = self
            .state
            .token(token)
            .is_some_and(|token| token.vars.contains_key(target));
        if own {
            self.told(token, &Variables::from_iter([(target.to_owned(), value.clone())]));
            if let Some(token) = self.state.token_mut(token) {
                token.vars.insert(target.to_owned(), value);
            }
            return;
        }
        if let Some(scope) = self.state.token(token).map(|token| token.scope) {
            self.set_path(scope, target, value);
        }
    }
}
