//! What travels through the outbox to instances of this orchestrator.

use engine::Variables;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::OutboxWrite;

/// Outbox topic of everything here.
pub const TOPIC: &str = "process";

/// An outbox payload. Removed in the same commit as the step it causes, so each is delivered exactly once.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Delivery {
    /// To whoever waits for it; kept until `expires` when nobody does.
    Message {
        name: String,
        key: String,
        patient: Option<String>,
        variables: Variables,
        expires: Timestamp,
    },
    /// To everyone who waits for it at the moment it is relayed, but the thrower: inside it the engine has delivered.
    Signal {
        name: String,
        variables: Variables,
        #[serde(default)]
        thrower: Option<String>,
    },
    /// To one wait.
    ToWait {
        instance: String,
        wait: String,
        variables: Variables,
        actor: String,
    },
    /// Starts an instance, whose id is already chosen so that a repetition is noticed.
    ToStart(Box<StartDelivery>),
}

/// A start by message, signal or hub event.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StartDelivery {
    pub id: String,
    /// Process id.
    pub process: String,
    /// Start event.
    pub element: String,
    pub business_key: Option<String>,
    pub patient: Option<String>,
    pub variables: Variables,
    pub actor: String,
    /// Parallel multiple start event: which of its parts has arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<usize>,
}

impl Delivery {
    /// The write that queues it.
    pub(crate) fn add(&self, id: String, now: Timestamp) -> OutboxWrite {
        let payload = serde_json::to_vec(self).expect("JSON serialises");
        OutboxWrite::Add {
            id,
            topic: TOPIC.into(),
            payload,
            not_before: now,
        }
    }
}

/// What became of a delivery to one receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The instance received it.
    Delivered(String),
    /// It started this instance.
    Started(String),
    /// It is a part of what starts this process; the rest is still to come.
    Waiting(String),
    /// The wait was gone meanwhile.
    Missed,
}
