//! Open incidents: `GET /orchestrator/incidents?kind=&after=&limit=`.

use super::page_size;
use crate::api::{IncidentInfo, List};
use crate::plumbing::Params;
use crate::{Orchestrator, OrchestratorError, view};
use access::Actor;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::Arc;
use store::{WaitKind, WaitRecord};

/// Rows looked at for one answer, at most; a page may hold fewer than asked for and still have a next one.
const MOST_SEEN: usize = 20_000;

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
    /// A page of open incidents, by kind and instance, of the patients whom the actor may see.
    pub async fn incidents(
        &self,
        actor: &Actor,
        query: IncidentsQuery,
    ) -> Result<List<IncidentInfo>, OrchestratorError> {
        let limit = page_size(&self.config, query.limit)?;
        let mut after = query.after.as_deref().map(unmark).transpose()?;
        let eyes = self.eyes(actor).await?;
        let mut items: Vec<IncidentInfo> = Vec::new();
        let (mut rows, mut last) = (0, None);
        let mut seen: HashMap<String, Vec<IncidentInfo>> = HashMap::new();
        loop {
            let mut snapshot = self.store.snapshot().await?;
            let kind = query.kind.as_deref();
            let waits = snapshot
                .waits(WaitKind::Incident, kind, None, after.as_ref(), limit + 1)
                .await?;
            drop(snapshot);
            let more = waits.len() > limit;
            rows += waits.len();
            for wait in waits {
                if !seen.contains_key(&wait.instance) {
                    let hot = self.load(&wait.instance).await?;
                    let open = match eyes.sees(hot.patient.as_deref()) {
                        true => view::incidents(&hot),
                        false => Vec::new(),
                    };
                    seen.insert(wait.instance.clone(), open);
                }
                if let Some(found) = seen[&wait.instance].iter().find(|i| i.id == wait.id) {
                    if items.len() == limit {
                        return Ok(List { items, next: last });
                    }
                    items.push(found.clone());
                    last = Some(mark(&wait));
                }
                after = Some(wait);
            }
            if !more || rows >= MOST_SEEN {
                let next = after.as_ref().filter(|_| more).map(mark);
                return Ok(List { items, next });
            }
        }
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
    actor: Actor,
    Params(query): Params<IncidentsQuery>,
) -> Result<Json<List<IncidentInfo>>, OrchestratorError> {
    orchestrator.incidents(&actor, query).await.map(Json)
}
