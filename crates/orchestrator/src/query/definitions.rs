//! What is deployed: `GET /orchestrator/definitions`, `/orchestrator/definitions/{key}`, `/{key}/xml`.

use crate::api::{DefinitionInfo, List};
use crate::plumbing::Params;
use crate::registry::{BPMN, CALENDAR, DMN, Definition, FORM};
use crate::{Orchestrator, OrchestratorError};
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::header;
use serde::Deserialize;
use std::sync::Arc;

/// Which definitions.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct DefinitionsQuery {
    /// `bpmn` (when absent), `dmn`, `form` or `calendar`.
    pub kind: Option<String>,
    /// Every version instead of the newest.
    pub all: bool,
}

impl Orchestrator {
    /// What is deployed, by key.
    pub async fn definitions(&self, query: DefinitionsQuery) -> Result<List<DefinitionInfo>, OrchestratorError> {
        let kind = query.kind.as_deref().unwrap_or(BPMN);
        if ![BPMN, DMN, FORM, CALENDAR].contains(&kind) {
            return Err(OrchestratorError::BadRequest(format!(
                "kind: '{kind}' is not one of bpmn, dmn, form, calendar"
            )));
        }
        let registry = self.registry().await?;
        let items = if query.all {
            registry.of_kind(kind).map(|d| d.info.clone()).collect()
        } else {
            registry.all_newest(kind).map(|d| d.info.clone()).collect()
        };
        Ok(List { items, next: None })
    }

    /// One definition by key, or the newest version by id; processes first, then decisions, then forms.
    pub(crate) async fn definition(&self, key: &str) -> Result<Definition, OrchestratorError> {
        let registry = self.registry().await?;
        let found = [BPMN, DMN, FORM, CALENDAR]
            .into_iter()
            .find_map(|kind| match key.contains(':') {
                true => registry.get(kind, key),
                false => registry.newest(kind, key),
            });
        found.cloned().ok_or_else(|| OrchestratorError::NotFound {
            what: "definition",
            id: key.to_owned(),
        })
    }

    /// The start form of a process as a Questionnaire: what whoever starts an instance is asked. The answers are the
    /// variables of the start, by linkId.
    ///
    /// # Errors
    /// The process is unknown, has no start form, or the form is not deployed (404).
    pub async fn start_form(&self, key: &str) -> Result<Arc<[u8]>, OrchestratorError> {
        let missing = |what, id: &str| OrchestratorError::NotFound {
            what,
            id: id.to_owned(),
        };
        let definition = self.definition(key).await?;
        let form = definition
            .info
            .start_form
            .ok_or_else(|| missing("start form of", key))?;
        let registry = self.registry().await?;
        let found = registry.newest(FORM, &form).map(|found| found.source.clone());
        found.ok_or_else(|| missing("form", &form))
    }

    /// The source text of a definition as deployed.
    pub async fn definition_source(&self, key: &str) -> Result<Arc<[u8]>, OrchestratorError> {
        Ok(self.definition(key).await?.source)
    }
}

pub(crate) async fn list(
    State(orchestrator): State<Arc<Orchestrator>>,
    Params(query): Params<DefinitionsQuery>,
) -> Result<Json<List<DefinitionInfo>>, OrchestratorError> {
    orchestrator.definitions(query).await.map(Json)
}

pub(crate) async fn one(
    State(orchestrator): State<Arc<Orchestrator>>,
    Path(key): Path<String>,
) -> Result<Json<DefinitionInfo>, OrchestratorError> {
    orchestrator.definition(&key).await.map(|d| Json(d.info))
}

pub(crate) async fn source(
    State(orchestrator): State<Arc<Orchestrator>>,
    Path(key): Path<String>,
) -> Result<Response, OrchestratorError> {
    let definition = orchestrator.definition(&key).await?;
    let mime = match definition.kind.as_str() {
        FORM => "application/fhir+json",
        CALENDAR => "application/json",
        _ => "application/xml; charset=utf-8",
    };
    Ok(([(header::CONTENT_TYPE, mime)], definition.source.to_vec()).into_response())
}

pub(crate) async fn start_form(
    State(orchestrator): State<Arc<Orchestrator>>,
    Path(key): Path<String>,
) -> Result<Response, OrchestratorError> {
    let form = orchestrator.start_form(&key).await?;
    Ok(([(header::CONTENT_TYPE, "application/fhir+json")], form.to_vec()).into_response())
}
