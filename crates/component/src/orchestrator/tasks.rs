//! Tasks of people.

use super::{Orchestrator, TaskQuery, segment, with_query};
use crate::PeerError;
use orchestrator::api::{AssignTask, ChangeTask, CompleteTask, List, Moved, TaskInfo, ThrowError};

impl Orchestrator {
    /// Tasks, without variables.
    pub async fn tasks(&self, query: &TaskQuery) -> Result<List<TaskInfo>, PeerError> {
        self.get(&with_query("/orchestrator/tasks", query)?).await
    }

    /// One task with its variables.
    pub async fn task(&self, id: &str) -> Result<TaskInfo, PeerError> {
        self.get(&format!("/orchestrator/tasks/{}", segment(id))).await
    }

    /// Completes a task with its result variables and the resources to be written in the same commit.
    pub async fn complete(&self, task: &str, result: &CompleteTask) -> Result<(), PeerError> {
        self.command(&act(task, "complete"), result).await
    }

    /// Takes a task for the actor.
    pub async fn claim(&self, task: &str) -> Result<(), PeerError> {
        self.command(&act(task, "claim"), &AssignTask::default()).await
    }

    /// Changes when it is due, when it is taken up again, and how urgent it is.
    pub async fn change_task(&self, task: &str, change: &ChangeTask) -> Result<TaskInfo, PeerError> {
        self.post(&act(task, "change"), change).await
    }

    /// Gives a task back to its candidates.
    pub async fn unclaim(&self, task: &str) -> Result<(), PeerError> {
        self.command(&act(task, "unclaim"), &AssignTask::default()).await
    }

    /// Gives a task to somebody else, with a reason.
    pub async fn reassign(&self, task: &str, assignee: &str, reason: &str) -> Result<(), PeerError> {
        let assign = AssignTask {
            assignee: Some(assignee.to_owned()),
            reason: Some(reason.to_owned()),
        };
        self.command(&act(task, "reassign"), &assign).await
    }

    /// Ends a task by a BPMN error, caught in the process by its code.
    pub async fn throw_task_error(&self, task: &str, error: &ThrowError) -> Result<Moved, PeerError> {
        self.post(&act(task, "error"), error).await
    }
}

fn act(task: &str, act: &str) -> String {
    format!("/orchestrator/tasks/{}/{act}", segment(task))
}
