//! The holder of a task lets someone else do it, and gets it back: `POST /orchestrator/tasks/{id}/delegate`,
//! `POST /orchestrator/tasks/{id}/resolve`.

use super::assign_task::{MAX_REASON, may_hand_over};
use crate::access_rules::may_act;
use crate::api::{DelegateTask, ResolveTask, TaskInfo};
use crate::commit::Extras;
use crate::idempotency::Idempotency;
use crate::plumbing::{About, Body, to_the_end};
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use axum::extract::{Path, State};
use engine::Command;
use http::HeaderMap;
use std::sync::Arc;

impl Orchestrator {
    /// Lets someone else do a task that then comes back.
    ///
    /// # Errors
    /// Neither the holder's nor a case manager's to give (403), to someone without a role for it (422), no reason (422),
    /// closed meanwhile (409).
    pub async fn delegate_task(
        &self,
        actor: &Actor,
        id: &str,
        request: DelegateTask,
        keyed: Option<&Idempotency>,
    ) -> Result<TaskInfo, OrchestratorError> {
        self.may_touch(actor, id).await?;
        let reason = request.reason.trim();
        if reason.is_empty() || reason.chars().count() > MAX_REASON {
            return Err(OrchestratorError::Invalid(format!(
                "reason: say what is asked, in at most {MAX_REASON} characters"
            )));
        }
        self.refuse_repeat(keyed).await?;
        self.may_be_given(actor, id, Some(&request.assignee)).await?;
        let command = Command::Delegate {
            task: id.to_owned(),
            to: request.assignee,
            reason: Some(reason.to_owned()),
        };
        let check = |open: &crate::view::OpenTask| may_hand_over(actor, open);
        self.at_task(actor, id, command, &check, Extras::default(), keyed).await
    }

    /// Gives a delegated task back to whom it belongs.
    ///
    /// # Errors
    /// Not delegated, or closed meanwhile (409); in someone else's hands (403, 409).
    pub async fn resolve_task(
        &self,
        actor: &Actor,
        id: &str,
        request: ResolveTask,
        keyed: Option<&Idempotency>,
    ) -> Result<TaskInfo, OrchestratorError> {
        self.may_touch(actor, id).await?;
        if request
            .reason
            .as_ref()
            .is_some_and(|reason| reason.chars().count() > MAX_REASON)
        {
            return Err(OrchestratorError::Invalid(format!(
                "reason: at most {MAX_REASON} characters"
            )));
        }
        let command = Command::Resolve {
            task: id.to_owned(),
            reason: request.reason,
        };
        let check = |open: &crate::view::OpenTask| may_act(actor, &open.task, &open.candidate_users);
        self.at_task(actor, id, command, &check, Extras::default(), keyed).await
    }
}

pub(crate) async fn delegate(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(request): Body<DelegateTask>,
) -> Result<About<TaskInfo>, OrchestratorError> {
    let keyed = Idempotency::from_headers(&headers, &actor, &format!("delegate/{id}"), &request)?;
    let done =
        to_the_end(async move { orchestrator.delegate_task(&actor, &id, request, keyed.as_ref()).await }).await?;
    Ok(About::ok(done.patient.clone(), done))
}

pub(crate) async fn resolve(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(request): Body<ResolveTask>,
) -> Result<About<TaskInfo>, OrchestratorError> {
    let keyed = Idempotency::from_headers(&headers, &actor, &format!("resolve/{id}"), &request)?;
    let done = to_the_end(async move { orchestrator.resolve_task(&actor, &id, request, keyed.as_ref()).await }).await?;
    Ok(About::ok(done.patient.clone(), done))
}
