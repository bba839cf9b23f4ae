//! Commands to a running instance.

use super::{Failure, Run};
use crate::state::{At, Beside, On, Resume, Token};
use crate::{Command, Effect, Event, StepError, Variables};
use bpmn::HookAt;

impl Run<'_> {
    /// Does what a command asks; the rest of the step follows from it.
    pub fn command(&mut self, command: Command) -> Result<(), StepError> {
        if self.state.held.is_some() {
            return self.while_suspended(command);
        }
        self.act(command)
    }

    pub(super) fn act(&mut self, command: Command) -> Result<(), StepError> {
        match command {
            Command::Start { by, variables } => self.start(by, variables),
            Command::CompleteTask { task, variables } => self.complete_task(&task, variables),
            Command::CompleteJob { job, variables } => self.complete_job(&job, variables),
            Command::FailJob { job, message, retries } => self.fail_job(job, message, retries),
            Command::ThrowError {
                at,
                code,
                message,
                variables,
            } => self.throw_error(&at, code, message, variables),
            Command::FireTimer { timer } => {
                self.happen(&timer, "timer", Variables::new(), |on| matches!(on, On::Timer { .. }))
            }
            Command::Deliver { wait, variables } => self.happen(&wait, "wait", variables, |on| {
                matches!(on, On::Message { .. } | On::Signal { .. })
            }),
            Command::Assign { task, assignee, reason } => self.assign(task, assignee, reason),
            Command::Delegate { task, to, reason } => self.delegate(task, to, reason),
            Command::Resolve { task, reason } => self.resolve(task, reason),
            Command::ChangeTask { task, change } => self.change_task(task, change),
            Command::Comment { task, text, attachment } => self.comment(task, text, attachment),
            Command::Retry { incident } => self.retry(&incident),
            Command::SetRetries { job, retries } => self.set_retries(job, retries),
            Command::SetVariables { variables } => {
                if let Some(root) = self.state.scopes.first().map(|scope| scope.n) {
                    for (name, value) in variables {
                        self.set_in(root, name, value);
                    }
                }
                self.check_conditions();
                Ok(())
            }
            Command::Modify { instructions, reason } => self.modify(instructions, reason),
            Command::Migrate { from, to, mapping } => self.migrate(&from, &to, &mapping),
            Command::Suspend { reason } => {
                self.suspend(reason);
                Ok(())
            }
            Command::Resume => Err(StepError::NotSuspended),
            Command::Cancel { reason } => {
                self.terminate(reason);
                Ok(())
            }
        }
    }

    pub(super) fn task_token(&self, id: &str) -> Result<u64, StepError> {
        let open = self.state.number(id).and_then(|n| self.state.token(n));
        match open {
            Some(Token { n, at: At::Task(_), .. }) => Ok(*n),
            _ => Err(StepError::NotOpen {
                what: "task",
                id: id.to_owned(),
            }),
        }
    }

    /// The token of an open job, and the effect that takes the job away.
    pub(super) fn job_token(&self, id: &str) -> Result<(u64, Effect), StepError> {
        let open = self.state.number(id).and_then(|n| self.state.token(n));
        match open {
            Some(Token {
                n, at: At::Job(job), ..
            }) => {
                let removed = Effect::JobRemoved {
                    id: id.to_owned(),
                    job_type: job.job_type.clone(),
                    priority: job.priority,
                };
                Ok((*n, removed))
            }
            _ => Err(StepError::NotOpen {
                what: "job",
                id: id.to_owned(),
            }),
        }
    }

    fn complete_task(&mut self, id: &str, variables: Variables) -> Result<(), StepError> {
        let token = self.task_token(id)?;
        let Some((process, node)) = self.place(token) else {
            return Ok(());
        };
        self.effect(Effect::TaskCompleted { id: id.to_owned() });
        self.events.push(Event::TaskCompleted {
            element: process.node(node).id.to_string(),
            task: id.to_owned(),
        });
        self.set_at(token, At::Here);
        self.complete(token, &process, node, variables);
        Ok(())
    }

    fn complete_job(&mut self, id: &str, variables: Variables) -> Result<(), StepError> {
        let (token, removed) = self.job_token(id)?;
        let Some((process, node)) = self.place(token) else {
            return Ok(());
        };
        self.effect(removed);
        self.events.push(Event::JobCompleted {
            element: process.node(node).id.to_string(),
            job: id.to_owned(),
        });
        let beside = self.beside_of(token);
        self.set_at(token, At::Here);
        match beside {
            Some(beside) => self.beside_done(token, &process, node, *beside, variables),
            None => self.complete(token, &process, node, variables),
        }
        Ok(())
    }

    fn beside_of(&self, token: u64) -> Option<Box<Beside>> {
        match self.state.token(token).map(|token| &token.at) {
            Some(At::Job(job)) => job.beside.clone(),
            _ => None,
        }
    }

    /// Where the retry of a job goes on that is given up.
    fn job_resume(&self, token: u64) -> Resume {
        self.beside_of(token).map_or(Resume::Perform, Resume::Beside)
    }

    fn fail_job(&mut self, id: String, message: String, retries: u32) -> Result<(), StepError> {
        let (token, removed) = self.job_token(&id)?;
        let element = self
            .state
            .token(token)
            .map(|token| token.element.to_string())
            .unwrap_or_default();
        self.events.push(Event::JobFailed {
            element,
            job: id,
            message: message.clone(),
            retries,
        });
        if retries > 0 {
            if let Some(Token { at: At::Job(job), .. }) = self.state.token_mut(token) {
                job.retries = retries;
            }
            return Ok(());
        }
        self.effect(removed);
        let message = format!("the worker failed and no retries are left: {message}. Remove the cause and retry");
        let resume = self.job_resume(token);
        self.fail(token, Failure::new("job", message), resume);
        Ok(())
    }

    /// What followed a continuation went wrong: it is as it was before, and is tried again after a pause.
    pub fn try_later(&mut self, job: String, message: String, retries: u32) -> Result<(), StepError> {
        let (token, _) = self.job_token(&job)?;
        self.fail_job(job, message, retries)?;
        let spec = self
            .state
            .token(token)
            .and_then(|token| self.state.job_spec(token, &self.process(token.scope)));
        self.effects.extend(spec.map(|spec| Effect::JobPaused(Box::new(spec))));
        Ok(())
    }

    fn set_retries(&mut self, id: String, retries: u32) -> Result<(), StepError> {
        let (token, _) = self.job_token(&id)?;
        if let Some(Token { at: At::Job(job), .. }) = self.state.token_mut(token) {
            job.retries = retries.max(1);
        }
        self.events.push(Event::JobRetriesSet { job: id, retries });
        Ok(())
    }

    fn throw_error(&mut self, id: &str, code: String, message: String, variables: Variables) -> Result<(), StepError> {
        let mut resume = Resume::Perform;
        let token = match self.job_token(id) {
            Ok((token, removed)) => {
                resume = self.job_resume(token);
                if matches!(&resume, Resume::Beside(beside) if !beside.next.in_activity()) {
                    let message = format!("job '{id}' is none of an activity's work: it can fail, but throw no error");
                    return Err(StepError::Refused(message));
                }
                self.effect(removed);
                token
            }
            Err(_) => {
                let not_open = StepError::NotOpen {
                    what: "job or task",
                    id: id.to_owned(),
                };
                let token = self.task_token(id).map_err(|_| not_open)?;
                self.effect(Effect::TaskCancelled { id: id.to_owned() });
                token
            }
        };
        let element = self
            .state
            .token(token)
            .map(|token| token.element.to_string())
            .unwrap_or_default();
        self.events.push(Event::ErrorThrown {
            element,
            code: code.clone(),
            message: message.clone(),
        });
        self.set_at(token, At::Here);
        if !self.error_at(token, code.clone(), message.clone(), variables) {
            let message = format!(
                "nothing catches the error '{code}' ({message}). Catch it with a boundary event, or remove the cause and retry"
            );
            self.fail(token, Failure::new("unhandled-error", message), resume);
        }
        Ok(())
    }

    fn happen(
        &mut self,
        id: &str,
        what: &'static str,
        variables: Variables,
        fits: impl Fn(&On) -> bool,
    ) -> Result<(), StepError> {
        let wait = self
            .state
            .number(id)
            .and_then(|n| self.state.wait(n))
            .filter(|wait| fits(&wait.on));
        let Some(n) = wait.map(|wait| wait.n) else {
            return Err(StepError::NotOpen {
                what,
                id: id.to_owned(),
            });
        };
        self.trigger(n, variables);
        Ok(())
    }

    fn assign(&mut self, task: String, assignee: Option<String>, reason: Option<String>) -> Result<(), StepError> {
        let token = self.task_token(&task)?;
        if let Some(Token {
            at: At::Task(state), ..
        }) = self.state.token_mut(token)
        {
            state.assignment.assignee.clone_from(&assignee);
            // Whoever takes or gets it now has it for good.
            state.delegated_by = None;
        }
        self.effect(Effect::TaskAssigned {
            id: task.clone(),
            assignee: assignee.clone(),
            delegated_by: None,
            reason: reason.clone(),
        });
        self.events.push(Event::TaskAssigned { task, assignee, reason });
        self.tell_listeners(token, HookAt::Assign);
        Ok(())
    }
}
