//! The orchestrator's API as a typed client.

use crate::{PeerError, Peers};
use access::Actor;
use bytes::Bytes;
use http::{Method, Request, Response, header};
use orchestrator::api::{
    AssignTask, CompleteTask, Correlated, DefinitionInfo, Deploy, Deployed, HistoryEntry, IncidentInfo, InstanceInfo,
    List, SendMessage, StartInstance, TaskInfo,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The orchestrator, as one actor. Made by [`Peers::orchestrator`].
#[derive(Clone)]
pub struct Orchestrator {
    peers: Peers,
    actor: Actor,
}

/// Which tasks; all that is given must hold.
#[derive(Debug, Clone, Default, Serialize)]
pub struct TaskQuery {
    /// Held by this person, e.g. `Practitioner/12`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// This role may take it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Patient id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patient: Option<String>,
    /// Instance id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Only overdue ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overdue: Option<bool>,
    /// `open` or `done`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Continue after this mark.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Page size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

impl TaskQuery {
    /// Open tasks of a patient.
    pub fn of_patient(id: &str) -> Self {
        Self {
            patient: Some(id.to_owned()),
            state: Some("open".into()),
            ..Self::default()
        }
    }

    /// Open tasks held by a person.
    pub fn held_by(subject: &str) -> Self {
        Self {
            assignee: Some(subject.to_owned()),
            state: Some("open".into()),
            ..Self::default()
        }
    }

    /// Open tasks a role may take.
    pub fn for_role(role: &str) -> Self {
        Self {
            role: Some(role.to_owned()),
            state: Some("open".into()),
            ..Self::default()
        }
    }
}

/// Which instances; all that is given must hold.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InstanceQuery {
    /// Definition key or process id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
    /// Patient id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patient: Option<String>,
    /// Business key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub business_key: Option<String>,
    /// `active`, `completed`, `terminated`, `incident`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Continue after this mark.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Page size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

impl Orchestrator {
    pub(crate) fn new(peers: Peers, actor: Actor) -> Self {
        Self { peers, actor }
    }

    /// Deploys files that belong together. A refused deployment is a [`PeerError::Status`] 422 with the issues.
    pub async fn deploy(&self, deploy: &Deploy) -> Result<Deployed, PeerError> {
        self.post("/orchestrator/deployments", deploy).await
    }

    /// Every deployed process.
    pub async fn definitions(&self) -> Result<Vec<DefinitionInfo>, PeerError> {
        let path = "/orchestrator/definitions";
        items(path, &self.call(Method::GET, path, Bytes::new()).await?)
    }

    /// One process by key, or the newest version by process id.
    pub async fn definition(&self, key: &str) -> Result<DefinitionInfo, PeerError> {
        self.get(&format!("/orchestrator/definitions/{}", segment(key))).await
    }

    /// The BPMN source of a process.
    pub async fn definition_xml(&self, key: &str) -> Result<String, PeerError> {
        let path = format!("/orchestrator/definitions/{}/xml", segment(key));
        let response = self.call(Method::GET, &path, Bytes::new()).await?;
        String::from_utf8(response.into_body().to_vec()).map_err(|e| PeerError::Malformed(format!("{path}: {e}")))
    }

    /// Starts an instance.
    pub async fn start(&self, start: &StartInstance) -> Result<InstanceInfo, PeerError> {
        self.post("/orchestrator/instances", start).await
    }

    /// Instances, without variables.
    pub async fn instances(&self, query: &InstanceQuery) -> Result<List<InstanceInfo>, PeerError> {
        self.get(&with_query("/orchestrator/instances", query)?).await
    }

    /// One instance with tokens, variables and incidents.
    pub async fn instance(&self, id: &str) -> Result<InstanceInfo, PeerError> {
        self.get(&format!("/orchestrator/instances/{}", segment(id))).await
    }

    /// History of an instance from revision `from` on, oldest first, at most `limit` entries.
    pub async fn history(&self, instance: &str, from: u64, limit: usize) -> Result<Vec<HistoryEntry>, PeerError> {
        let path = format!(
            "/orchestrator/instances/{}/history?from={from}&limit={limit}",
            segment(instance)
        );
        items(&path, &self.call(Method::GET, &path, Bytes::new()).await?)
    }

    /// Tasks, without variables.
    pub async fn tasks(&self, query: &TaskQuery) -> Result<List<TaskInfo>, PeerError> {
        self.get(&with_query("/orchestrator/tasks", query)?).await
    }

    /// One task with its variables.
    pub async fn task(&self, id: &str) -> Result<TaskInfo, PeerError> {
        self.get(&format!("/orchestrator/tasks/{}", segment(id))).await
    }

    /// Completes a task with its result variables and the resources to be written in the same commit.
    pub async fn complete(&self, task: &str, result: &CompleteTask) -> Result<(), PeerError> {
        self.task_act(task, "complete", result).await
    }

    /// Takes a task for the actor.
    pub async fn claim(&self, task: &str) -> Result<(), PeerError> {
        self.task_act(task, "claim", &AssignTask::default()).await
    }

    /// Gives a task back to its candidates.
    pub async fn unclaim(&self, task: &str) -> Result<(), PeerError> {
        self.task_act(task, "unclaim", &AssignTask::default()).await
    }

    /// Gives a task to somebody else, with a reason.
    pub async fn reassign(&self, task: &str, assignee: &str, reason: &str) -> Result<(), PeerError> {
        let assign = AssignTask {
            assignee: Some(assignee.to_owned()),
            reason: Some(reason.to_owned()),
        };
        self.task_act(task, "reassign", &assign).await
    }

    /// Sends a message to whoever waits for it.
    pub async fn send_message(&self, message: &SendMessage) -> Result<Correlated, PeerError> {
        self.post("/orchestrator/messages", message).await
    }

    /// Open incidents.
    pub async fn incidents(&self) -> Result<Vec<IncidentInfo>, PeerError> {
        let path = "/orchestrator/incidents";
        items(path, &self.call(Method::GET, path, Bytes::new()).await?)
    }

    /// Tries again what opened an incident.
    pub async fn retry_incident(&self, id: &str) -> Result<(), PeerError> {
        let path = format!("/orchestrator/incidents/{}/retry", segment(id));
        self.call(Method::POST, &path, Bytes::from_static(b"{}")).await?;
        Ok(())
    }

    async fn task_act<B: Serialize>(&self, task: &str, act: &str, body: &B) -> Result<(), PeerError> {
        let path = format!("/orchestrator/tasks/{}/{act}", segment(task));
        self.call(Method::POST, &path, encode(body)?).await?;
        Ok(())
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, PeerError> {
        decode(path, &self.call(Method::GET, path, Bytes::new()).await?)
    }

    async fn post<B: Serialize, T: DeserializeOwned>(&self, path: &str, body: &B) -> Result<T, PeerError> {
        decode(path, &self.call(Method::POST, path, encode(body)?).await?)
    }

    async fn call(&self, method: Method, path: &str, body: Bytes) -> Result<Response<Bytes>, PeerError> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::ACCEPT, "application/json");
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let request = request
            .body(body)
            .map_err(|e| PeerError::Malformed(format!("{path}: {e}")))?;
        let response = self.peers.call("orchestrator", &self.actor, request).await?;
        if response.status().is_success() {
            Ok(response)
        } else {
            Err(PeerError::of(&response))
        }
    }
}

/// The items of a list, bare or as a page.
fn items<T: DeserializeOwned>(path: &str, response: &Response<Bytes>) -> Result<Vec<T>, PeerError> {
    let mut value: serde_json::Value = decode(path, response)?;
    let list = if value.is_array() { value } else { value["items"].take() };
    serde_json::from_value(list).map_err(|e| PeerError::Malformed(format!("{path}: {e}")))
}

fn decode<T: DeserializeOwned>(path: &str, response: &Response<Bytes>) -> Result<T, PeerError> {
    serde_json::from_slice(response.body()).map_err(|e| PeerError::Malformed(format!("{path}: {e}")))
}

fn encode<B: Serialize>(body: &B) -> Result<Bytes, PeerError> {
    serde_json::to_vec(body)
        .map(Bytes::from)
        .map_err(|e| PeerError::Malformed(e.to_string()))
}

fn with_query<Q: Serialize>(path: &str, query: &Q) -> Result<String, PeerError> {
    let query = serde_urlencoded::to_string(query).map_err(|e| PeerError::Malformed(e.to_string()))?;
    Ok(if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    })
}

/// A path segment from outside: it cannot reach another path. Keys are `process-id:version`.
fn segment(id: &str) -> String {
    id.bytes()
        .filter(|b| b.is_ascii_alphanumeric() || b"-._:".contains(b))
        .map(char::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_holds_only_what_is_given() {
        let path = with_query("/orchestrator/tasks", &TaskQuery::for_role("case-manager")).unwrap();
        assert_eq!(path, "/orchestrator/tasks?role=case-manager&state=open");
        assert_eq!(with_query("/x", &InstanceQuery::default()).unwrap(), "/x");
    }
}
