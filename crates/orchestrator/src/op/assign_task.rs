//! Takes, gives back or hands over a task: `POST /orchestrator/tasks/{id}/claim|unclaim|reassign`.

use crate::access_rules::{is_candidate, may_act, oversees};
use crate::api::{AssignTask, TaskInfo};
use crate::command::Order;
use crate::commit::Applied;
use crate::idempotency::Idempotency;
use crate::instance::{Hot, instance_of};
use crate::plumbing::{About, Body, to_the_end};
use crate::view::OpenTask;
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use axum::extract::{Path, State};
use engine::Command;
use http::{HeaderMap, StatusCode};
use serde_json::json;
use std::sync::Arc;

/// Longest reason, in characters.
const MAX_REASON: usize = 2_000;

/// Which of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assigning {
    /// Takes it.
    Claim,
    /// Gives it back to its candidates.
    Unclaim,
    /// Hands it to someone (or back to the candidates), with a reason.
    Reassign,
}

impl Orchestrator {
    /// Changes who holds a task.
    ///
    /// # Errors
    /// Not a candidate (403), held by someone else (409 naming them), closed meanwhile (409), no reason (422).
    pub async fn assign_task(
        &self,
        actor: &Actor,
        id: &str,
        what: Assigning,
        request: AssignTask,
        keyed: Option<&Idempotency>,
    ) -> Result<TaskInfo, OrchestratorError> {
        let assignee = assignee(actor, id, what, &request)?;
        let check = |hot: &Hot| {
            let open = self.open_task(hot, id)?;
            match what {
                Assigning::Claim => may_claim(actor, &open, assignee.as_deref()),
                Assigning::Unclaim | Assigning::Reassign => may_act(actor, &open.task, &open.candidate_users),
            }
        };
        let info = |hot: &Hot| self.open_task(hot, id).map(|open| open.task);
        let answer = |applied: &Applied| (StatusCode::OK, json!(info(&applied.hot).ok()));
        let command = Command::Assign {
            task: id.to_owned(),
            assignee: assignee.clone(),
            reason: request.reason,
        };
        let mut order = Order::new(instance_of(id, "task")?, command, &actor.subject);
        order.check = Some(&check);
        order.keyed = keyed.map(|k| (k, &answer as _));
        let applied = self.carry_out(order).await?;
        info(&applied.hot)
    }
}

fn assignee(
    actor: &Actor,
    id: &str,
    what: Assigning,
    request: &AssignTask,
) -> Result<Option<String>, OrchestratorError> {
    let reason = request.reason.as_deref().map(str::trim).unwrap_or_default();
    if reason.chars().count() > MAX_REASON {
        return Err(OrchestratorError::Invalid(format!(
            "reason: at most {MAX_REASON} characters"
        )));
    }
    match what {
        Assigning::Unclaim => Ok(None),
        Assigning::Reassign if reason.is_empty() => Err(OrchestratorError::Invalid(
            "reason: say why the task is handed over".into(),
        )),
        Assigning::Reassign => Ok(request.assignee.clone()),
        Assigning::Claim => match &request.assignee {
            Some(other) if *other != actor.subject && !oversees(actor) => Err(OrchestratorError::Forbidden(format!(
                "task '{id}' can be claimed only for oneself; use reassign, with a reason, to hand it to {other}"
            ))),
            Some(other) => Ok(Some(other.clone())),
            None => Ok(Some(actor.subject.clone())),
        },
    }
}

/// A claim never takes a task out of someone's hands, not even for those who oversee.
fn may_claim(actor: &Actor, open: &OpenTask, assignee: Option<&str>) -> Result<(), OrchestratorError> {
    match &open.task.assignee {
        Some(holder) if Some(holder.as_str()) != assignee => Err(OrchestratorError::Held {
            task: open.task.id.clone(),
            holder: holder.clone(),
        }),
        Some(_) => Ok(()),
        None if is_candidate(actor, &open.task, &open.candidate_users) => Ok(()),
        None => may_act(actor, &open.task, &open.candidate_users),
    }
}

async fn handle(
    orchestrator: Arc<Orchestrator>,
    actor: Actor,
    id: String,
    headers: HeaderMap,
    request: AssignTask,
    what: Assigning,
) -> Result<About<TaskInfo>, OrchestratorError> {
    let keyed = Idempotency::from_headers(&headers, &actor, &format!("{what:?}/{id}"), &request)?;
    let done = to_the_end(async move {
        orchestrator
            .assign_task(&actor, &id, what, request, keyed.as_ref())
            .await
    })
    .await?;
    Ok(About::ok(done.patient.clone(), done))
}

pub(crate) async fn claim(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(request): Body<AssignTask>,
) -> Result<About<TaskInfo>, OrchestratorError> {
    handle(orchestrator, actor, id, headers, request, Assigning::Claim).await
}

pub(crate) async fn unclaim(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(request): Body<AssignTask>,
) -> Result<About<TaskInfo>, OrchestratorError> {
    handle(orchestrator, actor, id, headers, request, Assigning::Unclaim).await
}

pub(crate) async fn reassign(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(request): Body<AssignTask>,
) -> Result<About<TaskInfo>, OrchestratorError> {
    handle(orchestrator, actor, id, headers, request, Assigning::Reassign).await
}
