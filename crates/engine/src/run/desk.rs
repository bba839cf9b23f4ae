//! What people do with an open task besides taking and completing it: hand it on and back, change when it is due, write
//! beside it. The token stays where it is.

use super::Run;
use crate::command::{Attachment, TaskChange};
use crate::state::{At, TaskState, Token};
use crate::{Effect, Event, StepError};
use bpmn::HookAt;

impl Run<'_> {
    fn open_task(&mut self, id: &str) -> Result<&mut TaskState, StepError> {
        let token = self.task_token(id)?;
        match self.state.token_mut(token) {
            Some(Token { at: At::Task(task), .. }) => Ok(task),
            _ => Err(StepError::NotOpen {
                what: "task",
                id: id.to_owned(),
            }),
        }
    }

    /// Someone else does it for the holder, to whom it comes back.
    pub(super) fn delegate(&mut self, task: String, to: String, reason: Option<String>) -> Result<(), StepError> {
        let state = self.open_task(&task)?;
        // Handed on once more it still comes back to the first.
        let owner = state.delegated_by.clone().or_else(|| state.assignment.assignee.clone());
        state.delegated_by.clone_from(&owner);
        state.assignment.assignee = Some(to.clone());
        self.effect(Effect::TaskAssigned {
            id: task.clone(),
            assignee: Some(to.clone()),
            delegated_by: owner,
            reason: reason.clone(),
        });
        let token = self.task_token(&task)?;
        self.events.push(Event::TaskDelegated { task, to, reason });
        self.tell_listeners(token, HookAt::Assign);
        Ok(())
    }

    /// The delegate is done: back to whom it belongs.
    pub(super) fn resolve(&mut self, task: String, reason: Option<String>) -> Result<(), StepError> {
        let state = self.open_task(&task)?;
        let Some(owner) = state.delegated_by.take() else {
            return Err(StepError::NotOpen {
                what: "delegated task",
                id: task,
            });
        };
        state.assignment.assignee = Some(owner.clone());
        self.effect(Effect::TaskAssigned {
            id: task.clone(),
            assignee: Some(owner.clone()),
            delegated_by: None,
            reason: reason.clone(),
        });
        let token = self.task_token(&task)?;
        self.events.push(Event::TaskResolved {
            task,
            to: owner,
            reason,
        });
        self.tell_listeners(token, HookAt::Assign);
        Ok(())
    }

    pub(super) fn change_task(&mut self, task: String, change: TaskChange) -> Result<(), StepError> {
        let state = self.open_task(&task)?;
        state.due = change.due.or(state.due);
        state.follow_up = change.follow_up.or(state.follow_up);
        state.priority = change.priority.map_or(state.priority, |priority| priority.min(100));
        let (due, follow_up, priority) = (state.due, state.follow_up, state.priority);
        self.effect(Effect::TaskChanged {
            id: task.clone(),
            due,
            follow_up,
            priority,
        });
        let token = self.task_token(&task)?;
        self.events.push(Event::TaskChanged {
            task,
            due,
            follow_up,
            priority,
        });
        self.tell_listeners(token, HookAt::Update);
        Ok(())
    }

    pub(super) fn comment(
        &mut self,
        task: String,
        text: String,
        attachment: Option<Attachment>,
    ) -> Result<(), StepError> {
        self.open_task(&task)?;
        self.effect(Effect::TaskNoted {
            id: task.clone(),
            text: text.clone(),
            attachment: attachment.clone(),
        });
        self.events.push(match attachment {
            None => Event::TaskCommented { task, text },
            Some(Attachment { reference, title }) => Event::TaskAttached { task, reference, title },
        });
        Ok(())
    }
}
