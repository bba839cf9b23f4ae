//! Process state as stored: instances, their history, timers, waits (messages, signals, jobs), outbox, cursors.

use jiff::Timestamp;

/// Where an instance stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InstanceStatus {
    /// Waiting for something.
    Active,
    /// Reached its end.
    Completed,
    /// Ended by an unhandled error or a cancel command.
    Terminated,
    /// At least one incident is open.
    Incident,
    /// Held by someone: what happens to it meanwhile is kept for later.
    Suspended,
}

/// The state of one instance, replaced as a whole.
#[derive(Debug, Clone)]
pub struct InstanceWrite {
    /// Instance id.
    pub id: String,
    /// Revision expected in the store: 0 for a new one. The write makes it `expected_revision + 1`; another value
    /// found fails the transaction with [`crate::StoreError::Conflict`].
    pub expected_revision: u64,
    /// Definition key `process-id:version`.
    pub definition: String,
    /// Business key, if any.
    pub business_key: Option<String>,
    /// Patient compartment key, if any.
    pub patient: Option<String>,
    /// Where it stands.
    pub status: InstanceStatus,
    /// When it was started.
    pub started: Timestamp,
    /// When it ended, if it did.
    pub ended: Option<Timestamp>,
    /// Serialised engine state.
    pub state: Vec<u8>,
}

/// An instance as read.
#[derive(Debug, Clone)]
pub struct InstanceRecord {
    /// Instance id.
    pub id: String,
    /// Current revision.
    pub revision: u64,
    /// Definition key.
    pub definition: String,
    /// Business key.
    pub business_key: Option<String>,
    /// Patient.
    pub patient: Option<String>,
    /// Status.
    pub status: InstanceStatus,
    /// When it was started.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Serialised engine state.
    pub state: Vec<u8>,
}

/// Which instances to list; all that is given must hold.
#[derive(Debug, Clone, Default)]
pub struct InstanceFilter {
    /// Only this definition key, or every version of a process id (no colon).
    pub definition: Option<String>,
    /// Only this business key.
    pub business_key: Option<String>,
    /// Only this patient.
    pub patient: Option<String>,
    /// Only this status.
    pub status: Option<InstanceStatus>,
    /// Continue after this instance id (ids sort by creation).
    pub after: Option<String>,
    /// At most this many.
    pub limit: usize,
}

impl InstanceFilter {
    /// Whether an instance is asked for (order and limit aside).
    pub fn passes(&self, record: &InstanceRecord) -> bool {
        let definition = |wanted: &String| match record.definition.strip_prefix(wanted.as_str()) {
            Some("") => true,
            Some(rest) => !wanted.contains(':') && rest.starts_with(':'),
            None => false,
        };
        self.definition.as_ref().is_none_or(definition)
            && self
                .business_key
                .as_ref()
                .is_none_or(|key| record.business_key.as_ref() == Some(key))
            && self
                .patient
                .as_ref()
                .is_none_or(|patient| record.patient.as_ref() == Some(patient))
            && self.status.is_none_or(|status| status == record.status)
    }
}

/// One command's worth of history: written once, never changed.
#[derive(Debug, Clone)]
pub struct HistoryWrite {
    /// Instance.
    pub instance: String,
    /// Revision of the instance that this history led to; (instance, revision) is unique.
    pub revision: u64,
    /// When.
    pub at: Timestamp,
    /// Who or what caused it, e.g. `Practitioner/12`, `timer`, `hub`.
    pub actor: String,
    /// Serialised engine events (JSON array).
    pub events: Vec<u8>,
}

/// History as read.
pub type HistoryRecord = HistoryWrite;

/// Sets or removes a timer.
#[derive(Debug, Clone)]
pub enum TimerWrite {
    /// Fires at `due` or as soon after as can be.
    Set {
        /// Timer id: `<instance>.<n>`, or `start:<definition>:<element>` for timer start events.
        id: String,
        /// Instance; empty for a start timer.
        instance: String,
        /// When.
        due: Timestamp,
    },
    /// No longer wanted.
    Remove {
        /// Timer id.
        id: String,
        /// Its due moment (part of the key).
        due: Timestamp,
    },
}

