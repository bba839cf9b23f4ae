//! Activities: what they do, and how they complete.

use super::eval::Spot;
use super::throw::Thrown;
use super::{Failure, Run};
use crate::state::{At, Beside, JobState, Next, Resume};
use crate::{Effect, Event, Variables};
use bpmn::{DecisionShape, JobDef, Node, NodeId, NodeKind, Process, Script, SubProcessKind};
use serde_json::Value;
use std::sync::Arc;

/// Largest priority of a job, and its negative the smallest.
pub(crate) const MAX_JOB_PRIORITY: i32 = 1_000_000;

impl Run<'_> {
    /// A token enters an activity: its loop, or its input mappings, boundary events and work.
    pub(super) fn activity(&mut self, token: u64, process: &Arc<Process>, id: NodeId) -> Result<(), Failure> {
        let node = process.node(id);
        if let Some(skip) = &node.skip
            && self.skips(token, skip)?
        {
            self.leave(token, process, id);
            return Ok(());
        }
        let round = self.in_round(token, node);
        if node.repeat.is_some() && !round {
            self.arm_boundary(token, process, id)?;
            return self.start_loop(token, process, id);
        }
        self.map_inputs(token, node)?;
        if !round {
            self.arm_boundary(token, process, id)?;
            if self.state.token(token).is_none() {
                return Ok(()); // a condition was true already and interrupted it
            }
        }
        if let Err(failure) = self.perform(token, process, id) {
            self.fail(token, failure, Resume::Perform);
        }
        Ok(())
    }

    /// Whether an activity is passed: only where the instance says so by a variable (Flowable user guide, "Skip
    /// expressions").
    fn skips(&self, token: u64, skip: &bpmn::Expression) -> Result<bool, Failure> {
        let spot = Spot::Token(token);
        let mut switches = ["_FLOWABLE_SKIP_EXPRESSION_ENABLED", "_ACTIVITI_SKIP_EXPRESSION_ENABLED"].into_iter();
        let on = switches.any(|name| self.lookup(spot, name) == Some(&Value::Bool(true)));
        Ok(on && self.eval_bool(spot, skip)?)
    }

    /// Does the work of an activity, after its listeners.
    pub(super) fn perform(&mut self, token: u64, process: &Arc<Process>, id: NodeId) -> Result<(), Failure> {
        if !process.node(id).hooks.is_empty() {
            self.proceed(token, process, id, Next::Work, 0);
            return Ok(());
        }
        self.work_at(token, process, id)
    }

    pub(super) fn work_at(&mut self, token: u64, process: &Arc<Process>, id: NodeId) -> Result<(), Failure> {
        let node = process.node(id);
        match &node.kind {
            NodeKind::UserTask(task) => self.create_task(token, process, id, task),
            NodeKind::ManualTask(task) if !task.assignment.is_empty() || node.lane.is_some() => {
                self.create_task(token, process, id, task)
            }
            NodeKind::ServiceTask(job) | NodeKind::RuleJob(job) | NodeKind::ScriptTask(Script::Job(job)) => {
                self.job_for(token, process, job, None)
            }
            NodeKind::SendTask { job: Some(job), .. } => self.job_for(token, process, job, None),
            NodeKind::SendTask {
                message: Some(message), ..
            } => {
                self.throw_message(token, node, message)?;
                self.complete(token, process, id, Variables::new());
                Ok(())
            }
            NodeKind::ReceiveTask { message, .. } => {
                self.set_at(token, At::Catch);
                self.arm_message(token, process, id, message)
            }
            NodeKind::ScriptTask(Script::Feel { expression, result }) => {
                let value = self.eval(Spot::Token(token), expression)?;
                self.complete(token, process, id, results(result.as_deref(), value));
                Ok(())
            }
            NodeKind::DecisionTask {
                decision,
                result,
                shape,
            } => {
                let value = self.decide(token, node, decision, *shape)?;
                let result = result
                    .as_deref()
                    .or((*shape != DecisionShape::Plain).then_some("decisionResult"));
                self.complete(token, process, id, results(result, value));
                Ok(())
            }
            NodeKind::SubProcess { kind, scope } => {
                if let SubProcessKind::AdHoc(ad_hoc) = kind {
                    return self.open_ad_hoc(token, process, *scope, ad_hoc);
                }
                self.open_scope(token, process, *scope, Variables::new())
            }
            NodeKind::Call {
                process: called,
                binding,
                all_in,
                ..
            } => self.open_call(token, called, binding, *all_in),
            _ => {
                self.complete(token, process, id, Variables::new());
                Ok(())
            }
        }
    }

    pub(super) fn job_for(
        &mut self,
        token: u64,
        process: &Process,
        job: &JobDef,
        beside: Option<Beside>,
    ) -> Result<(), Failure> {
        let spot = Spot::Token(token);
        let job_type = self.eval_name(spot, &job.job_type, "job type")?;
        let retries = self.eval_text(spot, &job.retries)?.unwrap_or_default();
        let retries = retries.parse::<u32>().map_err(|_| {
            Failure::new(
                "expression",
                format!("the number of retries is '{retries}', not a whole number"),
            )
        })?;
        let priority = self.job_priority(spot, job)?;
        self.set_at(
            token,
            At::Job(Box::new(JobState {
                job_type: job_type.clone(),
                retries,
                priority,
                beside: beside.map(Box::new),
            })),
        );
        let spec = self
            .state
            .token(token)
            .and_then(|token| self.state.job_spec(token, process));
        if let Some(spec) = spec {
            let (element, job) = (spec.element.clone(), spec.id.clone());
            let kind = spec.kind;
            self.events.push(Event::JobCreated {
                element,
                job,
                job_type,
                kind,
            });
            self.effect(Effect::JobCreated(Box::new(spec)));
        }
        Ok(())
    }

    fn job_priority(&self, spot: Spot, job: &JobDef) -> Result<i32, Failure> {
        let Some(text) = &job.priority else { return Ok(0) };
        let Some(text) = self.eval_text(spot, text)? else {
            return Ok(0);
        };
        match text.parse::<f64>() {
            Ok(value) if value.abs() <= f64::from(MAX_JOB_PRIORITY) => Ok(value as i32),
            _ => Err(Failure::new(
                "expression",
                format!(
                    "the job's priority is '{text}', not a number from -{MAX_JOB_PRIORITY} to {MAX_JOB_PRIORITY}. \
                     Set the variables it needs and retry"
                ),
            )),
        }
    }

    fn decide(
        &mut self,
        token: u64,
        node: &Node,
        decision: &bpmn::Text,
        shape: DecisionShape,
    ) -> Result<Value, Failure> {
        let spot = Spot::Token(token);
        let decision = self.eval_name(spot, decision, "decision id")?;
        let decided = self
            .env
            .evaluator
            .decide(&decision, &self.context(spot), self.env.now)
            .map_err(|error| Failure::new("decision", format!("{error}. Deploy or correct the decision and retry")))?;
        let element = node.id.to_string();
        let value = super::shape::shaped(shape, decided.value, &decided.trace)
            .map_err(|message| Failure::new("decision", format!("the decision '{decision}': {message}")))?;
        self.events.push(Event::Decided {
            element,
            decision,
            trace: decided.trace,
        });
        Ok(value)
    }

    /// An activity (or a catch event) is done: results out, boundary events away, on by its flows.
    pub(super) fn complete(&mut self, token: u64, process: &Arc<Process>, id: NodeId, payload: Variables) {
        let node = process.node(id);
        if !node.hooks.is_empty() && node.is_activity() {
            return self.proceed(token, process, id, Next::End { payload }, 0);
        }
        self.ended(token, process, id, payload);
    }

    /// As [`Self::complete`], after the listeners of its end.
    pub(super) fn ended(&mut self, token: u64, process: &Arc<Process>, id: NodeId, payload: Variables) {
        let node = process.node(id);
        if let Err(failure) = self.map_outputs(token, node, payload.clone()) {
            // the activity is over: only its mapping is tried again
            self.disarm(token);
            return self.fail(token, failure, Resume::Complete { payload });
        }
        self.disarm(token);
        self.remember(token, process, id);
        let compensates = self.state.token(token).is_some_and(|token| token.compensates.is_some());
        if !compensates && !self.in_round(token, node) {
            return self.leave(token, process, id);
        }
        if !self.stops_at_end(token, process, id) {
            self.finish(token, process, id);
        }
    }

    /// A round of a loop, or a compensation handler, is over.
    pub(super) fn finish(&mut self, token: u64, process: &Arc<Process>, id: NodeId) {
        let node = process.node(id);
        let thrower = self.state.token(token).and_then(|token| token.compensates);
        self.event_left(node, token);
        self.consume(token);
        if let Some(thrower) = thrower {
            self.compensated(thrower, node);
        }
    }

    /// A BPMN error at an activity; `false` when nothing catches it.
    pub(super) fn error_at(&mut self, token: u64, code: String, message: String, variables: Variables) -> bool {
        self.throw_up(token, true, &Thrown::Error { code, message }, variables)
    }
}

/// A value as result variables: under a name, or the members of a context.
fn results(name: Option<&str>, value: Value) -> Variables {
    match (name, value) {
        (Some(name), value) => Variables::from_iter([(name.to_owned(), value)]),
        (None, Value::Object(members)) => members,
        (None, _) => Variables::new(),
    }
}
