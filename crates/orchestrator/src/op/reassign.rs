//! An instance is about another record of the same person: `POST /orchestrator/instances/{id}/patient`.
//!
//! For the registry alone, when it merges two records or separates them: the instance, its CarePlan and all its Tasks go in one
//! commit, ended instances too. Everything else that names the patient is moved by the registry itself.

use super::suspend::reasoned;
use crate::api::{Moved, ReassignInstance};
use crate::command::{Asked, Order};
use crate::commit::Applied;
use crate::instance::Hot;
use crate::mirror::INSTANCE_SYSTEM;
use crate::plumbing::{About, Body, to_the_end};
use crate::{Orchestrator, OrchestratorError, view};
use access::Actor;
use axum::extract::{Path, State};
use engine::{Command, Event};
use fhir::Definitions;
use std::sync::Arc;
use store::{Clause, Page, Precondition, Query, Snapshot, ValueTest};

/// Tasks of one instance that follow it at most: they go in one commit.
const MAX_TASKS: usize = 2_000;

impl Orchestrator {
    /// Makes an instance of one patient that of another. Done again, it changes nothing.
    ///
    /// # Errors
    /// No reason, no such patient, or the instance is about nobody (422), too many tasks (422), unknown (404).
    pub async fn reassign(
        &self,
        actor: &Actor,
        instance: &str,
        request: ReassignInstance,
    ) -> Result<Moved, OrchestratorError> {
        let hot = self.load(instance).await?;
        if hot.patient.as_ref() == Some(&request.patient) {
            return Ok(Moved {
                instance: instance.to_owned(),
                patient: hot.patient.clone(),
                revision: hot.revision,
                status: view::status_name(hot.status).to_owned(),
            });
        }
        let mut snapshot = self.store.snapshot().await?;
        let there = snapshot.read("Patient", &request.patient).await?;
        if there.is_none_or(|patient| patient.body.is_none()) {
            return Err(OrchestratorError::Invalid(format!(
                "patient: Patient/{} does not exist",
                request.patient
            )));
        }
        let check = |hot: &Hot| match &hot.patient {
            Some(_) => Ok(()),
            None => Err(OrchestratorError::Invalid(
                "patient: the instance is about nobody and stays so".into(),
            )),
        };
        let mut order = Order::new(instance, Command::Resume, &actor.subject);
        order.asked = Asked::Reassign(&request.patient);
        order.check = Some(&check);
        order.note = Some(Event::Operated {
            reason: reasoned(request.reason)?,
            batch: None,
        });
        order.extras.preconditions.push(Precondition::Exists {
            rtype: "Patient".into(),
            id: request.patient.clone(),
        });
        Ok(view::moved(&self.carry_out(order).await?))
    }

    /// The pure part: where the instance stands does not change.
    pub(crate) fn reassigned(before: &Arc<Hot>, patient: &str) -> Applied {
        let mut hot = (**before).clone();
        hot.revision += 1;
        let old = hot.patient.replace(patient.to_owned()).unwrap_or_default();
        let (effects, events) = hot
            .state
            .rename(&format!("Patient/{old}"), &format!("Patient/{patient}"));
        Applied {
            hot: Arc::new(hot),
            effects,
            events,
            before: before.clone(),
            written: Vec::new(),
            taken: Vec::new(),
        }
    }
}

/// The ids of all tasks of an instance, closed ones too.
pub(crate) async fn tasks_of(snapshot: &mut dyn Snapshot, instance: &str) -> Result<Vec<String>, OrchestratorError> {
    let param = Definitions::r4()
        .param("Task", "group-identifier")
        .ok_or_else(|| OrchestratorError::Damaged("R4 has no search parameter Task.group-identifier".into()))?;
    let any = vec![ValueTest::Token {
        system: Some(INSTANCE_SYSTEM.into()),
        code: Some(instance.to_owned()),
    }];
    let mut query = Query {
        rtype: "Task".into(),
        clauses: vec![Clause::Param { param: param.id, any }],
        page: Page {
            count: 500,
            after: None,
        },
        ..Query::default()
    };
    let mut ids = Vec::new();
    loop {
        let page = snapshot.search(&query).await?;
        ids.extend(page.matches.into_iter().map(|task| task.id));
        if ids.len() > MAX_TASKS {
            return Err(OrchestratorError::Invalid(format!(
                "instance {instance}: it has more than {MAX_TASKS} tasks, which cannot follow in one commit"
            )));
        }
        match page.next {
            Some(next) => query.page.after = Some(next),
            None => return Ok(ids),
        }
    }
}

pub(crate) async fn handler(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
    Body(request): Body<ReassignInstance>,
) -> Result<About<Moved>, OrchestratorError> {
    let done = to_the_end(async move { orchestrator.reassign(&actor, &id, request).await }).await?;
    Ok(About::ok(done.patient.clone(), done))
}
