//! `GET /orchestrator/instances/{id}/at?revision=|time=`: the state of an instance at any moment, rebuilt from its
//! history. Works for ended instances, across modifications and migrations.

use super::record::{self, WHOLE_EVERY};
use crate::access_rules::may_see;
use crate::api::{InstanceAt, LocalVariables, OpenTimer, OpenWait};
use crate::command::status_of;
use crate::instance::Hot;
use crate::plumbing::{About, Params};
use crate::query::without_values;
use crate::view::task_of;
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use axum::extract::{Path, State as Shared};
use engine::{Event, InstanceState, State};
use jiff::Timestamp;
use serde::Deserialize;
use std::sync::Arc;
use store::{HistoryRecord, InstanceStatus, Snapshot};

/// Which moment: a revision, or the last one at or before a time; neither: as it is now.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct AtQuery {
    /// Revision, from 1.
    pub revision: Option<u64>,
    /// RFC 3339 moment.
    pub time: Option<Timestamp>,
}

/// A row of history with the state that it led to.
struct Rebuilt {
    row: HistoryRecord,
    events: Vec<Event>,
    hot: Hot,
}

impl Orchestrator {
    /// An instance as it was.
    ///
    /// # Errors
    /// Unknown instance; a revision or time before its start (404); history of before states were kept (422).
    pub async fn instance_at(&self, actor: &Actor, id: &str, query: AtQuery) -> Result<InstanceAt, OrchestratorError> {
        self.registry().await?;
        let now = self.load(id).await?;
        may_see(actor, now.patient.as_deref())?;
        let eyes = self.eyes(actor).await?;
        if eyes.are_own() {
            return Err(OrchestratorError::Forbidden(
                "how a pathway stood at a moment is for those who work on it; see /orchestrator/instances/{id} and its \
                 history"
                    .into(),
            ));
        }
        self.may_look(actor, now.patient.as_deref()).await?;
        if query.revision.is_some() && query.time.is_some() {
            return Err(OrchestratorError::BadRequest("give revision or time, not both".into()));
        }
        let last = now.revision;
        let mut snapshot = self.store.snapshot().await?;
        let revision = match (query.revision, query.time) {
            (Some(revision), _) if (1..=last).contains(&revision) => revision,
            (Some(revision), _) => return Err(no_such(id, &format!("revision {revision}: it has 1 to {last}"))),
            (None, Some(time)) => revision_at(&mut *snapshot, id, time, last)
                .await?
                .ok_or_else(|| no_such(id, &format!("state at {time}: it began on {}", now.started)))?,
            (None, None) => last,
        };
        let rebuilt = rebuild(&mut *snapshot, &now, revision).await?;
        let mut shown = self.shown(rebuilt, last);
        if !self.facts(actor).await?.knows(now.patient.as_deref()) {
            shown.instance.variables.clear();
            shown.locals.clear();
            shown.tasks.iter_mut().for_each(|task| task.variables.clear());
            shown.events.iter_mut().for_each(without_values);
        }
        Ok(shown)
    }

    fn shown(&self, rebuilt: Rebuilt, last: u64) -> InstanceAt {
        let Rebuilt { row, events, hot } = rebuilt;
        let (state, registry) = (&hot.state, self.registry_now());
        let since = |id: &str| {
            let active = state
                .active()
                .into_iter()
                .find(|active| active.id.as_deref() == Some(id));
            active.map_or(hot.started, |active| active.since)
        };
        let element = |id: &str| state.element_of(id).unwrap_or_default().to_owned();
        let tasks = state.tasks().into_iter().filter_map(|id| {
            let spec = state.task(&id, &*registry)?;
            Some(task_of(&hot, spec, since(&id)).task)
        });
        let timers = state.timers().into_iter().map(|(id, due)| OpenTimer {
            element: element(&id),
            id,
            due,
        });
        let waits = state.waits().into_iter().map(|wait| OpenWait {
            id: wait.id,
            element: wait.element,
            name: wait.name,
            key: wait.key,
        });
        let locals = state.locals().into_iter().map(|local| LocalVariables {
            id: local.id,
            element: local.element,
            variables: local.variables,
        });
        InstanceAt {
            revision: row.revision,
            last_revision: last,
            at: row.at,
            actor: row.actor,
            events,
            tasks: tasks.collect(),
            timers: timers.collect(),
            waits: waits.collect(),
            jobs: state.jobs(),
            locals: locals.collect(),
            instance: self.instance_info(&hot, true),
        }
    }
}

fn no_such(id: &str, what: &str) -> OrchestratorError {
    OrchestratorError::NotFound {
        what: "state of an instance",
        id: format!("{id}, {what}"),
    }
}

/// The last revision at or before a time. Moments of revisions do not decrease.
async fn revision_at(
    snapshot: &mut dyn Snapshot,
    id: &str,
    time: Timestamp,
    last: u64,
) -> Result<Option<u64>, OrchestratorError> {
    // Always: everything up to `low` is early enough, everything from `high` on is not.
    let (mut low, mut high) = (0, last + 1);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        let rows = snapshot.instance_history(id, middle, 1).await?;
        match rows.first() {
            Some(row) if row.at <= time => low = row.revision.max(middle),
            _ => high = middle,
        }
    }
    Ok((low > 0).then_some(low))
}

async fn rebuild(snapshot: &mut dyn Snapshot, now: &Hot, revision: u64) -> Result<Rebuilt, OrchestratorError> {
    let id = &now.state.id;
    let from = (revision - revision % WHOLE_EVERY).max(1);
    let count = usize::try_from(revision - from + 1).unwrap_or(usize::MAX);
    let rows = snapshot.instance_history(id, from, count).await?;
    let mut state = State::new(id.clone(), now.state.definition.clone(), now.state.business_key.clone());
    let mut found = None;
    for row in rows {
        let (events, delta) = record::read(&row)?;
        let delta = delta.ok_or_else(|| too_old(id, row.revision))?;
        if let Some(Event::Started { definition }) = events.first().filter(|_| row.revision == 1) {
            state.definition.clone_from(definition);
        }
        let damaged = |why| OrchestratorError::Damaged(format!("history {id} revision {}: {why}", row.revision));
        state.fold(&events, delta).map_err(damaged)?;
        found = Some((row, events));
    }
    let Some((row, events)) = found.filter(|(row, _)| row.revision == revision) else {
        return Err(no_such(
            id,
            &format!("revision {revision}: its history is not kept any more"),
        ));
    };
    let status = status_of(&state);
    let over = matches!(status, InstanceStatus::Completed | InstanceStatus::Terminated);
    let hot = Hot {
        revision,
        patient: now.patient.clone(),
        status,
        started: now.started,
        ended: over.then_some(row.at),
        state,
    };
    debug_assert!(hot.state.status() != InstanceState::New);
    Ok(Rebuilt { row, events, hot })
}

fn too_old(id: &str, revision: u64) -> OrchestratorError {
    OrchestratorError::Invalid(format!(
        "the state of instance {id} at revision {revision} was not kept: it was written by an earlier version of the \
         program. The events are in /orchestrator/instances/{id}/history; states are known from the next revision that \
         is a multiple of {WHOLE_EVERY} on"
    ))
}

pub(crate) async fn handler(
    Shared(orchestrator): Shared<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
    Params(query): Params<AtQuery>,
) -> Result<About<InstanceAt>, OrchestratorError> {
    let at = orchestrator.instance_at(&actor, &id, query).await?;
    Ok(About::ok(at.instance.patient.clone(), at))
}
