//! Deploys files that belong together: `POST /orchestrator/deployments`. All of them or none.

mod check;
mod condition;
mod files;
mod form;
mod form_field;
mod form_fields;
mod form_js;
mod form_text;
mod issue;
pub(crate) mod plan;
mod step_data;

use crate::api::{Deploy, Deployed};
use crate::idempotency::Idempotency;
use crate::plumbing::{Body, to_the_end};
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use files::Bundle;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;
use store::StoreError;

pub use check::{Checked, check_files};
pub use issue::FileIssue;

/// How often a deployment that meets another one is planned anew.
const TRIES: usize = 5;

impl Orchestrator {
    /// Deploys BPMN, DMN and Questionnaire files. What is byte for byte the newest version already keeps its key;
    /// everything else becomes a new version. Forms are stored as FHIR Questionnaires in the same commit.
    ///
    /// # Errors
    /// [`OrchestratorError::Refused`] (422) with every finding when a file cannot run.
    pub async fn deploy(
        &self,
        _actor: &Actor,
        request: Deploy,
        keyed: Option<&Idempotency>,
    ) -> Result<Deployed, OrchestratorError> {
        self.refuse_repeat(keyed).await?;
        self.registry().await?;
        // The feed stands still meanwhile, so that new criteria see only what is written from now on.
        let mut feed = self.feed.lock().await;
        let _one_at_a_time = self.deploying.lock().await;
        for _ in 0..TRIES {
            let registry = match self.duty {
                // Another node may have deployed meanwhile.
                Some(_) => self.read_registry().await?,
                None => self.registry_now(),
            };
            let bundle = Bundle::read(&self.config, &registry, &request.files)?;
            let issues: Vec<Value> = bundle.issues.iter().map(|i| json!(i)).collect();
            if let Some(refused) = refused(&bundle.issues, &issues) {
                return Err(refused);
            }
            let mut plan = self.plan(&registry, bundle).await?;
            let deployed = Deployed {
                keys: plan.keys.clone(),
                issues,
            };
            if plan.is_empty() {
                return Ok(deployed);
            }
            if let Some(keyed) = keyed {
                plan.transaction
                    .records
                    .extend(keyed.records(StatusCode::OK, json!(deployed), self.clock.now()));
            }
            if plan.triggers {
                plan.transaction
                    .cursors
                    .push(self.cursor_for_deployment(&mut feed).await?);
            }
            match self.store.commit(plan.transaction).await {
                Ok(_) => {
                    self.read_registry().await?;
                    self.timer_set(plan.due.unwrap_or(Timestamp::MAX));
                    self.wake.notify_one();
                    return Ok(deployed);
                }
                Err(StoreError::Conflict { .. }) => {
                    self.refuse_repeat(keyed).await?;
                    self.read_registry().await?;
                }
                Err(other) => return Err(other.into()),
            }
        }
        Err(OrchestratorError::Contended("the set of definitions".into()))
    }
}

fn refused(found: &[FileIssue], issues: &[Value]) -> Option<OrchestratorError> {
    let errors: Vec<&FileIssue> = found.iter().filter(|i| i.is_error()).collect();
    let first = errors.first()?.to_string();
    Some(OrchestratorError::Refused {
        count: errors.len(),
        first,
        issues: issues.to_vec(),
    })
}

pub(crate) async fn handler(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    headers: HeaderMap,
    Body(request): Body<Deploy>,
) -> Result<Response, OrchestratorError> {
    let keyed = Idempotency::from_headers(&headers, &actor, "deploy", &request)?;
    let deployed = to_the_end(async move { orchestrator.deploy(&actor, request, keyed.as_ref()).await }).await?;
    Ok((StatusCode::OK, axum::Json(deployed)).into_response())
}
