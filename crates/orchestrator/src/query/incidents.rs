//! Open incidents: `GET /orchestrator/incidents?kind=&after=&limit=`.

use super::page_size;
use crate::api::{IncidentInfo, List};
use crate::plumbing::Params;
use crate::{Orchestrator, OrchestratorError, view};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::Arc;
use store::{WaitKind, WaitRecord};

/// Which incidents.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct IncidentsQuery {
    /// Only this kind, e.g. `job`.
    pub kind: Option<String>,
    /// Mark of the page before.
    pub after: Option<String>,
    /// Page size.
    pub limit: Option<usize>,
}

impl Orchestrator {
    /// A page of open incidents, by kind and instance.
    pub async fn incidents(&self, query: IncidentsQuery) -> Result<List<IncidentInfo>, OrchestratorError> {
        let limit = page_size(&self.config, query.limit)?;
        let after = query.after.as_deref().map(unmark).transpose()?;
        let mut waits = self
            .store
            .snapshot()
            .await?
            .waits(
                WaitKind::Incident,
                query.kind.as_deref(),
                None,
                after.as_ref(),
                limit + 1,
            )
            .await?;
        let more = waits.len() > limit;
        waits.truncate(limit);
        let next = waits.last().filter(|_| more).map(mark);
        let mut items = Vec::with_capacity(waits.len());
        let mut seen: HashMap<String, Vec<IncidentInfo>> = HashMap::new();
        for wait in waits {
            if !seen.contains_key(&wait.instance) {
                let hot = self.load(&wait.instance).await?;
                seen.insert(wait.instance.clone(), view::incidents(&hot));
            }
            items.extend(seen[&wait.instance].iter().find(|i| i.id == wait.id).cloned());
        }
        Ok(List { items, next })
    }
}

/// A page mark: the key of the last wait.
fn mark(wait: &WaitRecord) -> String {
    format!("{}~{}~{}", wait.name, wait.instance, wait.id)
}

fn unmark(text: &str) -> Result<WaitRecord, OrchestratorError> {
    let mut parts = text.rsplitn(3, '~');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(id), Some(instance), Some(name)) => Ok(WaitRecord {
            kind: WaitKind::Incident,
            name: name.to_owned(),
            key: String::new(),
            instance: instance.to_owned(),
            id: id.to_owned(),
        }),
        _ => Err(OrchestratorError::BadRequest(
            "after: not a mark of an earlier page".into(),
        )),
    }
}

pub(crate) async fn handler(
    State(orchestrator): State<Arc<Orchestrator>>,
    Params(query): Params<IncidentsQuery>,
) -> Result<Json<List<IncidentInfo>>, OrchestratorError> {
    orchestrator.incidents(query).await.map(Json)
}
