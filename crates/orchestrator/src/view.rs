//! Instances and tasks as the API shows them, from the state in memory.

use crate::api::{ActiveElement, IncidentInfo, InstanceInfo, Moved, TaskInfo};
use crate::commit::Applied;
use crate::instance::Hot;
use crate::{Orchestrator, OrchestratorError};
use engine::{ActiveKind, OpenIncident, StepError, TaskSpec};
use jiff::Timestamp;
use serde_json::Map;
use store::InstanceStatus;

/// An open task, with who may do it.
pub(crate) struct OpenTask {
    pub task: TaskInfo,
    pub candidate_users: Vec<String>,
}

/// Status as the API names it.
pub(crate) fn status_name(status: InstanceStatus) -> &'static str {
    match status {
        InstanceStatus::Active => "active",
        InstanceStatus::Completed => "completed",
        InstanceStatus::Terminated => "terminated",
        InstanceStatus::Incident => "incident",
        InstanceStatus::Suspended => "suspended",
    }
}

/// Where an instance stands after a command.
pub(crate) fn moved(applied: &Applied) -> Moved {
    Moved {
        instance: applied.hot.state.id.clone(),
        patient: applied.hot.patient.clone(),
        revision: applied.hot.revision,
        status: status_name(applied.hot.status).to_owned(),
    }
}

/// The task of a spec.
pub(crate) fn task_of(hot: &Hot, spec: TaskSpec, created: Timestamp) -> OpenTask {
    let form = spec
        .form
        .map(|form| form.strip_prefix("Questionnaire/").map_or(form.clone(), str::to_owned));
    let task = TaskInfo {
        id: spec.id,
        instance: hot.state.id.clone(),
        definition: hot.state.definition.clone(),
        element: spec.element,
        name: spec.name,
        documentation: spec.documentation,
        patient: hot.patient.clone(),
        status: if spec.assignment.assignee.is_some() {
            "in-progress"
        } else {
            "ready"
        }
        .to_owned(),
        assignee: spec.assignment.assignee,
        delegated_by: spec.delegated_by,
        follow_up: spec.follow_up,
        comments: Vec::new(),
        attachments: Vec::new(),
        candidates: spec.assignment.candidate_users.clone(),
        roles: spec.assignment.candidate_groups,
        form,
        created,
        due: spec.due,
        priority: spec.priority,
        variables: spec.variables,
    };
    OpenTask {
        task,
        candidate_users: spec.assignment.candidate_users,
    }
}

/// Open incidents of an instance.
pub(crate) fn incidents(hot: &Hot) -> Vec<IncidentInfo> {
    let active = hot.state.active();
    let since = |id: &str| {
        active
            .iter()
            .find(|a| a.id.as_deref() == Some(id))
            .map_or(hot.started, |a| a.since)
    };
    let info = |incident: OpenIncident| IncidentInfo {
        since: since(&incident.id),
        id: incident.id,
        instance: hot.state.id.clone(),
        element: incident.element,
        kind: incident.kind,
        message: incident.message,
    };
    hot.state.incidents().into_iter().map(info).collect()
}

/// BPMN local name of the element (`userTask`, …), or `incident` where it stands still.
fn kind_name(kind: ActiveKind, tag: Option<&'static str>) -> String {
    match (kind, tag) {
        (ActiveKind::Incident, _) => "incident".to_owned(),
        (_, Some(tag)) => tag.to_owned(),
        (kind, None) => format!("{kind:?}").to_lowercase(),
    }
}

impl Orchestrator {
    /// A task that is open now.
    pub(crate) fn open_task(&self, hot: &Hot, id: &str) -> Result<OpenTask, OrchestratorError> {
        let spec = hot.state.task(id, &*self.registry_now());
        let spec = spec.ok_or_else(|| StepError::NotOpen {
            what: "task",
            id: id.to_owned(),
        })?;
        let since = hot
            .state
            .active()
            .into_iter()
            .find(|a| a.id.as_deref() == Some(id))
            .map(|a| a.since);
        Ok(task_of(hot, spec, since.unwrap_or(hot.started)))
    }

    /// An instance as the API shows it.
    pub(crate) fn instance_info(&self, hot: &Hot, with_variables: bool) -> InstanceInfo {
        let registry = self.registry_now();
        let active = hot.state.active().into_iter().map(|token| {
            let node = registry
                .process(&token.definition)
                .and_then(|p| p.node_by_id(&token.element));
            ActiveElement {
                name: node.map_or_else(|| token.element.clone(), |n| n.name.to_string()),
                kind: kind_name(token.kind, node.map(|n| n.tag)),
                token: token.token,
                element: token.element,
                definition: token.definition,
                id: token.id,
                since: Some(token.since),
                due: token.due,
            }
        });
        InstanceInfo {
            id: hot.state.id.clone(),
            definition: hot.state.definition.clone(),
            business_key: hot.state.business_key.clone(),
            patient: hot.patient.clone(),
            status: status_name(hot.status).to_owned(),
            started: hot.started,
            ended: hot.ended,
            active: active.collect(),
            variables: if with_variables {
                hot.state.variables().clone()
            } else {
                Map::new()
            },
            incidents: incidents(hot),
        }
    }
}
