//! Takes, gives back or hands over a task: `POST /orchestrator/tasks/{id}/claim|unclaim|reassign`.

use crate::access_rules::{administers, is_candidate, may_act, oversees};
use crate::api::{AssignTask, TaskInfo};
use crate::command::Order;
use crate::commit::{Applied, Extras};
use crate::idempotency::Idempotency;
use crate::instance::{Hot, instance_of};
use crate::mirror::ROLE_SYSTEM;
use crate::plumbing::{About, Body, to_the_end};
use crate::view::OpenTask;
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use axum::extract::{Path, State};
use engine::Command;
use fhir::Definitions;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use std::sync::Arc;
use store::{Clause, Page, Query, StoredResource, ValueTest};

/// Longest reason, in characters.
pub(super) const MAX_REASON: usize = 2_000;

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
    /// Not a candidate, or not the holder's or a case manager's to hand over (403), held by someone else (409 naming them),
    /// closed meanwhile (409), no reason, or to someone without a role for it (422).
    pub async fn assign_task(
        &self,
        actor: &Actor,
        id: &str,
        what: Assigning,
        request: AssignTask,
        keyed: Option<&Idempotency>,
    ) -> Result<TaskInfo, OrchestratorError> {
        self.may_touch(actor, id).await?;
        let assignee = assignee(actor, id, what, &request)?;
        self.refuse_repeat(keyed).await?;
        if what == Assigning::Reassign {
            self.may_be_given(actor, id, assignee.as_deref()).await?;
        }
        let check = |open: &OpenTask| match what {
            Assigning::Claim => may_claim(actor, open, assignee.as_deref()),
            Assigning::Unclaim => may_act(actor, &open.task, &open.candidate_users),
            Assigning::Reassign => may_hand_over(actor, open),
        };
        let command = Command::Assign {
            task: id.to_owned(),
            assignee: assignee.clone(),
            reason: request.reason,
        };
        self.at_task(actor, id, command, &check, Extras::default(), keyed).await
    }

    /// A command at an open task, whose answer is the task.
    pub(super) async fn at_task(
        &self,
        actor: &Actor,
        id: &str,
        command: Command,
        check: &(dyn Fn(&OpenTask) -> Result<(), OrchestratorError> + Sync),
        extras: Extras,
        keyed: Option<&Idempotency>,
    ) -> Result<TaskInfo, OrchestratorError> {
        let check = |hot: &Hot| check(&self.open_task(hot, id)?);
        let info = |hot: &Hot| self.open_task(hot, id).map(|open| open.task);
        let answer = |applied: &Applied| (StatusCode::OK, json!(info(&applied.hot).ok()));
        let mut order = Order::new(instance_of(id, "task")?, command, &actor.subject);
        order.extras = extras;
        order.check = Some(&check);
        order.keyed = keyed.map(|k| (k, &answer as _));
        let applied = self.carry_out(order).await?;
        info(&applied.hot)
    }
}

/// Only the holder, and those who oversee, hand a task to someone else; a candidate first claims it.
pub(super) fn may_hand_over(actor: &Actor, open: &OpenTask) -> Result<(), OrchestratorError> {
    let holder = open.task.assignee.as_deref();
    if oversees(actor) || holder == Some(actor.subject.as_str()) && actor.patient().is_none() {
        return Ok(());
    }
    may_act(actor, &open.task, &open.candidate_users)?;
    Err(OrchestratorError::Forbidden(format!(
        "task '{}' can be handed over or changed by its holder or a case manager; claim it first",
        open.task.id
    )))
}

impl Orchestrator {
    /// Refuses to give a task to someone who has no role for it. Whoever runs the system may.
    pub(super) async fn may_be_given(
        &self,
        actor: &Actor,
        id: &str,
        to: Option<&str>,
    ) -> Result<(), OrchestratorError> {
        let Some(to) = to.filter(|_| !administers(actor)) else {
            return Ok(());
        };
        self.registry().await?;
        let hot = self.load(instance_of(id, "task")?).await?;
        let OpenTask { task, candidate_users } = self.open_task(&hot, id)?;
        let own = task.patient.as_deref().map(|patient| format!("Patient/{patient}"));
        let assisted = own.as_deref() == Some(to) && task.roles.iter().any(|role| role == "assistito");
        if assisted || candidate_users.iter().any(|user| user == to) {
            return Ok(());
        }
        if let Some(practitioner) = to.strip_prefix("Practitioner/")
            && (task.roles.is_empty() || self.has_a_role(practitioner, &task.roles).await?)
        {
            return Ok(());
        }
        Err(OrchestratorError::Invalid(format!(
            "assignee: {to} has none of the roles of the task ({}) in the hub (PractitionerRole); choose someone who has",
            task.roles.join(", ")
        )))
    }

    async fn has_a_role(&self, practitioner: &str, roles: &[String]) -> Result<bool, OrchestratorError> {
        let param = |code: &str| {
            let param = Definitions::r4().param("PractitionerRole", code).map(|param| param.id);
            param.ok_or_else(|| OrchestratorError::Damaged(format!("R4 has no parameter PractitionerRole.{code}")))
        };
        let token = |role: &String| ValueTest::Token {
            system: Some(ROLE_SYSTEM.into()),
            code: Some(role.clone()),
        };
        let of = ValueTest::Reference {
            rtype: Some("Practitioner".into()),
            id: practitioner.to_owned(),
        };
        let query = Query {
            rtype: "PractitionerRole".into(),
            clauses: vec![
                Clause::Param {
                    param: param("practitioner")?,
                    any: vec![of],
                },
                Clause::Param {
                    param: param("role")?,
                    any: roles.iter().map(token).collect(),
                },
            ],
            page: Page { count: 20, after: None },
            ..Query::default()
        };
        let found = self.store.snapshot().await?.search(&query).await?;
        let active = |stored: &StoredResource| {
            let body = stored.body.as_ref();
            let role = body.and_then(|body| serde_json::from_slice::<Value>(body).ok());
            role.is_some_and(|role| role["active"] != false)
        };
        Ok(found.matches.iter().any(active))
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
        Some(holder) if Some(holder.as_str()) != assignee => {
            // Who could not take it anyway does not learn who holds it.
            may_act(actor, &open.task, &open.candidate_users)?;
            Err(OrchestratorError::Held {
                task: open.task.id.clone(),
                holder: holder.clone(),
            })
        }
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
