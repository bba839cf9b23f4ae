//! Process instances, their history and incidents.

use super::{InstanceQuery, Orchestrator, segment, with_query};
use crate::PeerError;
use orchestrator::api::{
    CancelInstance, Correlated, HistoryEntry, IncidentInfo, InstanceInfo, List, Moved, SendMessage, SendSignal,
    SetVariables, StartInstance,
};
use serde_json::{Map, Value};

impl Orchestrator {
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
        self.list(&format!(
            "/orchestrator/instances/{}/history?from={from}&limit={limit}",
            segment(instance)
        ))
        .await
    }

    /// Sets variables of the root scope.
    pub async fn set_variables(&self, instance: &str, variables: Map<String, Value>) -> Result<Moved, PeerError> {
        let path = format!("/orchestrator/instances/{}/variables", segment(instance));
        self.post(&path, &SetVariables { variables }).await
    }

    /// Ends an instance; the reason is kept in its history.
    pub async fn cancel(&self, instance: &str, reason: &str) -> Result<Moved, PeerError> {
        let path = format!("/orchestrator/instances/{}/cancel", segment(instance));
        self.post(
            &path,
            &CancelInstance {
                reason: reason.to_owned(),
            },
        )
        .await
    }

    /// Sends a message to whoever waits for it, else starts the process that begins with it.
    pub async fn send_message(&self, message: &SendMessage) -> Result<Correlated, PeerError> {
        self.post("/orchestrator/messages", message).await
    }

    /// Sends a signal to everyone who waits for it now.
    pub async fn send_signal(&self, signal: &SendSignal) -> Result<Correlated, PeerError> {
        self.post("/orchestrator/signals", signal).await
    }

    /// Open incidents.
    pub async fn incidents(&self) -> Result<Vec<IncidentInfo>, PeerError> {
        self.list("/orchestrator/incidents").await
    }

    /// Tries again what opened an incident.
    pub async fn retry_incident(&self, id: &str) -> Result<(), PeerError> {
        self.command(
            &format!("/orchestrator/incidents/{}/retry", segment(id)),
            &serde_json::json!({}),
        )
        .await
    }
}
