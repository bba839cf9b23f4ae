//! What one search works with: the connection, its budget, and reading candidates.

use super::gate::Gate;
use super::past::{Ghosts, Past};
use crate::codes::Types;
use crate::error::{Backend, Outcome};
use crate::keys::Packed;
use crate::recent::View;
use crate::row::{DELETED, method, timestamp};
use crate::sqlite_store::{Limits, Rules};
use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Row};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use store::{Seen, StoreError, StoredResource};

/// A live resource under test: everything but its body.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
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

/// Answers of chain tests already made: (chain number, target id).
type Memo = HashMap<(usize, String), bool>;

/// Remembered chain answers at most.
const MEMO_LIMIT: usize = 100_000;

/// One search at work.
pub(super) struct Context<'a> {
    /// The connection, inside a read (or the writer's) transaction.
    pub connection: &'a Connection,
    /// Index rows that are not in the file.
    pub view: &'a View,
    types: RefCell<&'a mut Types>,
    left: Cell<u64>,
    limits: Limits,
    rules: &'a Rules,
    past: Option<Past>,
    chains: Cell<usize>,
    memo: RefCell<Memo>,
    sight: Option<Gate>,
}

const CANDIDATE: &str = "SELECT rid, rtype, id, last_updated, patient, keys, method FROM resource WHERE rid = ?1";
const CANDIDATE_BY_ID: &str =
    "SELECT rid, rtype, id, last_updated, patient, keys, method FROM resource WHERE rtype = ?1 AND id = ?2";

impl<'a> Context<'a> {
    /// A search by these rules; in the state of an earlier moment, if one is given.
    pub fn new(
        connection: &'a Connection,
        view: &'a View,
        types: &'a mut Types,
        rules: &'a Rules,
        scan: u64,
        past: Option<Past>,
        sight: Option<&Seen>,
    ) -> Self {
        let limits = Limits { scan, ..rules.limits };
        Self {
            rules,
            past,
            connection,
            view,
            types: RefCell::new(types),
            left: Cell::new(limits.scan),
            limits,
            chains: Cell::new(0),
            memo: RefCell::default(),
            sight: sight.map(Gate::new),
        }
    }

    /// The code of a type, if any resource of it was ever stored.
    pub fn code(&self, name: &str) -> Outcome<Option<i64>> {
        self.types.borrow_mut().code(self.connection, name)
    }

    /// The name of a type.
    pub fn name(&self, code: i64) -> Outcome<std::sync::Arc<str>> {
        self.types.borrow_mut().name(self.connection, code)
    }

    /// How many live resources of a type there are.
    pub fn live(&self, code: i64) -> Outcome<u64> {
        self.connection
            .prepare_cached("SELECT live FROM rtype WHERE code = ?1")
            .and_then(|mut read| read.query_row([code], |row| row.get::<_, i64>(0)).optional())
            .map(|live| live.unwrap_or(0).max(0) as u64)
            .at("reading counts")
    }

    /// Steps of probing when only a page is wanted: beyond the last, every driver fills a page soon.
    pub fn page_caps(&self) -> [u64; 2] {
        [self.limits.probe.min(64), self.limits.probe]
    }

    /// Steps of probing when every match will be visited.
    pub fn all_caps(&self) -> [u64; 3] {
        [
            self.limits.probe.min(64),
            self.limits.probe,
            self.limits.probe.saturating_mul(16),
        ]
    }

    /// A number for a chain condition, as the key of its remembered answers.
    pub fn next_chain(&self) -> usize {
        self.chains.replace(self.chains.get() + 1)
    }

