//! Notifications of FHIR subscriptions, kept as small rows until they are delivered or given up.
//!
//! A notification belongs to a lane, normally the resource it is about. Of a lane only the earliest is
//! [`DeliveryState::Ready`]: the writer holds later ones back until it is delivered or dead, so a receiver never gets a
//! later version before an earlier one, and nothing of this needs memory.

use jiff::Timestamp;

/// Where a notification stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// To be sent when due.
    Ready,
    /// Behind an earlier one of its lane.
    Behind,
    /// Given up after the last attempt; kept until someone replays or drops it.
    Dead,
}

/// A change to the notifications kept.
#[derive(Debug, Clone)]
pub enum DeliveryWrite {
    /// Queues one.
    Queue {
        /// Subscription id.
        subscription: String,
        /// What must stay in order, e.g. `Observation/12`.
        lane: String,
        /// Position of the version in the change feed.
        seq: u64,
        /// Version number.
        version: u64,
        /// Now; it is due at once.
        at: Timestamp,
        /// `true`: one waiting in the lane takes this one in instead of another being added (notifications that say only
        /// "look again").
        coalesce: bool,
    },
    /// Delivered. A coalesced one that took in a later `seq` meanwhile stays.
    Done {
        /// Its number.
        n: u64,
        /// The position it was delivered for.
        seq: u64,
    },
    /// An attempt failed: again at `due`.
    Retry {
        /// Its number.
        n: u64,
        /// Not before this moment.
        due: Timestamp,
        /// What went wrong.
        error: String,
    },
    /// The last attempt failed, at `at`: the next of the lane may go.
    Dead {
        /// Its number.
        n: u64,
        /// Now.
        at: Timestamp,
        /// What went wrong.
        error: String,
    },
    /// A dead one shall be tried again, with all its attempts; no effect on others.
    Replay {
        /// Its number.
        n: u64,
        /// Now.
        at: Timestamp,
    },
    /// Removes one, whatever its state; a missing one is no error.
    Drop {
        /// Its number.
        n: u64,
    },
}

/// A notification as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRecord {
    /// Its number, growing with the order of queueing, never given twice.
    pub n: u64,
    /// Subscription id.
    pub subscription: String,
    /// Lane.
    pub lane: String,
    /// Position in the change feed.
    pub seq: u64,
    /// Version number.
    pub version: u64,
    /// State.
    pub state: DeliveryState,
    /// When the next attempt may be; of a dead one, when it was given up.
    pub due: Timestamp,
    /// Attempts so far.
    pub attempts: u32,
    /// When it was queued.
    pub queued: Timestamp,
    /// What went wrong last.
    pub error: Option<String>,
}

/// How many notifications of a subscription are in a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryCount {
    /// Subscription id.
    pub subscription: String,
    /// State.
    pub state: DeliveryState,
    /// How many.
    pub count: u64,
    /// The earliest due moment among them.
    pub due: Timestamp,
}