/// A timer as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimerRecord {
    /// Timer id.
    pub id: String,
    /// Instance; empty for a start timer.
    pub instance: String,
    /// When it is due.
    pub due: Timestamp,
}

/// What an instance (or a start event) waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum WaitKind {
    /// A message with a name and a correlation key.
    Message,
    /// A signal with a name.
    Signal,
    /// A job for a worker: name is the job type, key its rank among the jobs of the type (the first by key order is next).
    Job,
    /// An open incident: name is the error type.
    Incident,
}

/// The key of a wait; unique.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WaitKey {
    /// Kind.
    pub kind: WaitKind,
    /// Message or signal name, or job type.
    pub name: String,
    /// Correlation key; empty where there is none.
    pub key: String,
    /// Instance; for start events `start:<process id>` .
    pub instance: String,
    /// Wait id inside the engine: `<instance>.<n>`; for start events the element id.
    pub id: String,
}

/// Adds or removes a wait.
#[derive(Debug, Clone)]
pub enum WaitWrite {
    /// Adds; the same key twice is no error.
    Add(WaitKey),
    /// Removes; a missing key is no error.
    Remove(WaitKey),
}

/// A wait as read.
pub type WaitRecord = WaitKey;

/// A definition file set as deployed; never changed afterwards.
#[derive(Debug, Clone)]
pub struct DefinitionWrite {
    /// `process-id:version`, `decision-id:version` or `form-id:version`.
    pub key: String,
    /// `bpmn`, `dmn` or `form`.
    pub kind: String,
    /// Id without version.
    pub name: String,
    /// Version, from 1.
    pub version: u32,
    /// When.
    pub deployed: Timestamp,
    /// File name as given.
    pub file: String,
    /// The source text (XML, or Questionnaire JSON).
    pub source: Vec<u8>,
}

/// A definition as read.
pub type DefinitionRecord = DefinitionWrite;

/// An event for someone outside, kept until delivered.
#[derive(Debug, Clone)]
pub enum OutboxWrite {
    /// Queues.
    Add {
        /// Unique id, also the receiver's idempotency key.
        id: String,
        /// Topic, e.g. `message`, `subscription`.
        topic: String,
        /// Payload (JSON).
        payload: Vec<u8>,
        /// Not before this moment.
        not_before: Timestamp,
    },
    /// Delivered (or given up): takes it out.
    Remove {
        /// Its id.
        id: String,
    },
    /// Delivery failed: again later.
    Retry {
        /// Its id.
        id: String,
        /// Not before this moment.
        not_before: Timestamp,
        /// What went wrong.
        error: String,
    },
}

/// An outbox entry as read.
#[derive(Debug, Clone)]
pub struct Outbox {
    /// Unique id.
    pub id: String,
    /// Topic.
    pub topic: String,
    /// Payload (JSON).
    pub payload: Vec<u8>,
    /// Delivery attempts so far.
    pub attempts: u32,
    /// Last error.
    pub error: Option<String>,
}

/// Moves a named position (how far a consumer has read the change feed, a loader a file), with the expected old value.
#[derive(Debug, Clone)]
pub struct CursorWrite {
    /// Cursor name.
    pub name: String,
    /// Expected current value; 0 when new. Another value fails the transaction with Conflict.
    pub expected: u64,
    /// New value.
    pub value: u64,
}

/// A small named value of the system itself: an account, a session, an idempotency key. Not for clinical facts.
#[derive(Debug, Clone)]
pub struct RecordWrite {
    /// Kind, e.g. `account`.
    pub kind: String,
    /// Key within the kind.
    pub key: String,
    /// `true`: the transaction fails with Conflict if the key exists already.
    pub must_be_new: bool,
    /// New value; `None` removes.
    pub value: Option<Vec<u8>>,
}
