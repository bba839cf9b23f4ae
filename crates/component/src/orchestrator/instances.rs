//! Process instances, their history and incidents.

use super::{InstanceQuery, Orchestrator, segment, with_query};
use crate::PeerError;
use access::Actor;
use orchestrator::api::{
    Analysis, CancelInstance, Correlated, HistoryEntry, IncidentInfo, InstanceAt, InstanceInfo, List, MigrateInstance,
    ModifyInstance, Moved, ReassignInstance, ResumeInstance, RetryIncident, SendMessage, SendSignal, SetVariables,
    StartInstance, SuspendInstance,
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

    /// Who started an instance: subject of the actor, `system` for the program itself.
    pub async fn starter(&self, instance: &str) -> Result<String, PeerError> {
        let first = self.history(instance, 0, 1).await?;
        Ok(first.into_iter().next().map(|entry| entry.actor).unwrap_or_default())
    }

    /// The instances of a process with a business key that the program itself started: one that others started stands
    /// for nothing. Ended ones too, without variables.
    pub async fn started_by_program(&self, process: &str, key: &str) -> Result<Vec<InstanceInfo>, PeerError> {
        let query = InstanceQuery {
            definition: Some(process.to_owned()),
            business_key: Some(key.to_owned()),
            ..InstanceQuery::default()
        };
        let mut found = Vec::new();
        for instance in self.instances(&query).await?.items {
            if self.starter(&instance.id).await? == Actor::system().subject {
                found.push(instance);
            }
        }
        Ok(found)
    }

    /// An instance as it was after a step.
    pub async fn instance_at(&self, instance: &str, revision: u64) -> Result<InstanceAt, PeerError> {
        self.get(&format!(
            "/orchestrator/instances/{}/at?revision={revision}",
            segment(instance)
        ))
        .await
    }

    /// An instance after its last step.
    pub async fn instance_at_end(&self, instance: &str) -> Result<InstanceAt, PeerError> {
        self.get(&format!("/orchestrator/instances/{}/at", segment(instance)))
            .await
    }

    /// What the mining of own history says: `query` as for `GET /orchestrator/history/analysis`.
    pub async fn analysis(&self, query: &[(&str, &str)]) -> Result<Analysis, PeerError> {
        self.get(&with_query("/orchestrator/history/analysis", &query)?).await
    }

    /// Sets variables of the root scope.
    pub async fn set_variables(
        &self,
        instance: &str,
        variables: Map<String, Value>,
        reason: Option<String>,
    ) -> Result<Moved, PeerError> {
        let path = format!("/orchestrator/instances/{}/variables", segment(instance));
        self.post(&path, &SetVariables { variables, reason }).await
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

    /// Stops an instance; the reason is kept in its history.
    pub async fn suspend(&self, instance: &str, reason: &str) -> Result<Moved, PeerError> {
        let path = format!("/orchestrator/instances/{}/suspend", segment(instance));
        let reason = reason.to_owned();
        self.post(&path, &SuspendInstance { reason }).await
    }

    /// Lets a stopped instance go on.
    pub async fn resume(&self, instance: &str, reason: Option<String>) -> Result<Moved, PeerError> {
        let path = format!("/orchestrator/instances/{}/resume", segment(instance));
        self.post(&path, &ResumeInstance { reason }).await
    }

    /// Changes where an instance stands.
    pub async fn modify(&self, instance: &str, change: &ModifyInstance) -> Result<Moved, PeerError> {
        let path = format!("/orchestrator/instances/{}/modify", segment(instance));
        self.post(&path, change).await
    }

    /// Moves an instance to another version of its process.
    pub async fn migrate(&self, instance: &str, to: &MigrateInstance) -> Result<Moved, PeerError> {
        let path = format!("/orchestrator/instances/{}/migrate", segment(instance));
        self.post(&path, to).await
    }

    /// Makes an instance that of another record of its person, with its tasks. Only the program may.
    pub async fn reassign_instance(&self, instance: &str, patient: &str, reason: &str) -> Result<Moved, PeerError> {
        let path = format!("/orchestrator/instances/{}/patient", segment(instance));
        let request = ReassignInstance {
            patient: patient.to_owned(),
            reason: reason.to_owned(),
        };
        self.post(&path, &request).await
    }

    /// Sends a message to whoever waits for it, else starts the process that begins with it.
    pub async fn send_message(&self, message: &SendMessage) -> Result<Correlated, PeerError> {
        self.post("/orchestrator/messages", message).await
    }

    /// Sends a signal to everyone who waits for it now.
    pub async fn send_signal(&self, signal: &SendSignal) -> Result<Correlated, PeerError> {
        self.post("/orchestrator/signals", signal).await
    }

    /// A page of open incidents.
    pub async fn incidents_page(&self, after: Option<&str>, limit: usize) -> Result<List<IncidentInfo>, PeerError> {
        let limit = limit.to_string();
        let mut query = vec![("limit", limit.as_str())];
        query.extend(after.map(|after| ("after", after)));
        self.get(&with_query("/orchestrator/incidents", &query)?).await
    }

    /// Open incidents.
    pub async fn incidents(&self) -> Result<Vec<IncidentInfo>, PeerError> {
        self.list("/orchestrator/incidents").await
    }

    /// Tries again what opened an incident.
    pub async fn retry_incident(&self, id: &str, how: &RetryIncident) -> Result<(), PeerError> {
        self.command(&format!("/orchestrator/incidents/{}/retry", segment(id)), how)
            .await
    }
}
