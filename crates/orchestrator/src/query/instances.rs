//! Instances: `GET /orchestrator/instances`, `GET /orchestrator/instances/{id}`.

use super::page_size;
use crate::access_rules::{confine, may_see};
use crate::api::{InstanceInfo, List};
use crate::instance::Hot;
use crate::plumbing::{About, Params};
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use std::sync::Arc;
use store::{InstanceFilter, InstanceStatus};

/// Which instances; all that is given must hold.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InstancesQuery {
    /// Definition key, or process id for every version.
    pub definition: Option<String>,
    /// Patient id.
    pub patient: Option<String>,
    /// Business key.
    pub business_key: Option<String>,
    /// `active`, `completed`, `terminated`, `incident`.
    pub status: Option<String>,
    /// Mark of the page before.
    pub after: Option<String>,
    /// Page size.
    pub limit: Option<usize>,
}

impl Orchestrator {
    /// A page of instances, in the order of their start.
    pub async fn instances(
        &self,
        actor: &Actor,
        query: InstancesQuery,
    ) -> Result<List<InstanceInfo>, OrchestratorError> {
        self.registry().await?;
        let limit = page_size(&self.config, query.limit)?;
        let status = match query.status.as_deref() {
            None | Some("") => None,
            Some("active") => Some(InstanceStatus::Active),
            Some("completed") => Some(InstanceStatus::Completed),
            Some("terminated") => Some(InstanceStatus::Terminated),
            Some("incident") => Some(InstanceStatus::Incident),
            Some("suspended") => Some(InstanceStatus::Suspended),
            Some(other) => {
                let text =
                    format!("status: '{other}' is not one of active, completed, terminated, incident, suspended");
                return Err(OrchestratorError::BadRequest(text));
            }
        };
        let filter = InstanceFilter {
            definition: query.definition,
            business_key: query.business_key,
            patient: confine(actor, query.patient)?,
            status,
            after: query.after,
            limit: limit + 1,
        };
        let mut records = self.store.snapshot().await?.instances(&filter).await?;
        let more = records.len() > limit;
        records.truncate(limit);
        let next = records.last().filter(|_| more).map(|r| r.id.clone());
        let items = records
            .into_iter()
            .map(|record| Hot::read(record).map(|hot| self.instance_info(&hot, false)))
            .collect::<Result<_, _>>()?;
        Ok(List { items, next })
    }

    /// One instance with its variables.
    pub async fn instance(&self, actor: &Actor, id: &str) -> Result<InstanceInfo, OrchestratorError> {
        self.registry().await?;
        let hot = self.load(id).await?;
        may_see(actor, hot.patient.as_deref())?;
        Ok(self.instance_info(&hot, true))
    }
}

pub(crate) async fn list(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Params(query): Params<InstancesQuery>,
) -> Result<Json<List<InstanceInfo>>, OrchestratorError> {
    orchestrator.instances(&actor, query).await.map(Json)
}

pub(crate) async fn one(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<About<InstanceInfo>, OrchestratorError> {
    let info = orchestrator.instance(&actor, &id).await?;
    Ok(About::ok(info.patient.clone(), info))
}
