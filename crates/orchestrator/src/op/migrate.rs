//! Moves instances to another version of their process: `POST /orchestrator/migrations/plan`, `.../dry-run`,
//! `POST /orchestrator/instances/{id}/migrate`.

use crate::api::{DryRunMigration, List, MigrateInstance, MigrationOutcome, Moved, PlanMigration};
use crate::command::Order;
use crate::idempotency::Idempotency;
use crate::instance::Hot;
use crate::plumbing::{About, Body, to_the_end};
use crate::query::page_size;
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use axum::Json;
use axum::extract::{Path, State};
use engine::{Command, Effect, Plan, StepError};
use http::HeaderMap;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::InstanceFilter;

/// Most elements in a mapping.
const MAX_MAPPING: usize = 10_000;

impl Orchestrator {
    /// Proposes what becomes of each element: same id and kind, else the only one of the same kind and name.
    ///
    /// # Errors
    /// Unknown definition (404).
    pub async fn plan_migration(&self, request: &PlanMigration) -> Result<Plan, OrchestratorError> {
        let registry = self.registry().await?;
        let process = |definition: &str| {
            let key = registry.resolve(definition)?;
            let process = registry.process(&key).cloned();
            process.ok_or_else(|| OrchestratorError::from(StepError::UnknownDefinition(key)))
        };
        Ok(engine::propose(&*process(&request.from)?, &*process(&request.to)?))
    }

    /// The command of a migration, with the plan proposed where none is given.
    pub(crate) async fn migration(
        &self,
        from: String,
        to: String,
        mapping: Option<BTreeMap<String, String>>,
    ) -> Result<Command, OrchestratorError> {
        let registry = self.registry().await?;
        let (from, to) = (registry.resolve(&from)?, registry.resolve(&to)?);
        let mapping = match mapping {
            Some(mapping) => mapping,
            None => {
                let plan = PlanMigration {
                    from: from.clone(),
                    to: to.clone(),
                };
                self.plan_migration(&plan).await?.mapping
            }
        };
        if mapping.len() > MAX_MAPPING {
            return Err(OrchestratorError::Invalid(format!(
                "mapping: at most {MAX_MAPPING} elements"
            )));
        }
        Ok(Command::Migrate { from, to, mapping })
    }

    /// What a migration would do to each running instance of patients whom the actor works for, a page at a time (a page
    /// may hold fewer than asked for).
    ///
    /// # Errors
    /// Unknown definition (404).
    pub async fn dry_run_migration(
        &self,
        actor: &Actor,
        request: DryRunMigration,
    ) -> Result<List<MigrationOutcome>, OrchestratorError> {
        let limit = page_size(&self.config, request.limit)?;
        let command = self.migration(request.from, request.to, request.mapping).await?;
        let Command::Migrate { from, .. } = &command else {
            return Err(OrchestratorError::Damaged("no migration".into()));
        };
        let filter = InstanceFilter {
            definition: Some(from.clone()),
            after: request.after,
            limit: limit + 1,
            ..InstanceFilter::default()
        };
        let mut records = self.store.snapshot().await?.instances(&filter).await?;
        let more = records.len() > limit;
        records.truncate(limit);
        let next = records.last().filter(|_| more).map(|record| record.id.clone());
        let eyes = self.eyes(actor).await?;
        let live = records
            .into_iter()
            .filter(|record| record.ended.is_none() && eyes.works_for(record.patient.as_deref()));
        let mut items = Vec::new();
        for record in live {
            items.push(self.try_migration(&Arc::new(Hot::read(record)?), &command)?);
        }
        Ok(List { items, next })
    }

    fn try_migration(&self, hot: &Arc<Hot>, command: &Command) -> Result<MigrationOutcome, OrchestratorError> {
        let mut outcome = MigrationOutcome {
            instance: hot.state.id.clone(),
            patient: hot.patient.clone(),
            ..MigrationOutcome::default()
        };
        match self.step(hot, command.clone(), self.clock.now()) {
            Ok(applied) => {
                outcome.possible = true;
                for effect in &applied.effects {
                    match effect {
                        Effect::TimerSet { .. } | Effect::MessageAwaited { .. } | Effect::SignalAwaited { .. } => {
                            outcome.armed += 1;
                        }
                        Effect::TimerRemoved { .. }
                        | Effect::MessageUnawaited { .. }
                        | Effect::SignalUnawaited { .. } => outcome.disarmed += 1,
                        _ => {}
                    }
                }
            }
            Err(OrchestratorError::Step(StepError::NotMigratable { problems })) => outcome.problems = problems,
            Err(OrchestratorError::Step(error)) => outcome.problems.push(error.to_string()),
            Err(error) => return Err(error),
        }
        Ok(outcome)
    }

    /// Moves one instance, wholly or not at all.
    ///
    /// # Errors
    /// It cannot be moved (422, with every problem), ended (409), unknown (404).
    pub async fn migrate(
        &self,
        actor: &Actor,
        instance: &str,
        request: MigrateInstance,
        keyed: Option<&Idempotency>,
    ) -> Result<Moved, OrchestratorError> {
        self.may_operate(actor, instance).await?;
        let from = match request.from {
            Some(from) => from,
            None => self.load(instance).await?.state.definition.clone(),
        };
        let command = self.migration(from, request.to, request.mapping).await?;
        let order = Order::new(instance, command, &actor.subject);
        self.move_on_for(actor, order, request.reason, keyed).await
    }
}

pub(crate) async fn plan(
    State(orchestrator): State<Arc<Orchestrator>>,
    Body(request): Body<PlanMigration>,
) -> Result<Json<Value>, OrchestratorError> {
    let plan = orchestrator.plan_migration(&request).await?;
    Ok(Json(json!(plan)))
}

pub(crate) async fn dry_run(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Body(request): Body<DryRunMigration>,
) -> Result<Json<List<MigrationOutcome>>, OrchestratorError> {
    orchestrator.dry_run_migration(&actor, request).await.map(Json)
}

pub(crate) async fn handler(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(request): Body<MigrateInstance>,
) -> Result<About<Moved>, OrchestratorError> {
    let keyed = Idempotency::from_headers(&headers, &actor, &format!("migrate/{id}"), &request)?;
    let done = to_the_end(async move { orchestrator.migrate(&actor, &id, request, keyed.as_ref()).await }).await?;
    Ok(About::ok(done.patient.clone(), done))
}