    /// Takes `count` from what the search may look at.
    pub fn spend(&self, count: u64) -> Outcome<()> {
        match self.left.get().checked_sub(count) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => Err(StoreError::Limit(format!(
                "the search would look at more than {} candidates; add a more selective condition",
                self.limits.scan
            ))),
        }
    }

    /// The answer of `test` for a chain and a target, asked once.
    pub fn remembered(&self, chain: usize, id: &str, test: impl FnOnce() -> Outcome<bool>) -> Outcome<bool> {
        let key = (chain, id.to_owned());
        if let Some(answer) = self.memo.borrow().get(&key) {
            return Ok(*answer);
        }
        let answer = test()?;
        let mut memo = self.memo.borrow_mut();
        if memo.len() >= MEMO_LIMIT {
            memo.clear();
        }
        memo.insert(key, answer);
        Ok(answer)
    }

    /// Whether the state of an earlier moment is searched.
    pub fn in_the_past(&self) -> bool {
        self.past.is_some()
    }

    /// Whether a row as it stands now is not what the searched moment had there.
    pub fn hides(&self, rid: i64) -> bool {
        self.past.as_ref().is_some_and(|past| past.hides(rid))
    }

    /// Resources of a type in the versions that the searched moment had and now has no more; `None` when now is searched.
    pub fn ghosts(&self, code: i64) -> Outcome<Option<Rc<Ghosts>>> {
        let Some(past) = &self.past else { return Ok(None) };
        let name = self.name(code)?;
        past.ghosts(self.connection, self.rules, code, &name).map(Some)
    }

    /// Whether some things may not be seen. Index rows and counters then say nothing of what is to be answered.
    pub fn is_gated(&self) -> bool {
        self.sight.is_some()
    }

    /// The gate, if some things may not be seen.
    pub fn gate(&self) -> Option<&Gate> {
        self.sight.as_ref()
    }

    /// Lets a candidate through that may be seen: the one place where all that a search looks at passes.
    fn seen(&self, candidate: Option<Candidate>) -> Outcome<Option<Candidate>> {
        match (&self.sight, candidate) {
            (Some(gate), Some(candidate)) => {
                let seen = gate.sees(candidate.code, || self.name(candidate.code), &candidate)?;
                Ok(seen.then_some(candidate))
            }
            (_, candidate) => Ok(candidate),
        }
    }

    /// A live candidate by row id.
    pub fn candidate(&self, rid: i64) -> Outcome<Option<Candidate>> {
        self.spend(1)?;
        if self.hides(rid) {
            let ghost = self.ghost(rid, |ghost| ghost.candidate.clone())?;
            return self.seen(ghost);
        }
        let found = self
            .connection
            .prepare_cached(CANDIDATE)
            .and_then(|mut read| read.query_row([rid], candidate).optional())
            .map(Option::flatten)
            .at("reading a candidate")?;
        self.seen(found)
    }

    /// A live candidate by type and id.
    pub fn candidate_by_id(&self, code: i64, id: &str) -> Outcome<Option<Candidate>> {
        if self.in_the_past() {
            let rid: Option<i64> = self
                .connection
                .prepare_cached("SELECT rid FROM resource WHERE rtype = ?1 AND id = ?2")
                .and_then(|mut read| read.query_row((code, id), |row| row.get(0)).optional())
                .at("reading a candidate")?;
            return rid.map_or(Ok(None), |rid| self.candidate(rid));
        }
        self.spend(1)?;
        let found = self
            .connection
            .prepare_cached(CANDIDATE_BY_ID)
            .and_then(|mut read| read.query_row((code, id), candidate).optional())
            .map(Option::flatten)
            .at("reading a candidate")?;
        self.seen(found)
    }

    /// A resource with its body.
    pub fn stored(&self, rid: i64) -> Outcome<Option<StoredResource>> {
        if self.hides(rid) {
            return match self.ghost(rid, |ghost| ghost.seq)? {
                Some(seq) => self.superseded(seq),
                None => Ok(None),
            };
        }
        let mut types = self.types.borrow_mut();
        let read = self
            .connection
            .prepare_cached(
                "SELECT rtype, id, version, last_updated, method, patient, body FROM resource WHERE rid = ?1",
            )
            .and_then(|mut read| read.query_row([rid], raw).optional())
            .at("reading a resource")?;
        read.map(|raw| stored(self.connection, &mut types, raw)).transpose()
    }

    /// Something of the version that the searched moment had of a changed row.
    fn ghost<T>(&self, rid: i64, of: impl FnOnce(&super::past::Ghost) -> T) -> Outcome<Option<T>> {
        let Some(code) = self.past.as_ref().and_then(|past| past.changed_type(rid)) else {
            return Ok(None);
        };
        Ok(self.ghosts(code)?.and_then(|ghosts| ghosts.get(&rid).map(of)))
    }

    /// A superseded version with its body.
    fn superseded(&self, seq: i64) -> Outcome<Option<StoredResource>> {
        let mut types = self.types.borrow_mut();
        let read = self
            .connection
            .prepare_cached(
                "SELECT h.rtype, r.id, h.version, h.last_updated, h.method, h.patient, h.body
                 FROM resource_history h JOIN resource r ON r.rid = h.rid WHERE h.seq = ?1",
            )
            .and_then(|mut read| read.query_row([seq], raw).optional())
            .at("reading a version")?;
        read.map(|raw| stored(self.connection, &mut types, raw)).transpose()
    }
}

fn candidate(row: &Row<'_>) -> rusqlite::Result<Option<Candidate>> {
    if row.get::<_, i64>(6)? == DELETED {
        return Ok(None);
    }
    Ok(Some(Candidate {
        rid: row.get(0)?,
        code: row.get(1)?,
        id: row.get(2)?,
        last_updated: row.get(3)?,
        patient: row.get(4)?,
        keys: row.get(5)?,
    }))
}

/// A version as its columns: rtype, id, version, last_updated, method, patient, body.
pub(crate) struct Raw {
    code: i64,
    id: String,
    version: i64,
    last_updated: i64,
    method: i64,
    patient: Option<String>,
    body: Option<Vec<u8>>,
}

/// Reads [`Raw`]'s columns, in their order, from the first of the row.
pub(crate) fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    Ok(Raw {
        code: row.get(0)?,
        id: row.get(1)?,
        version: row.get(2)?,
        last_updated: row.get(3)?,
        method: row.get(4)?,
        patient: row.get(5)?,
        body: row.get(6)?,
    })
}

/// From columns to the contract's type.
pub(crate) fn stored(connection: &Connection, types: &mut Types, raw: Raw) -> Outcome<StoredResource> {
    Ok(StoredResource {
        rtype: types.name(connection, raw.code)?.to_string(),
        id: raw.id,
        version: raw.version as u64,
        last_updated: timestamp(raw.last_updated)?,
        method: method(raw.method)?,
        patient: raw.patient,
        body: raw.body.map(Bytes::from),
    })
}
