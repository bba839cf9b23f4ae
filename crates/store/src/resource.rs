//! FHIR resources as stored: bytes that can go straight out, plus what indexes them.

use bytes::Bytes;
use fhir::IndexEntry;
use jiff::Timestamp;

/// The HTTP verb that made a version, as history bundles show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// First version under a server-given id.
    Post,
    /// A version under a client-given id.
    Put,
    /// Deletion: the version has no body.
    Delete,
}

/// One version to be written. Made by [`crate::prepare_write`] or [`crate::prepare_delete`].
#[derive(Debug, Clone)]
pub struct ResourceWrite {
    /// Resource type name, e.g. `Observation`.
    pub rtype: String,
    /// Logical id.
    pub id: String,
    /// The version this write makes: 1 for a new resource. The store refuses the transaction with
    /// [`crate::StoreError::Conflict`] unless the stored version is exactly `version - 1` (0: never existed).
    pub version: u64,
    /// `meta.lastUpdated`, already inside `body`.
    pub last_updated: Timestamp,
    /// The verb.
    pub method: Method,
    /// The patient whose compartment holds the resource (a Patient's own id for Patient), if any.
    pub patient: Option<String>,
    /// The JSON text with `id` and `meta` in place; `None` for a deletion.
    pub body: Option<Bytes>,
    /// Search values; empty for a deletion.
    pub index: Vec<IndexEntry>,
}

/// One version as read.
#[derive(Debug, Clone)]
pub struct StoredResource {
    /// Resource type name.
    pub rtype: String,
    /// Logical id.
    pub id: String,
    /// Version number.
    pub version: u64,
    /// When it was written.
    pub last_updated: Timestamp,
    /// The verb that made it.
    pub method: Method,
    /// JSON text; `None` when this version is a deletion.
    pub body: Option<Bytes>,
    /// Patient compartment key.
    pub patient: Option<String>,
}

/// Which history is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HistoryScope {
    /// One resource.
    Instance {
        /// Resource type.
        rtype: String,
        /// Logical id.
        id: String,
    },
    /// All of a type.
    Type(String),
    /// Everything.
    System,
}

/// A page of history, newest first.
#[derive(Debug, Clone, Default)]
pub struct VersionPage {
    /// The versions.
    pub versions: Vec<StoredResource>,
    /// Where the next page starts (opaque), if there is one.
    pub next: Option<String>,
    /// How many versions there are in all, when it was cheap to know.
    pub total: Option<u64>,
}

/// One entry of the change feed: every committed resource version has a place in one total order.
#[derive(Debug, Clone)]
pub struct Change {
    /// Position in the feed, growing with commit order.
    pub seq: u64,
    /// The resource as it is now (intermediate versions between two reads may be skipped).
    pub resource: StoredResource,
}

/// A stretch of the change feed with every version in it.
#[derive(Debug, Clone, Default)]
pub struct FeedPage {
    /// The versions wanted, oldest first; each as it was written.
    pub changes: Vec<Change>,
    /// The last position looked at: reading goes on after it. The position asked for when there is nothing after it.
    pub position: u64,
}
