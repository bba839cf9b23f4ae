//! What a backend gives a search: rows in the order of their keys, and the resources they lead to.

use crate::Outcome;
use crate::keys::{Packed, Range};
use fhir::ParamId;
use std::sync::Arc;
use store::StoredResource;

/// A live resource under test: everything but its body.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Row id.
    pub rid: i64,
    /// Type code.
    pub code: i64,
    /// Logical id.
    pub id: String,
    /// µs since epoch.
    pub last_updated: i64,
    /// Compartment.
    pub patient: Option<String>,
    /// Packed keys.
    pub keys: Packed,
}

/// A version that was once current.
#[derive(Debug)]
pub struct Superseded {
    /// The resource, without its packed keys: they are not kept for what is no longer current.
    pub candidate: Candidate,
    /// Its place in the change feed.
    pub seq: i64,
    /// The JSON text; `None` when the version was a deletion.
    pub body: Option<Vec<u8>>,
}

/// An index row: a key and the row id of the resource that has it.
pub type Row = (Vec<u8>, i64);

/// Resources of a type by moment and place in the change feed.
#[derive(Debug, Clone, Copy)]
pub struct Moments {
    /// Type code.
    pub code: i64,
    /// First moment (µs), inclusive.
    pub from: i64,
    /// End, exclusive.
    pub until: i64,
    /// Only what comes after this moment and place in the direction of the walk.
    pub after: Option<(i64, i64)>,
    /// Newest first.
    pub descending: bool,
}

/// One consistent state of a backend. Only live (not deleted) resources are candidates; numbers that count or limit are
/// never exceeded.
///
/// Row ids grow with creation. Type codes are small numbers that never change.
pub trait Source {
    /// The code of a type, if any resource of it was ever stored.
    fn code(&self, name: &str) -> Outcome<Option<i64>>;
    /// The name of a code.
    fn name(&self, code: i64) -> Outcome<Arc<str>>;
    /// How many live resources of a type there are.
    fn live(&self, code: i64) -> Outcome<u64>;
    /// The last position of the change feed and the last row id.
    fn last(&self) -> Outcome<(i64, i64)>;
    /// Whether some resource has had more than one value of the parameter.
    fn has_many(&self, param: ParamId) -> Outcome<bool>;
    /// Refuses a user-defined parameter that cannot be answered whole.
    fn check_ready(&self, param: ParamId) -> Outcome<()>;

    /// These candidates will be asked for one after the other: a backend that is far away may fetch them together.
    fn expect(&self, _rids: &[i64]) -> Outcome<()> {
        Ok(())
    }
    /// A candidate.
    fn candidate(&self, rid: i64) -> Outcome<Option<Candidate>>;
    /// A candidate, and the resource with its body where that lies with it: for what will most likely be shown.
    fn whole(&self, rid: i64) -> Outcome<Option<(Candidate, Option<StoredResource>)>> {
        Ok(self.candidate(rid)?.map(|candidate| (candidate, None)))
    }
    /// A candidate by type and id.
    fn candidate_by_id(&self, code: i64, id: &str) -> Outcome<Option<Candidate>>;
    /// The row id of a resource, deleted ones included.
    fn rid(&self, code: i64, id: &str) -> Outcome<Option<i64>>;
    /// Current versions with their bodies, those that exist, in the order asked for.
    fn stored(&self, rids: &[i64]) -> Outcome<Vec<StoredResource>>;
    /// The version at a place of the change feed, if it is a superseded one.
    fn superseded(&self, seq: i64) -> Outcome<Option<StoredResource>>;
    /// Shows the body of a current version, if there is one.
    fn body(&self, rid: i64, look: &mut dyn FnMut(&[u8])) -> Outcome<()>;

    /// How many index rows the range has, counted up to `cap`.
    fn count(&self, param: ParamId, range: &Range, cap: u64) -> Outcome<u64>;
    /// How many resources have a row in the range.
    fn resources(&self, param: ParamId, range: &Range) -> Outcome<u64>;
    /// Row ids in the range; in their order where the range is one key.
    fn rids(&self, param: ParamId, range: &Range) -> Outcome<Vec<i64>>;
    /// The next rows of a range after a place, at most `limit`.
    fn up(&self, param: ParamId, after: (&[u8], i64), range: &Range, limit: usize) -> Outcome<Vec<Row>>;
    /// The rows of a range before a place, backwards, at most `limit`.
    fn down(&self, param: ParamId, before: (&[u8], i64), range: &Range, limit: usize) -> Outcome<Vec<Row>>;

    /// How many live resources of a type are in a patient's compartment, counted up to `cap`.
    fn count_of_patient(&self, patient: &str, code: i64, cap: u64) -> Outcome<u64>;
    /// Their row ids after one, in order, at most `limit`.
    fn of_patient(&self, patient: &str, code: i64, after: i64, limit: usize) -> Outcome<Vec<i64>>;
    /// How many resources (deleted ones too) of a type lie in a stretch of time, counted up to `cap`.
    fn count_moments(&self, moments: &Moments, cap: u64) -> Outcome<u64>;
    /// Row id, moment and place of the next resources (deleted ones too), at most `limit`.
    fn moments(&self, moments: &Moments, limit: usize) -> Outcome<Vec<(i64, i64, i64)>>;
    /// Row id and id of the next resources (deleted ones too) of a type by id, at most `limit`.
    fn by_id(&self, code: i64, after: Option<&str>, descending: bool, limit: usize) -> Outcome<Vec<(i64, String)>>;

    /// Row ids and types of resources changed after a place of the feed that were there (`rid` or before), at most
    /// `limit`.
    fn changed(&self, seq: i64, rid: i64, limit: usize) -> Outcome<Vec<(i64, i64)>>;
    /// The version that a changed resource had at a place of the feed; `None` where it was removed from the history.
    fn version_of(&self, rid: i64, code: i64, seq: i64) -> Outcome<Option<Superseded>>;
}
