//! What a group is to write, each thing once, as it will be at the end.

use bytes::Bytes;
use search::keys::Packed;
use std::collections::{BTreeMap, HashMap};
use store::{DefinitionWrite, DeliveryWrite, HistoryWrite, InstanceWrite, Lease, WaitKey};

/// A resource as it lies in the table.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// Row id.
    pub rid: i64,
    /// Compartment.
    pub compartment: i64,
    /// Packed keys.
    pub keys: Packed,
}

/// A version made by the group.
#[derive(Debug)]
pub(crate) struct Version {
    /// Compartment.
    pub compartment: i64,
    /// Place in the change feed.
    pub seq: i64,
    /// Version number.
    pub version: i64,
    /// µs since epoch.
    pub at: i64,
    /// Method column.
    pub method: i16,
    /// Patient.
    pub patient: Option<String>,
    /// JSON text.
    pub body: Option<Bytes>,
}

/// A resource that the group has read or written.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    /// The row in the table.
    pub row: Option<Row>,
    /// Row id, version, method column, packed keys: as the group has left them.
    pub now: Option<Now>,
    /// Versions made, oldest first.
    pub made: Vec<Version>,
}

/// The current version of a resource.
#[derive(Debug)]
pub(crate) struct Now {
    /// Row id.
    pub rid: i64,
    /// Version number.
    pub version: u64,
    /// Whether it is a deletion.
    pub deleted: bool,
    /// Packed keys.
    pub keys: Packed,
}

/// What becomes of an outbox entry.
#[derive(Debug, Default)]
pub(crate) struct Out {
    /// Taken out.
    pub removed: bool,
    /// Added: number, topic, payload, not before.
    pub added: Option<(i64, String, Vec<u8>, i64)>,
    /// Postponed: times, not before, error.
    pub retried: Option<(i64, i64, String)>,
}

/// An instance to be written.
#[derive(Debug)]
pub(crate) struct Moved {
    /// As it will be.
    pub write: InstanceWrite,
    /// Compartment.
    pub compartment: i64,
    /// It has no row yet.
    pub new: bool,
}

/// Everything but resources, which are in their slots.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    /// Slots with versions made, in the order of their first.
    pub resources: Vec<(i64, String)>,
    /// Definitions with their numbers.
    pub definitions: Vec<(i64, DefinitionWrite)>,
    /// Instances.
    pub instances: HashMap<String, Moved>,
    /// History with its compartment.
    pub history: Vec<(i64, HistoryWrite)>,
    /// Timers by moment and id: compartment and instance, or gone.
    pub timers: BTreeMap<(i64, String), Option<(i64, String)>>,
    /// Waits: compartment, or gone.
    pub waits: HashMap<WaitKey, Option<i64>>,
    /// Leases: compartment and lease, or gone.
    pub leases: HashMap<String, Option<(i64, Lease)>>,
    /// Outbox entries.
    pub outbox: BTreeMap<String, Out>,
    /// Notifications, in their order, each with the number it gets if it is new.
    pub deliveries: Vec<(i64, DeliveryWrite)>,
    /// Positions.
    pub cursors: BTreeMap<String, i64>,
    /// Small values, or gone.
    pub records: BTreeMap<(String, String), Option<Vec<u8>>>,
}
