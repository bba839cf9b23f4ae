//! No new instances of a definition, and again: `POST /orchestrator/definitions/{key}/suspend`, `.../resume`.
//!
//! One version is suspended, not the process id; asking for the newest version then is refused, too, rather than
//! falling back to an older one. Messages and signals that would start it stay in the outbox until it is resumed; a
//! start timer that comes due meanwhile is passed over and its cycle goes on. Call activities still reach it.

use super::suspend::reasoned;
use crate::api::{BatchOperation, BatchRequest, DefinitionInfo, InstanceSelection, SuspendDefinition};
use crate::batch::{Head, Source};
use crate::idempotency::Idempotency;
use crate::plumbing::{Body, to_the_end};
use crate::registry::SUSPENDED;
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use axum::Json;
use axum::extract::{Path, State};
use http::{HeaderMap, StatusCode};
use jiff::SignedDuration;
use serde_json::json;
use std::sync::Arc;
use store::{RecordWrite, StoreError};

impl Orchestrator {
    /// Lets no new instances start (`suspended`), or lets them start again. Doing what is done already changes nothing.
    ///
    /// # Errors
    /// No reason for suspending (422), unknown (404).
    pub async fn suspend_definition(
        &self,
        actor: &Actor,
        key: &str,
        suspended: bool,
        request: SuspendDefinition,
        keyed: Option<&Idempotency>,
    ) -> Result<DefinitionInfo, OrchestratorError> {
        let key = self.registry().await?.resolve(key)?;
        self.refuse_repeat(keyed).await?;
        let now = self.clock.now();
        let batch = match request.instances {
            true => Some(self.batch_of(actor, &key, suspended, &request.reason)?),
            false => None,
        };
        let value = if suspended {
            let reason = reasoned(request.reason)?;
            Some(
                json!({"by": actor.subject, "at": now, "reason": reason})
                    .to_string()
                    .into_bytes(),
            )
        } else {
            None
        };
        let _one_at_a_time = self.deploying.lock().await;
        let mut info = self.definition_info(&key)?;
        info.suspended = suspended;
        info.batch = batch.as_ref().map(|batch| batch.info.id.clone());
        let mut records = vec![RecordWrite {
            kind: SUSPENDED.into(),
            key: key.clone(),
            must_be_new: false,
            value,
        }];
        records.extend(
            keyed
                .into_iter()
                .flat_map(|keyed| keyed.records(StatusCode::OK, json!(info), now)),
        );
        let written = match batch {
            Some(batch) => self.open_batch(batch, &[], records, None).await.map(drop),
            None => self.write_records(records).await,
        };
        if matches!(written, Err(OrchestratorError::Store(StoreError::Conflict { .. }))) {
            self.refuse_repeat(keyed).await?;
        }
        written?;
        self.read_registry().await?;
        Ok(info)
    }

    /// The batch that does the same to the running instances of the version.
    fn batch_of(&self, actor: &Actor, key: &str, suspend: bool, reason: &str) -> Result<Head, OrchestratorError> {
        let operation = if suspend {
            BatchOperation::Suspend {}
        } else {
            BatchOperation::Resume {}
        };
        let request = BatchRequest {
            operation,
            instances: None,
            filter: Some(InstanceSelection {
                definition: Some(key.to_owned()),
                ..InstanceSelection::default()
            }),
            reason: if reason.trim().is_empty() && !suspend {
                format!("definition {key} resumed")
            } else {
                reason.to_owned()
            },
            concurrency: None,
            rate_per_second: None,
            confirmation: None,
        };
        // Whatever starts until the suspension is in force is part of it.
        let before = self.clock.now() + SignedDuration::from_mins(1);
        self.new_batch(actor, request, Source::Search { before })
    }

    pub(crate) fn definition_info(&self, key: &str) -> Result<DefinitionInfo, OrchestratorError> {
        let registry = self.registry_now();
        registry
            .get(crate::registry::BPMN, key)
            .map(|definition| definition.info.clone())
            .ok_or_else(|| engine::StepError::UnknownDefinition(key.to_owned()).into())
    }
}

pub(crate) async fn suspend(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(key): Path<String>,
    headers: HeaderMap,
    Body(request): Body<SuspendDefinition>,
) -> Result<Json<DefinitionInfo>, OrchestratorError> {
    handle(orchestrator, actor, key, true, headers, request).await
}

pub(crate) async fn resume(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(key): Path<String>,
    headers: HeaderMap,
    Body(request): Body<SuspendDefinition>,
) -> Result<Json<DefinitionInfo>, OrchestratorError> {
    handle(orchestrator, actor, key, false, headers, request).await
}

async fn handle(
    orchestrator: Arc<Orchestrator>,
    actor: Actor,
    key: String,
    suspended: bool,
    headers: HeaderMap,
    request: SuspendDefinition,
) -> Result<Json<DefinitionInfo>, OrchestratorError> {
    let keyed = Idempotency::from_headers(&headers, &actor, &format!("suspend/{key}/{suspended}"), &request)?;
    let work = async move {
        orchestrator
            .suspend_definition(&actor, &key, suspended, request, keyed.as_ref())
            .await
    };
    to_the_end(work).await.map(Json)
}
