//! Changes when a task is due, when it is shown and how urgent it is: `POST /orchestrator/tasks/{id}/change`.

use super::assign_task::may_hand_over;
use crate::api::{ChangeTask, TaskInfo};
use crate::commit::Extras;
use crate::idempotency::Idempotency;
use crate::plumbing::{About, Body, to_the_end};
use crate::view::OpenTask;
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use axum::extract::{Path, State};
use engine::{Command, TaskChange};
use http::HeaderMap;
use std::sync::Arc;

impl Orchestrator {
    /// Changes an open task; what is absent stays. Boundary timers of the model are not moved along.
    ///
    /// # Errors
    /// Neither the holder nor a case manager (403), nothing to change or a bad priority (422), closed meanwhile (409).
    pub async fn change_task(
        &self,
        actor: &Actor,
        id: &str,
        request: ChangeTask,
        keyed: Option<&Idempotency>,
    ) -> Result<TaskInfo, OrchestratorError> {
        self.may_touch(actor, id).await?;
        let change = TaskChange {
            due: request.due,
            follow_up: request.follow_up,
            priority: request.priority,
        };
        if change == TaskChange::default() {
            return Err(OrchestratorError::Invalid(
                "say what changes: due, followUp or priority".into(),
            ));
        }
        if change.priority.is_some_and(|priority| priority > 100) {
            return Err(OrchestratorError::Invalid("priority: from 0 to 100".into()));
        }
        let command = Command::ChangeTask {
            task: id.to_owned(),
            change,
        };
        let check = |open: &OpenTask| may_hand_over(actor, open);
        self.at_task(actor, id, command, &check, Extras::default(), keyed).await
    }
}

pub(crate) async fn handler(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(request): Body<ChangeTask>,
) -> Result<About<TaskInfo>, OrchestratorError> {
    let keyed = Idempotency::from_headers(&headers, &actor, &format!("change/{id}"), &request)?;
    let done = to_the_end(async move { orchestrator.change_task(&actor, &id, request, keyed.as_ref()).await }).await?;
    Ok(About::ok(done.patient.clone(), done))
}
