//! What happened in an instance: `GET /orchestrator/instances/{id}/history?from=&limit=`.

use super::page_size;
use crate::access_rules::may_see;
use crate::api::{HistoryEntry, List};
use crate::plumbing::Params;
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use axum::Json;
use axum::extract::{Path, State};
use engine::Event;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

/// Which part.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct HistoryQuery {
    /// First revision; the mark of the page before.
    pub from: Option<u64>,
    /// Page size.
    pub limit: Option<usize>,
}

impl Orchestrator {
    /// History of an instance, oldest first.
    pub async fn history(
        &self,
        actor: &Actor,
        id: &str,
        query: HistoryQuery,
    ) -> Result<List<HistoryEntry>, OrchestratorError> {
        let limit = page_size(&self.config, query.limit)?;
        let hot = self.load(id).await?;
        may_see(actor, hot.patient.as_deref())?;
        self.may_look(actor, hot.patient.as_deref()).await?;
        let facts = self.facts(actor).await?;
        let (own, facts) = (facts.are_own(), facts.knows(hot.patient.as_deref()));
        let from = query.from.unwrap_or(0);
        let mut records = self
            .store
            .snapshot()
            .await?
            .instance_history(id, from, limit + 1)
            .await?;
        let next = records.get(limit).map(|r| r.revision.to_string());
        records.truncate(limit);
        let mut items = Vec::with_capacity(records.len());
        for record in records {
            let mut events = crate::history::record::events(&record)?;
            if own {
                events.retain_mut(told_to_assisted);
            } else if !facts {
                events.iter_mut().for_each(without_values);
            }
            if own && events.is_empty() {
                continue;
            }
            items.push(HistoryEntry {
                revision: record.revision,
                at: record.at,
                actor: record.actor,
                events,
            });
        }
        Ok(List { items, next })
    }
}

/// Whether an event is one of those that the person a process is about is told: its steps, its beginning and its end. What
/// was noted, decided, reached by which way or went wrong is the staff's, and so are the reasons that people gave.
fn told_to_assisted(event: &mut Event) -> bool {
    match event {
        Event::TaskCreated { assignee, roles, .. } => {
            *assignee = None;
            roles.clear();
            true
        }
        Event::Suspended { reason } | Event::Terminated { reason } => {
            reason.clear();
            true
        }
        Event::Started { .. }
        | Event::TaskCompleted { .. }
        | Event::TaskCancelled { .. }
        | Event::TimerFired { .. }
        | Event::Resumed
        | Event::Completed => true,
        _ => false,
    }
}

/// Takes out what an event tells of a patient: that something was set or decided stays.
pub(crate) fn without_values(event: &mut Event) {
    match event {
        Event::VariableSet { value, .. } | Event::Decided { trace: value, .. } => *value = Value::Null,
        Event::TaskCommented { text, .. } => text.clear(),
        _ => {}
    }
}

pub(crate) async fn handler(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
    Params(query): Params<HistoryQuery>,
) -> Result<Json<List<HistoryEntry>>, OrchestratorError> {
    orchestrator.history(&actor, &id, query).await.map(Json)
}
