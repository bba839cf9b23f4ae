//! An instance in memory: its stored row and its engine state.

use crate::OrchestratorError;
use engine::State;
use jiff::Timestamp;
use store::{InstanceRecord, InstanceStatus};

/// One instance at one revision. Never changed: a command makes the next one.
#[derive(Debug, Clone)]
pub(crate) struct Hot {
    /// Revision in the store; 0: not stored yet.
    pub revision: u64,
    pub patient: Option<String>,
    pub status: InstanceStatus,
    pub started: Timestamp,
    pub ended: Option<Timestamp>,
    pub state: State,
}

impl Hot {
    pub(crate) fn new(
        id: String,
        definition: String,
        business_key: Option<String>,
        patient: Option<String>,
        now: Timestamp,
    ) -> Self {
        let state = State::new(id, definition, business_key);
        Self {
            revision: 0,
            patient,
            status: InstanceStatus::Active,
            started: now,
            ended: None,
            state,
        }
    }

    pub(crate) fn read(record: InstanceRecord) -> Result<Self, OrchestratorError> {
        let state = serde_json::from_slice(&record.state)
            .map_err(|e| OrchestratorError::Damaged(format!("instance {}: {e}", record.id)))?;
        Ok(Self {
            revision: record.revision,
            patient: record.patient,
            status: record.status,
            started: record.started,
            ended: record.ended,
            state,
        })
    }

    #[cfg(test)]
    pub(crate) fn for_test(revision: u64) -> Self {
        let mut hot = Self::new("i".into(), "p:1".into(), None, None, Timestamp::UNIX_EPOCH);
        hot.revision = revision;
        hot
    }
}

/// The instance that a task, job, timer, wait or incident id (`<instance>.<n>`) belongs to.
pub(crate) fn instance_of<'a>(id: &'a str, what: &'static str) -> Result<&'a str, OrchestratorError> {
    id.rsplit_once('.')
        .map(|(instance, _)| instance)
        .ok_or_else(|| OrchestratorError::NotFound {
            what,
            id: id.to_owned(),
        })
}
