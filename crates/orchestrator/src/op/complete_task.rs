//! Completes a task: `POST /orchestrator/tasks/{id}/complete`.

use crate::access_rules::{may_act, oversees};
use crate::api::{CompleteTask, TaskDone};
use crate::command::Order;
use crate::commit::Applied;
use crate::filing::Filed;
use crate::idempotency::Idempotency;
use crate::instance::{Hot, instance_of};
use crate::plumbing::{About, Body, to_the_end};
use crate::{Orchestrator, OrchestratorError, view};
use access::Actor;
use axum::extract::{Path, State};
use engine::{Command, Effect};
use http::{HeaderMap, StatusCode};
use serde_json::json;
use std::sync::Arc;

impl Orchestrator {
    /// Completes a task; the resources are written, the token moves and history is kept in one commit.
    ///
    /// # Errors
    /// Not one's task (403), held by someone else (409 naming them), done for someone else (409: resolve it), done or cancelled meanwhile (409), bad resource
    /// (422).
    pub async fn complete_task(
        &self,
        actor: &Actor,
        id: &str,
        mut request: CompleteTask,
        keyed: Option<&Idempotency>,
    ) -> Result<TaskDone, OrchestratorError> {
        self.may_touch(actor, id).await?;
        self.may_file(actor, &mut request.resources, Filed::Task).await?;
        let check = |hot: &Hot| {
            let open = self.open_task(hot, id)?;
            if open.task.delegated_by.is_some() && !oversees(actor) {
                return Err(OrchestratorError::Delegated(id.to_owned()));
            }
            may_act(actor, &open.task, &open.candidate_users)
        };
        let answer = |applied: &Applied| (StatusCode::OK, json!(done(id, applied)));
        let command = Command::CompleteTask {
            task: id.to_owned(),
            variables: request.variables,
        };
        let mut order = Order::new(instance_of(id, "task")?, command, &actor.subject);
        order.extras.resources = request.resources;
        order.check = Some(&check);
        order.keyed = keyed.map(|k| (k, &answer as _));
        let applied = self.carry_out(order).await?;
        Ok(done(id, &applied))
    }
}

fn done(id: &str, applied: &Applied) -> TaskDone {
    let created = |effect: &Effect| match effect {
        Effect::TaskCreated(spec) => Some(spec.id.clone()),
        _ => None,
    };
    TaskDone {
        id: id.to_owned(),
        instance: applied.hot.state.id.clone(),
        patient: applied.hot.patient.clone(),
        status: view::status_name(applied.hot.status).to_owned(),
        new_tasks: applied.effects.iter().filter_map(created).collect(),
        resources: applied.written.clone(),
    }
}

pub(crate) async fn handler(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(request): Body<CompleteTask>,
) -> Result<About<TaskDone>, OrchestratorError> {
    let keyed = Idempotency::from_headers(&headers, &actor, &format!("complete/{id}"), &request)?;
    let done =
        to_the_end(async move { orchestrator.complete_task(&actor, &id, request, keyed.as_ref()).await }).await?;
    Ok(About::ok(done.patient.clone(), done))
}
