//! Leases: who outside is working on a job, or when it may be taken again.
//!
//! A job that nobody has touched is a wait row and nothing else. Once a worker outside takes it, the wait goes away and a
//! lease stands in its place until the job is over: while the worker holds it, while it pauses after a failure, and after
//! it ran out. So what is ready and what is not are two short walks in two indexes, however many jobs there are.

use jiff::Timestamp;

/// A lease on a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Job id.
    pub id: String,
    /// Instance.
    pub instance: String,
    /// Job type.
    pub job_type: String,
    /// Held, or pausing, until this moment; from then on anyone may take the job.
    pub until: Timestamp,
    /// Fencing number, above 0: grows each time the job is taken, never goes back.
    pub fence: u64,
    /// Whatever else the caller keeps with it (JSON).
    pub data: Vec<u8>,
}

/// Puts a lease in place, or takes it away.
#[derive(Debug, Clone)]
pub struct LeaseWrite {
    /// Job id.
    pub id: String,
    /// The fence found must be this (0: no lease is there), else the transaction fails with
    /// [`crate::StoreError::Conflict`]; `None`: whatever is there.
    pub expected: Option<u64>,
    /// The new lease; `None` takes it away.
    pub lease: Option<Lease>,
}
