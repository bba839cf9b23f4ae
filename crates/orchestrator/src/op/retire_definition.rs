//! Withdraws a version of a process: `POST /orchestrator/definitions/{key}/retire`.
//!
//! Only when none of its instances runs. No instance of it will start; the version before it, if there is one, is the
//! newest again, with its start messages, signals and timers. It stays readable, for the history of what ran.

use super::deploy::plan::move_start_waits;
use super::suspend::reasoned;
use crate::api::{DefinitionInfo, RetireDefinition};
use crate::batch::record;
use crate::idempotency::Idempotency;
use crate::plumbing::{Body, to_the_end};
use crate::registry::{BPMN, RETIRED};
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use axum::Json;
use axum::extract::{Path, State};
use http::{HeaderMap, StatusCode};
use serde_json::json;
use std::sync::Arc;
use store::{InstanceFilter, InstanceStatus, StoreError, Transaction};

/// How many running instances are named in a refusal.
const NAMED: usize = 3;

impl Orchestrator {
    /// Withdraws a version. Doing it again changes nothing.
    ///
    /// # Errors
    /// Instances of it run, whose first ids are named (409); no reason (422); unknown (404).
    pub async fn retire_definition(
        &self,
        actor: &Actor,
        key: &str,
        request: RetireDefinition,
        keyed: Option<&Idempotency>,
    ) -> Result<DefinitionInfo, OrchestratorError> {
        let key = self.registry().await?.resolve(key)?;
        self.refuse_repeat(keyed).await?;
        let reason = reasoned(request.reason)?;
        let _one_at_a_time = self.deploying.lock().await;
        let mut info = self.definition_info(&key)?;
        if info.retired {
            return Ok(info);
        }
        self.refuse_running(&key).await?;
        info.retired = true;
        let now = self.clock.now();
        let why = json!({"by": actor.subject, "at": now, "reason": reason}).to_string();
        let mut transaction = self.start_again_with_the_one_before(&info)?;
        transaction.records.push(record(RETIRED, &key, Some(why.into_bytes())));
        transaction.records.extend(
            keyed
                .into_iter()
                .flat_map(|keyed| keyed.records(StatusCode::OK, json!(info), now)),
        );
        let due = transaction.timers.iter().filter_map(|timer| match timer {
            store::TimerWrite::Set { due, .. } => Some(*due),
            store::TimerWrite::Remove { .. } => None,
        });
        let due = due.min();
        let written = self.store.commit(transaction).await;
        if matches!(written, Err(StoreError::Conflict { .. })) {
            self.refuse_repeat(keyed).await?;
        }
        written?;
        self.read_registry().await?;
        due.into_iter().for_each(|due| self.timer_set(due));
        Ok(info)
    }

    async fn refuse_running(&self, key: &str) -> Result<(), OrchestratorError> {
        let mut snapshot = self.store.snapshot().await?;
        let mut running = Vec::new();
        for status in [
            InstanceStatus::Active,
            InstanceStatus::Incident,
            InstanceStatus::Suspended,
        ] {
            let filter = InstanceFilter {
                definition: Some(key.to_owned()),
                status: Some(status),
                limit: NAMED,
                ..InstanceFilter::default()
            };
            let found = snapshot.instances(&filter).await?;
            running.extend(found.into_iter().map(|record| record.id));
        }
        if running.is_empty() {
            return Ok(());
        }
        running.truncate(NAMED);
        Err(OrchestratorError::StillRunning {
            definition: key.to_owned(),
            instances: running.join(", "),
        })
    }

    /// When the newest version goes, its start events go to the one before it.
    fn start_again_with_the_one_before(&self, gone: &DefinitionInfo) -> Result<Transaction, OrchestratorError> {
        let registry = self.registry_now();
        let mut transaction = Transaction::default();
        let newest = registry.newest(BPMN, &gone.id).map(|newest| newest.info.version);
        if newest != Some(gone.version) {
            return Ok(transaction);
        }
        let others = registry
            .of_kind(BPMN)
            .filter(|other| other.info.id == gone.id && other.info.version < gone.version && !other.info.retired);
        let before = others.max_by_key(|other| other.info.version);
        let next = before.and_then(|before| registry.process(&before.info.key));
        let process = registry.process(&gone.key).map(|process| &**process);
        move_start_waits(&mut transaction, process, next.map(|next| &**next));
        if let (Some(before), Some(next)) = (before, next) {
            self.start_timers(&mut transaction, &registry, &before.info.key, next)?;
        }
        Ok(transaction)
    }
}

pub(crate) async fn handler(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(key): Path<String>,
    headers: HeaderMap,
    Body(request): Body<RetireDefinition>,
) -> Result<Json<DefinitionInfo>, OrchestratorError> {
    let keyed = Idempotency::from_headers(&headers, &actor, &format!("retire/{key}"), &request)?;
    let work = async move {
        orchestrator
            .retire_definition(&actor, &key, request, keyed.as_ref())
            .await
    };
    to_the_end(work).await.map(Json)
}
