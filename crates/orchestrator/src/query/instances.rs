//! Instances: `GET /orchestrator/instances`, `GET /orchestrator/instances/{id}`.

use super::page_size;
use super::selection::Selection;
use crate::access_rules::{confine, may_see};
use crate::api::{InstanceInfo, InstanceSelection, List};
use crate::instance::Hot;
use crate::plumbing::{About, Params};
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use axum::Json;
use axum::extract::{Path, State};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Rows looked at for one answer, at most; a page may hold fewer than asked for and still have a next one.
const MOST_SEEN: usize = 20_000;
/// Rows read at a time.
const PAGE: usize = 500;

/// Extension property of a process: names of its variables that the person it is about is shown, separated by blanks.
const TOLD_TO_ASSISTED: &str = "sinfonia:assisted";

/// Which instances; all that is given must hold.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct InstancesQuery {
    /// Definition key, or process id for every version.
    pub definition: Option<String>,
    /// Patient id.
    pub patient: Option<String>,
    /// Business key.
    pub business_key: Option<String>,
    /// `active`, `completed`, `terminated`, `incident`, `suspended`.
    pub status: Option<String>,
    /// Started at this moment or later.
    pub started_after: Option<Timestamp>,
    /// Started before this moment.
    pub started_before: Option<Timestamp>,
    /// `name=value`: a variable of the process; the value as JSON, or as text where it is none.
    pub variable: Option<String>,
    /// A token stands at this element.
    pub element: Option<String>,
    /// Whether an incident is open.
    pub incident: Option<bool>,
    /// An incident of this kind is open.
    pub incident_kind: Option<String>,
    /// An incident is open whose message holds this text.
    pub incident_message: Option<String>,
    /// Mark of the page before.
    pub after: Option<String>,
    /// Page size.
    pub limit: Option<usize>,
}

impl InstancesQuery {
    fn selection(self, patient: Option<String>) -> Result<InstanceSelection, OrchestratorError> {
        let mut variables = serde_json::Map::new();
        if let Some(text) = self.variable.filter(|text| !text.is_empty()) {
            let (name, value) = text
                .split_once('=')
                .ok_or_else(|| OrchestratorError::BadRequest("variable: name=value".into()))?;
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
            variables.insert(name.to_owned(), value);
        }
        Ok(InstanceSelection {
            definition: self.definition,
            status: self.status,
            business_key: self.business_key,
            patient,
            started_after: self.started_after,
            started_before: self.started_before,
            variables,
            element: self.element,
            incident: self.incident,
            incident_kind: self.incident_kind,
            incident_message: self.incident_message,
        })
    }
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
        let mut after = query.after.clone();
        let patient = confine(actor, query.patient.clone())?;
        let of_facts = query.variable.as_deref().is_some_and(|text| !text.is_empty());
        let of_incidents =
            query.incident.is_some() || query.incident_kind.is_some() || query.incident_message.is_some();
        let selection = Selection::of(query.selection(patient)?, true)?;
        let eyes = self.eyes(actor).await?;
        if eyes.are_own() && (of_facts || of_incidents) {
            // What the staff and the program work with is not asked for either.
            return Ok(List {
                items: Vec::new(),
                next: None,
            });
        }
        // Asking for a value is a way to see it.
        let facts = if of_facts { Some(self.facts(actor).await?) } else { None };
        let (mut items, mut seen) = (Vec::new(), 0);
        let rows = if selection.looks_inside() {
            PAGE.max(limit + 1)
        } else {
            limit + 1
        };
        loop {
            let page = self.select(&selection, after, rows).await?;
            seen += page.seen;
            for found in page.found {
                if items.len() == limit {
                    let next = items.last().map(|last: &InstanceInfo| last.id.clone());
                    return Ok(List { items, next });
                }
                let mut info = self.instance_info(&found.read()?, false);
                if eyes.are_own() {
                    info.incidents.clear();
                }
                let patient = info.patient.as_deref();
                if eyes.sees(patient) && facts.as_ref().is_none_or(|facts| facts.knows(patient)) {
                    items.push(info);
                }
            }
            after = page.next;
            if after.is_none() || seen >= MOST_SEEN {
                return Ok(List { items, next: after });
            }
        }
    }

    /// One instance, with its variables where the actor is tied to the patient.
    pub async fn instance(&self, actor: &Actor, id: &str) -> Result<InstanceInfo, OrchestratorError> {
        self.registry().await?;
        let hot = self.load(id).await?;
        may_see(actor, hot.patient.as_deref())?;
        self.may_look(actor, hot.patient.as_deref()).await?;
        let facts = self.facts(actor).await?;
        if facts.are_own() {
            return Ok(self.for_assisted(&hot));
        }
        Ok(self.instance_info(&hot, facts.knows(hot.patient.as_deref())))
    }

    /// An instance for the person it is about: where it stands, and what the model says is for them.
    fn for_assisted(&self, hot: &Hot) -> InstanceInfo {
        let mut info = self.instance_info(hot, false);
        info.incidents.clear();
        info.variables = self.told_to_assisted(&hot.state.definition, hot.state.variables());
        info
    }

    /// The variables that a model shows to the person its process is about (`sinfonia:assisted`); of none it says, none.
    pub(crate) fn told_to_assisted(&self, definition: &str, variables: &Map<String, Value>) -> Map<String, Value> {
        let registry = self.registry_now();
        let process = registry.process(definition);
        let names = process.and_then(|process| process.extensions.get(TOLD_TO_ASSISTED));
        let names = names.unwrap_or_default().split_whitespace();
        let told = names.filter_map(|name| Some((name.to_owned(), variables.get(name)?.clone())));
        told.collect()
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
