//! The orchestrator's API as a typed client.

mod batches;
mod instances;
mod jobs;
mod query;
mod simulations;
mod tasks;

pub use query::{InstanceQuery, TaskQuery};

use crate::{PeerError, Peers};
use access::Actor;
use bytes::Bytes;
use http::{Method, Request, Response, header};
use orchestrator::api::{DefinitionInfo, Deploy, Deployed};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The orchestrator, as one actor. Made by [`Peers::orchestrator`].
#[derive(Clone)]
pub struct Orchestrator {
    peers: Peers,
    actor: Actor,
}

impl Orchestrator {
    pub(crate) fn new(peers: Peers, actor: Actor) -> Self {
        Self { peers, actor }
    }

    /// Deploys files that belong together. A refused deployment is a [`PeerError::Status`] 422 with the issues.
    pub async fn deploy(&self, deploy: &Deploy) -> Result<Deployed, PeerError> {
        self.post("/orchestrator/deployments", deploy).await
    }

    /// Every version of every deployed process.
    pub async fn all_definitions(&self) -> Result<Vec<DefinitionInfo>, PeerError> {
        self.list("/orchestrator/definitions?all=true").await
    }

    /// Every deployed process, in its newest version.
    pub async fn definitions(&self) -> Result<Vec<DefinitionInfo>, PeerError> {
        self.list("/orchestrator/definitions").await
    }

    /// Every version of every deployed decision.
    pub async fn decisions(&self) -> Result<Vec<DefinitionInfo>, PeerError> {
        self.list("/orchestrator/definitions?kind=dmn&all=true").await
    }

    /// One process by key, or the newest version by process id.
    pub async fn definition(&self, key: &str) -> Result<DefinitionInfo, PeerError> {
        self.get(&format!("/orchestrator/definitions/{}", segment(key))).await
    }

    /// The start form of a process (key, or id for the newest version) as a Questionnaire.
    pub async fn start_form(&self, key: &str) -> Result<serde_json::Value, PeerError> {
        self.get(&format!("/orchestrator/definitions/{}/start-form", segment(key)))
            .await
    }

    /// The BPMN source of a process.
    pub async fn definition_xml(&self, key: &str) -> Result<String, PeerError> {
        let path = format!("/orchestrator/definitions/{}/xml", segment(key));
        let response = self.call(Method::GET, &path, Bytes::new()).await?;
        String::from_utf8(response.into_body().to_vec()).map_err(|e| PeerError::Malformed(format!("{path}: {e}")))
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, PeerError> {
        decode(path, &self.call(Method::GET, path, Bytes::new()).await?)
    }

    /// The items of a list, bare or as a page.
    async fn list<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, PeerError> {
        let mut value: serde_json::Value = self.get(path).await?;
        let list = if value.is_array() { value } else { value["items"].take() };
        serde_json::from_value(list).map_err(|e| PeerError::Malformed(format!("{path}: {e}")))
    }

    async fn post<B: Serialize, T: DeserializeOwned>(&self, path: &str, body: &B) -> Result<T, PeerError> {
        let body = serde_json::to_vec(body).map_err(|e| PeerError::Malformed(e.to_string()))?;
        decode(path, &self.call(Method::POST, path, Bytes::from(body)).await?)
    }

    /// A command whose answer nobody needs.
    async fn command<B: Serialize>(&self, path: &str, body: &B) -> Result<(), PeerError> {
        self.post::<B, serde_json::Value>(path, body).await.map(drop)
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

fn decode<T: DeserializeOwned>(path: &str, response: &Response<Bytes>) -> Result<T, PeerError> {
    serde_json::from_slice(response.body()).map_err(|e| PeerError::Malformed(format!("{path}: {e}")))
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
