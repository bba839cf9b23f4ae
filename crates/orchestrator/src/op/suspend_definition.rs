//! No new instances of a definition, and again: `POST /orchestrator/definitions/{key}/suspend`, `.../resume`.
//!
//! One version is suspended, not the process id; asking for the newest version then is refused, too, rather than
//! falling back to an older one. Messages and signals that would start it stay in the outbox until it is resumed; a
//! start timer that comes due meanwhile is passed over and its cycle goes on. Call activities still reach it.

use super::suspend::reasoned;
use crate::api::{DefinitionInfo, SuspendDefinition};
use crate::idempotency::Idempotency;
use crate::plumbing::{Body, to_the_end};
use crate::registry::SUSPENDED;
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use axum::Json;
use axum::extract::{Path, State};
use http::{HeaderMap, StatusCode};
use serde_json::json;
use std::sync::Arc;
use store::{RecordWrite, StoreError, Transaction};

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
        let mut records = vec![RecordWrite {
            kind: SUSPENDED.into(),
            key: key.clone(),
            must_be_new: false,
            value,
        }];
        records.extend(keyed.map(|keyed| keyed.record(StatusCode::OK, json!(info), now)));
        let written = self
            .store
            .commit(Transaction {
                records,
                ..Transaction::default()
            })
            .await;
        if matches!(written, Err(StoreError::Conflict { .. })) {
            self.refuse_repeat(keyed).await?;
        }
        written?;
        self.read_registry().await?;
        Ok(info)
    }

    fn definition_info(&self, key: &str) -> Result<DefinitionInfo, OrchestratorError> {
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
